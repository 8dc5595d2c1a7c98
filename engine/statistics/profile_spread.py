"""How profiles of many objects spread around their median."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve

PER_CENT = (0, 25, 50, 75, 100)


@dataclass(frozen=True, eq=False)
class Spread:
    """Median, quartiles and range of curves that share their bins.

    Parameters
    ----------
    x : array, (n,)
        Places.
    lowest, lower, median, upper, highest : array, (n,)
        In the curves' unit; not a number where no curve has a value.
    count : int
        Curves.
    """

    x: NDArray[np.float64]
    lowest: NDArray[np.float64]
    lower: NDArray[np.float64]
    median: NDArray[np.float64]
    upper: NDArray[np.float64]
    highest: NDArray[np.float64]
    count: int


def spread_of(curves: Sequence[Curve]) -> Spread:
    """Find how curves spread, bin by bin; those without a value in a bin are left out there.

    Raises
    ------
    ValueError
        If there is none, or their bins differ.

    References
    ----------
    Chadayammuri et al. 2023, figure 6.
    """
    if not curves:
        raise ValueError("A spread got no curve, expected one or more.")
    first = curves[0].x
    if not all(len(curve.x) == len(first) and np.allclose(curve.x, first) for curve in curves):
        raise ValueError("Curves of a spread have different bins, expected the same in all.")
    values = np.array([curve.y for curve in curves])
    found = np.full((len(PER_CENT), len(first)), np.nan)
    some = np.isfinite(values).any(axis=0)
    found[:, some] = np.nanpercentile(values[:, some], PER_CENT, axis=0)
    lowest, lower, median, upper, highest = found
    return Spread(np.asarray(first), lowest, lower, median, upper, highest, len(curves))
