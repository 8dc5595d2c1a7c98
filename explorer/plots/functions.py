"""Numbers of objects by mass or luminosity, with Poisson's bands."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve
from engine.statistics.compared import COMPARED
from engine.statistics.mass_function import poisson_band
from explorer.plots import frames
from explorer.plots.curve_columns import Curves, area, described, path
from explorer.plots.log_curves import HEIGHT, RATIO_HEIGHT, painted_lines
from explorer.style import GREY, PREDICTION
from explorer.words import unit_in_words

ALPHA = {"truth": 0.22, "prediction": 0.16, "other": 0.0}
"""Of the bands; a third one would hide them."""

ROOM = 1.6
"""Below and above the bands, a factor."""


class Functions:
    """A stepped line for each map in its counting error."""

    def __init__(self) -> None:
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "log")
        colours = {"truth": GREY, "prediction": PREDICTION, "other": PREDICTION}
        self.bands = {n: frames.band(self.main, colours[n], ALPHA[n]) for n in COMPARED}
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2),
            **painted_lines(self.main),
        }
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, curves: Curves) -> None:
        """Fill the panel; a missing curve leaves an empty line."""
        heights = []
        for name, source in self.sources.items():
            curve = curves.get(name)
            line, band = stepped(curve)
            frames.fill(source, path(line))
            frames.fill(self.bands[name], area(band))
            heights += [band[1][band[1] > 0], band[2]] if name != "other" else []
            heights.append(line[1][line[1] > 0])
        if (about := described(curves)) is None:
            return
        edges = [curve.edges for curve in curves.values() if curve.edges is not None]
        axis: Any = self.main.xaxis
        frames.span_axis(axis, self.main.x_range, *frames.span(edges))
        low, high = frames.span(heights)
        frames.span_axis(self.main.yaxis, self.main.y_range, low / ROOM, high * ROOM)
        axis.axis_label = unit_in_words(about.x_label)
        self.main.yaxis.axis_label = unit_in_words(about.y_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.sources, self.bands):
                if name in sources:
                    frames.ink(self.figures, sources[name], colour)


Edges = tuple[NDArray[np.float64], ...]


def stepped(curve: Curve | None) -> tuple[Edges, Edges]:
    """Corners of the steps of a function, and of its band; empty bins break the line."""
    if curve is None or curve.edges is None:
        return (np.empty(0),) * 2, (np.empty(0),) * 3
    x = np.repeat(curve.edges, 2)[1:-1]
    low, high = (np.repeat(bound, 2) for bound in poisson_band(curve))
    y = np.repeat(np.where(curve.y > 0, curve.y, np.nan), 2)
    least = 0.01 * float(np.nanmin(y))
    return (x, y), (x, np.maximum(low, least), high)
