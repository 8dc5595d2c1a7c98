"""Colour limits of maps, in dex."""

from dataclasses import dataclass

import numpy as np

from engine.mesh import Slab

PERCENTILES = (1.0, 99.99)
"""Default limits: voids stay dark without being empty, the centres of all but the heaviest haloes
keep their structure when one zooms in."""

ENOUGH = 1 << 20
"""Pixels that settle a percentile well enough for colours."""


@dataclass(frozen=True)
class Limits:
    """What a colour bar spans and where its limits stand by default, log10 of the unit.

    Parameters
    ----------
    start, end : float
        Of the bar, whole decades.
    low, high : float
        Default limits.
    middle : float
        Median of the positive pixels.
    """

    start: float
    end: float
    low: float
    high: float
    middle: float = 0.0


def limits(*slabs: Slab | None) -> Limits:
    """Limits that suit all the maps given; those that are None or all zero don't count."""
    parts = [positive_dex(slab) for slab in slabs if slab is not None]
    dex = np.concatenate([part for part in parts if part.size] or [np.zeros(1)])
    low, high = (float(value) for value in np.percentile(dex, PERCENTILES))
    if high - low < 0.1:
        low, high = low - 0.5, high + 0.5
    start = np.floor(min(low, np.percentile(dex, 0.1)))
    end = np.ceil(max(high, dex.max()))
    middle = float(np.median(dex))
    return Limits(float(start), float(end), round(low, 2), round(high, 2), middle)


def contrast_limits(truth: Slab, other: Slab) -> tuple[float, float]:
    """What the limits of a difference and of a ratio are by default.

    Returns
    -------
    float
        Difference that few pixels exceed either way, in the maps' unit.
    float
        log10 of the ratio, likewise, in tenths.
    """
    true, painted = (thinned(slab).astype(np.float64) for slab in (truth, other))
    both = (true > 0) & (painted > 0)
    apart = np.abs(np.log10(painted[both] / true[both])) if both.any() else np.ones(1)
    difference = float(np.percentile(np.abs(painted - true), 99.5))
    ratio = float(np.ceil(10 * np.percentile(apart, 98)) / 10)
    return difference or 1.0, min(max(ratio, 0.2), 2.0)


def thinned(slab: Slab) -> np.ndarray:
    """Every nth row and column of a map, `ENOUGH` pixels or fewer of it, (ny, nx)."""
    step = max(1, round((slab.values.size / ENOUGH) ** 0.5))
    return slab.values[::step, ::step]


def positive_dex(slab: Slab) -> np.ndarray:
    """log10 of a map's positive pixels, thinned evenly to `ENOUGH`."""
    values = thinned(slab)
    return np.log10(values[values > 0], dtype=np.float64)
