"""A power law through a scaling relation: slope, scatter, and whose residuals go together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.results import Points

FEWEST = 3
"""Objects: two always lie on a line."""

ROUNDING = 1e-9
"""Scatter of points that lie on a line, [dex]."""


@dataclass(frozen=True)
class Fit:
    """log10 y = intercept + slope log10(x / pivot), by least squares.

    Parameters
    ----------
    slope, slope_error : float
        And one standard deviation, from the scatter.
    intercept : float
        log10 of y, in its unit, at the pivot.
    pivot : float
        Geometric mean of x, in its unit: slope and intercept are independent there.
    scatter : float
        Standard deviation of log10 y about the line, [dex].
    count : int
        Points.
    """

    slope: float
    slope_error: float
    intercept: float
    pivot: float
    scatter: float
    count: int

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Value of y on the line, in its unit."""
        return 10 ** (self.intercept + self.slope * np.log10(np.asarray(x) / self.pivot))


def fit(points: Points) -> Fit:
    """Lay a power law through points by least squares in log10 y; those at zero are left out.

    Raises
    ------
    ValueError
        If fewer than three are left, or all have the same x.

    References
    ----------
    Chadayammuri et al. 2023, figure 9; their scatter is that of the line less the residual.
    """
    positive = _positive(points)
    log_x, log_y = np.log10(points.x[positive]), np.log10(points.y[positive])
    if len(log_x) < FEWEST or np.ptp(log_x) == 0:
        raise ValueError(
            f"{points.name.capitalize()}: {len(log_x)} points above zero, expected {FEWEST} or "
            "more of different mass for a slope."
        )
    from_pivot = log_x - log_x.mean()
    spread = float(from_pivot @ from_pivot)
    slope, intercept = float(from_pivot @ log_y) / spread, float(log_y.mean())
    off = log_y - intercept - slope * from_pivot
    scatter = float(np.sqrt(off @ off / (len(off) - 2)))
    return Fit(
        slope=slope,
        slope_error=scatter / spread**0.5,
        intercept=intercept,
        pivot=float(10 ** log_x.mean()),
        scatter=scatter,
        count=len(off),
    )


def residuals(points: Points) -> NDArray[np.float64]:
    """log10 of y over the power law through the points, [dex]; not a number at zero."""
    positive = _positive(points)
    off = np.full(len(points), np.nan)
    off[positive] = np.log10(points.y[positive] / fit(points)(points.x[positive]))
    return off


def residual_correlation(truth: Points, painted: Points) -> float:
    """Whether the objects that are bright for their mass are painted so too.

    Parameters
    ----------
    truth, painted : Points
        Of the same objects, see `engine.statistics.scaling_relation`.

    Returns
    -------
    float
        Pearson's correlation of the residuals of each about its own power law, over the objects
        above zero in both; not a number if one of them has no scatter.

    Raises
    ------
    ValueError
        If they are of different objects, or too few.
    """
    keys = ("simulation", "number", "axis")
    if not all(np.array_equal(truth.columns[key], painted.columns[key]) for key in keys):
        raise ValueError(
            f"{truth.name} and {painted.name} are of different objects, expected the same: "
            "measure both on the same cut-outs."
        )
    both = _positive(truth) & _positive(painted)
    one, other = (residuals(each.select(both)) for each in (truth, painted))
    if min(one.std(), other.std()) < ROUNDING:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _positive(points: Points) -> NDArray[np.bool_]:
    return (points.x > 0) & (points.y > 0)
