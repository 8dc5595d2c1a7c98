"""Meshes: frozen arrays with their field, geometry and where they come from."""

from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.cosmology import Cosmology
from engine.fields import Field, field_named, map_axes
from engine.places import BoxPlace, ObjectPlace, Place, Run, SlabPlace
from engine.units import MPC_IN_KPC


def frozen_array(values: ArrayLike, dtype: Any = None) -> NDArray[Any]:
    """A C-ordered view of `values` that refuses to be written to; copied only if it must be."""
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Mesh:
    """A field on equal square or cubic cells.

    Parameters
    ----------
    values : array, (ny, nx) or (nz, ny, nx)
        Float32, row 0 at the smallest coordinate, in the field's unit for that many
        dimensions. Read-only.
    field : str
        Name of the field, see `engine.fields`.
    cell_size : float
        Comoving, [kpc/h].
    box_size : float
        Of the simulation, comoving, [Mpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    simulation, level, origin : str
        Where it comes from.
    particles : int
        Number of particles in the whole run at this level; 0 if not known.
    emulator : str
        Name of the emulator that painted it; empty for simulated meshes.
    seed : int or None
        Seed of the realisation; None for simulated and deterministic meshes.
    periodic : bool
        Whether opposite edges meet.
    warnings : tuple of str
        One sentence each: where not to trust it.
    """

    KIND: ClassVar[str] = ""
    NDIM: ClassVar[int] = 2

    values: NDArray[np.float32]
    field: str
    _: KW_ONLY
    cell_size: float
    box_size: float
    redshift: float
    cosmology: Cosmology
    simulation: str = ""
    level: str = "HR"
    origin: str = "ds"
    particles: int = 0
    emulator: str = ""
    seed: int | None = None
    periodic: bool = True
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the values and refuse what is no mesh of a known field."""
        field_named(self.field)
        values = frozen_array(self.values, np.float32)
        if values.ndim != self.NDIM or not values.size:
            axes = ", ".join(("nz", "ny", "nx")[-self.NDIM :])
            raise ValueError(
                f"{type(self).__name__} values have shape {values.shape}, expected ({axes})."
            )
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, ...]:
        """(ny, nx) or (nz, ny, nx)."""
        return self.values.shape

    @property
    def about(self) -> Field:
        """Label and unit of the field."""
        return field_named(self.field)

    @property
    def unit(self) -> str:
        """Of the values, as text."""
        return self.about.unit_of(self.NDIM)

    @property
    def run(self) -> Run:
        """Which run it is of."""
        return Run(self.field, self.level, self.origin)

    @property
    def place(self) -> Place:
        """Where in its simulation it is."""
        return BoxPlace()

    @property
    def where(self) -> str:
        """Which part of its simulation it is, to follow the simulation's name."""
        return ""

    @property
    def cell_volume(self) -> float:
        """Comoving area or volume of a cell, [(kpc/h)^2] or [(kpc/h)^3]."""
        return self.cell_size**self.NDIM

    @property
    def separation(self) -> float:
        """Mean particle separation the level stands for, comoving [kpc/h]; 0 if not known."""
        if not self.particles:
            return 0.0
        return self.box_size * MPC_IN_KPC / self.particles ** (1 / 3)

    def cut(self, region: tuple[int, ...]) -> Self:
        """A piece of the mesh, which is no longer periodic.

        Parameters
        ----------
        region : (y0, y1, x0, x1) or (z0, z1, y0, y1, x0, x1)
            [cells]; those outside the mesh are taken modulo its sides.
        """
        spans = zip(region[::2], region[1::2], self.shape, strict=True)
        numbers = [np.arange(begin, end) % side for begin, end, side in spans]
        return self.with_values(self.values[np.ix_(*numbers)], periodic=False)

    def with_values(self, values: ArrayLike, **changes: Any) -> Self:
        """The same place with other values (and whatever else is named)."""
        return replace(self, values=frozen_array(values, np.float32), **changes)


def dark_matter_of_hydro(mesh: Mesh) -> NDArray[np.float32]:
    """Values of dark matter as a run with baryons has it.

    The particles of a dark-matter-only run carry the baryons' mass too; this is the one place
    where that share is taken off.

    Parameters
    ----------
    mesh : Mesh
        `dm`, whose values are returned as they are, or `dmo`.

    Returns
    -------
    array, as `mesh.values`
    """
    if mesh.field != "dmo":
        return mesh.values
    return mesh.values * np.float32(mesh.cosmology.dark_matter_fraction)


