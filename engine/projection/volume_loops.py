"""The compiled inner loops of `engine.projection.volumes`."""

import numba
import numpy as np

from engine.projection.deposition import SAMPLES_PER_SUPPORT

LANES = 8
"""Samples done together: a fixed number is unrolled and needs no remainder one by one."""

BLOCK = 2 * LANES
"""Samples a side that a kernel narrower than WIDE lies within, wherever its centre."""

WIDE = 7.0
"""From this many cells on a kernel's samples are too many to keep: they are worked out twice."""


@numba.njit(nogil=True, cache=True)
def cic_band(place, carried, cells, out, first, low, high):  # type: ignore[no-untyped-def]
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
# left out, which the processor does for several samples at once; sums over it are in double.


@numba.njit(nogil=True, fastmath=True, cache=True)
def kernel_sums(place, radius, sums, low, high):  # type: ignore[no-untyped-def]
    """Sum of all samples of the wide kernels among particles [low, high)."""
    line = np.empty(_longest(radius[low:high]), np.float32)
    for i in range(low, high):
        reach = radius[i]
        if reach < WIDE:
            continue
        x, y, z = place[i, 0], place[i, 1], place[i, 2]
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
def kernel_band(place, radius, sums, carried, cells, out, first, low, high):  # type: ignore[no-untyped-def]
    """Add all particles to planes [low, high) of `out`; see `deposit_kernel`."""
    line = np.empty((1, 1, _longest(radius)), np.float32)
    block = np.zeros((BLOCK, BLOCK, BLOCK), np.float32)
    squares = np.empty((2, BLOCK), np.float32)
    for i in range(len(place)):
        x, y, z, reach = place[i, 0], place[i, 1], place[i, 2], radius[i]
        if not _reaches(
            int(np.floor(z - reach)), int(np.floor(z + reach)), cells, first, low, high
        ):
            continue
        if reach >= WIDE:
            weights = carried[i] / sums[i]
            _spread_wide(x, y, z, reach, weights, cells, out, first, low, high, line)
        elif _in_one_cell(x, reach) and _in_one_cell(y, reach) and _in_one_cell(z, reach):
            plane = int(np.floor(z)) % cells - first
            for q in range(carried.shape[1]):
                out[q, plane, int(np.floor(y)) % cells, int(np.floor(x)) % cells] += carried[i, q]
        else:
            _spread_narrow(x, y, z, reach, carried[i], cells, out, first, low, high, block, squares)


@numba.njit(inline="always", fastmath=True)
def _spread_narrow(x, y, z, radius, carried, cells, out, first, low, high, block, squares):  # type: ignore[no-untyped-def]
    """Sample a kernel of few cells within cells, into a block that is then divided by its sum."""
    fine = max(int(np.ceil(SAMPLES_PER_SUPPORT / radius)), 1)
    x, y, z, reach = x * fine, y * fine, z * fine, radius * fine
    column, row, plane = _first(x, reach), _first(y, reach), _first(z, reach)
    columns, rows, planes = _last(x, reach), _last(y, reach), _last(z, reach)
    _fill_squares(squares[0], y, reach, row, rows)
    _fill_squares(squares[1], z, reach, plane, planes)
    lanes = LANES if columns - column <= LANES else BLOCK
    offset, step = np.float32((column + 0.5 - x) / reach), np.float32(1 / reach)
    row_cell, row_cells = row // fine, (rows - 1) // fine + 1
    plane_cell, plane_cells = plane // fine, (planes - 1) // fine + 1
    total = 0.0
    for k in range(plane_cell, plane_cells):
        above, below = max(k * fine, plane) - plane, min((k + 1) * fine, planes) - plane
        for j in range(row_cell, row_cells):
            left, right = max(j * fine, row) - row, min((j + 1) * fine, rows) - row
            m, n = k - plane_cell, j - row_cell
            for c in range(BLOCK):
                block[m, n, c] = 0
            _sum_lines(block, m, n, squares, above, below, left, right, lanes, offset, step)
            line_total = np.float32(0)
            for c in range(BLOCK):
                line_total += block[m, n, c]
            total += float(line_total)
    for k in range(plane_cell, plane_cells):
        at = k % cells - first
        if at < low or at >= high:
            continue
        for j in range(row_cell, row_cells):
            m, n = k - plane_cell, j - row_cell
            for q in range(len(carried)):
                weight = carried[q] / total
                _add_line(
                    block, m, n, column, columns - column, fine, weight, out, q, at, j % cells
                )


