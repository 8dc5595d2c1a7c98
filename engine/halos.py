"""Catalogues of haloes, subhaloes and other objects, and which haloes a slab holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.fields import map_axes
from engine.mesh import Slab, frozen_array
from engine.places import slab_numbers


@dataclass(frozen=True, eq=False)
class Halos:
    """A halo catalogue.

    Parameters
    ----------
    position : array, (n, 3)
        Centres, comoving [Mpc/h].
    mvir : array, (n,)
        Virial mass, [Msun/h].
    rvir : array, (n,)
        Virial radius, comoving [kpc/h].
    fof_mass : array, (n,)
        Friends-of-friends mass, [Msun/h]; 0 where the finder gave none.
    run : str
        "hydro" or "dmo".
    definition : str
        How mass and radius were defined.
    """

    position: NDArray[np.float32]
    mvir: NDArray[np.float32]
    rvir: NDArray[np.float32]
    fof_mass: NDArray[np.float32]
    run: str
    definition: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns."""
        for name in ("position", "mvir", "rvir", "fof_mass"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float32))

    def __len__(self) -> int:
        """Number of haloes."""
        return len(self.mvir)

    def in_slab(self, slab: Slab) -> NDArray[np.intp]:
        """Numbers of the haloes whose centres a slab holds, increasing.

        A centre on the edge between two slabs is in the upper one, as a particle is; every
        halo is in just one of the slabs of an axis.

        Parameters
        ----------
        slab : Slab
            Of the same simulation.

        Returns
        -------
        array, (m,)
            Rows of the catalogue.
        """
        return in_slab(self.position, slab)


@dataclass(frozen=True, eq=False)
class Subhalos:
    """Haloes and the subhaloes within them.

    Parameters
    ----------
    position : array, (n, 3)
        Centres, comoving [Mpc/h].
    mvir : array, (n,)
        Mass bound, [Msun/h].
    rvir : array, (n,)
        Radius, comoving [kpc/h].
    vmax : array, (n,)
        Largest circular velocity, [km/s].
    host : array, (n,)
        Row of the halo it lies in; -1 for those that lie in none.
    run : str
        "hydro" or "dmo".
    definition : str
        How they were found and measured.
    """

    position: NDArray[np.float32]
    mvir: NDArray[np.float32]
    rvir: NDArray[np.float32]
    vmax: NDArray[np.float32]
    host: NDArray[np.int64]
    run: str
    definition: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns."""
        for name in ("position", "mvir", "rvir", "vmax"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float32))
        object.__setattr__(self, "host", frozen_array(self.host, np.int64))

    def __len__(self) -> int:
        """Number of haloes and subhaloes."""
        return len(self.mvir)


@dataclass(frozen=True, eq=False)
class Objects:
    """A catalogue of objects that maps are cut out around.

    Parameters
    ----------
    position : array, (n, 3)
        Centres, comoving [Mpc/h].
    columns : mapping of str to array, (n,)
        What else is known of each, by name.
    units : mapping of str to str
        Of the columns, as text.
    name : str
        Of the catalogue.
    definition : str
        How they were chosen and measured.
    """

    position: NDArray[np.float32]
    columns: Mapping[str, NDArray[np.float32]]
    units: Mapping[str, str]
    name: str
    definition: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns."""
        frozen = {name: frozen_array(column, np.float32) for name, column in self.columns.items()}
        object.__setattr__(self, "position", frozen_array(self.position, np.float32))
        object.__setattr__(self, "columns", MappingProxyType(frozen))

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.position)


def in_slab(position: NDArray[np.floating], slab: Slab) -> NDArray[np.intp]:
    """Rows of the places that a slab holds, increasing; see `Halos.in_slab`.

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, [Mpc/h].
    """
    height = position[:, map_axes(slab.axis)[2]].astype(np.float64)
    if abs(slab.box_size / slab.depth - round(slab.box_size / slab.depth)) > 1e-6:
        # A layer that is no whole part of the box: there are none beside it to agree with.
        above = np.mod(height - slab.start, slab.box_size)
        return np.flatnonzero(above < slab.depth)
    # Counted from slab 0, so that rounding can't put a centre in two slabs or in none.
    first = slab.start - slab.index * slab.depth
    slabs = max(1, round(slab.box_size / slab.depth))
    number = slab_numbers(height, slab.box_size, slabs, first)
    return np.flatnonzero(number == slab.index % slabs)
