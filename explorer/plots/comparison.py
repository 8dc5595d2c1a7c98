"""Truth and prediction as curves, and their ratio below: what the plots of statistics share."""

from dataclasses import dataclass
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh
import numpy as np
from numpy.typing import NDArray

from engine.results import Curve
from explorer.ensemble import Band
from explorer.style import GREY, OTHER, PREDICTION, SAMPLES, unit_in_words

hv.Store.set_current_backend("bokeh")

BAND = 0.1
"""Half width of the band in the ratio panel: the agreement the papers aim for."""

BAND_ALPHA = 0.2

SAMPLES_ALPHA = 0.5
"""Of the band of many samples."""

RATIO_RANGE = (0.45, 1.55)

MARGINS = {"min_border_left": 64, "min_border_right": 12, "min_border_top": 6}
"""Pixels around every frame, so that panels line up and no label's width moves them."""

TEXT_SIZES = {"labels": "13px", "ticks": "12px"}
"""As the page's theme makes them (1 and 0.925 of its base for plots)."""

HEIGHT, RATIO_HEIGHT = 198, 108
"""Pixels of the two panels; the lower one carries the x axis's words as well."""


NOTHING = (0.1, 10.0)
"""Range of a logarithmic axis without data."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A statistic of truth, prediction, a second painting and many samples; any may be missing."""

    truth: Curve | None = None
    prediction: Curve | None = None
    other: Curve | None = None
    samples: Band | None = None

    @property
    def about(self) -> Curve | None:
        """The curve to take labels from."""
        return self.truth or self.prediction


def main_panel(pair: Pair, ink: str) -> hv.Overlay:
    """Truth solid with its error band, prediction dashed.

    Parameters
    ----------
    pair : Pair
        A missing curve leaves an empty line, so that the plot keeps its parts.
    ink : str
        Colour of the truth.
    """
    x, y = dimensions(pair.about)
    band = hv.Area(error_band(pair.truth), x, [y, hv.Dimension("upper")])
    samples = hv.Area(sample_band(pair), x, [y, hv.Dimension("highest")])
    truth = hv.Curve(points(pair.truth), x, y)
    prediction = hv.Curve(points(pair.prediction), x, y)
    other = hv.Curve(points(pair.other), x, y)
    overlay = (
        band.opts(framewise=True, color=ink, alpha=0.16, line_alpha=0)
        * samples.opts(framewise=True, color=SAMPLES, alpha=SAMPLES_ALPHA, line_alpha=0)
        * truth.opts(framewise=True, color=ink, line_width=2)
        * other.opts(framewise=True, color=OTHER, line_width=2.4, line_dash="dotted")
        * prediction.opts(framewise=True, color=PREDICTION, line_width=2.4, line_dash="dashed")
    )
    label = pair.about.y_label if pair.about else ""
    return overlay.opts(
        height=HEIGHT,
        xaxis=None,
        xlabel="",
        ylabel=unit_in_words(label),
        logy=True,
        ylim=height(pair),
        **panel_options(pair),
    )


def ratio_panel(pair: Pair, least: float = 0) -> hv.Overlay:
    """Prediction over truth, with the 10 % band.

    Parameters
    ----------
    pair : Pair
        Without both curves the band stands alone.
    least : float
        Bins in which the truth counts fewer say nothing of the ratio and are left out.
    """
    x, _ = dimensions(pair.about)
    y = hv.Dimension("ratio", range=RATIO_RANGE)
    band = hv.HSpan(1 - BAND, 1 + BAND, kdims=["x", "ratio"])
    one = hv.HLine(1, kdims=["x", "ratio"])
    curve = hv.Curve(ratio(pair, least), x, y)
    other = hv.Curve(ratio(Pair(pair.truth, pair.other), least), x, y)
    samples = hv.Area(sample_ratio(pair, least), x, [y, hv.Dimension("highest")])
    overlay = (
        band.opts(framewise=True, color=PREDICTION, alpha=BAND_ALPHA)
        * samples.opts(framewise=True, color=SAMPLES, alpha=SAMPLES_ALPHA, line_alpha=0)
        * one.opts(framewise=True, color=GREY, line_width=1)
        * other.opts(framewise=True, color=OTHER, line_width=2.4, line_dash="dotted")
        * curve.opts(framewise=True, color=PREDICTION, line_width=2.4)
    )
    label = pair.about.x_label if pair.about else ""
    return overlay.opts(
        height=RATIO_HEIGHT,
        xlabel=unit_in_words(label),
        ylabel="ratio",
        ylim=RATIO_RANGE,
        yticks=[0.5, 1, 1.5],
        **panel_options(pair),
    )


