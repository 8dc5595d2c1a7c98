"""Galaxies of a box on show: the stars of each subhalo, true and painted, and the way to one."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from engine.catalogue_grids import SUBHALOS, GalaxyGrid, GalaxySlab, SubhaloGrid
from engine.fields import AXES
from engine.galaxies import Galaxies
from engine.halos import Subhalos
from engine.places import slab_numbers
from engine.simulation import Simulation
from engine.statistics.compared import COMPARED
from explorer.plots.galaxies import GalaxiesOnShow
from explorer.results import Results
from explorer.volumes.boxes import BoxResults

RESOLVED = (1e8, 1e7)
"""Stellar masses from which completeness is told, [Msun/h]."""


def catalogues(found: Results, simulation: Simulation | None) -> dict[str, Galaxies]:
    """Galaxies of the whole box, true and painted; none where nothing is painted by subhalo.

    Parameters
    ----------
    found : Results
        Of a box, or of a slab that was cut from one.
    simulation : Simulation or None
        Tells the true galaxies where the truth is a map or a box without them.
    """
    there: Mapping[str, Any] = (
        found.boxes
        if isinstance(found, BoxResults)
        else {name: getattr(found, name) for name in COMPARED}
    )
    known = {
        name: there[name].galaxies
        for name in COMPARED
        if isinstance(there.get(name), GalaxyGrid | GalaxySlab)
    }
    if known.keys() <= {"truth"}:
        return {}
    truth = there.get("truth")
    if "truth" not in known and truth is not None and has_galaxies(simulation, truth.simulation):
        assert simulation is not None
        known = {"truth": true_galaxies(simulation)} | known
    return known


def has_galaxies(simulation: Simulation | None, name: str) -> bool:
    """Whether the simulation of that name is the one that is open and knows its galaxies."""
    return simulation is not None and simulation.name == name and simulation.has_galaxies


@lru_cache(maxsize=4)
def true_galaxies(simulation: Simulation) -> Galaxies:
    """Those of a simulation, read once."""
    return simulation.galaxies()


def galaxies_of(found: Results, simulation: Simulation | None) -> GalaxiesOnShow | None:
    """Take the galaxies out of results; None where nothing is painted subhalo by subhalo."""
    known = catalogues(found, simulation)
    subhalos = subhalos_of(found, simulation) if known else None
    if subhalos is None:
        return None
    painted = known["prediction"] if "prediction" in known else known["other"]
    rows, number, truth = painted.subhalo, len(subhalos), known.get("truth")
    return GalaxiesOnShow(
        subhalos,
        rows,
        {name: each.of_subhalos(number)[rows] for name, each in known.items()},
        {name: each.stars for name, each in known.items()},
        {least: truth.completeness(least) for least in RESOLVED} if truth else {},
        found.input.box_size,
    )


def subhalos_of(found: Results, simulation: Simulation | None) -> Subhalos | None:
    """Subhaloes that were painted from; None if there are none."""
    grid = found.eaten.get(SUBHALOS)
    if isinstance(grid, SubhaloGrid):
        return grid.subhalos
    return simulation.subhalos("dmo") if simulation and simulation.has_subhalos else None


def layer_around(found: BoxResults, position: Any) -> int:
    """First cell of a layer of the depth in view amid which a place, [Mpc/h], lies."""
    request, size = found.request, found.input.box_size
    side = size / request.cells
    depth = round(request.depth / side)
    height = position[AXES.index(request.axis)] % size
    last = max(request.cells - depth, 0)
    return int(np.clip(height // side - depth // 2, 0, last))


def slab_around(found: Results, position: Any) -> int:
    """Number of the slab that holds a place, [Mpc/h]."""
    slab = found.input
    height = position[AXES.index(slab.axis)]
    slabs = max(1, round(slab.box_size / slab.depth))
    return int(slab_numbers(height, slab.box_size, slabs, slab.start - slab.index * slab.depth))
