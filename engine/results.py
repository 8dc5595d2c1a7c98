"""What statistics hand out: curves, points and tables with their words and units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as entry
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Grid, frozen_array

CURVE_ARRAYS = ("x", "y", "error", "count", "edges")
"""What a curve holds of numbers; all but the first two may be missing."""


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
    """Maps of one slab, layers of a box or cut-outs, and the curves of them that were compared.

    Parameters
    ----------
    maps : mapping of str to Slab or Cutout
        "input" and, as far as there are such, "truth", "prediction" and "other".
    curves : mapping of str to mapping of str to Curve
        By the statistic's name, then by the map's.
    beside : mapping of str to mapping of str to Curve
        Curves that no recipe makes again, of haloes or of many samples; likewise.
    tables : mapping of str to Table
        Of single objects; no recipe makes them again.
    boxes : mapping of str to Grid
        Painted boxes that the maps are layers of.
    """

    maps: Mapping[str, Any]
    curves: Mapping[str, Mapping[str, Curve]]
    beside: Mapping[str, Mapping[str, Curve]] = entry(default_factory=dict)
    tables: Mapping[str, Table] = entry(default_factory=dict)
    boxes: Mapping[str, Grid] = entry(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array a recipe makes, by a path as "maps/truth" or "curves/pdf/truth/y"."""
        found: dict[str, NDArray[Any]] = {f"maps/{n}": s.values for n, s in self.maps.items()}
        found |= {f"boxes/{name}": box.values for name, box in self.boxes.items()}
        for statistic, curves in self.curves.items():
            for name, curve in curves.items():
                for part in CURVE_ARRAYS:
                    if getattr(curve, part) is not None:
                        found[f"curves/{statistic}/{name}/{part}"] = getattr(curve, part)
        return found


Progress = Callable[[float, str], None]
"""Called now and then with the fraction done and what is being done."""
