"""Median and scatter of a halo relation in bins of mass."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges
from engine.results import Curve, Points

BINS_PER_DEX = 4
"""Wide enough for several haloes of a small box, narrow enough that the relation's own slope
adds little to the scatter."""

FEWEST = 5
"""Haloes; a bin of fewer has no 16 and 84 % quantiles worth the name."""

RESAMPLES = 200
"""Of the bootstrap; its own error is then 5 %."""

SEED = 0


def quantile(points: Points, fraction: float = 0.5, bins: Sequence[float] | None = None) -> Curve:
    """Quantile of y in bins of x, the median if not told otherwise.

    Parameters
    ----------
    points : Points
        Of a halo relation. Those at zero have no logarithm and are left out.
    fraction : float
        0.16, 0.5 and 0.84 are drawn as a median and its band.
    bins : sequence of float or None
        Edges, log10 of x; None for quarters of a dex around the points.

    Returns
    -------
    Curve
        Middle of each bin in log10, quantile of y in its unit, points per bin; NaN where
        they are fewer than five. The error is that of a bootstrap with a fixed seed.

    References
    ----------
    Bernardini et al. 2022, figure 7.
    """

    def of(log_y: NDArray[np.float64]) -> NDArray[np.float64]:
        return 10 ** np.quantile(log_y, fraction, axis=-1)

    name = "median" if fraction == 0.5 else f"{fraction:.0%} quantile"
    return _binned(points, of, bins, f"{name} of {points.name}", points.y_label, y_log=True)


def scatter(points: Points, bins: Sequence[float] | None = None) -> Curve:
    """Scatter of y in bins of x: half the distance of its 16 and 84 % quantiles, in dex.

    For a lognormal scatter it is the standard deviation of log10 y, but outliers don't
    rule it. It holds the rise of the relation within a bin. The paper states neither its
    measure nor its bins.

    Parameters
    ----------
    points, bins
        As for `quantile`.

    Returns
    -------
    Curve
        Middle of each bin in log10, scatter [dex], points per bin; NaN where they are fewer
        than five. The error is that of a bootstrap with a fixed seed.

    References
    ----------
    Bernardini et al. 2022, figure 7.
    """

    def of(log_y: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = np.quantile(log_y, (0.16, 0.84), axis=-1)
        return (high - low) / 2

    return _binned(points, of, bins, f"scatter of {points.name}", "scatter [dex]", y_log=False)


def _binned(
    points: Points,
    measure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    bins: Sequence[float] | None,
    name: str,
    y_label: str,
    y_log: bool,
) -> Curve:
    """Measure log10 y, (..., n), along its last axis in every bin of x that holds enough."""
    positive = (points.x > 0) & (points.y > 0)
    log_x, log_y = np.log10(points.x[positive]), np.log10(points.y[positive])
    # Around all that have dark matter, so that truth and prediction share them.
    edges = _edges_around(points.x) if bins is None else np.array(checked_edges(bins, "Mass"))
    bin_index = np.searchsorted(edges, log_x, side="right") - 1
    # By value in each bin, so that the bootstrap knows nothing of the points' order.
    members = [np.sort(log_y[bin_index == i]) for i in range(len(edges) - 1)]
    value, error = np.full(len(members), np.nan), np.full(len(members), np.nan)
    random = np.random.default_rng(SEED)
    for i, inside in enumerate(members):
        if len(inside) >= FEWEST:
            value[i] = measure(inside)
            error[i] = measure(random.choice(inside, (RESAMPLES, len(inside)))).std()
    left_out = len(positive) - np.count_nonzero(positive)
    return Curve(
        x=10 ** ((edges[1:] + edges[:-1]) / 2),
        y=value,
        error=error,
        count=np.array([len(inside) for inside in members]),
        edges=10**edges,
        name=name,
        x_label=points.x_label,
        y_label=y_label,
        error_kind=f"bootstrap of {RESAMPLES} resamples with seed {SEED}",
        y_log=y_log,
        note=f"{left_out} of {len(positive)} points are zero and left out." if left_out else "",
    )


def _edges_around(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges at round fractions of a dex, log10."""
    log_x = np.log10(x[x > 0])
    if not log_x.size:
        raise ValueError("The halo relation has no point above zero, expected one or more.")
    first, last = np.floor(log_x.min() * BINS_PER_DEX), np.floor(log_x.max() * BINS_PER_DEX) + 1
    return np.arange(first, last + 1) / BINS_PER_DEX
