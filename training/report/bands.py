"""Bands over realisations, and numbers as JSON holds them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

QUANTILES = (16.0, 50.0, 84.0)
"""Per cent; the paper's, figures 3 to 7."""

DIGITS = 6
"""Significant ones that are written: paintings of single precision have no more."""


def rounded(values: ArrayLike) -> Any:
    """Numbers as JSON holds them: six significant digits, None where there is none."""
    if np.ndim(values):
        return [rounded(value) for value in np.asarray(values)]
    number = np.asarray(values).item()
    if isinstance(number, int):
        return number
    return float(f"{number:.{DIGITS}g}") if np.isfinite(number) else None


def bands(samples: ArrayLike) -> dict[str, Any]:
    """Median and 16 and 84 % quantiles of some realisations, (n, ...)."""
    low, median, high = np.percentile(np.asarray(samples), QUANTILES, axis=0)
    return {"low": rounded(low), "median": rounded(median), "high": rounded(high)}
