"""The compiled inner loops of `engine.nbody.cloud`."""

import numba
import numpy as np

HALF, ONE = np.float32(0.5), np.float32(1)
"""Of single precision, which a double stays exact with: a plain number would make all double."""


@numba.njit(inline="always")
def _corner(place, cells):  # type: ignore[no-untyped-def]
    """Numbers of the lower and the upper cell along an axis, and the share of the upper."""
    from_centre = place - HALF
    lower = np.floor(from_centre)
    share = from_centre - lower
    first = int(lower)
    if first < 0 or first >= cells:  # seldom, and a division takes as long as all the rest
        first %= cells
    second = first + 1 if first + 1 < cells else 0
    return first, second, share


@numba.njit(nogil=True, cache=True)
def paint_band(position, scale, weights, mesh, low, high):  # type: ignore[no-untyped-def]
    """Add all particles to planes [low, high) of the meshes; see `engine.nbody.cloud.paint`."""
    cells = mesh.shape[1]
    for i in range(position.shape[1]):
        k0, k1, z = _corner(position[2, i] * scale, cells)
        if not (low <= k0 < high or low <= k1 < high):
            continue
        i0, i1, x = _corner(position[0, i] * scale, cells)
        j0, j1, y = _corner(position[1, i] * scale, cells)
        for q in range(len(weights)):
            carried = weights[q, i]
            for k, at_z in ((k0, ONE - z), (k1, z)):
                if low <= k < high:
                    near, far = carried * at_z * (ONE - y), carried * at_z * y
                    mesh[q, k, j0, i0] += near * (ONE - x)
                    mesh[q, k, j0, i1] += near * x
                    mesh[q, k, j1, i0] += far * (ONE - x)
                    mesh[q, k, j1, i1] += far * x


@numba.njit(nogil=True, cache=True)
def read_piece(position, scale, mesh, out, low, high):  # type: ignore[no-untyped-def]
    """Interpolate the meshes at particles [low, high); see `engine.nbody.cloud.read`."""
    cells = mesh.shape[1]
    for i in range(low, high):
        i0, i1, x = _corner(position[0, i] * scale, cells)
        j0, j1, y = _corner(position[1, i] * scale, cells)
        k0, k1, z = _corner(position[2, i] * scale, cells)
        for q in range(len(mesh)):
            lower = _square(mesh[q, k0], i0, i1, j0, j1, x, y)
            upper = _square(mesh[q, k1], i0, i1, j0, j1, x, y)
            out[q, i] = lower + z * (upper - lower)


@numba.njit(nogil=True, cache=True)
def slope_piece(position, scale, mesh, upstream, out, low, high):  # type: ignore[no-untyped-def]
    """Slope of what `read_piece` reads, times `upstream`, summed over the meshes."""
    cells = mesh.shape[1]
    for i in range(low, high):
        i0, i1, x = _corner(position[0, i] * scale, cells)
        j0, j1, y = _corner(position[1, i] * scale, cells)
        k0, k1, z = _corner(position[2, i] * scale, cells)
        for q in range(len(mesh)):
            factor = upstream[q, i] * scale
            lower, upper = mesh[q, k0], mesh[q, k1]
            below = _square(lower, i0, i1, j0, j1, x, y)
            above = _square(upper, i0, i1, j0, j1, x, y)
            out[2, i] += factor * (above - below)
            near = (ONE - z) * (lower[j0, i1] - lower[j0, i0]) + z * (upper[j0, i1] - upper[j0, i0])
            far = (ONE - z) * (lower[j1, i1] - lower[j1, i0]) + z * (upper[j1, i1] - upper[j1, i0])
            out[0, i] += factor * (near + y * (far - near))
            left = (ONE - z) * (lower[j1, i0] - lower[j0, i0]) + z * (upper[j1, i0] - upper[j0, i0])
            right = (ONE - z) * (lower[j1, i1] - lower[j0, i1]) + z * (
                upper[j1, i1] - upper[j0, i1]
            )
            out[1, i] += factor * (left + x * (right - left))


@numba.njit(inline="always")
def _square(plane, i0, i1, j0, j1, x, y):  # type: ignore[no-untyped-def]
    """Interpolate within a plane."""
    near = plane[j0, i0] + x * (plane[j0, i1] - plane[j0, i0])
    far = plane[j1, i0] + x * (plane[j1, i1] - plane[j1, i0])
    return near + y * (far - near)
