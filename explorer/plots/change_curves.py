"""How a curve changes from one cosmology to another, of truth and painting."""

from collections.abc import Mapping

import numpy as np
from bokeh.models.annotations import Span

from explorer.plots import frames
from explorer.plots.curve_columns import Curves, described, path
from explorer.style import GREY, PREDICTION
from explorer.words import unit_in_words

HEIGHT = 250

LEAST = 0.02
"""Of the y axis to both sides of no change."""


class ChangeCurves:
    """Relative changes around zero.

    Parameters
    ----------
    x_log : bool
        Whether the x axis is logarithmic.
    """

    def __init__(self, x_log: bool) -> None:
        self.x_log = x_log
        self.main = frames.frame(HEIGHT, "linear", x_axis="log" if x_log else "linear")
        self.main.yaxis.formatter = frames.even_words()
        self.main.add_layout(Span(location=0, dimension="width", line_color=GREY, line_width=1))
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2),
            "prediction": frames.line(self.main, PREDICTION, line_width=2.4, line_dash="dashed"),
        }
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, curves: Curves) -> None:
        """Fill the panel; a missing curve leaves an empty line."""
        for name, source in self.sources.items():
            curve = curves.get(name)
            empty = (np.empty(0), np.empty(0))
            frames.fill(source, path((curve.x, curve.y) if curve else empty))
        if (about := described(curves)) is None:
            return
        some = [curve.x[np.isfinite(curve.y)] for curve in curves.values()]
        start, end = frames.span(some)
        if self.x_log:
            frames.span_axis(self.main.xaxis, self.main.x_range, start, end)
        else:
            self.main.x_range.update(start=start, end=end)
        sizes = [np.abs(curve.y) for curve in curves.values()]
        reach = max(1.1 * frames.span([*sizes, np.array([LEAST])])[1], LEAST)
        self.main.y_range.update(start=-reach, end=reach)
        self.main.yaxis.axis_label = unit_in_words(about.y_label)
        self.main.xaxis.axis_label = unit_in_words(about.x_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and painting in other colours, by their names."""
        for name, source in self.sources.items():
            if name in inks:
                frames.ink(self.figures, source, inks[name])
