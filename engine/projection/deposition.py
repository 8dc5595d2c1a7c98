"""Depositing particles with round kernels on a periodic map: a fast way and an obvious one."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray

from engine.projection.kernel import projected_cubic_spline, projected_polynomial

SMALLEST_SUPPORT = 0.25
"""Narrower kernels are widened to this many pixels: all inside a pixel is all the same."""

RESOLVED_SUPPORT = 9.0
"""From this many pixels on, the kernel summed over pixel centres is one to 1e-5 wherever it
lies (at 6 pixels only to 5e-5); it is not renormalised, and rows outside a thread's band
need not be visited."""

SAMPLES_PER_SUPPORT = 3
"""Narrower kernels are sampled at least this often per support radius, within pixels too."""

LANES = 16
"""Samples done together: a fixed number is unrolled and needs no remainder one by one."""

BLOCK = 2 * LANES
"""Samples a side that a kernel narrower than RESOLVED_SUPPORT lies within, wherever its centre."""

ROWS_PER_BAND = 96
"""At least; a band is what one thread does at a time, a kernel across two is visited twice."""

BANDS = 16
"""At most: every band looks at all particles for its own."""


def deposit(
    column: NDArray[np.floating],
    row: NDArray[np.floating],
    support: NDArray[np.floating],
    weights: NDArray[np.floating],
    shape: tuple[int, int],
    out: NDArray[np.float64] | None = None,
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
    out : array, (q, ny, nx), optional
        Maps to add to; new ones of zeros if left out.

    Returns
    -------
    array, (q, ny, nx)
        Sum of the weights that fall in each pixel.

    Raises
    ------
    ValueError
        If a particle is outside of the map.
    """
    for name, places, pixels in (("column", column, shape[1]), ("row", row, shape[0])):
        if len(places) and not (places.min() >= 0 and places.max() <= pixels):
            raise ValueError(
                f"{name} reaches from {places.min():g} to {places.max():g}, expected places in "
                f"the map, 0 to {pixels}; wrap them first."
            )
    maps = np.zeros((len(weights), *shape)) if out is None else out
    coarse = np.float32(shape[0])
    particles = (
        np.ascontiguousarray(column, np.float32),
        # As coarse at the first row as at the last: both sides of an edge see the same place.
        (np.asarray(row, np.float32) + coarse) - coarse,
        np.maximum(support, SMALLEST_SUPPORT).astype(np.float32),
        np.ascontiguousarray(np.transpose(weights), np.float32),
    )
    margin = int(np.ceil(max(support.max(initial=0), 1))) + BLOCK + 1
    polynomial = tuple(projected_polynomial())
    rows = max(ROWS_PER_BAND, -(-shape[0] // BANDS))

    def deposit_band(first: int) -> None:
        _deposit_band(*particles, polynomial, margin, maps, first, min(first + rows, shape[0]))

    with ThreadPoolExecutor(numba.get_num_threads()) as threads:
        list(threads.map(deposit_band, range(0, shape[0], rows)))
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
    q, column_through = _column_table()
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


@cache
def _column_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared distances and the columns through the spline there."""
    q = np.linspace(0, 1, 20001)
    return q, projected_cubic_spline(q)


# Single precision throughout, integers cast by hand: one mixed product and numba goes on in
# double, at half the speed. Threads are Python's and all is inlined into one function: numba's
# own parallel loops, and calls, are compiled once more when cached, and run a quarter slower.


@numba.njit(nogil=True, fastmath=True, cache=True)
def _deposit_band(column, row, support, weights, polynomial, margin, maps, first, last):  # type: ignore[no-untyped-def]
    """Add all particles to rows [first, last) of the maps; see `deposit`."""
    q, ny, nx = maps.shape
    # Columns beyond the edges, folded back at the end, keep the inner loops free of wrapping.
    strip = np.zeros((q, last - first, nx + 2 * margin), np.float32)
    line = np.empty(BLOCK, np.float32)
    block = np.empty((BLOCK, BLOCK), np.float32)
    for i in range(len(column)):
        x, radius = column[i] + np.float32(margin), support[i]
        images = 1 + int(radius) // ny
        for image in range(-images, images + 1):
            y = row[i] + np.float32(image * ny - first)
            if y + radius < 0 or y - radius >= last - first:
                continue
            if radius >= RESOLVED_SUPPORT:
                _spread_wide(x, y, radius, weights[i], polynomial, strip, line)
            else:
                _spread_narrow(x, y, radius, weights[i], polynomial, strip, line, block)
    for m in range(q):
        for j in range(last - first):
            target = -margin % nx
            for k in range(nx + 2 * margin):
                maps[m, first + j, target] += strip[m, j, k]
                target = target + 1 if target + 1 < nx else 0


@numba.njit(inline="always", fastmath=True)
def _spread_wide(x, y, radius, carried, polynomial, strip, line):  # type: ignore[no-untyped-def]
    """Sample a kernel of many pixels at the pixel centres of the strip's rows."""
    q, n_rows, _ = strip.shape
    per_radius = np.float32(1) / radius
    per_square = per_radius * per_radius
    for j in range(max(int(y - radius), 0), min(int(y + radius) + 1, n_rows)):
        dy = np.float32(j) + np.float32(0.5) - y
        chord = radius * radius - dy * dy
        if chord <= 0:
            continue
        from_centre = np.sqrt(chord) - np.float32(0.5)
        dy2 = dy * dy * per_square
        for start in range(int(x - from_centre), int(x + from_centre) + 1, LANES):
            offset = (np.float32(start) + np.float32(0.5) - x) * per_radius
            for c in range(LANES):
                dx = offset + np.float32(c) * per_radius
                line[c] = _kernel(dx * dx + dy2, polynomial)
            for m in range(q):
                weight = carried[m] * per_square
                for c in range(LANES):
                    strip[m, j, start + c] += weight * line[c]


@numba.njit(inline="always", fastmath=True)
def _spread_narrow(x, y, radius, carried, polynomial, strip, line, block):  # type: ignore[no-untyped-def]
    """Sample a kernel of few pixels within pixels and renormalise, so that none is lost."""
    q = len(strip)
    fine = int(np.ceil(SAMPLES_PER_SUPPORT / radius))
    # From here on in samples, `fine` to a pixel, and from the corner of the centre's pixel.
    scale = np.float32(fine)
    radius = radius * scale
    x_pixel, y_pixel = int(x), int(np.floor(y))
    x = (x - np.float32(x_pixel)) * scale
    y = (y - np.float32(y_pixel)) * scale
    column, row = int(np.floor(x - radius)), int(np.floor(y - radius))
    side = int(2 * radius) + 2
    lanes = LANES if side <= LANES else BLOCK
    per_radius = np.float32(1) / radius
    total = np.float32(0)
    for r in range(side):
        dy = (np.float32(row + r) + np.float32(0.5) - y) * per_radius
        for start in range(0, lanes, LANES):
            offset = (np.float32(column + start) + np.float32(0.5) - x) * per_radius
            for c in range(LANES):
                dx = offset + np.float32(c) * per_radius
                value = _kernel(dx * dx + dy * dy, polynomial)
                block[r, start + c] = value
                total += value
    for m in range(q):
        _add_block(
            block,
            x_pixel,
            y_pixel,
            column,
            row,
            side,
            lanes,
            fine,
            carried[m] / total,
            strip[m],
            line,
        )


@numba.njit(inline="always", fastmath=True)
def _add_block(block, x_pixel, y_pixel, column, row, side, lanes, fine, weight, strip, line):  # type: ignore[no-untyped-def]
    """Add samples, the first at (column, row) from a pixel's corner, to the pixels they are in."""
    first, last = row // fine, (row + side - 1) // fine
    for j in range(max(first, -y_pixel), min(last + 1, len(strip) - y_pixel)):
        line[:] = 0
        for r in range(max(j * fine - row, 0), min((j + 1) * fine - row, side)):
            for c in range(lanes):
                line[c] += weight * block[r, c]
        if fine == 1:
            for c in range(lanes):
                strip[y_pixel + j, x_pixel + column + c] += line[c]
        else:
            for c in range(side):
                strip[y_pixel + j, x_pixel + (column + c) // fine] += line[c]


@numba.njit(inline="always", fastmath=True)
def _kernel(q, polynomial):  # type: ignore[no-untyped-def]
    """Projected spline at squared distance q in units of the support; zero outside."""
    c0, c1, c2, c3, c4, c5, c6, c7, c8 = polynomial
    inside = max(np.float32(1) - q, np.float32(0))
    # Estrin's order: short chains of dependent operations, where Horner's would wait for each.
    q2 = q * q
    q4 = q2 * q2
    low = (c0 + q * c1) + q2 * (c2 + q * c3)
    high = (c4 + q * c5) + q2 * (c6 + q * c7) + q4 * c8
    return (low + q4 * high) * (inside * inside * inside)
