"""Depositing particles in the cells of a periodic box: fast ways and obvious ones.

Cell i spans [i, i + 1) along each axis and its centre is at i + 1/2, so that a cell of a grid is
exactly eight of one with twice the cells a side.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from engine.projection.kernel import cubic_spline
from engine.projection.volume_loops import cic_band, kernel_band, kernel_sums

SMALLEST_SUPPORT = 1e-3
"""Narrower kernels are widened to this many cells."""

BANDS_PER_THREAD = 2
"""A thread that is done with an empty part of the box takes another."""


def deposit_cic(
    place: NDArray[np.floating],
    weights: NDArray[np.floating],
    cells: int,
    out: NDArray[np.float64],
    first: int = 0,
) -> NDArray[np.float64]:
    """Spread particles over the cells whose centres are nearest, linearly in each coordinate.

    Every particle's weight arrives whole, and its centre of mass stays where it was. The same
    bits result for any number of threads.

    Parameters
    ----------
    place : array, (n, 3)
        x, y, z in cells, from 0 to `cells`.
    weights : array, (q, n)
        What each particle carries, for q grids at once.
    cells : int
        A side of the box.
    out : array, (q, nz, cells, cells)
        Planes of the grids to add to.
    first : int
        Number of the lowest of these planes.

    Returns
    -------
    array, (q, nz, cells, cells)
        `out`.

    Raises
    ------
    ValueError
        If a particle is outside of the box.

    References
    ----------
    Hockney & Eastwood 1981, section 5-3.
    """
    _check_places(place, cells)
    place = np.ascontiguousarray(place, np.float64)
    carried = np.ascontiguousarray(np.transpose(weights), np.float64)
    _in_bands(lambda low, high: cic_band(place, carried, cells, out, first, low, high), out)
    return out


def deposit_kernel(
    place: NDArray[np.floating],
    support: NDArray[np.floating],
    weights: NDArray[np.floating],
    cells: int,
    out: NDArray[np.float64],
    first: int = 0,
) -> NDArray[np.float64]:
    """Spread particles over a periodic box with the cubic spline.

    The kernel is sampled at the cells' centres, or, where it is narrow, at points within them,
    and divided by the sum of its samples: every particle's weight arrives whole, to 1e-6. The
    same bits result for any number of threads.

    Parameters
    ----------
    support : array, (n,)
        Radius at which the kernel ends, in cells.
    place, weights, cells, out, first
        See `deposit_cic`.

    Returns
    -------
    array, (q, nz, cells, cells)
        `out`.

    Raises
    ------
    ValueError
        If a particle is outside of the box.
    """
    _check_places(place, cells)
    place = np.ascontiguousarray(place, np.float64)
    radius = np.maximum(support, SMALLEST_SUPPORT).astype(np.float64)
    sums = np.empty(len(place))
    _in_threads(lambda low, high: kernel_sums(place, radius, sums, low, high), len(place))
    carried = np.ascontiguousarray(np.transpose(weights), np.float64)
    _in_bands(
        lambda low, high: kernel_band(place, radius, sums, carried, cells, out, first, low, high),
        out,
    )
    return out


def deposit_cic_reference(
    place: NDArray[np.floating], weights: NDArray[np.floating], cells: int
) -> NDArray[np.float64]:
    """Do what `deposit_cic` does for a whole box, each of a cube's eight corners by itself."""
    grids = np.zeros((len(weights), cells, cells, cells))
    from_centre = np.asarray(place, np.float64) - 0.5
    low = np.floor(from_centre)
    for corner in np.ndindex(2, 2, 2):
        share = np.prod(1 - np.abs(low + corner - from_centre), axis=1)
        x, y, z = ((low + corner) % cells).astype(int).T
        for grid, carried in zip(grids, weights, strict=True):
            np.add.at(grid, (z, y, x), carried * share)
    return grids


def deposit_kernel_reference(
    place: NDArray[np.floating],
    support: NDArray[np.floating],
    weights: NDArray[np.floating],
    cells: int,
    samples: int = 8,
) -> NDArray[np.float64]:
    """Do what `deposit_kernel` does for a whole box, the kernel integrated over each cell.

    Slow; what the fast way is tested against. At least `samples` points lie along a cell's side
    and three times as many along a kernel's radius.
    """
    grids = np.zeros((len(weights), cells, cells, cells))
    for centre, radius, carried in zip(place, support, np.transpose(weights), strict=True):
        fine = int(np.ceil(samples * max(1, 3 / radius)))
        axes = []
        kernel_at: NDArray[np.float64] = np.zeros(())
        for middle in np.asarray(centre, np.float64)[::-1]:
            points = np.arange(np.floor((middle - radius) * fine), (middle + radius) * fine)
            away = ((points + 0.5) / fine - middle) / radius
            kernel_at = kernel_at[..., None] + away**2
            axes.append(points.astype(int) // fine)
        kernel = cubic_spline(np.sqrt(kernel_at))
        for axis, numbers in enumerate(axes):
            begins = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
            kernel = np.add.reduceat(kernel, begins, axis=axis)
            axes[axis] = numbers[begins] % cells
        for grid, weight in zip(grids, carried, strict=True):
            np.add.at(grid, np.ix_(*axes), weight * kernel / kernel.sum())
    return grids


def _check_places(place: NDArray[np.floating], cells: int) -> None:
    if len(place) and not (place.min() >= 0 and place.max() <= cells):
        raise ValueError(
            f"Particles reach from {place.min():g} to {place.max():g} cells, expected places in "
            f"the box, 0 to {cells}; wrap them first."
        )


def _in_bands(deposit: Callable[[int, int], None], out: NDArray[np.float64]) -> None:
    """Give each thread planes of its own: a cell is summed in the order of the particles."""
    _in_threads(deposit, out.shape[1])


def _in_threads(work: Callable[[int, int], Any], number: int) -> None:
    """Cut [0, number) into pieces and do them in threads."""
    threads = numba.get_num_threads()
    edges = np.linspace(0, number, min(BANDS_PER_THREAD * threads, number) + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1].tolist(), edges[1:].tolist()))
