"""Whether all of a file can be read: every map, grid, cut-out and catalogue of it, once.

What comes through has no part that lies elsewhere, and read again it gives the same numbers.
"""

from pathlib import Path

import h5py

from engine.formats.arrays import ENDINGS, open_array
from engine.formats.catalogues import list_catalogues
from engine.formats.hdf5 import open_hdf5
from engine.simulation import Simulation

MOST_OBJECTS = 10_000
"""Groups and datasets in a file; a simulation file has some hundreds."""


def verify(path: Path) -> str:
    """Read a file once from end to end.

    Parameters
    ----------
    path : path
        A simulation file, or .npy or FITS.

    Returns
    -------
    str
        What it holds, in words.

    Raises
    ------
    ValueError
        In one sentence, if something in it can't be read.
    """
    if path.suffix.lower() in ENDINGS:
        array = open_array(path)
        return f"{' × '.join(map(str, array.shape))} numbers ({array.dtype.name})"
    refuse_outside(path)
    simulation = Simulation(path)
    read_all(simulation)
    fields = sorted(
        {key[0] for key in simulation.available()} | {r.field for r in simulation.grids()}
    )
    return (
        f"a box of {simulation.box_size:g} cMpc/h at z = {simulation.redshift:g} with "
        f"{', '.join(fields) or 'no field'}"
    )


def refuse_outside(path: Path) -> None:
    """Refuse a file that takes numbers from other files, or has more objects than can be meant.

    Raises
    ------
    ValueError
        In one sentence.
    """
    with open_hdf5(path) as file:
        found = 0
        groups: list[h5py.Group] = [file]
        while groups:
            group = groups.pop()
            for name in group:
                found += 1
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise ValueError(_elsewhere(path, f"{group.name}/{name}"))
                item = group[name]
                if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                    raise ValueError(_elsewhere(path, item.name))
                if isinstance(item, h5py.Group):
                    groups.append(item)
                if found > MOST_OBJECTS:  # also of groups that hold themselves
                    raise ValueError(
                        f"{path.name} holds more than {MOST_OBJECTS} objects, expected fewer."
                    )


def _elsewhere(path: Path, what: str) -> str:
    return (
        f"{path.name}: {what.replace('//', '/')} lies elsewhere, expected all numbers in the file "
        "itself; copy them into one (h5repack)."
    )


def read_all(simulation: Simulation) -> None:
    """Read every mesh and catalogue of a simulation, one after the other.

    Raises
    ------
    ValueError
        In one sentence, if one can't be read.
    """
    for field, level, origin, axis in simulation.available():
        simulation.particles(field, axis, level, origin)
        for index in range(simulation.n_slabs(axis)):
            simulation.slab(field, axis, index, level, origin)
    for run in simulation.grids():
        simulation.grid(run.field, level=run.level, origin=run.origin)
    for (field, axis), count in simulation.cutouts().items():
        for number in range(count):
            simulation.cutout(field, number, axis)
    with open_hdf5(simulation.path) as file:
        owners, objects = (list_catalogues(file, name) for name in ("subhalos", "objects"))
    for names, read in (
        (simulation.runs, simulation.halos),
        (owners, simulation.subhalos),
        (objects, simulation.objects),
    ):
        for name in names:
            read(name)
    if simulation.has_initial_conditions:
        simulation.initial_conditions()
