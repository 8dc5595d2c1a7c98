"""What the engine hands out: frozen arrays with their units, labels and geometry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as entry
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.cosmology import Cosmology
from engine.fields import Field, field, map_axes

MPC_IN_KPC = 1000.0

CURVE_ARRAYS = ("x", "y", "error", "count", "edges")
"""What a curve holds of numbers; all but the first two may be missing."""


def frozen_array(values: ArrayLike, dtype: Any = None) -> NDArray[Any]:
    """A C-ordered view of `values` that refuses to be written to; copied only if it must be."""
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Slab:
    """A map of one slab of a simulation, projected along an axis.

    Parameters
    ----------
    values : array, (ny, nx)
        Float32, row 0 at the smallest second coordinate, [Msun h / ckpc^2] (or the
        field's unit). Read-only.
    field : str
        Name of the field, see `engine.fields`.
    pixel_size : float
        Comoving, [kpc/h].
    depth, box_size : float
        Comoving, [Mpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    simulation, axis, index, level, origin
        Where the map comes from.
    particles : int
        Number of particles in the whole run at this level; 0 if not known.
    emulator : str
        Name of the emulator that painted it; empty for simulated maps.
    seed : int or None
        Seed of the realisation; None for simulated and deterministic maps.
    periodic : bool
        Whether opposite edges of the map meet.
    warnings : tuple of str
        One sentence each: where not to trust it.
    start : float
        Where the slab begins along the line of sight, comoving, [Mpc/h].
    """

    values: NDArray[np.float32]
    field: str
    pixel_size: float
    depth: float
    box_size: float
    redshift: float
    cosmology: Cosmology
    simulation: str = ""
    axis: str = "z"
    index: int = 0
    level: str = "HR"
    origin: str = "ds"
    particles: int = 0
    emulator: str = ""
    seed: int | None = None
    periodic: bool = True
    warnings: tuple[str, ...] = ()
    start: float = 0.0

    def __post_init__(self) -> None:
        """Freeze the map and refuse one that is not a map of a known field."""
        field(self.field)
        values = frozen_array(self.values, np.float32)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"Slab values have shape {values.shape}, expected (ny, nx).")
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        ny, nx = self.values.shape
        return ny, nx

    @property
    def about(self) -> Field:
        """Label and unit of the field."""
        return field(self.field)

    @property
    def pixel_area(self) -> float:
        """Comoving, [(kpc/h)^2]."""
        return self.pixel_size**2

    @property
    def separation(self) -> float:
        """Mean particle separation the level stands for, comoving [kpc/h]; 0 if not known."""
        if not self.particles:
            return 0.0
        return self.box_size * MPC_IN_KPC / self.particles ** (1 / 3)

    def cut(self, region: tuple[int, int, int, int]) -> Self:
        """A piece of the map, which is no longer periodic.

        Parameters
        ----------
        region : (y0, y1, x0, x1)
            [pixels]; those outside the map are taken modulo its sides.
        """
        y0, y1, x0, x1 = region
        rows, columns = np.arange(y0, y1) % self.shape[0], np.arange(x0, x1) % self.shape[1]
        return self.with_values(self.values[np.ix_(rows, columns)], periodic=False)

    def with_values(self, values: ArrayLike, **changes: Any) -> Self:
        """The same place with other values (and whatever else is named)."""
        return replace(self, values=frozen_array(values, np.float32), **changes)


@dataclass(frozen=True, eq=False)
class Curve:
    """A statistic as a function of one variable.

    Parameters
    ----------
    x, y : array, (n,)
        Places and values.
    error : array, (n,) or None
        One standard deviation; `error_kind` says from what.
    count : array, (n,) or None
        Modes, pixels or objects per bin.
    edges : array, (n + 1,) or None
        Bin edges.
    name, x_label, y_label, error_kind : str
        Words and units for the axes and the legend.
    x_log, y_log : bool
        How it is usually drawn.
    note : str
        What a reader must know (for example that a window was used).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    name: str
    x_label: str
    y_label: str
    error: NDArray[np.float64] | None = None
    count: NDArray[np.float64] | None = None
    edges: NDArray[np.float64] | None = None
    error_kind: str = ""
    x_log: bool = True
    y_log: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        """Freeze the arrays and refuse lengths that don't match."""
        for name in CURVE_ARRAYS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))
        lengths = {
            n: len(v) for n in ("x", "y", "error", "count") if (v := getattr(self, n)) is not None
        }
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Curve {self.name!r} has arrays of different lengths: {lengths}.")


