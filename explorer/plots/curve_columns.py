"""Columns of lines and bands on the curve cards: what of a statistic can be drawn."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve, Points
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.frames import Columns

Curves = Mapping[str, Curve]
"""A statistic by what it is of: "truth", "prediction", "other", "whole box"; any may be missing."""

Shown = Mapping[str, Curve] | Mapping[str, Points]
"""The same, or haloes by what they are of."""

Kind = TypeVar("Kind", bound=Curve | Points)

Edges = tuple[NDArray[np.float64], ...]
"""x and y of a line, or x, lower and upper edge of a band, (n,) each in the curve's units."""

BOTTOM = 1e-3
"""Of a band around a value below zero: its lower edge over its upper one, far below the axis."""

NO_LINE: Edges = (np.empty(0), np.empty(0))
NO_BAND: Edges = (*NO_LINE, np.empty(0))


def path(xy: Edges) -> Columns:
    """Name the columns of a line."""
    return dict(zip(frames.LINE, xy, strict=True))


def dots(edges: Edges) -> Columns:
    """Name the columns of marks."""
    return dict(zip(frames.DOTS, edges, strict=True))


def area(edges: Edges) -> Columns:
    """Name the columns of a band."""
    return dict(zip(frames.AREA, edges, strict=True))


def drawable(curve: Curve, log: bool = True) -> NDArray[np.bool_]:
    """Where a curve has a place on logarithmic axes, or on a linear y axis, (n,)."""
    return (curve.x > 0) & (curve.y > 0) if log else np.isfinite(curve.y)


def points(curve: Curve | None, log: bool = True) -> Edges:
    """Give x and y where they can be drawn; no number where a logarithmic line is broken.

    Values below zero break it: drawn across, the line would tell of values that aren't there.
    """
    if curve is None:
        return NO_LINE
    if not log:
        some = drawable(curve, log)
        return curve.x[some], curve.y[some]
    some = (curve.x > 0) & (curve.y != 0)
    return curve.x[some], np.where(curve.y > 0, curve.y, np.nan)[some]


def marks(curve: Curve | None) -> Edges:
    """Give what a logarithmic line can't show of values that change sign.

    Returns
    -------
    x, y, full : array, (n,)
        Values below zero without their sign (full is 0), and those above zero without a
        neighbour to draw a line to (full is 1).
    """
    if curve is None:
        return NO_BAND
    x, y = points(curve)
    size = np.abs(curve.y[(curve.x > 0) & (curve.y != 0)])
    below = np.isnan(y)
    around = np.pad(below, 1, constant_values=True)
    alone = ~below & around[:-2] & around[2:] & below.any()
    some = below | alone
    return x[some], size[some], alone[some].astype(np.float64)


def error_band(curve: Curve | None, log: bool = True) -> Edges:
    """Give x, lower and upper edge of one standard deviation, positive on logarithmic axes."""
    if curve is None or curve.error is None:
        x, y = points(curve, log)
        return x, y, y
    x, y, error = curve.x, curve.y, curve.error
    if not log:
        some = drawable(curve, log)
        return x[some], (y - error)[some], (y + error)[some]
    high = y + error
    some = (x > 0) & (y != 0) & (high > 0)
    least = np.where(y > 0, 0.1 * y, BOTTOM * high)
    return x[some], np.maximum(y - error, least)[some], high[some]


def sample_band(samples: Quantiles | None, log: bool = True) -> Edges:
    """Give x, 16 and 84 % of the samples where they can be drawn."""
    if samples is None:
        return NO_BAND
    some = (samples.x > 0) & (samples.low > 0) if log else np.isfinite(samples.median)
    return samples.x[some], samples.low[some], samples.high[some]


def sample_ratio(truth: Curve | None, samples: Quantiles | None, least: float = 0) -> Edges:
    """Give x, 16 and 84 % of the samples over the truth, where `ratio` has a value."""
    if truth is None or samples is None:
        return NO_BAND
    some = comparable(truth, least)
    return truth.x[some], samples.low[some] / truth.y[some], samples.high[some] / truth.y[some]


def ratio(truth: Curve | None, painted: Curve | None, least: float = 0) -> Edges:
    """Give x and painted over truth, where the truth isn't zero and counts at least so much.

    Where the truth is below zero there is no number, and the line is broken.
    """
    if truth is None or painted is None:
        return NO_LINE
    some = (truth.x > 0) & (truth.y != 0) & counts(truth, least)
    over = painted.y[some] / truth.y[some]
    return truth.x[some], np.where(truth.y[some] > 0, over, np.nan)


def comparable(truth: Curve, least: float) -> NDArray[np.bool_]:
    """Find the bins where a truth is above zero and counts at least so much, (n,)."""
    return drawable(truth) & counts(truth, least)


def counts(curve: Curve, least: float) -> NDArray[np.bool_]:
    """Find the bins that count at least so much, (n,); all where nothing was counted."""
    return np.ones(len(curve.x), bool) if curve.count is None else curve.count >= least


def extent(curves: Curves, log: bool = True) -> tuple[float, float]:
    """Find the common range of x; two decades while there is nothing to show."""
    return frames.span(points(curve, log)[0] for curve in curves.values())


def height(curves: Curves) -> tuple[float, float]:
    """Find the common range of y, to the next half decade, so that it seldom changes."""
    sizes = [np.abs(curve.y[(curve.x > 0) & (curve.y != 0)]) for curve in curves.values()]
    sizes.append(error_band(curves.get("truth"))[-1])
    lowest, highest = np.log10(frames.span(sizes))
    low, high = np.floor(2 * lowest) / 2, np.ceil(2 * highest) / 2
    return float(10**low), float(10 ** max(high, low + 1))


class Reach:
    """Ends of an axis, which only grow while the same truth is shown, whoever paints it.

    Else the axis would jump from one sample to the next.
    """

    def __init__(self) -> None:
        self._ends: dict[Hashable, tuple[float, float]] = {}

    def over(self, shown: Shown, ends: tuple[float, float]) -> tuple[float, float]:
        """The ends of what is shown, or further out as they have been of the same."""
        if (kind := kind_of(shown)) is None:
            return ends
        before = self._ends.pop(kind, ends)
        self._ends[kind] = ends = min(before[0], ends[0]), max(before[1], ends[1])
        for oldest in [*self._ends][:-KINDS]:
            del self._ends[oldest]
        return ends


KINDS = 2
"""Whose ends are remembered: with all slabs each sample tells of one, then of all of them."""


def kind_of(shown: Shown) -> Hashable:
    """What stays the same from sample to sample: the truth, or where its values are."""
    about, truth = described(shown), shown.get("truth")
    if about is None:
        return None
    same = about.x if truth is None else truth.y
    return about.name, about.x_label, about.y_label, same.tobytes()


def beyond(edges: Edges, low: float, high: float) -> Edges:
    """Give marks where a line leaves its panel: x, y just within, and 1 above or 0 below."""
    x, y = edges
    out = (y < low) | (y > high)
    above = y[out] > high
    inset = 0.035 * (high - low)
    return x[out], np.where(above, high - inset, low + inset), above.astype(np.float64)


def described(shown: Mapping[str, Kind]) -> Kind | None:
    """What to take labels from: the truth's if there is one."""
    return shown.get("truth") or next(iter(shown.values()), None)
