"""Truth and prediction as curves, and their ratio below: what the plots of statistics share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure
from numpy.typing import NDArray

from engine.results import Curve
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.frames import Columns
from explorer.style import GREY, OTHER, PREDICTION, SAMPLES
from explorer.words import unit_in_words

BAND = 0.1
"""Half width of the band in the ratio panel: the agreement the papers aim for."""

BAND_ALPHA = 0.2

ERROR_ALPHA = 0.16
"""Of the truth's error band."""

SAMPLES_ALPHA = 0.5
"""Of the band of many samples."""

RATIO_RANGE = (0.45, 1.55)

HEIGHT, RATIO_HEIGHT = 198, 108
"""Pixels of the two panels; the lower one carries the x axis's words as well."""


@dataclass(frozen=True, eq=False)
class Compared:
    """A statistic of truth, prediction, a second painting and many samples; any may be missing.

    So may the truth's columns through the whole box, which only column densities have.
    """

    truth: Curve | None = None
    prediction: Curve | None = None
    other: Curve | None = None
    samples: Quantiles | None = None
    box: Curve | None = None

    @property
    def about(self) -> Curve | None:
        """The curve to take labels from."""
        return self.truth or self.prediction

    @property
    def curves(self) -> tuple[Curve | None, ...]:
        """All but the samples."""
        return self.truth, self.prediction, self.other, self.box


class LogCurves:
    """Curves on a logarithmic axis above, prediction over truth below.

    Parameters
    ----------
    least : float
        Bins in which the truth counts fewer say nothing of the ratio and are left out.
    published : sequence of Curve
        Relations from the literature, in thin lines which a click on their name hides.
    """

    def __init__(self, least: float = 0, published: Sequence[Curve] = ()) -> None:
        self.least = least
        self.main = frames.frame(HEIGHT, "log", with_x=False)
        self.below = frames.frame(RATIO_HEIGHT, "linear")
        self.below.x_range = self.main.x_range
        self.sources = {
            "error": frames.band(self.main, GREY, ERROR_ALPHA),
            "samples": frames.band(self.main, SAMPLES, SAMPLES_ALPHA),
            "truth": frames.line(self.main, GREY, line_width=2),
            **painted_lines(self.main),
        }
        frames.literature(self.main, published)
        target(self.below)
        self.ratio_sources = {
            "samples": frames.band(self.below, SAMPLES, SAMPLES_ALPHA),
            **painted_lines(self.below),
        }
        self.below.y_range.update(start=RATIO_RANGE[0], end=RATIO_RANGE[1])
        self.below.yaxis.axis_label = "ratio"
        self.below.yaxis.ticker = [0.5, 1, 1.5]
        self.figures = [frames.keep_in_browser(self.main), frames.keep_in_browser(self.below)]

    def show(self, pair: Compared) -> None:
        """Fill the panels; a missing curve leaves an empty line."""
        for name, columns in main_columns(pair).items():
            frames.fill(self.sources[name], columns)
        for name, columns in ratio_columns(pair, self.least).items():
            frames.fill(self.ratio_sources[name], columns)
        both = (*self.main.xaxis, *self.below.xaxis)
        frames.span_axis(both, self.main.x_range, *extent(pair))
        frames.span_axis(self.main.yaxis, self.main.y_range, *height(pair))
        if pair.about:
            self.main.yaxis.axis_label = unit_in_words(pair.about.y_label)
            self.below.xaxis.axis_label = unit_in_words(pair.about.x_label)

    def set_ink(self, ink: str) -> None:
        """Draw the truth in another colour."""
        renderers: Any = self.main.renderers
        error, _, truth, *_ = (renderer.glyph for renderer in renderers)
        error.fill_color = truth.line_color = ink


def painted_lines(fig: figure) -> dict[str, ColumnDataSource]:
    """Add the lines of both paintings, the first on top."""
    other = frames.line(fig, OTHER, line_width=2.4, line_dash="dotted")
    prediction = frames.line(fig, PREDICTION, line_width=2.4, line_dash="dashed")
    return {"other": other, "prediction": prediction}


