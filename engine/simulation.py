"""Simulations: files by name, opened lazily."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from engine.assets import asset_folders, user_folder
from engine.fields import field_named, map_axes, one_of
from engine.formats.catalogues import (
    list_catalogues,
    read_galaxies,
    read_halos,
    read_objects,
    read_subhalos,
)
from engine.formats.cutouts import catalogue_of, list_cutouts, read_cutouts
from engine.formats.grids import START, list_grids, read_grid, read_initial_conditions
from engine.formats.hdf5 import open_hdf5
from engine.formats.maps import MapKey, list_maps, read_map
from engine.formats.simulation_file import SimulationHeader, read_header
from engine.galaxies import Galaxies
from engine.halos import Halos, Objects, Subhalos
from engine.initial_conditions import InitialConditions
from engine.mesh import Cutout, Grid, Slab
from engine.places import Run


class Simulation(SimulationHeader):
    """What a simulation file holds: maps, grids, cut-outs and catalogues, read when asked for.

    It has the attributes of its header (name, box_size, redshift, cosmology, code, provenance)
    and those below.

    Parameters
    ----------
    path : path
        Its simulation file.

    Attributes
    ----------
    depth, offset : float
        Of a slab, and where slab 0 begins along the line of sight, comoving, [Mpc/h]; 0 without
        maps.
    pixels : int
        Pixels a side of the maps, of the finest if they differ; 0 without maps.
    pixel_size : float
        Of these, comoving, [kpc/h]; 0 without maps.
    runs : tuple of str
        Runs that have a halo catalogue.

    Raises
    ------
    ValueError
        In one sentence, if it is not a simulation file this version reads.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(**vars(read_header(path)))
        self.path = path
        with open_hdf5(path) as file:
            self._maps = list_maps(file, self, path.name)
            self._grids = list_grids(file, self, path.name)
            self._cutouts = list_cutouts(file, path.name)
            self.runs = list_catalogues(file, "halos")
            self._subhalos = list_catalogues(file, "subhalos")
            self._galaxies = list_catalogues(file, "galaxies")
            self._objects = list_catalogues(file, "objects")
            self.has_initial_conditions = START in file
        meshes = (self._maps, self._grids, self._cutouts, self.has_initial_conditions)
        if not any((*meshes, self.runs, self._subhalos, self._galaxies, self._objects)):
            raise ValueError(
                f"{path.name} holds nothing this version reads, expected maps/<field>/<level>/"
                "<origin>/<axis>, grids/<field>/<level>/<origin> or what else a simulation file "
                "can hold."
            )
        finest = max(self._maps.values(), key=lambda layout: layout.pixels, default=None)
        self.pixels, self.pixel_size = (finest.pixels, finest.pixel_size) if finest else (0, 0.0)
        self.depth, self.offset = (finest.depth, finest.offset) if finest else (0.0, 0.0)
        self._slabs = finest.n_slabs if finest else 0

    @cached_property
    def axes(self) -> str:
        """Axes that have maps, in the order x < y < z."""
        return "".join(sorted({key[3] for key in self._maps}))

    def n_slabs(self, axis: str = "z") -> int:
        """Number of slabs along an axis."""
        one_of(f"axis of {self.name}", axis, tuple(self.axes))
        return self._slabs

    def available(self) -> tuple[MapKey, ...]:
        """(field, level, origin, axis) of all maps."""
        return tuple(self._maps)

    def has(self, field: str, axis: str = "z", level: str = "HR", origin: str = "ds") -> bool:
        """Whether there is such a map."""
        return (field, level, origin, axis) in self._maps

    def grids(self) -> dict[Run, int]:
        """Cells a side of all grids, by the run they are of."""
        return dict(self._grids)

    def has_grid(self, field: str, level: str = "HR", origin: str = "ds") -> bool:
        """Whether there is such a grid, of any number of cells."""
        return Run(field, level, origin) in self._grids

    def cutouts(self) -> dict[tuple[str, str], int]:
        """Number of objects of all cut-outs, by field and axis."""
        return dict(self._cutouts)

    def particles(self, field: str, axis: str = "z", level: str = "HR", origin: str = "ds") -> int:
        """Number of particles in the whole run that a map is made from; 0 if not known."""
        return self._maps[field, level, origin, axis].particles

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
        key = (field, level, origin, axis)
        return read_map(self.path, key, index, self, self._maps[key])

    def _no_such_map(self, field: str, axis: str, level: str, origin: str) -> str:
        others = sorted({"/".join(key[1:]) for key in self._maps if key[0] == field})
        if not others:
            fields = ", ".join(sorted({key[0] for key in self._maps})) or "none"
            return f"{self.name} has no maps of {field!r}, expected one of {fields}."
        return (
            f"{self.name} has no map {field}/{level}/{origin}/{axis}, expected one of "
            f"{', '.join(others)} (level/origin/axis)."
        )

    def grid(
        self, field: str, cells: int | None = None, level: str = "HR", origin: str = "ds"
    ) -> Grid:
        """A field in the cells of the whole box.

        Parameters
        ----------
        field : str
            Its name, see `engine.fields`.
        cells : int, optional
            A side; those of the file if left out. Fewer, if they divide these, are means over
            cubes of cells, which keeps the mass; not of a field that is weighted by mass.
        level, origin : str
            Resolution of the run and whether it was thinned out ("ds") or run so ("native").

        Raises
        ------
        ValueError
            In one sentence, if there is no such grid.
        """
        run = Run(field, level, origin)
        if run not in self._grids:
            there = ", ".join(f"{each.name} of {n}^3" for each, n in self._grids.items())
            raise ValueError(
                f"{self.name} has no grid {run.name}, expected one of {there or 'none'}: project "
                f"the snapshot with --grids {field}."
            )
        stored = self._grids[run]
        about = field_named(field)
        coarse = about.is_density or about.signed
        cells = stored if cells is None else cells
        if cells < 1 or stored % cells or (cells != stored and not coarse):
            divisors = [n for n in range(1, stored + 1) if not stored % n]
            raise ValueError(
                f"{self.name} has {stored} cells a side of {run.name}, and {cells} were asked for, "
                f"expected {' or '.join(map(str, divisors if coarse else [stored]))}; project the "
                f"snapshot with --grids {field} --cells {cells}."
            )
        return read_grid(self.path, run, cells, self)

    def cutout(self, field: str, number: int = 0, axis: str = "z") -> Cutout:
        """The map around an object.

        Parameters
        ----------
        field : str
            Its name, see `engine.fields`.
        number : int
            Row of the object in its catalogue, from 0.
        axis : {"x", "y", "z"}
            Line of sight.

        Raises
        ------
        ValueError
            In one sentence, if there is no such cut-out.
        """
        return self.cutouts_around(field, axis, [number])[0]

    def cutouts_around(
        self, field: str, axis: str = "z", numbers: Sequence[int] | None = None
    ) -> list[Cutout]:
        """The maps around several objects, all of them if no numbers are given.

        Parameters
        ----------
        field, axis
            See `cutout`.
        numbers : sequence of int, optional
            Rows of the objects in their catalogue, from 0.

        Raises
        ------
        ValueError
            In one sentence, if there is no such cut-out.
        """
        key = (field, axis)
        if key not in self._cutouts:
            there = ", ".join("/".join(each) for each in self._cutouts) or "none"
            raise ValueError(
                f"{self.name} has no cut-outs {field}/{axis}, expected one of {there}."
            )
        wanted = range(self._cutouts[key]) if numbers is None else numbers
        for number in wanted:
            if not 0 <= number < self._cutouts[key]:
                raise ValueError(
                    f"object is {number}, expected 0 to {self._cutouts[key] - 1} of {self.name}."
                )
        positions = self.objects(catalogue_of(self.path, key)).position
        return read_cutouts(self.path, key, wanted, positions, self)

    def halos(self, run: str = "hydro") -> Halos:
        """The halo catalogue of a run.

        Raises
        ------
        ValueError
            In one sentence, if the run has none.
        """
        one_of(f"run of the haloes of {self.name}", run, self.runs)
        return read_halos(self.path, run)

    def subhalos(self, run: str = "dmo") -> Subhalos:
        """The catalogue of haloes and subhaloes of a run.

        Raises
        ------
        ValueError
            In one sentence, if the run has none.
        """
        if not self._subhalos:
            raise ValueError(
                f"{self.name} has no subhaloes, expected those of the run {run}: run Rockstar and "
                "its find_parents on it, or AHF or Subfind, and project the snapshot with "
                f"--subhalos {run}=LIST."
            )
        one_of(f"run of the subhaloes of {self.name}", run, self._subhalos)
        return read_subhalos(self.path, run)

    @property
    def has_galaxies(self) -> bool:
        """Whether there is a catalogue of galaxies, matched with subhaloes."""
        return "hydro" in self._galaxies and self.has_subhalos

    @property
    def has_subhalos(self) -> bool:
        """Whether there are subhaloes of the dark-matter-only run."""
        return "dmo" in self._subhalos

    def galaxies(self) -> Galaxies:
        """The galaxies of the hydrodynamical run, matched with the other run's subhaloes.

        Raises
        ------
        ValueError
            In one sentence, if there are none.
        """
        if not self.has_galaxies:
            raise ValueError(
                f"{self.name} has no galaxies matched with subhaloes, expected them: project its "
                "snapshot with --subhalos dmo=LIST --galaxies."
            )
        return read_galaxies(self.path, "hydro", len(self.subhalos("dmo")))

    def objects(self, name: str = "clusters") -> Objects:
        """A catalogue of objects that maps are cut out around.

        Raises
        ------
        ValueError
            In one sentence, if there is none of that name.
        """
        one_of(f"catalogue of objects of {self.name}", name, self._objects)
        return read_objects(self.path, name)

    def initial_conditions(self) -> InitialConditions:
        """The linear overdensity that the run began with, grown to z = 0, at the cells' centres.

        Raises
        ------
        ValueError
            In one sentence, if the file has none.
        """
        found = read_initial_conditions(self.path, self)
        if found is None:
            raise ValueError(
                f"{self.name} has no initial conditions, expected some: project the snapshot with "
                "--initial-conditions FILE."
            )
        return found


def _found() -> dict[str, Path]:
    """Simulation files by name; the user's hide shipped ones of the same name.

    Universes are those made on the page, of which only the newest stay.
    """
    files: dict[str, Path] = {}
    for folder in (*asset_folders("simulations"), *asset_folders("universes")):
        for path in sorted(folder.glob("*.hdf5")):
            files.setdefault(path.stem, path)
    return files


def simulations() -> list[str]:
    """Names of the simulations that ship and of those in the user's data folder."""
    return sorted(_found())


def open_simulation(name: str | Path) -> Simulation:
    """Open a simulation by its name or its simulation file's path.

    Raises
    ------
    ValueError
        In one sentence, if there is none of that name or the file is none.
    """
    found = _found()
    if str(name) in found:
        return Simulation(found[str(name)])
    path = Path(name).expanduser()
    if path.is_file():
        return Simulation(path)
    raise ValueError(
        f"simulation is {str(name)!r}, expected one of {', '.join(sorted(found)) or 'none yet'} "
        f"or the path of a simulation file (your own are looked for in "
        f"{user_folder() / 'simulations'})."
    )
