"""Maps of slabs in a simulation file: `maps/<field>/<level>/<origin>/<axis>`, (n_slabs, ny, nx).

Attributes of each: cell_size [kpc/h], depth and offset [Mpc/h], comoving. At level HR nothing
is thinned out, so both origins name the same dataset.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from engine.fields import AXES, FIELDS, LEVELS, ORIGINS, field_named
from engine.formats.hdf5 import check_block, open_hdf5, read_in_bands, read_rows
from engine.formats.meshes import (
    checked_values,
    create_mesh,
    datasets_below,
    link_other_origin,
    number_of,
    particles_of,
    pieces,
    run_words,
)
from engine.formats.rounding import MANTISSA_BITS
from engine.formats.simulation_file import SimulationHeader
from engine.mesh import Slab
from engine.places import Run
from engine.units import MPC_IN_KPC

MapKey = tuple[str, str, str, str]
"""(field, level, origin, axis)."""

PIXELS_PER_CHUNK = 512
"""A side."""

IN_MEMORY = 2**28
"""[bytes] of a map; of a larger one, which is painted tile by tile, the tile at work is enough."""


@dataclass(frozen=True)
class SlabLayout:
    """How a box is cut into slabs, and a slab into pixels.

    Parameters
    ----------
    box_size : float
        Comoving, [Mpc/h].
    pixels, n_slabs : int
        Pixels a side and slabs an axis.
    offset : float
        Where slab 0 begins along the line of sight, comoving, [Mpc/h]; slab i spans
        offset + [i, i + 1) depth.
    """

    box_size: float
    pixels: int
    n_slabs: int
    offset: float = 0.0

    @property
    def depth(self) -> float:
        """Of a slab, comoving, [Mpc/h]."""
        return self.box_size / self.n_slabs

    @property
    def pixel_size(self) -> float:
        """Comoving, [kpc/h]."""
        return self.box_size * MPC_IN_KPC / self.pixels


@dataclass(frozen=True)
class StoredMaps(SlabLayout):
    """Layout of maps in a file, and what they are made from.

    Parameters
    ----------
    particles : int
        In the whole run; 0 if not known.
    """

    particles: int = 0


def create_maps(
    file: h5py.File,
    layout: SlabLayout,
    key: MapKey,
    particles: int,
    made: str,
    mantissa_bits: int = MANTISSA_BITS,
) -> h5py.Dataset:
    """An empty dataset for the maps of (field, level, origin, axis).

    Parameters
    ----------
    particles : int
        Particles in the whole box that the maps are made of.
    made : str
        How, in a sentence.
    """
    *names, axis = key
    run = Run(*names)
    side = layout.pixels
    maps = create_mesh(
        file,
        "/".join(("maps", *key)),
        (layout.n_slabs, side, side),
        (1, PIXELS_PER_CHUNK, PIXELS_PER_CHUNK),
        mantissa_bits,
        **run_words(run, 2),
        axis=axis,
        cell_size=layout.pixel_size,
        depth=layout.depth,
        offset=layout.offset,
        particles=particles,
        made=made,
    )
    link_other_origin(maps, run, f"maps/{run.field}/{run.level}/{{}}/{axis}")
    return maps


def list_maps(file: h5py.File, header: SimulationHeader, name: str) -> dict[MapKey, StoredMaps]:
    """All maps that this version knows, with their geometry.

    Parameters
    ----------
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        In one sentence, if the geometry of one is no cut of the box, or two differ in their
        slabs.
    """
    allowed = (tuple(FIELDS), LEVELS, ORIGINS, tuple(AXES))
    found: dict[MapKey, StoredMaps] = {}
    for path, dataset in datasets_below(file, "maps"):
        if len(path) == 4 and all(k in a for k, a in zip(path, allowed, strict=True)):
            field, level, origin, axis = path
            found[field, level, origin, axis] = _read_layout(dataset, header, name)
    slabs = {(layout.n_slabs, layout.offset) for layout in found.values()}
    if len(slabs) > 1:
        cuts = " and ".join(f"{number} slabs from {offset:g} Mpc/h" for number, offset in slabs)
        raise ValueError(
            f"{name} holds maps of {cuts}, expected the same slabs of all; project them together."
        )
    return found


def _read_layout(dataset: h5py.Dataset, header: SimulationHeader, name: str) -> StoredMaps:
    """Geometry of a dataset; the first version had it at the root."""
    stated = dataset if "cell_size" in dataset.attrs else dataset.file["/"]
    offset = number_of(stated, "offset", name)
    if stated is dataset:
        side = number_of(stated, "cell_size", name) / MPC_IN_KPC
        pixels = pieces(header.box_size, side)
        n_slabs = pieces(header.box_size, number_of(stated, "depth", name))
    else:
        pixels, n_slabs = (int(number_of(stated, word, name)) for word in ("pixels", "n_slabs"))
    expected = (n_slabs, pixels, pixels)
    if min(expected) < 1 or dataset.shape != expected:
        raise ValueError(
            f"{name}: {dataset.name[1:]} has shape {dataset.shape}, but its geometry says "
            f"{expected} of a box of {header.box_size:g} Mpc/h; make the file again."
        )
    return StoredMaps(header.box_size, pixels, n_slabs, offset, particles_of(dataset))


def read_map(
    path: Path, key: MapKey, index: int, header: SimulationHeader, layout: StoredMaps
) -> Slab:
    """One slab's map.

    Raises
    ------
    ValueError
        In one sentence, if the dataset can't be read or holds what no map can.
    """
    field, level, origin, axis = key
    where = "/".join(("maps", *key))
    with open_hdf5(path) as file:
        check_block(file[where])
        maps = file[where]
        if 4 * layout.pixels**2 > IN_MEMORY:
            values = read_in_bands(maps, path.name, index)
        else:
            values = read_rows(maps, path.name, index, index + 1, np.float32)[0]
    return Slab(
        values=checked_values(values, field_named(field), path.name, f"{where}, slab {index},"),
        field=field,
        cell_size=layout.pixel_size,
        depth=layout.depth,
        box_size=header.box_size,
        redshift=header.redshift,
        cosmology=header.cosmology,
        simulation=header.name,
        axis=axis,
        index=index,
        start=layout.offset + index * layout.depth,
        level=level,
        origin=origin,
        particles=layout.particles,
    )
