"""How truth and prediction agree wave by wave: what the plots of r(k) and T(k) share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.log_curves import (
    BAND_ALPHA,
    HEIGHT,
    RATIO_HEIGHT,
    SAMPLES_ALPHA,
    Compared,
    area,
    painted_lines,
    path,
    target,
)
from explorer.style import GREY, PREDICTION, SAMPLES
from explorer.words import unit_in_words

STEP = 0.25
"""Ends of a fitted y axis are multiples of it, so that they seldom change."""


class LinearCurves:
    """Statistics on a linear axis.

    Parameters
    ----------
    low : float
        Where the y axis begins.
    high : float or None
        Where it ends; None for a statistic that isn't one where two maps are alike: a little
        above the curves.
    """

    def __init__(self, low: float, high: float | None) -> None:
        self.high = high
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "linear")
        if high is not None:
            target(self.main)
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2),
            "error": frames.band(self.main, PREDICTION, BAND_ALPHA),
            "samples": frames.band(self.main, SAMPLES, SAMPLES_ALPHA),
            **painted_lines(self.main),
        }
        self.main.y_range.update(start=low, end=high or 1)
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, pair: Compared) -> None:
        """Fill the panel; a missing curve leaves an empty line."""
        columns = {
            "truth": path(points(pair.truth)),
            "error": area(error_band(pair.prediction)),
            "samples": area(sample_band(pair.samples)),
            "prediction": path(points(pair.prediction)),
            "other": path(points(pair.other)),
        }
        for name, values in columns.items():
            frames.fill(self.sources[name], values)
        low, high = frames.span(points(curve)[0] for curve in pair.curves)
        frames.span_axis(self.main.xaxis, self.main.x_range, low, high)
        if self.high is None:
            _, most = frames.span(points(curve)[1] for curve in pair.curves)
            self.main.y_range.update(end=float(STEP * np.ceil(1.05 * most / STEP)))
        if pair.about:
            self.main.yaxis.axis_label = unit_in_words(pair.about.y_label)
            self.main.xaxis.axis_label = unit_in_words(pair.about.x_label)

    def set_ink(self, ink: str) -> None:
        """Draw the truth in another colour."""
        renderers: Any = self.main.renderers
        renderers[0].glyph.line_color = ink


def points(curve: Curve | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a curve has a value."""
    if curve is None:
        return np.empty(0), np.empty(0)
    some = np.isfinite(curve.y)
    return curve.x[some], curve.y[some]


def error_band(curve: Curve | None) -> tuple[NDArray[np.float64], ...]:
    """Give x, lower and upper edge of one standard deviation."""
    x, y = points(curve)
    if curve is None or curve.error is None:
        return x, y, y
    error = curve.error[np.isfinite(curve.y)]
    return x, y - error, y + error


def sample_band(samples: Quantiles | None) -> tuple[NDArray[np.float64], ...]:
    """Give x, 16 and 84 % of the samples."""
    if samples is None:
        return np.empty(0), np.empty(0), np.empty(0)
    some = np.isfinite(samples.median)
    return samples.x[some], samples.low[some], samples.high[some]
