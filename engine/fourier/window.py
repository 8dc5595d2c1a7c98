"""The Hann window that maps without periodic edges are multiplied by."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

HANN_POWER = (3 / 8) ** 2
"""Mean of the squared window, sin^4 along each of two axes."""

HANN_CUBE = (5 / 16) ** 2
"""Mean of the cubed window, sin^6 along each axis."""

HANN_SIXTH = (231 / 1024) ** 2
"""Mean of its sixth power, sin^12 along each axis."""

MODE_OVERLAP = (1.0, 4 / 9, 1 / 36)
"""Squared correlation of modes 0, 1 and 2 fundamentals apart along one axis, none beyond:
sin^4 = 3/8 - cos(2x)/2 + cos(4x)/8, so (1/4)^2 and (1/16)^2 over (3/8)^2."""

OVERLAP_SLOPE = 2.7
"""Between the exact limits of thin and wide shells, fitted to Gaussian fields of 48^2 and 96^2;
a test holds the errors it gives to 15 %."""

WINDOW_NOTE = (
    "The map is not periodic: a Hann window was used, and modes closer together than two "
    "fundamental wavenumbers are mixed."
)
"""Said by every curve of such a map."""


def hann(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the window, sin^2 along each axis, at pixel centres, (ny, nx)."""
    row, column = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in shape)
    return np.multiply.outer(row, column).astype(np.float32)


def independent_modes(bin_of_mode: NDArray[np.integer], n: int) -> NDArray[np.float64]:
    """Count the modes of each bin that remain independent under the window.

    The power of a Gaussian field averaged over a bin has the variance P^2 / independent
    (P taken as constant over the few fundamentals that the window mixes).

    Parameters
    ----------
    bin_of_mode : array, (ny, nx)
        Bin of each mode of the full plane.
    n : int
        Number of bins.

    Returns
    -------
    array, (n,)
        count^2 / (2 sum of the overlaps of all pairs within the bin); count / 2 without a
        window, since a mode and its conjugate are one.
    """
    count = np.bincount(bin_of_mode.ravel(), minlength=n + 1)[:n]
    overlap = count.astype(np.float64)
    for dy, dx in product(range(-2, 3), repeat=2):
        if (dy, dx) > (0, 0):  # the opposite displacement has as many pairs
            together = bin_of_mode[bin_of_mode == np.roll(bin_of_mode, (dy, dx), (0, 1))]
            pairs = np.bincount(together, minlength=n + 1)[:n]
            overlap += 2 * MODE_OVERLAP[abs(dy)] * MODE_OVERLAP[abs(dx)] * pairs
    return count**2 / (2 * np.maximum(overlap, 1))


def triangle_overlap(mode_overlap: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the window's mixing raises the variance of a sum over triangles.

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
    return 1 + (HANN_SIXTH / HANN_POWER**3 - 1) * towards_wide
