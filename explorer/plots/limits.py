"""Colour limits of maps, in dex."""

from dataclasses import dataclass

import numpy as np

from engine.results import Slab

PERCENTILES = (1.0, 99.8)
"""Default limits: voids stay dark without being empty, few halo centres saturate."""

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
    """

    start: float
    end: float
    low: float
    high: float

    @property
    def decades(self) -> range:
        """Whole powers of ten on the bar."""
        return range(round(self.start), round(self.end) + 1)


def limits(*slabs: Slab | None) -> Limits:
    """Limits that suit all the maps given; those that are None or all zero don't count."""
    parts = [positive_dex(slab) for slab in slabs if slab is not None]
    dex = np.concatenate([part for part in parts if part.size] or [np.zeros(1)])
    low, high = (float(value) for value in np.percentile(dex, PERCENTILES))
    if high - low < 0.1:
        low, high = low - 0.5, high + 0.5
    start = np.floor(min(low, np.percentile(dex, 0.1)))
    end = np.ceil(max(high, dex.max()))
    return Limits(float(start), float(end), round(low, 2), round(high, 2))


def positive_dex(slab: Slab) -> np.ndarray:
    """log10 of a map's positive pixels, thinned evenly to `ENOUGH`."""
    step = max(1, round((slab.values.size / ENOUGH) ** 0.5))
    values = slab.values[::step, ::step]
    return np.log10(values[values > 0], dtype=np.float64)
