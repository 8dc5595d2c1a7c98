"""Simulations: slab files by name, opened lazily."""

from functools import cached_property
from pathlib import Path

from engine.assets import asset_folders, user_folder
from engine.cosmology import Cosmology
from engine.fields import field_named, map_axes, one_of
from engine.formats.slab_file import SlabFile
from engine.halos import Halos
from engine.mesh import Slab

MapKey = tuple[str, str, str, str]
"""(field, level, origin, axis)."""


class Simulation:
    """Maps and haloes of one simulation.

    Parameters
    ----------
    path : path
        Its slab file.

    Raises
    ------
    ValueError
        In one sentence, if it is not a slab file this version reads.
    """

    def __init__(self, path: Path) -> None:
        self._file = SlabFile(path)
        self.path = path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._file.header.name

    @property
    def box_size(self) -> float:
        """Comoving, [Mpc/h]."""
        return self._file.header.box_size

    @property
    def depth(self) -> float:
        """Of a slab, comoving, [Mpc/h]."""
        return self._file.header.depth

    @property
    def offset(self) -> float:
        """Where slab 0 begins along the line of sight, comoving, [Mpc/h]."""
        return self._file.header.offset

    @property
    def pixels(self) -> int:
        """Pixels a side of every map."""
        return self._file.header.pixels

    @property
    def pixel_size(self) -> float:
        """Comoving, [kpc/h]."""
        return self._file.header.pixel_size

    @property
    def redshift(self) -> float:
        """Of the snapshot."""
        return self._file.header.redshift

    @property
    def cosmology(self) -> Cosmology:
        """Of the simulation."""
        return self._file.header.cosmology

    @property
    def code(self) -> str:
        """The simulation code."""
        return self._file.header.code

    @property
    def provenance(self) -> str:
        """Where the simulation comes from and how its maps were made."""
        return self._file.header.provenance

    @property
    def runs(self) -> tuple[str, ...]:
        """Runs that have a halo catalogue."""
        return self._file.runs

    @cached_property
    def axes(self) -> str:
        """Axes that have maps, in the order x < y < z."""
        return "".join(sorted({key[3] for key in self.available()}))

    def n_slabs(self, axis: str = "z") -> int:
        """Number of slabs along an axis."""
        one_of(f"axis of {self.name}", axis, tuple(self.axes))
        return self._file.header.n_slabs

    def available(self) -> tuple[MapKey, ...]:
        """(field, level, origin, axis) of all maps."""
        return self._file.maps

    def has(self, field: str, axis: str = "z", level: str = "HR", origin: str = "ds") -> bool:
        """Whether there is such a map."""
        return (field, level, origin, axis) in self._file.maps

    def particles(self, field: str, axis: str = "z", level: str = "HR", origin: str = "ds") -> int:
        """Number of particles in the whole run that a map is made from; 0 if not known."""
        return self._file.particles((field, level, origin, axis))

    def slab(
        self, field: str, axis: str = "z", index: int = 0, level: str = "HR", origin: str = "ds"
    ) -> Slab:
        """One slab's map of a field.

        Parameters
        ----------
        field : str
            Its name, see `engine.fields`.
        axis : {"x", "y", "z"}
            Line of sight.
        index : int
            Number of the slab, from 0.
        level, origin : str
            Resolution of the run and whether it was thinned out ("ds") or run so ("native").

        Raises
        ------
        ValueError
            In one sentence, if there is no such map.
        """
        field_named(field)
        map_axes(axis)
        if not self.has(field, axis, level, origin):
            raise ValueError(self._no_such_map(field, axis, level, origin))
        if not 0 <= index < self.n_slabs(axis):
            raise ValueError(
                f"slab is {index}, expected 0 to {self.n_slabs(axis) - 1} along {axis} of "
                f"{self.name}."
            )
        return self._file.read_map((field, level, origin, axis), index)

    def _no_such_map(self, field: str, axis: str, level: str, origin: str) -> str:
        others = sorted({"/".join(key[1:]) for key in self.available() if key[0] == field})
        if not others:
            fields = ", ".join(sorted({key[0] for key in self.available()}))
            return f"{self.name} has no maps of {field!r}, expected one of {fields}."
        return (
            f"{self.name} has no map {field}/{level}/{origin}/{axis}, expected one of "
            f"{', '.join(others)} (level/origin/axis)."
        )

    def halos(self, run: str = "hydro") -> Halos:
        """The halo catalogue of a run.

        Raises
        ------
        ValueError
            In one sentence, if the run has none.
        """
        one_of(f"run of the haloes of {self.name}", run, self.runs)
        return self._file.read_halos(run)


def _found() -> dict[str, Path]:
    """Slab files by name; the user's hide shipped ones of the same name."""
    files: dict[str, Path] = {}
    for folder in asset_folders("simulations"):
        for path in sorted(folder.glob("*.hdf5")):
            files.setdefault(path.stem, path)
    return files


def simulations() -> list[str]:
    """Names of the simulations that ship and of those in the user's data folder."""
    return sorted(_found())


def open_simulation(name: str | Path) -> Simulation:
    """Open a simulation by its name or its slab file's path.

    Raises
    ------
    ValueError
        In one sentence, if there is none of that name or the file is not a slab file.
    """
    found = _found()
    if str(name) in found:
        return Simulation(found[str(name)])
    path = Path(name).expanduser()
    if path.is_file():
        return Simulation(path)
    raise ValueError(
        f"simulation is {str(name)!r}, expected one of {', '.join(sorted(found)) or 'none yet'} "
        f"or the path of a slab file (your own are looked for in {user_folder() / 'simulations'})."
    )
