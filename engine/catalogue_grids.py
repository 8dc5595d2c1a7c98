"""Catalogues as grids: masses of subhaloes and of galaxies in the cells around them.

A grid alone has forgotten where in a cell they were; these keep the catalogue beside it.
"""

from dataclasses import KW_ONLY, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.galaxies import Galaxies
from engine.halos import Subhalos
from engine.mesh import Grid, Slab
from engine.projection.volumes import deposit_cic
from engine.simulation import Simulation
from engine.units import MPC_IN_KPC

SUBHALOS = "subhalos"
"""Name of their field."""


@dataclass(frozen=True, eq=False)
class SubhaloGrid(Grid):
    """Mass bound in subhaloes, in the cells around their centres.

    Parameters
    ----------
    subhalos : Subhalos
        Which ones.

    See Also
    --------
    engine.mesh.Grid : the other parameters.
    """

    _: KW_ONLY
    subhalos: Subhalos


@dataclass(frozen=True, eq=False)
class GalaxySlab(Slab):
    """A layer of a box of galaxies.

    Parameters
    ----------
    galaxies : Galaxies
        Of the whole box.

    See Also
    --------
    engine.mesh.Slab : the other parameters.
    """

    _: KW_ONLY
    galaxies: Galaxies


@dataclass(frozen=True, eq=False)
class GalaxyGrid(Grid):
    """Stellar mass of galaxies, in the cells around their centres.

    Parameters
    ----------
    galaxies : Galaxies
        Which ones.

    See Also
    --------
    engine.mesh.Grid : the other parameters.
    """

    _: KW_ONLY
    galaxies: Galaxies

    def slab(self, *args: Any, **kwargs: Any) -> GalaxySlab:
        """Project a layer, which still knows the galaxies. See `engine.mesh.Grid.slab`."""
        layer = super().slab(*args, **kwargs)
        common = {entry.name: getattr(layer, entry.name) for entry in fields(Slab)}
        return GalaxySlab(**common, galaxies=self.galaxies)


def subhalo_grid(simulation: Simulation, cells: int) -> SubhaloGrid:
    """Spread the masses of the dark-matter-only run's subhaloes over the nearest cells.

    Parameters
    ----------
    cells : int
        A side.

    Raises
    ------
    ValueError
        In one sentence, if the simulation has no subhaloes.
    """
    subhalos = simulation.subhalos("dmo")
    values = density(subhalos.position, subhalos.mvir, cells, simulation.box_size)
    return SubhaloGrid(values, SUBHALOS, subhalos=subhalos, **about(simulation, cells))


def galaxy_grid(simulation: Simulation, cells: int) -> GalaxyGrid:
    """Spread the stars of the hydrodynamical run's galaxies over the nearest cells.

    Parameters
    ----------
    cells : int
        A side.

    Raises
    ------
    ValueError
        In one sentence, if the simulation has no galaxies.
    """
    galaxies = simulation.galaxies()
    values = density(galaxies.position, galaxies.stars, cells, simulation.box_size)
    return GalaxyGrid(values, "stars", galaxies=galaxies, **about(simulation, cells))


def about(simulation: Simulation, cells: int) -> dict[str, Any]:
    """What a grid of a simulation says beside its values and field."""
    return {
        "cell_size": simulation.box_size * MPC_IN_KPC / cells,
        "box_size": simulation.box_size,
        "redshift": simulation.redshift,
        "cosmology": simulation.cosmology,
        "simulation": simulation.name,
    }


def density(
    position: NDArray[np.floating], mass: NDArray[np.floating], cells: int, box_size: float
) -> NDArray[np.float32]:
    """Density of point masses, cloud in cell, (cells, cells, cells), [Msun h^2 / ckpc^3].

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, [Mpc/h].
    mass : array, (n,)
        [Msun/h].
    box_size : float
        Comoving, [Mpc/h].
    """
    sums = np.zeros((1, cells, cells, cells))
    deposit_cic(in_cells(position, cells, box_size), mass[None], cells, sums)
    volume = (box_size * MPC_IN_KPC / cells) ** 3
    return np.asarray(sums[0] / volume, np.float32)


def in_cells(position: NDArray[np.floating], cells: int, box_size: float) -> NDArray[np.float64]:
    """Places in cells along x, y and z, from 0 to below `cells`, (n, 3)."""
    place = np.mod(np.asarray(position, np.float64), box_size) * (cells / box_size)
    place[place >= cells] = 0.0
    return place
