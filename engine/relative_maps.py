"""How far paintings of a box are from the truth, place by place, as JERALD's paper shows it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.fields import AXES
from engine.mesh import Grid

LEAST = 0.5
"""Of the truth's mean, below which densities are clipped."""

WIDTH = 200.0
"""Standard deviation of the Gaussian, comoving, [kpc/h]."""


@dataclass(frozen=True, eq=False)
class RelativeMap:
    """Relative difference, averaged along the line of sight over the whole box.

    Parameters
    ----------
    values : array, (ny, nx)
        Painting over truth, less one.
    within : float
        Part of the pixels that differ by less than a fifth.
    """

    values: NDArray[np.float64]
    within: float


CLOSE = 0.2
"""What the paper calls near."""


@lru_cache(maxsize=16)
def relative_map(truth: Grid, painted: Grid, axis: str) -> RelativeMap:
    """Compare two boxes after clipping and smoothing; remembered by identity.

    References
    ----------
    Rigo, Trotta & Viel 2025.
    """
    sight = 2 - AXES.index(axis)
    least = LEAST * float(truth.values.mean(dtype=np.float64))
    smooth, other = (
        smoothed(np.maximum(each.values, least), WIDTH / truth.cell_size)
        for each in (truth, painted)
    )
    values = (other / smooth - 1).mean(axis=sight)
    return RelativeMap(values, float((np.abs(values) < CLOSE).mean()))


def smoothed(values: NDArray[np.floating], width: float) -> NDArray[np.float64]:
    """Convolve a periodic box with a Gaussian.

    Parameters
    ----------
    values : array, (n, n, n)
        Not negative.
    width : float
        Standard deviation, [cells].
    """
    waves = np.fft.rfftn(values)
    full, half = np.fft.fftfreq(len(values)), np.fft.rfftfreq(len(values))
    square = full[:, None, None] ** 2 + full[:, None] ** 2 + half**2
    waves *= np.exp(-0.5 * (2 * np.pi * width) ** 2 * square)
    smooth = np.fft.irfftn(waves, values.shape, axes=(0, 1, 2))
    return np.asarray(smooth, np.float64)
