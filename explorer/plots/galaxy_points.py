"""Galaxies on a map: a point each, larger for more stars."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.models.renderers import GlyphRenderer

from engine.fields import map_axes
from engine.galaxies import ADDED, Galaxies
from engine.halos import in_slab
from engine.mesh import Slab

COLOUR = "#7df9ff"
"""Neither in the maps' colours nor in those of rings."""

SMALLEST, LARGER = 3.0, 2.0
"""Size of a point of the least galaxy that has one, and what a decade of stars adds, [pixels]."""

LEAST_STARS = ADDED
"""Of a galaxy that has a point, [Msun/h]: nearly every subhalo is painted with a little."""


def no_points() -> ColumnDataSource:
    """Make a source without a galaxy."""
    return ColumnDataSource(data={name: np.zeros(0) for name in ("x", "y", "size")})


def points(galaxies: Galaxies, slab: Slab) -> dict[str, Any]:
    """Columns of the galaxies that a slab holds.

    Returns
    -------
    dict
        x, y (comoving, [Mpc/h]) and the size of a point [pixels], by falling size so that none
        hides behind another.
    """
    row = in_slab(galaxies.position, slab)
    row = row[galaxies.stars[row] >= LEAST_STARS]
    row = row[np.argsort(-galaxies.stars[row], kind="stable")]
    across, along, _ = map_axes(slab.axis)
    place = np.mod(galaxies.position[row].astype(np.float64), slab.box_size)
    decades = np.log10(galaxies.stars[row].astype(np.float64) / LEAST_STARS)
    return {"x": place[:, across], "y": place[:, along], "size": SMALLEST + LARGER * decades}


def draw_points(fig: Any, source: ColumnDataSource) -> GlyphRenderer:
    """Draw the points of a source, with dark rims so that they show on bright and dark."""
    drawn: GlyphRenderer = fig.scatter(
        "x", "y", size="size", source=source, marker="circle", fill_color=COLOUR, fill_alpha=0.8,
        line_color="black", line_width=1,
    )  # fmt: skip
    drawn.nonselection_glyph = drawn.selection_glyph = drawn.muted_glyph = None
    return drawn
