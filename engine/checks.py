"""What a statistic refuses, each in one sentence."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Mesh


def checked_edges(edges: Any, what: str) -> tuple[float, ...]:
    """Bin edges as a tuple, refused in one sentence unless finite and increasing.

    Raises
    ------
    ValueError
        If they are fewer than two, not finite or not increasing.
    """
    array = np.asarray(edges, np.float64)
    if (
        array.ndim != 1
        or array.size < 2
        or not np.isfinite(array).all()
        or (np.diff(array) <= 0).any()
    ):
        raise ValueError(f"{what} bins are {edges!r}, expected two or more increasing edges.")
    return tuple(array.tolist())


def checked_wavenumbers(bins: int | Sequence[float]) -> int | tuple[float, ...]:
    """Bins of wavenumber, as a number of them or a tuple of edges above zero [h/Mpc].

    Raises
    ------
    ValueError
        If there is none, or the edges are of no use.
    """
    if isinstance(bins, int):
        if bins < 1:
            raise ValueError(f"Wavenumber bins are {bins}, expected 1 or more.")
        return bins
    edges = checked_edges(bins, "Wavenumber")
    if edges[0] <= 0:
        raise ValueError(f"Wavenumber bins begin at {edges[0]} h/Mpc, expected more than zero.")
    return edges


_SOUND: WeakSet[Mesh] = WeakSet()
"""Meshes that were looked through: a large one, painted tile by tile, need be so but once."""


def checked_values(mesh: Mesh) -> NDArray[np.float32]:
    """Return the mesh's values, refused in one sentence unless finite and of its field's sign.

    Raises
    ------
    ValueError
        If a cell is NaN, infinite, or negative where the field can't be.
    """
    values = mesh.values
    if mesh in _SOUND:
        return values
    least = -np.inf if mesh.about.signed else 0.0
    lowest, highest = values.min(), values.max()  # NaN passes through both
    if lowest >= least and np.isfinite([lowest, highest]).all():
        _SOUND.add(mesh)
        return values
    unusable = values.size - np.count_nonzero(np.isfinite(values) & (values >= least))
    wrong = "not finite" if mesh.about.signed else "negative or not finite"
    raise ValueError(
        f"{place(mesh)} has {unusable} {cells_of(mesh.NDIM)} that are {wrong}, expected none: "
        "make it again."
    )


def checked_density(mesh: Mesh, purpose: str) -> NDArray[np.float32]:
    """Return the values of a map of surface density, see `checked_values`.

    Raises
    ------
    ValueError
        If its field is another quantity, or a pixel is of no use.
    """
    if not mesh.about.is_density:
        raise ValueError(
            f"{place(mesh)} is in {mesh.about.unit}, expected a surface density to {purpose}: "
            "take another field."
        )
    return checked_values(mesh)


def place(mesh: Mesh) -> str:
    """Say which mesh it is, to begin a sentence with."""
    what = f"The {mesh.field} {'grid' if mesh.NDIM == 3 else 'map'}"
    if not mesh.simulation:
        return what
    painted = f" painted by {mesh.emulator}" if mesh.emulator else ""
    return f"{what} of {mesh.simulation}{mesh.where}{painted}"


def cells_of(ndim: int) -> str:
    """What a person calls the cells of a mesh of so many dimensions."""
    return "pixels" if ndim == 2 else "cells"