@dataclass(frozen=True, eq=False)
class Points:
    """One quantity against another for single objects: what a scatter plot shows.

    Parameters
    ----------
    x, y : array, (n,)
        Places and values.
    name, x_label, y_label : str
        Words and units for the axes and the legend.
    columns : mapping of str to array, (n,)
        What else is known of each point, by name, for example its halo's number.
    colour : str
        Name of the column that colours the points; empty if none does.
    colour_label : str
        Words and unit for the colour bar.
    x_log, y_log : bool
        How it is usually drawn.
    note : str
        What a reader must know.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    name: str
    x_label: str
    y_label: str
    columns: Mapping[str, NDArray[Any]] = entry(default_factory=dict)
    colour: str = ""
    colour_label: str = ""
    x_log: bool = True
    y_log: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        """Freeze the arrays, refuse lengths that don't match and a colour that is no column."""
        for name in ("x", "y"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))
        columns = {name: frozen_array(values) for name, values in self.columns.items()}
        object.__setattr__(self, "columns", MappingProxyType(columns))
        lengths = {n: len(v) for n, v in {"x": self.x, "y": self.y, **columns}.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Points {self.name!r} have arrays of different lengths: {lengths}.")
        if self.colour and self.colour not in columns:
            raise ValueError(
                f"Points {self.name!r} are coloured by {self.colour!r}, expected one of "
                f"{', '.join(columns) or 'no column'}."
            )

    def __len__(self) -> int:
        """Number of points."""
        return len(self.x)

    def select(self, chosen: NDArray[Any]) -> Self:
        """The points that a mask or indices choose, (n,) or (m,)."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return replace(self, x=self.x[chosen], y=self.y[chosen], columns=columns)


@dataclass(frozen=True, eq=False)
class Table:
    """What is known of single objects, a row each.

    Parameters
    ----------
    columns : mapping of str to array, (n,)
        Numbers by the column's name.
    labels : mapping of str to str
        Words and unit of every column.
    name : str
        Of what the rows are.
    note : str
        What a reader must know.
    """

    columns: Mapping[str, NDArray[Any]]
    labels: Mapping[str, str]
    name: str
    note: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns, refuse lengths that don't match and columns without words."""
        columns = {name: frozen_array(values) for name, values in self.columns.items()}
        object.__setattr__(self, "columns", MappingProxyType(columns))
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Table {self.name!r} has columns of different lengths: {lengths}.")
        if list(columns) != list(self.labels):
            raise ValueError(
                f"Table {self.name!r} has labels of {', '.join(self.labels)}, expected one for "
                f"each of its columns {', '.join(columns)}."
            )


@dataclass(frozen=True, eq=False)
class Outcome:
    """Maps of one slab and the curves of them that were compared.

    Parameters
    ----------
    maps : mapping of str to Slab
        "input" and, as far as there are such, "truth", "prediction" and "other".
    curves : mapping of str to mapping of str to Curve
        By the statistic's name, then by the map's.
    beside : mapping of str to mapping of str to Curve
        Curves that no recipe makes again, of haloes or of many samples; likewise.
    tables : mapping of str to Table
        Of single objects; no recipe makes them again.
    """

    maps: Mapping[str, Slab]
    curves: Mapping[str, Mapping[str, Curve]]
    beside: Mapping[str, Mapping[str, Curve]] = entry(default_factory=dict)
    tables: Mapping[str, Table] = entry(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array a recipe makes, by a path as "maps/truth" or "curves/pdf/truth/y"."""
        found: dict[str, NDArray[Any]] = {f"maps/{n}": s.values for n, s in self.maps.items()}
        for statistic, curves in self.curves.items():
            for name, curve in curves.items():
                for part in CURVE_ARRAYS:
                    if getattr(curve, part) is not None:
                        found[f"curves/{statistic}/{name}/{part}"] = getattr(curve, part)
        return found


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
        height = self.position[:, map_axes(slab.axis)[2]].astype(np.float64)
        # Counted from slab 0, so that rounding can't put a centre in two slabs or in none.
        first = slab.start - slab.index * slab.depth
        slabs = max(1, round(slab.box_size / slab.depth))
        above = np.mod(height - first, slab.box_size)
        number = np.minimum((above / slab.depth).astype(np.intp), slabs - 1)
        return np.flatnonzero(number == slab.index % slabs)


Progress = Callable[[float, str], None]
"""Called now and then with the fraction done and what is being done."""