def target(fig: figure) -> None:
    """Draw agreement and the band around it."""
    look: dict[str, Any] = {"fill_color": PREDICTION, "fill_alpha": BAND_ALPHA, "line_width": 0}
    fig.add_layout(BoxAnnotation(bottom=1 - BAND, top=1 + BAND, **look))
    fig.add_layout(Span(location=1, dimension="width", line_color=GREY, line_width=1))


def main_columns(pair: Compared) -> dict[str, Columns]:
    """Columns of the upper panel's sources."""
    return {
        "error": area(error_band(pair.truth)),
        "samples": area(sample_band(pair)),
        "truth": path(points(pair.truth)),
        "prediction": path(points(pair.prediction)),
        "other": path(points(pair.other)),
    }


def ratio_columns(pair: Compared, least: float = 0) -> dict[str, Columns]:
    """Columns of the lower panel's sources."""
    return {
        "samples": area(sample_ratio(pair, least)),
        "prediction": path(ratio(pair, least)),
        "other": path(ratio(Compared(pair.truth, pair.other), least)),
    }


def path(xy: tuple[NDArray[np.float64], ...]) -> Columns:
    """Name the columns of a line."""
    return dict(zip(frames.LINE, xy, strict=True))


def area(edges: tuple[NDArray[np.float64], ...]) -> Columns:
    """Name the columns of a band."""
    return dict(zip(frames.AREA, edges, strict=True))


def extent(pair: Compared) -> tuple[float, float]:
    """Find the common range of x; two decades while there is nothing to show."""
    return frames.span(points(curve)[0] for curve in pair.curves)


def height(pair: Compared) -> tuple[float, float]:
    """Find the common range of y, to the next half decade, so that it seldom changes."""
    lowest, highest = np.log10(frames.span(points(curve)[1] for curve in pair.curves))
    low, high = np.floor(2 * lowest) / 2, np.ceil(2 * highest) / 2
    return float(10**low), float(10 ** max(high, low + 1))


def points(curve: Curve | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a curve can be drawn on logarithmic axes."""
    if curve is None:
        return np.empty(0), np.empty(0)
    drawable = (curve.x > 0) & (curve.y > 0)
    return curve.x[drawable], curve.y[drawable]


def error_band(curve: Curve | None) -> tuple[NDArray[np.float64], ...]:
    """Give x, lower and upper edge of one standard deviation, kept positive."""
    x, y = points(curve)
    if curve is None or curve.error is None:
        return x, y, y
    error = curve.error[(curve.x > 0) & (curve.y > 0)]
    return x, np.maximum(y - error, 0.1 * y), y + error


def sample_band(pair: Compared) -> tuple[NDArray[np.float64], ...]:
    """Give x, 16 and 84 % of the samples, where they can be drawn on logarithmic axes."""
    if pair.samples is None:
        return np.empty(0), np.empty(0), np.empty(0)
    some = (pair.samples.x > 0) & (pair.samples.low > 0)
    return pair.samples.x[some], pair.samples.low[some], pair.samples.high[some]


def sample_ratio(pair: Compared, least: float = 0) -> tuple[NDArray[np.float64], ...]:
    """Give x, 16 and 84 % of the samples over the truth, where `ratio` has a value."""
    if pair.truth is None or pair.samples is None:
        return np.empty(0), np.empty(0), np.empty(0)
    some = comparable(pair.truth, least)
    truth, samples = pair.truth, pair.samples
    return truth.x[some], samples.low[some] / truth.y[some], samples.high[some] / truth.y[some]


def ratio(pair: Compared, least: float = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give x and prediction over truth, where the truth isn't zero and counts at least so much."""
    if pair.truth is None or pair.prediction is None:
        return np.empty(0), np.empty(0)
    some = comparable(pair.truth, least)
    return pair.truth.x[some], pair.prediction.y[some] / pair.truth.y[some]


def comparable(truth: Curve, least: float) -> NDArray[np.bool_]:
    """Find the bins where a truth isn't zero and counts at least so much."""
    some = (truth.x > 0) & (truth.y > 0)
    return some if truth.count is None else some & (truth.count >= least)
