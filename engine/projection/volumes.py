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

from engine.projection.deposition import SAMPLES_PER_SUPPORT, SMALLEST_SUPPORT
from engine.projection.kernel import cubic_spline

BANDS_PER_THREAD = 4
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
    _in_bands(lambda low, high: _cic_band(place, carried, cells, out, first, low, high), out)
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
        Radius at which the kernel ends, in cells; narrower ones than a quarter are widened to
        it, as those of maps.
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
    _in_threads(lambda low, high: _kernel_sums(place, radius, sums, low, high), len(place))
    carried = np.ascontiguousarray(np.transpose(weights / sums), np.float64)
    _in_bands(
        lambda low, high: _kernel_band(place, radius, carried, cells, out, first, low, high), out
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

    Slow; what the fast way is tested against. `samples` points a side stand for a cell.
    """
    grids = np.zeros((len(weights), cells, cells, cells))
    for centre, radius, carried in zip(place, support, np.transpose(weights), strict=True):
        radius = max(float(radius), SMALLEST_SUPPORT)
        reach = int(np.ceil(radius)) + 1
        fine = (np.arange(-reach * samples, (reach + 1) * samples) + 0.5) / samples
        x, y, z = (fine + np.floor(c) - c for c in np.asarray(centre, np.float64))
        kernel = cubic_spline(np.sqrt(x**2 + y[:, None] ** 2 + z[:, None, None] ** 2) / radius)
        side = 2 * reach + 1
        kernel = kernel.reshape(side, samples, side, samples, side, samples).sum((1, 3, 5))
        columns, rows, planes = (
            (int(np.floor(c)) + np.arange(-reach, reach + 1)) % cells for c in centre
        )
        for grid, weight in zip(grids, carried, strict=True):
            np.add.at(grid, np.ix_(planes, rows, columns), weight * kernel / kernel.sum())
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


@numba.njit(nogil=True, cache=True)
def _cic_band(place, carried, cells, out, first, low, high):  # type: ignore[no-untyped-def]
    """Add all particles to planes [low, high) of `out`; see `deposit_cic`."""
    for i in range(len(place)):
        x, y, z = place[i, 0] - 0.5, place[i, 1] - 0.5, place[i, 2] - 0.5
        column, row, plane = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
        for dz in range(2):
            k = (plane + dz) % cells - first
            if k < low or k >= high:
                continue
            share_z = 1 - abs(plane + dz - z)
            for dy in range(2):
                j = (row + dy) % cells
                share_y = share_z * (1 - abs(row + dy - y))
                for dx in range(2):
                    share = share_y * (1 - abs(column + dx - x))
                    for q in range(carried.shape[1]):
                        out[q, k, j, (column + dx) % cells] += carried[i, q] * share


# The kernel is worked out in single precision, 2 (1 - u)^3 - 8 (1/2 - u)^3 with negative terms
# left out, which the processor does for several samples at once; sums are in double.


@numba.njit(nogil=True, fastmath=True, cache=True)
def _kernel_sums(place, radius, sums, low, high):  # type: ignore[no-untyped-def]
    """Sum of all samples of the kernels of particles [low, high)."""
    line = np.empty(_longest(radius[low:high]), np.float32)
    for i in range(low, high):
        fine = _samples_per_cell(radius[i])
        reach = radius[i] * fine
        x, y, z = place[i, 0] * fine, place[i, 1] * fine, place[i, 2] * fine
        total = 0.0
        for k in range(_first(z, reach), _last(z, reach)):
            dz = (k + 0.5 - z) / reach
            for j in range(_first(y, reach), _last(y, reach)):
                dy = (j + 0.5 - y) / reach
                _, number = _fill(line, x, reach, dy * dy + dz * dz)
                in_line = np.float32(0)
                for c in range(number):
                    in_line += line[c]
                total += float(in_line)
        sums[i] = total


@numba.njit(nogil=True, fastmath=True, cache=True)
def _kernel_band(place, radius, carried, cells, out, first, low, high):  # type: ignore[no-untyped-def]
    """Add all particles to planes [low, high) of `out`; see `deposit_kernel`."""
    line = np.empty(_longest(radius), np.float32)
    for i in range(len(place)):
        fine = _samples_per_cell(radius[i])
        reach = radius[i] * fine
        x, y, z = place[i, 0] * fine, place[i, 1] * fine, place[i, 2] * fine
        for k in range(_first(z, reach), _last(z, reach)):
            plane = (k // fine) % cells - first
            if plane < low or plane >= high:
                continue
            dz = (k + 0.5 - z) / reach
            for j in range(_first(y, reach), _last(y, reach)):
                dy = (j + 0.5 - y) / reach
                begin, number = _fill(line, x, reach, dy * dy + dz * dz)
                row = (j // fine) % cells
                for q in range(carried.shape[1]):
                    _add_line(line, begin, number, fine, carried[i, q], out[q, plane, row])


@numba.njit(inline="always", fastmath=True)
def _add_line(line, begin, number, fine, weight, row):  # type: ignore[no-untyped-def]
    """Add samples along x, the first of number `begin`, to a row of cells that closes on itself."""
    cells = len(row)
    if fine > 1:
        for c in range(number):
            row[((begin + c) // fine) % cells] += weight * line[c]
        return
    done, column = 0, begin % cells
    while done < number:
        piece = min(number - done, cells - column)
        for c in range(piece):
            row[column + c] += weight * line[done + c]
        done += piece
        column = 0


@numba.njit(inline="always", fastmath=True)
def _fill(line, x, reach, beside):  # type: ignore[no-untyped-def]
    """Write the kernel along a line of samples; return the first one's number and how many."""
    if beside >= 1:
        return 0, 0
    chord = np.sqrt(1 - beside) * reach
    begin, end = _first(x, chord), _last(x, chord)
    start, step = np.float32((begin + 0.5 - x) / reach), np.float32(1 / reach)
    square = np.float32(beside)
    for c in range(end - begin):
        dx = start + np.float32(c) * step
        u = np.sqrt(dx * dx + square)
        outer = max(np.float32(1) - u, np.float32(0))
        inner = max(np.float32(0.5) - u, np.float32(0))
        line[c] = np.float32(2) * outer * outer * outer - np.float32(8) * inner * inner * inner
    return begin, end - begin


@numba.njit(inline="always")
def _samples_per_cell(radius):  # type: ignore[no-untyped-def]
    return max(int(np.ceil(SAMPLES_PER_SUPPORT / radius)), 1)


@numba.njit(inline="always")
def _first(centre, reach):  # type: ignore[no-untyped-def]
    """Number of the first sample, at its number and a half, within reach of a centre."""
    return int(np.ceil(centre - reach - 0.5))


@numba.njit(inline="always")
def _last(centre, reach):  # type: ignore[no-untyped-def]
    """One past the number of the last sample within reach of a centre."""
    return int(np.floor(centre + reach - 0.5)) + 1


@numba.njit(inline="always")
def _longest(radius):  # type: ignore[no-untyped-def]
    """Samples of the longest line."""
    longest = 2 * SAMPLES_PER_SUPPORT
    for each in radius:
        longest = max(longest, int(2 * each))
    return longest + 4
