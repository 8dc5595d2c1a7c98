"""How truth and prediction agree wave by wave: what the plots of r(k) and T(k) share."""

from collections.abc import Mapping

import numpy as np

from engine.statistics.compared import COMPARED
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.curve_columns import (
    Curves,
    Reach,
    area,
    described,
    error_band,
    extent,
    path,
    points,
    sample_band,
)
from explorer.plots.log_curves import (
    BAND,
    HEIGHT,
    RATIO_HEIGHT,
    SAMPLES_ALPHA,
    painted_lines,
    target,
)
from explorer.style import GREY, SAMPLES
from explorer.words import unit_in_words

LINEAR_ERROR_ALPHA = 0.3
"""Of the prediction's error band: grey, for the blue one is the agreement aimed for."""

STEP = 0.25
"""Ends of a fitted y axis are multiples of it, so that they seldom change."""


class LinearCurves:
    """Statistics on a linear axis.

    Parameters
    ----------
    low : float
        Where the y axis begins.
    high : float or None
        Where it ends, unless a curve is higher; None for a statistic that isn't one where two
        maps are alike: a little above the curves.
    most_is_one : bool
        Whether no map can be more than alike, as of a correlation.
    """

    def __init__(self, low: float, high: float | None, most_is_one: bool = False) -> None:
        self.high, self.reach = high, Reach()
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "linear")
        if high is not None:
            target(self.main, 1.0 if most_is_one else 1 + BAND)
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2),
            "error": frames.band(self.main, GREY, LINEAR_ERROR_ALPHA),
            "samples": frames.band(self.main, SAMPLES, SAMPLES_ALPHA),
            **painted_lines(self.main),
        }
        self.main.y_range.update(start=low, end=high or 1)
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, curves: Curves, samples: Quantiles | None = None) -> None:
        """Fill the panel; a missing curve leaves an empty line."""
        columns = {
            "error": area(error_band(curves.get("prediction"), log=False)),
            "samples": area(sample_band(samples, log=False)),
            **{name: path(points(curves.get(name), log=False)) for name in COMPARED},
        }
        for name, values in columns.items():
            frames.fill(self.sources[name], values)
        frames.span_axis(self.main.xaxis, self.main.x_range, *extent(curves, log=False))
        heights = [points(curve, log=False)[1] for curve in curves.values()]
        _, most = frames.span([*heights, *(columns[name]["high"] for name in ("error", "samples"))])
        fitted = float(STEP * np.ceil(1.05 * most / STEP))
        end = fitted if self.high is None or most > self.high else self.high
        self.main.y_range.update(end=self.reach.over(curves, (0.0, end))[1])
        if (about := described(curves)) is not None:
            self.main.yaxis.axis_label = unit_in_words(about.y_label)
            self.main.xaxis.axis_label = unit_in_words(about.x_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            if name in self.sources:
                frames.ink(self.figures, self.sources[name], colour)
