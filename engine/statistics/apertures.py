"""Discs on a map: the exact part of every pixel that each one covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.checks import place
from engine.fields import map_axes
from engine.halos import Halos
from engine.mesh import Slab
from engine.units import MPC_IN_KPC

CORNERS_AT_A_TIME = 1 << 21
"""Pixel corners looked at together: some tens of MB, whatever the haloes and the map."""


@dataclass(frozen=True, eq=False)
class Covered:
    """How much of the pixels around them some discs cover.

    Parameters
    ----------
    disc : array, (n,)
        Which of the discs asked for these are.
    row, column : array, (n, side)
        Pixels around each disc, wrapped into the map.
    fraction : array, (n, side, side)
        Part of each of these pixels that is inside the disc, 0 to 1.
    """

    disc: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    fraction: NDArray[np.float64]

    def pixels_of(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values of the pixels around each disc, (n, side, side)."""
        return values[self.row[:, :, np.newaxis], self.column[:, np.newaxis, :]].astype(np.float64)

    def sum_over(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sum of the values inside each disc, pixels at the rim by their covered part, (n,)."""
        return np.einsum("nij,nij->n", self.fraction, self.pixels_of(values))


def centres(slab: Slab, halos: Halos, numbers: NDArray[np.intp]) -> NDArray[np.float64]:
    """Where haloes are on a map, in pixels from its first corner.

    Returns
    -------
    array, (n, 2)
        Column and row; pixel i spans [i, i + 1).

    Raises
    ------
    ValueError
        If the map is not the whole face of a periodic box, on which alone the catalogue's
        positions have their place.
    """
    side = slab.box_size * MPC_IN_KPC / slab.pixel_size
    if not slab.periodic or not np.allclose(slab.shape, side, rtol=1e-4):
        raise ValueError(
            f"{place(slab)} has {slab.shape[0]} by {slab.shape[1]} pixels"
            f"{'' if slab.periodic else ' and is not periodic'}, expected the {side:.6g} a side of "
            "the whole periodic box to find haloes on: take the whole map."
        )
    column, row, _ = map_axes(slab.axis)
    position = halos.position[numbers][:, [column, row]].astype(np.float64)
    return np.mod(position * MPC_IN_KPC / slab.pixel_size, side)


def discs(
    centre: NDArray[np.float64], radius: NDArray[np.float64], shape: tuple[int, int]
) -> Iterator[Covered]:
    """Cover a periodic map with discs, those of similar size together.

    The part of a pixel is exact wherever the disc lies and however small it is: discs on a
    uniform map hold pi radius^2 pixels to rounding.

    Parameters
    ----------
    centre : array, (n, 2)
        Column and row, in pixels.
    radius : array, (n,)
        In pixels.
    shape : (ny, nx)
        Of the map.

    Yields
    ------
    Covered
        Every disc once.

    Raises
    ------
    ValueError
        If a disc is wider than the map.
    """
    if len(radius) and 2 * radius.max() > min(shape):
        raise ValueError(
            f"An aperture is {2 * radius.max():.1f} pixels wide, expected at most the {min(shape)} "
            "of the map: it would meet itself around the periodic box."
        )
    # Radii within a factor of two share a window size, and arrays of one shape.
    reach = 2 ** np.ceil(np.log2(np.maximum(radius, 1))).astype(np.intp)
    for size in np.unique(reach):
        alike = np.flatnonzero(reach == size)
        at_a_time = max(1, CORNERS_AT_A_TIME // (2 * size + 2) ** 2)
        for start in range(0, len(alike), at_a_time):
            disc = alike[start : start + at_a_time]
            half = int(np.ceil(radius[disc].max()))
            yield _cover(disc, centre[disc], radius[disc], half, shape)


def _cover(
    disc: NDArray[np.intp],
    centre: NDArray[np.float64],
    radius: NDArray[np.float64],
    half: int,
    shape: tuple[int, int],
) -> Covered:
    """Cover windows of `half` pixels on each side of the pixel that holds the centre."""
    pixel = np.floor(centre).astype(np.intp)
    offset = np.arange(-half, half + 2)
    corner = (pixel - centre)[:, :, np.newaxis] + offset  # (n, 2, side + 1)
    area = area_from_centre(corner[:, 0], corner[:, 1], radius)
    around = pixel[:, :, np.newaxis] + offset[:-1]
    return Covered(
        disc=disc,
        row=around[:, 1] % shape[0],
        column=around[:, 0] % shape[1],
        fraction=np.clip(np.diff(np.diff(area, axis=1), axis=2), 0, 1),
    )


def area_from_centre(
    x: NDArray[np.float64], y: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed area of a disc between its centre and each point of a grid.

    Its differences along both axes are the areas that the grid's cells share with the disc.

    Parameters
    ----------
    x, y : array, (n, m)
        Columns and rows of the grid's points from the centre.
    radius : array, (n,)
        Of the disc.

    Returns
    -------
    array, (n, m, m)
        Area of the disc in the rectangle [0, x] x [0, y], the sign that of x y.
    """
    radius = radius[:, np.newaxis]
    across, up = np.minimum(np.abs(x), radius), np.minimum(np.abs(y), radius)
    rim = np.sqrt(radius**2 - up**2)  # how far the disc reaches at height y
    # The rectangle is full up to the rim at its height, then the circle bounds it: the
    # integral of sqrt(r^2 - u^2), which is (u sqrt(r^2 - u^2) + r^2 asin(u / r)) / 2.
    full = up * rim - (rim * up + radius**2 * np.arcsin(rim / radius)) / 2
    bounded = (across * np.sqrt(radius**2 - across**2) + radius**2 * np.arcsin(across / radius)) / 2
    across_grid, up_grid = across[:, np.newaxis, :], up[:, :, np.newaxis]
    area = np.where(
        across_grid <= rim[:, :, np.newaxis],
        across_grid * up_grid,
        full[:, :, np.newaxis] + bounded[:, np.newaxis, :],
    )
    return area * np.sign(x)[:, np.newaxis, :] * np.sign(y)[:, :, np.newaxis]


@lru_cache(maxsize=8)
def ring_shares(shape: tuple[int, int], edges: tuple[float, ...]) -> NDArray[np.float64]:
    """Part of each pixel that is inside each ring around the middle of a map.

    Parameters
    ----------
    shape : (ny, nx)
        Of the map.
    edges : tuple of float, n + 1
        Of the rings, [pixels].

    Returns
    -------
    array, (n, ny * nx)
        0 to 1; read-only.
    """
    ny, nx = shape
    radius = np.array(edges)
    solid = radius[radius > 0]
    x, y = (np.tile(np.arange(side + 1) - side / 2, (len(solid), 1)) for side in (nx, ny))
    discs = np.zeros((len(radius), ny, nx))
    area = area_from_centre(x, y, solid)
    discs[radius > 0] = np.clip(np.diff(np.diff(area, axis=1), axis=2), 0, 1)
    shares = np.diff(discs, axis=0).reshape(len(radius) - 1, ny * nx)
    shares.flags.writeable = False
    return shares
