"""Cut-outs in a simulation file: `cutouts/<field>/<axis>`, (n_objects, ny, nx).

Maps around the objects of a catalogue, in its order. Attributes of each dataset: catalogue, and
cell_size [kpc/h] and depth [Mpc/h], comoving.
"""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.fields import AXES, FIELDS, LEVELS, field_named, one_of
from engine.formats.hdf5 import attribute, check_block, open_hdf5, read_rows
from engine.formats.header import text
from engine.formats.meshes import (
    checked_values,
    create_mesh,
    datasets_below,
    number_of,
    particles_of,
    run_words,
)
from engine.formats.rounding import MANTISSA_BITS
from engine.formats.simulation_file import SimulationHeader
from engine.mesh import Cutout
from engine.places import Run

PIXELS_PER_CHUNK = 256
"""A side."""

CutoutKey = tuple[str, str]
"""(field, axis)."""


def create_cutouts(
    file: h5py.File,
    key: CutoutKey,
    shape: tuple[int, int, int],
    cell_size: float,
    depth: float,
    made: str,
    catalogue: str = "clusters",
    level: str = "HR",
    particles: int = 0,
    mantissa_bits: int = MANTISSA_BITS,
) -> h5py.Dataset:
    """An empty dataset for the cut-outs of (field, axis).

    Parameters
    ----------
    shape : (n_objects, ny, nx)
        As many as the catalogue has rows.
    cell_size : float
        Comoving, [kpc/h].
    depth : float
        Comoving, [Mpc/h].
    made : str
        How, in a sentence.
    catalogue : str
        Name under `objects`.
    level, particles : str, int
        Resolution of the run, and its number of particles; 0 if not known.
    mantissa_bits : int
        That values are rounded to.
    """
    field, axis = key
    return create_mesh(
        file,
        f"cutouts/{field}/{axis}",
        shape,
        (1, PIXELS_PER_CHUNK, PIXELS_PER_CHUNK),
        mantissa_bits,
        **run_words(Run(field, level), 2),
        axis=axis,
        cell_size=cell_size,
        depth=depth,
        catalogue=catalogue,
        particles=particles,
        made=made,
    )


def list_cutouts(file: h5py.File, name: str) -> dict[CutoutKey, int]:
    """Number of objects of all cut-outs that this version knows.

    Parameters
    ----------
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        In one sentence, if one is no stack of maps.
    """
    found = {}
    for path, dataset in datasets_below(file, "cutouts"):
        if len(path) != 2 or path[0] not in FIELDS or path[1] not in tuple(AXES):
            continue
        if dataset.ndim != 3 or not dataset.size:
            raise ValueError(
                f"{name}: {dataset.name[1:]} has shape {dataset.shape}, expected (n_objects, ny, "
                "nx); make the file again."
            )
        found[path[0], path[1]] = len(dataset)
    return found


def catalogue_of(path: Path, key: CutoutKey) -> str:
    """Name of the catalogue whose objects are cut out."""
    with open_hdf5(path) as file:
        return str(file["/".join(("cutouts", *key))].attrs.get("catalogue", "clusters"))


def read_cutouts(
    path: Path,
    key: CutoutKey,
    numbers: Sequence[int],
    positions: NDArray[np.floating],
    header: SimulationHeader,
) -> list[Cutout]:
    """Read the maps around some objects.

    Parameters
    ----------
    numbers : sequence of int
        Rows of the catalogue.
    positions : array, (n_objects, 3)
        Of the catalogue, comoving [Mpc/h].

    Raises
    ------
    ValueError
        In one sentence, if the dataset can't be read or holds what no map can.
    """
    field, axis = key
    where = "/".join(("cutouts", *key))
    with open_hdf5(path) as file:
        dataset = file[where]
        if len(dataset) != len(positions):
            raise ValueError(
                f"{path.name}: {where} holds {len(dataset)} objects, but their catalogue "
                f"{len(positions)}; make the file again."
            )
        check_block(dataset)
        maps = [read_rows(dataset, path.name, n, n + 1, np.float32)[0] for n in numbers]
        cell_size, depth = (number_of(dataset, word, path.name) for word in ("cell_size", "depth"))
        particles = particles_of(dataset)
        level = text(attribute([dataset], ("level",)) or LEVELS[0])
    one_of(f"{path.name}: level of {where}", level, LEVELS)
    centres = [[float(place) for place in positions[number]] for number in numbers]
    return [
        Cutout(
            values=checked_values(
                values, field_named(field), path.name, f"{where}, object {number},"
            ),
            field=field,
            cell_size=cell_size,
            depth=depth,
            box_size=header.box_size,
            redshift=header.redshift,
            cosmology=header.cosmology,
            simulation=header.name,
            level=level,
            particles=particles,
            axis=axis,
            number=number,
            centre=(x, y, z),
        )
        for number, values, (x, y, z) in zip(numbers, maps, centres, strict=True)
    ]
