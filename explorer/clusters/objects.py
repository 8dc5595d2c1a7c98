"""The clusters of a simulation: their table, and what is measured of the map around each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.fields import OF_HOT_GAS
from engine.halos import Objects
from engine.mesh import Cutout
from engine.results import Curve
from engine.simulation import Simulation
from engine.statistics.mass_function import FunctionSums
from engine.statistics.object_totals import total
from engine.statistics.scaling_relation import RelationSums
from explorer.clusters.selection import ClusterRequest, Range

CATALOGUE = "clusters"

QUANTITIES = OF_HOT_GAS
"""Fields that clusters are looked at in, in the order of their rows of maps."""

KELVIN_IN_KEV = 8.617333262e-8
"""CODATA 2022."""

ROUND = {"mass": 0.05, "luminosity": 0.1, "temperature": 0.1, "offset": 0.01}
"""What the ends of a filter are multiples of."""

SMALL = 32
"""Pixels of a side of the pictures in the table."""


@dataclass(frozen=True, eq=False)
class ClusterTable:
    """What the catalogue says of the clusters.

    Parameters
    ----------
    numbers : array, (n,)
        Rows of the catalogue; the same objects seen from a random direction are left out.
    columns : mapping of str to array, (n,)
        By the name of the filter: "mass", log10 of M500 [Msun/h]; "luminosity", log10 of it
        within R500 [erg/s]; "temperature" within R500 [keV]; "offset" of the centre [R500]; as
        far as they are there, not a number where they have no value.
    radius : array, (m,)
        R500 of every row of the catalogue, comoving, [kpc/h]; 0 where there is none.
    m500 : array, (m,)
        Of every row of the catalogue, [Msun/h]; 0 where there is none.
    definition : str
        Of the catalogue.
    """

    numbers: NDArray[np.intp]
    columns: Mapping[str, NDArray[np.float64]]
    radius: NDArray[np.float64]
    m500: NDArray[np.float64]
    definition: str

    def spans(self) -> dict[str, Range]:
        """What columns span, to round ends; those that are the same for all aren't there."""
        found = {}
        for name, values in self.columns.items():
            some = values[np.isfinite(values)]
            if len(some) and np.ptp(some):
                step = ROUND[name]
                ends = np.floor(some.min() / step) * step, np.ceil(some.max() / step) * step
                found[name] = (round(float(ends[0]), 4), round(float(ends[1]), 4))
        return found

    def passing(self, filters: Sequence[tuple[str, Range]]) -> NDArray[np.intp]:
        """Rows of the catalogue that some filters let pass."""
        passed = np.ones(len(self.numbers), bool)
        for name, (low, high) in filters:
            if name in self.columns:
                passed &= (self.columns[name] >= low) & (self.columns[name] <= high)
        return self.numbers[passed]

    def value(self, name: str, number: int) -> float:
        """Value of a column of a row of the catalogue; not a number without one."""
        place = int(np.searchsorted(self.numbers, number))
        return float(self.columns[name][place]) if name in self.columns else float("nan")


def table_of(simulation: Simulation) -> ClusterTable:
    """Read the table of a simulation; remembered while its file is the same."""
    return _table(simulation.path, simulation.path.stat().st_mtime)


@lru_cache(maxsize=8)
def _table(path: Path, modified: float) -> ClusterTable:  # noqa: ARG001 (of a file that changed)
    objects = Simulation(path).objects(CATALOGUE)
    every = np.arange(len(objects))
    turned = objects.columns.get("orientation", np.zeros(len(objects)))
    numbers = every[np.asarray(turned) == 0]
    columns = {}
    for name, column, log in (
        ("mass", "m500c", True),
        ("luminosity", "luminosity", True),
        ("temperature", "temperature", False),
        ("offset", "offset", False),
    ):
        if column in objects.columns:
            values = physical(objects, column)[numbers]
            there = np.where(values > 0, values, np.nan) if name != "offset" else values
            columns[name] = np.log10(there) if log else there
    nothing = np.zeros(len(objects))
    radius, m500 = (
        physical(objects, name) if name in objects.columns else nothing
        for name in ("r500c", "m500c")
    )
    return ClusterTable(numbers, columns, radius, m500, objects.definition)


def physical(objects: Objects, column: str) -> NDArray[np.float64]:
    """Values of a column, without the power of ten that its unit may begin with."""
    first = objects.units.get(column, "").partition(" ")[0]
    factor = float(first) if first[:1].isdigit() else 1.0
    return factor * np.asarray(objects.columns[column], np.float64)


@dataclass(frozen=True, eq=False)
class Measures:
    """What is kept of one map of one cluster.

    Parameters
    ----------
    profile : Curve
        Radial, see `engine.statistics.radial_profile`.
    function : FunctionSums or None
        To be added up to a function; None of a temperature.
    relation : RelationSums
        To be added up to a relation.
    total : float
        Mass [Msun/h], luminosity [erg/s], or mean temperature within R500 [K].
    small : array, (n, n)
        The map on few pixels.
    """

    profile: Curve
    function: FunctionSums | None
    relation: RelationSums
    total: float
    small: NDArray[np.float32]


def measure(dark: Cutout, cutout: Cutout, radius: NDArray[np.float64]) -> Measures:
    """Measure a map around a cluster.

    Parameters
    ----------
    dark, cutout : Cutout
        Dark matter and the field.
    radius : array, (n,)
        R500 of every row of the catalogue; a temperature is of what lies within.
    """
    hot = cutout.about.quantity == "temperature"
    relation: Any = statistics.get("scaling_relation", radii=tuple(radius) if hot else None)
    return Measures(
        profile=statistics.get("radial_profile")(cutout),
        function=None if hot else statistics.get("mass_function").compute(cutout),
        relation=relation.compute(dark, cutout),
        total=total(cutout, float(radius[cutout.number]) if hot else None),
        small=smaller(cutout),
    )


def smaller(cutout: Cutout) -> NDArray[np.float32]:
    """Means over squares of a map's pixels, about `SMALL` a side."""
    step = max(1, round(cutout.shape[0] / SMALL))
    side = cutout.shape[0] // step
    values = np.nan_to_num(cutout.values[: side * step, : side * step])
    return values.reshape(side, step, -1, step).mean((1, 3))


@dataclass(frozen=True, eq=False)
class Batch:
    """Some clusters as the simulation has them.

    Parameters
    ----------
    dark : mapping of int to Cutout
        What is painted from, by row of the catalogue.
    truth : mapping of str to mapping of int to Measures
        By field.
    """

    dark: Mapping[int, Cutout]
    truth: Mapping[str, Mapping[int, Measures]]


def read_batch(simulation: Simulation, request: ClusterRequest, numbers: tuple[int, ...]) -> Batch:
    """Read and measure some clusters; remembered for all sessions while the file is the same."""
    path = simulation.path
    return _batch(path, path.stat().st_mtime, request.run.field, request.place.axis, numbers)


@lru_cache(maxsize=64)
def _batch(
    path: Path,
    modified: float,  # noqa: ARG001 (of a file that changed)
    dark_field: str,
    axis: str,
    numbers: tuple[int, ...],
) -> Batch:
    simulation = Simulation(path)
    radius = table_of(simulation).radius
    around = simulation.cutouts_around
    dark = dict(zip(numbers, around(dark_field, axis, numbers), strict=True))
    there = [field for field in QUANTITIES if (field, axis) in simulation.cutouts()]
    truth = {
        field: {
            cutout.number: measure(dark[cutout.number], cutout, radius)
            for cutout in around(field, axis, numbers)
        }
        for field in there
    }
    return Batch(dark, truth)
