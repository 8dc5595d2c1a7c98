"""The Hann window that meshes without periodic edges are multiplied by."""

from functools import reduce
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

HANN_POWER = 3 / 8
"""Mean of the squared window along one axis, sin^4: to the power of the dimensions for all."""

HANN_CUBE = 5 / 16
"""Mean of the cubed window, sin^6, likewise."""

HANN_SIXTH = 231 / 1024
"""Mean of its sixth power, sin^12, likewise."""

MODE_OVERLAP = (1.0, 4 / 9, 1 / 36)
"""Squared correlation of modes 0, 1 and 2 fundamentals apart along one axis, none beyond:
sin^4 = 3/8 - cos(2x)/2 + cos(4x)/8, so (1/4)^2 and (1/16)^2 over (3/8)^2."""

OVERLAP_SLOPE = 2.7
"""Between the exact limits of thin and wide shells, fitted to Gaussian fields of 48^2 and 96^2;
a test holds the errors it gives to 15 %."""


def hann(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the window, sin^2 along each axis, at the centres of cells, (..., ny, nx)."""
    window = np.ones(())
    for n in shape:
        window = np.multiply.outer(window, np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2)
    return window.astype(np.float32)


def independent_modes(
    bin_index: NDArray[np.integer], shape: tuple[int, ...], n: int
) -> NDArray[np.float64]:
    """Count the modes of each bin that remain independent under the window.

    The power of a Gaussian field averaged over a bin has the variance P^2 / independent
    (P taken as constant over the few fundamentals that the window mixes).

    Parameters
    ----------
    bin_index : array, (..., ny // 2 + 1, nx // 2 + 1)
        Bin of each mode of no negative frequency; its mirror images are in the same.
    shape : tuple of int
        (..., ny, nx).
    n : int
        Number of bins.

    Returns
    -------
    array, (n,)
        count^2 / (2 sum of the overlaps of all pairs within the bin); count / 2 without a
        window, since a mode and its conjugate are one.
    """
    count = _pairs(bin_index, shape, n, (0,) * len(shape))
    overlap = count.copy()
    pairs = {
        apart: _pairs(bin_index, shape, n, apart)
        for apart in product(range(len(MODE_OVERLAP)), repeat=len(shape))
    }
    for steps in product(range(-2, 3), repeat=len(shape)):
        if steps > (0,) * len(shape):  # the opposite displacement has as many pairs
            apart = tuple(map(abs, steps))
            overlap += prod((MODE_OVERLAP[step] for step in apart), start=2) * pairs[apart]
    return count**2 / (2 * np.maximum(overlap, 1))


def _pairs(
    bin_index: NDArray[np.integer], shape: tuple[int, ...], n: int, apart: tuple[int, ...]
) -> NDArray[np.float64]:
    """Modes of each bin, of all signs, with another of their bin so many frequencies on, (n,)."""
    number = multiplicity(shape)
    ways = list(product(*({step, -step} for step in apart)))
    pairs = np.zeros(n)
    for way in ways:
        # A frequency beyond the last comes back from below, as the window mixes it.
        rows = [
            (np.arange(side // 2 + 1) + step) % side for side, step in zip(shape, way, strict=True)
        ]
        mirrored = [np.minimum(row, side - row) for side, row in zip(shape, rows, strict=True)]
        together = bin_index == bin_index[np.ix_(*mirrored)]
        pairs += np.bincount(bin_index[together], number[together], minlength=n + 1)[:n]
    return pairs / len(ways)


def multiplicity(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """How many modes have the absolute frequencies of each place.

    Parameters
    ----------
    shape : tuple of int
        (..., ny, nx).

    Returns
    -------
    array, (..., ny // 2 + 1, nx // 2 + 1)
        2 for each axis, or 1 at zero and Nyquist, multiplied.
    """
    per_axis = [np.full(n // 2 + 1, 2.0) for n in shape]
    for n, number in zip(shape, per_axis, strict=True):
        number[0] = 1
        if n % 2 == 0:
            number[-1] = 1
    return reduce(np.multiply.outer, per_axis)


def triangle_overlap(mode_overlap: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the window's mixing raises the variance of a sum over triangles of a map.

    Parameters
    ----------
    mode_overlap : array, (n,)
        The same for the power of the modes of each shell, count / (2 independent).

    Returns
    -------
    array, (n,)
        1 in a shell so thin that none of its modes mix; the mean of the window's sixth
        power over the cube of that of its square in one wider than the mixing.
    """
    widest = (1 + 2 * sum(MODE_OVERLAP[1:])) ** 2
    towards_wide = (np.maximum(mode_overlap - 1, 0) / (widest - 1)) ** OVERLAP_SLOPE
    return 1 + (HANN_SIXTH**2 / HANN_POWER**6 - 1) * towards_wide
