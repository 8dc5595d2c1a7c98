"""Arrows on a map, each a line of its own with a head."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from numpy.typing import NDArray

HEAD = 0.3
"""Length of a head's strokes, of the arrow's."""

OPEN = np.deg2rad(25.0)
"""Angle of a head's strokes to the arrow."""

COLOUR = "#7df9ff"
"""Neither in the maps' colours nor in those of rings."""


def draw_arrows(fig: Any, source: ColumnDataSource) -> None:
    """Draw arrows of a source: a dark line below each, so that they show on bright and dark."""
    for colour, width, alpha in (("black", 2.6, 0.55), (COLOUR, 1.2, 0.95)):
        fig.multi_line(
            "xs", "ys", source=source, line_color=colour, line_width=width, line_alpha=alpha
        )


def no_arrows() -> ColumnDataSource:
    """Make a source without an arrow."""
    return ColumnDataSource(data={"xs": [], "ys": []})


def strokes(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    dx: NDArray[np.floating],
    dy: NDArray[np.floating],
) -> dict[str, list[list[float]]]:
    """Columns of arrows from (x, y) to (x + dx, y + dy): along it, and both strokes of its head."""
    tip = np.stack([x + dx, y + dy])
    sides = []
    for angle in (OPEN, -OPEN):
        cos, sin = np.cos(angle), np.sin(angle)
        sides.append(tip - HEAD * np.stack([cos * dx - sin * dy, sin * dx + cos * dy]))
    path = np.stack([np.stack([x, y]), tip, sides[0], tip, sides[1]], axis=-1)
    return {"xs": path[0].tolist(), "ys": path[1].tolist()}
