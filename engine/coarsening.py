"""Meshes of two cell sizes, brought to the cells of the coarser."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import cells_of, place
from engine.mesh import Mesh, layer_shares

M = TypeVar("M", bound=Mesh)

ALIKE = 1e-4
"""Relative difference of cell sizes that are the same but for rounding."""


def on_coarsest(meshes: Sequence[M]) -> list[M]:
    """Meshes of one place, all in the cells of the coarsest of them.

    Parameters
    ----------
    meshes : sequence of Mesh
        That begin at the same corner.

    Returns
    -------
    list of Mesh
        Those of the coarsest cells as they are; of the others means over area or volume, which
        keep the mass.

    Raises
    ------
    ValueError
        In one sentence, if the coarsest cells don't fill the place of another.
    """
    coarsest = max(meshes, key=lambda mesh: mesh.cell_size, default=None)
    return [] if coarsest is None else [coarsened(mesh, coarsest.cell_size) for mesh in meshes]


def coarsened(mesh: M, cell_size: float) -> M:
    """Means of a mesh over larger cells, to which each of its own counts by the part in them.

    Parameters
    ----------
    cell_size : float
        Of which a whole number fills the mesh, comoving, [kpc/h].

    Raises
    ------
    ValueError
        In one sentence, if none does, or the field is weighted by mass.
    """
    times = cell_size / mesh.cell_size
    if abs(times - 1) < ALIKE:
        return mesh
    what = cells_of(mesh.NDIM)
    sides = [round(side / times) for side in mesh.shape]
    filled = zip(sides, mesh.shape, strict=True)
    if times < 1 or any(abs(n * times / side - 1) > ALIKE for n, side in filled):
        raise ValueError(
            f"{place(mesh)} has {mesh.shape} {what} of {mesh.cell_size:.5g} kpc/h, expected a mesh "
            f"that a whole number of {what} of {cell_size:.5g} kpc/h fills: compare meshes of one "
            "box."
        )
    if not (mesh.about.is_density or mesh.about.signed):
        raise ValueError(
            f"{place(mesh)} is weighted by mass and has {what} of {mesh.cell_size:.5g} kpc/h, "
            f"expected {cell_size:.5g} kpc/h: project the snapshot with these."
        )
    values = _means(mesh.values, sides)
    return mesh.with_values(values, cell_size=mesh.cell_size * mesh.shape[0] / sides[0])


def _means(values: NDArray[np.float32], sides: Sequence[int]) -> NDArray[np.float64]:
    """Means on so many cells along each axis."""
    shape = values.shape
    if not any(fine % coarse for fine, coarse in zip(shape, sides, strict=True)):
        blocks = [n for fine, m in zip(shape, sides, strict=True) for n in (m, fine // m)]
        whole: NDArray[np.float64] = values.reshape(blocks).mean(
            tuple(range(1, len(blocks), 2)), dtype=np.float64
        )
        return whole
    means = values.astype(np.float64)
    for axis, (fine, coarse) in enumerate(zip(shape, sides, strict=True)):
        means = np.moveaxis(np.tensordot(_shares(fine, coarse), means, (1, axis)), 0, axis)
    return means


@lru_cache(maxsize=16)
def _shares(fine: int, coarse: int) -> NDArray[np.float64]:
    """How much each cell of a row counts for the mean of each of fewer, (coarse, fine)."""
    times = fine / coarse
    cells = [layer_shares(fine, n * times, (n + 1) * times) for n in range(coarse)]
    return np.array(cells) / times