@numba.njit(inline="always", fastmath=True)
def _sum_lines(block, m, n, squares, above, below, left, right, lanes, offset, step):  # type: ignore[no-untyped-def]
    """Add the kernel at the samples of one line of cells, along which they stay apart."""
    for k in range(above, below):
        for j in range(left, right):
            beside = squares[1, k] + squares[0, j]
            if beside >= 1:
                continue
            for start in range(0, lanes, LANES):
                begin = offset + np.float32(start) * step
                for c in range(LANES):
                    dx = begin + np.float32(c) * step
                    block[m, n, start + c] += _kernel(dx * dx + beside)


@numba.njit(inline="always", fastmath=True)
def _spread_wide(x, y, z, reach, weights, cells, out, first, low, high, line):  # type: ignore[no-untyped-def]
    """Sample a kernel of many cells at their centres; the weights are over its sum already."""
    for k in range(_first(z, reach), _last(z, reach)):
        plane = k % cells - first
        if plane < low or plane >= high:
            continue
        dz = (k + 0.5 - z) / reach
        for j in range(_first(y, reach), _last(y, reach)):
            dy = (j + 0.5 - y) / reach
            begin, number = _fill(line[0, 0], x, reach, dy * dy + dz * dz)
            for q in range(len(weights)):
                _add_line(line, 0, 0, begin, number, 1, weights[q], out, q, plane, j % cells)


@numba.njit(inline="always")
def _reaches(lowest, highest, cells, first, low, high):  # type: ignore[no-untyped-def]
    """Whether planes [lowest, highest] of the periodic box meet planes [low, high) of the grids."""
    begin = (lowest - first) % cells
    end = begin + min(highest - lowest + 1, cells)
    return (begin < high and end > low) or end > low + cells


@numba.njit(inline="always")
def _in_one_cell(centre, reach):  # type: ignore[no-untyped-def]
    return np.floor(centre - reach) == np.floor(centre + reach)


@numba.njit(inline="always", fastmath=True)
def _fill_squares(squares, centre, reach, begin, end):  # type: ignore[no-untyped-def]
    """Write squared distances of samples [begin, end) along an axis, in units of the support."""
    for c in range(end - begin):
        distance = (begin + c + 0.5 - centre) / reach
        squares[c] = np.float32(distance * distance)


@numba.njit(inline="always", fastmath=True)
def _kernel(square):  # type: ignore[no-untyped-def]
    """The spline at a squared distance in units of the support, but for its constant."""
    u = np.sqrt(square)
    outer = max(np.float32(1) - u, np.float32(0))
    inner = max(np.float32(0.5) - u, np.float32(0))
    return np.float32(2) * outer * outer * outer - np.float32(8) * inner * inner * inner


@numba.njit(inline="always", fastmath=True)
def _add_line(block, m, n, begin, number, fine, weight, out, q, plane, row):  # type: ignore[no-untyped-def]
    """Add samples along x, the first of number `begin`, to a row of cells that closes on itself."""
    cells = out.shape[3]
    if fine > 1:
        cell, done = begin // fine, 0
        while done < number:
            end = min((cell + 1) * fine - begin, number)
            inside = np.float32(0)
            for c in range(done, end):
                inside += block[m, n, c]
            out[q, plane, row, cell % cells] += weight * inside
            cell, done = cell + 1, end
        return
    done, column = 0, begin % cells
    while done < number:
        piece = min(number - done, cells - column)
        for c in range(piece):
            out[q, plane, row, column + c] += weight * block[m, n, done + c]
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
        line[c] = _kernel(dx * dx + square)
    return begin, end - begin


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
