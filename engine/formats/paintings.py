"""The file of paintings (HDF5): `paintings`, (places, seeds, ...), of one emulator.

`paintings` has the mesh's shape behind its first two axes, and as attributes the field, its
unit and its geometry. `places` (JSON) and `seeds` say what the first two axes are. The root's
attribute `work` is all that was asked for.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.fields import field_named
from engine.files import written_whole
from engine.formats.hdf5 import open_hdf5
from engine.json_reader import built
from engine.mesh import Mesh
from engine.places import Place, place_from_json

FORMAT = "baryon-explorer paintings"
VERSION = 1

CELLS_PER_CHUNK = 2**18


@dataclass(frozen=True)
class Work:
    """All that decides what a file of paintings holds.

    Parameters
    ----------
    simulation, stamp : str
        Path of its file, and the file's size and time.
    emulator, field, level, weights : str
        Which emulator, and the hash of its weights.
    places : tuple of str
        JSON of each, see `engine.places`.
    seeds : tuple of int
        Of the realisations.
    shape : tuple of int
        Of a painting.
    side : int
        Of a tile, [cells]; 0 for whole paintings.
    memory : int
        That an emulator may take, [bytes]: part of the work, since on it depends how a tile is
        cut, and on that the last digits.
    """

    simulation: str
    stamp: str
    emulator: str
    field: str
    level: str
    weights: str
    places: tuple[str, ...]
    seeds: tuple[int, ...]
    shape: tuple[int, ...]
    side: int
    memory: int

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Work":
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            In one sentence, if it is something else.
        """
        try:
            content = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"work is no whole JSON ({error}), expected what it was.") from None
        read: Work = built(cls, content, "work")
        return read

    def place(self, number: int) -> Place:
        """The place of that number."""
        return place_from_json(json.loads(self.places[number]))

    def same_as(self, other: "Work") -> bool:
        """Whether it makes the same paintings; memory is taken over from who began."""
        return {**asdict(self), "memory": 0} == {**asdict(other), "memory": 0}


Part = tuple[int, int, tuple[int, ...] | None, NDArray[np.float32]]
"""Number of the place and of the seed, region of the mesh (None: all of it), values."""


def write_paintings(path: Path, work: Work, mesh: Mesh, parts: Iterable[Part]) -> None:
    """Write paintings whole or not at all.

    Parameters
    ----------
    path : path
        Of the file.
    work : Work
        What was asked for.
    mesh : Mesh
        An input, which has the geometry of the paintings.
    parts : iterable of (place, seed, region, values)
        All of them together fill the paintings.
    """
    shape = work.shape
    side = int(CELLS_PER_CHUNK ** (1 / len(shape)) + 1e-9)
    with written_whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        file.attrs.update(format=FORMAT, format_version=VERSION, work=work.to_json())
        file["places"] = list(work.places)
        file["seeds"] = np.array(work.seeds, np.uint64)
        paintings = file.create_dataset(
            "paintings",
            (len(work.places), len(work.seeds), *shape),
            np.float32,
            chunks=(1, 1, *(min(n, side) for n in shape)),
            shuffle=True,
            compression="gzip",
            fletcher32=True,
        )
        paintings.attrs.update(_words(work, mesh))
        for place, seed, region, values in parts:
            spans = region or tuple(n for side in shape for n in (0, side))
            cells = tuple(slice(a, b) for a, b in zip(spans[::2], spans[1::2], strict=True))
            paintings[(place, seed, *cells)] = values


def _words(work: Work, mesh: Mesh) -> dict[str, str | float]:
    about = field_named(work.field)
    cosmology = {each.name: getattr(mesh.cosmology, each.name) for each in fields(Cosmology)}
    depth = {"depth": mesh.depth} if hasattr(mesh, "depth") else {}
    return {
        "field": work.field,
        "label": about.label,
        "unit": about.unit_of(len(work.shape)),
        "cell_size": mesh.cell_size * mesh.shape[0] / work.shape[0],
        "box_size": mesh.box_size,
        "redshift": mesh.redshift,
        "simulation": mesh.simulation,
        "units": "cell_size comoving [kpc/h]; box_size, depth comoving [Mpc/h]",
        **depth,
        **cosmology,
    }


def read_work(path: Path) -> str:
    """What a file of paintings was asked for, as JSON.

    Raises
    ------
    ValueError
        In one sentence, if it is no such file.
    """
    with open_hdf5(path) as file:
        if str(file.attrs.get("format")) != FORMAT or "work" not in file.attrs:
            raise ValueError(
                f"{path.name} is there and no file of paintings: remove it or choose another --out."
            )
        try:
            return Work.from_json(str(file.attrs["work"])).to_json()
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
