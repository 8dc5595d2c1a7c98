"""Truth and prediction over an even x axis, as angles, radii and contrasts; their ratio below."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve
from engine.statistics.compared import COMPARED
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.curve_columns import (
    NO_LINE,
    Curves,
    Edges,
    area,
    beyond,
    counts,
    described,
    dots,
    path,
)
from explorer.plots.log_curves import (
    ERROR_ALPHA,
    HEIGHT,
    PAINTED,
    RATIO_HEIGHT,
    RATIO_RANGE,
    painted_lines,
    target,
)
from explorer.style import GREY, OTHER, PREDICTION
from explorer.words import unit_in_words

ROOM = 0.06
"""Above and below the curves on an even y axis, in heights of them."""


class EvenCurves:
    """Curves over an even x axis above, prediction over truth below.

    Parameters
    ----------
    y_axis : {"log", "linear"}
        Of the curves.
    least : float
        Bins in which the truth counts fewer say nothing of the ratio and are left out.
    """

    def __init__(self, y_axis: Literal["log", "linear"], least: float = 0) -> None:
        self.log, self.least = y_axis == "log", least
        self.main = frames.frame(HEIGHT, y_axis, with_x=False, x_axis="linear")
        if not self.log:
            self.main.yaxis.formatter = frames.even_words()
        self.below = frames.frame(RATIO_HEIGHT, "linear", x_axis="linear")
        self.below.x_range = self.main.x_range
        self.error = frames.band(self.main, GREY, ERROR_ALPHA)
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2),
            **painted_lines(self.main),
        }
        target(self.below)
        self.ratios = painted_lines(self.below)
        inks = {"prediction": PREDICTION, "other": OTHER}
        self.beyond = {name: frames.arrows(self.below, inks[name]) for name in PAINTED}
        self.below.y_range.update(start=RATIO_RANGE[0], end=RATIO_RANGE[1])
        self.below.yaxis.axis_label = "ratio"
        self.below.yaxis.ticker = [0.5, 1, 1.5]
        self.figures = [frames.keep_in_browser(self.main), frames.keep_in_browser(self.below)]

    def show(self, curves: Curves, samples: Quantiles | None = None) -> None:  # noqa: ARG002
        """Fill the panels; a missing curve leaves an empty line."""
        truth = curves.get("truth")
        band = self._band(truth)
        frames.fill(self.error, area(band))
        for name in COMPARED:
            frames.fill(self.sources[name], path(self._line(curves.get(name))))
        for name in PAINTED:
            ratio = over(truth, curves.get(name), self.least)
            frames.fill(self.ratios[name], path(ratio))
            frames.fill(self.beyond[name], dots(beyond(ratio, *RATIO_RANGE)))
        self._span(curves, band)
        if (about := described(curves)) is not None:
            self.main.yaxis.axis_label = unit_in_words(about.y_label)
            self.below.xaxis.axis_label = unit_in_words(about.x_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.sources, self.ratios, self.beyond):
                if name in sources:
                    frames.ink(self.figures, sources[name], colour)
        if "truth" in inks:
            frames.ink(self.figures, self.error, inks["truth"])

    def _line(self, curve: Curve | None) -> Edges:
        """Give x and y; no number where a logarithmic axis has no place for it."""
        if curve is None:
            return NO_LINE
        return curve.x, np.where(curve.y > 0, curve.y, np.nan) if self.log else curve.y

    def _band(self, truth: Curve | None) -> Edges:
        """Give x, lower and upper edge of the truth's error, positive on a logarithmic axis."""
        if truth is None or truth.error is None:
            return (*self._line(truth), self._line(truth)[1])
        low, high = truth.y - truth.error, truth.y + truth.error
        some = np.isfinite(low) & np.isfinite(high) & ((truth.y > 0) | (not self.log))
        if self.log:
            low = np.maximum(low, 0.1 * truth.y)
        return truth.x[some], low[some], high[some]

    def _span(self, curves: Curves, band: Edges) -> None:
        """Let the axes reach over all curves."""
        start, end = frames.span(curve.x for curve in curves.values())
        if any(curve.edges is not None for curve in curves.values()):
            # Bins far beyond all that is there are not shown.
            start, end = frames.span(inhabited(curve) for curve in curves.values())
        self.main.x_range.update(start=start, end=end)
        heights = [self._line(curve)[1] for curve in curves.values()]
        low, high = frames.span(heights)
        if self.log:
            low, high = 10 ** (np.floor(2 * np.log10([low])) / 2)[0], high * 1.6
            frames.span_axis(self.main.yaxis, self.main.y_range, float(low), float(high))
            return
        low, high = frames.span([*heights, band[1], band[-1]])
        room = ROOM * (high - low)
        self.main.y_range.update(start=min(low - room, 0.0), end=high + room)


def over(truth: Curve | None, painted: Curve | None, least: float) -> Edges:
    """Give x and painted over truth; no number where the truth isn't above zero or counts less."""
    if truth is None or painted is None:
        return NO_LINE
    some = (truth.y > 0) & counts(truth, least)
    with np.errstate(divide="ignore", invalid="ignore"):
        return truth.x, np.where(some, painted.y / truth.y, np.nan)


def inhabited(curve: Curve) -> NDArray[np.float64]:
    """Places where a curve isn't zero, and those beside them, (n,)."""
    there = np.flatnonzero(np.nan_to_num(curve.y) != 0)
    if not there.size:
        return curve.x
    return curve.x[max(there[0] - 1, 0) : there[-1] + 2]