def dimensions(about: Curve | None) -> tuple[hv.Dimension, hv.Dimension]:
    """Name the axes; both panels of a statistic share x by its name."""
    if about is None:
        return hv.Dimension("x"), hv.Dimension("y")
    return hv.Dimension(("x", about.x_label)), hv.Dimension(("y", about.y_label))


def panel_options(pair: Pair) -> dict[str, Any]:
    """Options both panels have."""
    return {
        "responsive": True,
        "logx": True,
        "xlim": extent(pair),
        "show_legend": False,
        "show_grid": True,
        "fontsize": TEXT_SIZES,
        "toolbar": None,
        "default_tools": [],
        "hooks": [settle],
    }


def extent(pair: Pair) -> tuple[float, float]:
    """Find the common range of x; two decades while there is nothing to show."""
    x = np.concatenate([points(curve)[0] for curve in (pair.truth, pair.prediction, pair.other)])
    return (float(x.min()), float(x.max())) if len(x) else NOTHING


def height(pair: Pair) -> tuple[float, float]:
    """Find the common range of y, to the next half decade, so that it seldom changes."""
    y = np.concatenate([points(curve)[1] for curve in (pair.truth, pair.prediction, pair.other)])
    if not len(y):
        return NOTHING
    low, high = np.floor(2 * np.log10(y.min())) / 2, np.ceil(2 * np.log10(y.max())) / 2
    return float(10**low), float(10 ** max(high, low + 1))


def settle(plot: Any, element: hv.Overlay) -> None:  # noqa: ARG001 (HoloViews passes both)
    """Keep the frame where it is whatever its labels, and what the browser does to it there.

    The page's theme restyles every axis in the browser; sent back to the server that would
    be a hundred messages at every first paint.
    """
    figure = plot.state
    figure.update(**MARGINS, outline_line_color=None, output_backend="canvas")
    if figure.syncable:
        for model in figure.references():
            model.syncable = False


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


def sample_band(pair: Pair) -> tuple[NDArray[np.float64], ...]:
    """Give x, 16 and 84 % of the samples, where they can be drawn on logarithmic axes."""
    if pair.samples is None:
        return np.empty(0), np.empty(0), np.empty(0)
    some = (pair.samples.x > 0) & (pair.samples.low > 0)
    return pair.samples.x[some], pair.samples.low[some], pair.samples.high[some]


def sample_ratio(pair: Pair, least: float = 0) -> tuple[NDArray[np.float64], ...]:
    """Give x, 16 and 84 % of the samples over the truth, where `ratio` has a value."""
    if pair.truth is None or pair.samples is None:
        return np.empty(0), np.empty(0), np.empty(0)
    some = comparable(pair.truth, least)
    truth, samples = pair.truth, pair.samples
    return truth.x[some], samples.low[some] / truth.y[some], samples.high[some] / truth.y[some]


def ratio(pair: Pair, least: float = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give x and prediction over truth, where the truth isn't zero and counts at least so much."""
    if pair.truth is None or pair.prediction is None:
        return np.empty(0), np.empty(0)
    some = comparable(pair.truth, least)
    return pair.truth.x[some], pair.prediction.y[some] / pair.truth.y[some]


def comparable(truth: Curve, least: float) -> NDArray[np.bool_]:
    """Find the bins where a truth isn't zero and counts at least so much."""
    some = (truth.x > 0) & (truth.y > 0)
    return some if truth.count is None else some & (truth.count >= least)