@dataclass(frozen=True, eq=False)
class Map(Mesh):
    """A field projected along an axis, (ny, nx).

    Parameters
    ----------
    depth : float
        Comoving, [Mpc/h].
    axis : {"x", "y", "z"}
        Line of sight.

    See Also
    --------
    Mesh : the other parameters.
    """

    _: KW_ONLY
    depth: float
    axis: str = "z"

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        ny, nx = self.values.shape
        return ny, nx

    @property
    def pixel_size(self) -> float:
        """Comoving, [kpc/h]."""
        return self.cell_size

    @property
    def pixel_area(self) -> float:
        """Comoving, [(kpc/h)^2]."""
        return self.cell_volume


@dataclass(frozen=True, eq=False)
class Slab(Map):
    """A map of one slab of a simulation, projected along an axis.

    Parameters
    ----------
    index : int
        Number of the slab.
    start : float
        Where the slab begins along the line of sight, comoving, [Mpc/h].

    See Also
    --------
    Map : the other parameters.
    """

    KIND = "slab"

    _: KW_ONLY
    index: int = 0
    start: float = 0.0

    @property
    def place(self) -> Place:
        """Where in its simulation it is."""
        return SlabPlace(self.axis, self.index)

    @property
    def where(self) -> str:
        """Which slab it is, to follow the simulation's name."""
        return f", axis {self.axis}, slab {self.index}"


@dataclass(frozen=True, eq=False)
class Grid(Mesh):
    """A field in the cells of a whole box, (nz, ny, nx).

    See Also
    --------
    Mesh : its parameters.
    """

    KIND = "grid"
    NDIM = 3

    def slab(
        self,
        axis: str = "z",
        start: float = 0.0,
        depth: float | None = None,
        index: int | None = None,
    ) -> Slab:
        """Project a layer along an axis.

        A density is summed over the depth, so that a grid and a slab of the same particles
        have the same mass in each pixel; anything else is averaged. A cell that the layer
        holds in part counts by that part.

        Parameters
        ----------
        axis : {"x", "y", "z"}
            Line of sight.
        start, depth : float
            Where the layer begins and how deep it is, comoving, [Mpc/h]; the whole box if
            the depth is left out. It may reach beyond the edge of a periodic box.
        index : int, optional
            Number of the slab; layers of that depth are counted from the box's edge if it is left
            out.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        *_, sight = map_axes(axis)
        cells = self.shape[2 - sight]
        side = self.cell_size / MPC_IN_KPC
        extent = cells * side
        depth = extent if depth is None else depth
        inside = self.periodic or (start >= 0 and start + depth <= extent * (1 + 1e-9))
        if not 0 < depth <= extent * (1 + 1e-9) or not inside:
            raise ValueError(
                f"The layer from {start:g} to {start + depth:g} Mpc/h is not one of a grid of "
                f"{extent:g} Mpc/h along {axis}: choose a start and depth within it."
            )
        share = layer_shares(cells, start / side, (start + depth) / side)
        values = np.moveaxis(self.values, 2 - sight, -1) @ share.astype(np.float32)
        values *= np.float32(self.cell_size if self.about.is_density else 1 / share.sum())
        names = [entry.name for entry in fields(Mesh) if entry.kw_only]
        common = {name: getattr(self, name) for name in names}
        index = round(start / depth) if index is None else index
        return Slab(values, self.field, **common, axis=axis, index=index, start=start, depth=depth)


def layer_shares(cells: int, begin: float, end: float) -> NDArray[np.float64]:
    """Part of each cell of a periodic row that lies between two places.

    Parameters
    ----------
    cells : int
        In the row.
    begin, end : float
        [cells]; at most one row apart.

    Returns
    -------
    array, (cells,)
        From 0 to 1.
    """
    edges = np.arange(cells + 1)
    shares = np.zeros(cells)
    for turn in (-1, 0, 1):
        shifted = edges + turn * cells + np.floor(begin / cells) * cells
        shares += np.clip(np.minimum(shifted[1:], end) - np.maximum(shifted[:-1], begin), 0.0, 1.0)
    return shares


@dataclass(frozen=True, eq=False)
class Cutout(Map):
    """A map around an object, which is not periodic.

    Parameters
    ----------
    number : int
        Row of the object in its catalogue.
    centre : (float, float, float)
        Of the object, comoving, [Mpc/h].

    See Also
    --------
    Map : the other parameters.
    """

    KIND = "cutout"

    _: KW_ONLY
    number: int = 0
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    periodic: bool = False

    @property
    def place(self) -> Place:
        """Where in its simulation it is."""
        return ObjectPlace(self.number, self.axis)

    @property
    def where(self) -> str:
        """Which object it is, to follow the simulation's name."""
        return f", axis {self.axis}, object {self.number}"
