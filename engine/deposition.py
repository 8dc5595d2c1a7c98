"""Depositing particles with round kernels on a periodic map: a fast way and an obvious one."""

import numba
import numpy as np
from numpy.typing import NDArray

from engine.kernel import projected_cubic_spline, projected_polynomial

SMALLEST_SUPPORT = 0.25
"""Narrower kernels are widened to this many pixels: all inside a pixel is all the same."""

RESOLVED_SUPPORT = 6.0
"""From this many pixels on, the kernel summed over pixel centres is one to 1e-5; it is
not renormalised, and rows outside a thread's band need not be visited."""

SAMPLES_PER_SUPPORT = 3
"""Narrower kernels are sampled at least this often per support radius, within pixels too."""

ROWS_PER_BAND = 96
"""A band is what one thread does at a time; a kernel across two bands is visited twice."""

LANES = 8
"""Pixels a processor handles at once in single precision."""


def deposit(
    column: NDArray[np.floating],
    row: NDArray[np.floating],
    support: NDArray[np.floating],
    weights: NDArray[np.floating],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Spread particles over a periodic map with the projected cubic spline.

    Every particle's weight arrives whole, to 1e-5. The same bits result for any number
    of threads: each pixel is summed by one thread in the order of the particles.

    Parameters
    ----------
    column, row : array, (n,)
        Positions in pixels; pixel i spans [i, i + 1).
    support : array, (n,)
        Radius at which the kernel ends, in pixels.
    weights : array, (q, n)
        What each particle carries, for q maps at once.
    shape : (ny, nx)
        Of the map.

    Returns
    -------
    array, (q, ny, nx)
        Sum of the weights that fall in each pixel.
    """
    maps = np.zeros((len(weights), *shape))
    _deposit(
        np.ascontiguousarray(column, np.float32),
        np.ascontiguousarray(row, np.float32),
        np.maximum(support, SMALLEST_SUPPORT).astype(np.float32),
        np.ascontiguousarray(np.transpose(weights), np.float32),
        tuple(projected_polynomial()),
        int(np.ceil(max(support.max(initial=0), 1))) + LANES + 1,
        maps,
    )
    return maps


def deposit_reference(
    column: NDArray[np.floating],
    row: NDArray[np.floating],
    support: NDArray[np.floating],
    weights: NDArray[np.floating],
    shape: tuple[int, int],
    samples: int = 16,
) -> NDArray[np.float64]:
    """Do what `deposit` does, one particle at a time, the kernel integrated over each pixel.

    Slow; what the fast way is tested against. `samples` points a side stand for a pixel.
    """
    ny, nx = shape
    maps = np.zeros((len(weights), *shape))
    q = np.linspace(0, 1, 20001)
    column_through = projected_cubic_spline(q)
    for x, y, radius, carried in zip(column, row, support, np.transpose(weights), strict=True):
        radius = max(float(radius), SMALLEST_SUPPORT)
        reach = int(np.ceil(radius)) + 1
        fine = (np.arange(-reach * samples, (reach + 1) * samples) + 0.5) / samples
        dx, dy = fine + np.floor(x) - x, fine + np.floor(y) - y
        kernel = np.interp((dx**2 + dy[:, None] ** 2) / radius**2, q, column_through, right=0)
        cells = 2 * reach + 1
        kernel = kernel.reshape(cells, samples, cells, samples).sum((1, 3))
        pixels = np.arange(-reach, reach + 1)
        rows, columns = (int(np.floor(y)) + pixels) % ny, (int(np.floor(x)) + pixels) % nx
        for one_map, weight in zip(maps, carried, strict=True):
            np.add.at(one_map, np.ix_(rows, columns), weight * kernel / kernel.sum())
    return maps


@numba.njit(parallel=True, fastmath=True, cache=True)
def _deposit(column, row, support, weights, polynomial, margin, maps):  # type: ignore[no-untyped-def]
    """Share the map out to threads in bands of rows; see `deposit`."""
    q, ny, nx = maps.shape
    for band in numba.prange((ny + ROWS_PER_BAND - 1) // ROWS_PER_BAND):
        first, last = band * ROWS_PER_BAND, min((band + 1) * ROWS_PER_BAND, ny)
        # Columns beyond the edges, folded back at the end, keep the inner loops free of wrapping.
        strip = np.zeros((q, last - first, nx + 2 * margin), np.float32)
        line = np.empty(2 * margin, np.float32)
        for i in range(len(column)):
            if _touches(row[i], support[i], first, last, ny):
                x = column[i] + np.float32(margin)
                args = (x, row[i], support[i], weights[i], polynomial, strip, first, ny)
                if support[i] >= RESOLVED_SUPPORT:
                    _spread_wide(*args, line)
                else:
                    _spread_narrow(*args)
        for m in range(q):
            for j in range(last - first):
                for k in range(nx + 2 * margin):
                    maps[m, first + j, (k - margin) % nx] += strip[m, j, k]


@numba.njit(inline="always")
def _touches(y, radius, first, last, ny):  # type: ignore[no-untyped-def]
    """Whether rows [first, last) meet the kernel or one of its periodic images."""
    low, high = int(np.floor(y - radius)), int(np.floor(y + radius))
    if high - low >= ny:
        return True
    low %= ny
    high %= ny
    if low <= high:
        return low < last and high >= first
    return low < last or high >= first


@numba.njit(fastmath=True)
def _spread_wide(x, y, radius, carried, polynomial, strip, first, ny, line):  # type: ignore[no-untyped-def]
    """Sample a kernel of many pixels at the pixel centres of the strip's rows."""
    q, n_rows, _ = strip.shape
    per_square = np.float32(1) / (radius * radius)
    for r in range(int(np.floor(y - radius)), int(np.floor(y + radius)) + 1):
        j = r % ny - first
        if j < 0 or j >= n_rows:
            continue
        dy = np.float32(r) + np.float32(0.5) - y
        chord = radius * radius - dy * dy
        if chord <= 0:
            continue
        half = np.sqrt(chord)
        start = int(x - half)
        # Whole groups of pixels, the kernel being zero outside: no remainder to do one by one.
        run = ((int(x + half) - start) // LANES + 1) * LANES
        offset = np.float32(start) + np.float32(0.5) - x
        for c in range(run):
            dx = offset + np.float32(c)
            line[c] = _kernel((dx * dx + dy * dy) * per_square, polynomial)
        for m in range(q):
            weight = carried[m] * per_square
            for c in range(run):
                strip[m, j, start + c] += weight * line[c]


@numba.njit(fastmath=True)
def _spread_narrow(x, y, radius, carried, polynomial, strip, first, ny):  # type: ignore[no-untyped-def]
    """Sample a kernel of few pixels within pixels and renormalise, so that none is lost."""
    q, strip_rows, _ = strip.shape
    fine = int(np.ceil(SAMPLES_PER_SUPPORT / radius))
    cells = int(2 * RESOLVED_SUPPORT) + 2
    pixel = np.zeros((cells, cells), np.float32)
    c0, r0 = int(np.floor(x - radius)), int(np.floor(y - radius))
    n_columns = int(np.floor(x + radius)) - c0 + 1
    n_rows = int(np.floor(y + radius)) - r0 + 1
    per_square = np.float32(1) / (radius * radius)
    step = np.float32(1.0 / fine)
    total = np.float32(0)
    for r in range(n_rows * fine):
        dy = np.float32(r0) + (np.float32(r) + np.float32(0.5)) * step - y
        for c in range(n_columns * fine):
            dx = np.float32(c0) + (np.float32(c) + np.float32(0.5)) * step - x
            value = _kernel((dx * dx + dy * dy) * per_square, polynomial)
            pixel[r // fine, c // fine] += value
            total += value
    for r in range(n_rows):
        j = (r0 + r) % ny - first
        if j < 0 or j >= strip_rows:
            continue
        for m in range(q):
            weight = carried[m] / total
            for c in range(n_columns):
                strip[m, j, c0 + c] += weight * pixel[r, c]


@numba.njit(inline="always", fastmath=True)
def _kernel(q, polynomial):  # type: ignore[no-untyped-def]
    """Projected spline at squared distance q in units of the support; zero outside."""
    c0, c1, c2, c3, c4, c5, c6, c7, c8 = polynomial
    value = c0 + q * (c1 + q * (c2 + q * (c3 + q * (c4 + q * (c5 + q * (c6 + q * (c7 + q * c8)))))))
    inside = max(np.float32(1) - q, np.float32(0))
    return value * inside * inside * inside
