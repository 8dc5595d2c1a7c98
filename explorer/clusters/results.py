"""What the page shows of clusters: one of them as maps, the curves of all that are in the table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.fields import field_named
from engine.inference import ResultCache, prediction_key
from engine.inputs import eats_dark_matter, has
from engine.mesh import Cutout, Mesh
from engine.places import Run
from engine.results import Curve, Points
from engine.simulation import Simulation
from engine.statistics.compared import COMPARED
from engine.statistics.profile_spread import Spread, spread_of
from engine.statistics.scaling_fit import FEWEST, Fit, fit, residual_correlation
from engine.systems.card import ModelCard
from explorer.clusters.objects import QUANTITIES, ClusterTable, Measures, table_of
from explorer.clusters.selection import ClusterRequest
from explorer.results import PAINTING, Results, card_named, device_in_words, trained

Every = Mapping[str, Mapping[str, Mapping[int, Measures]]]
"""What is measured of all clusters so far, by the map's name, the field and the cluster's row."""

BY_MASS = "M500c [Msun/h]"


@dataclass(frozen=True)
class Errors:
    """By how much totals of paintings are off, as parts of the truth's.

    Parameters
    ----------
    median, mean, size : float
        Of the errors, and the median of their size.
    count : int
        Clusters.
    """

    median: float
    mean: float
    size: float
    count: int


@dataclass(frozen=True, eq=False)
class ClusterResults(Results):
    """What one request for clusters came to, as far as it has come.

    Parameters
    ----------
    table : ClusterTable or None
        Of the simulation.
    maps : mapping of str to mapping of str to Cutout
        Around the cluster on show: by field, then "truth", "prediction", "other", as far as they
        are there.
    notes : mapping of str to mapping of str to str
        Why there is none, likewise.
    every : mapping
        What is measured of all clusters.
    measured : bool
        Whether that is all there can be.
    passed, shown : tuple of int
        Rows of the catalogue that the filters let pass, and those of them that are picked on the
        relation too: the table's.
    spreads : mapping of str to Spread
        Of the radial profiles of those shown, by the map's name.
    functions : mapping of str to mapping of str to Curve
        Of those shown, by field and map.
    relation : mapping of str to Points
        Of those that pass, by map.
    fits : mapping of str to Fit
        To the relation.
    alike : mapping of str to float
        Correlation of the truth's residuals with each painting's.
    errors : mapping of str to mapping of str to Errors
        Of those shown, by field and painting.

    See Also
    --------
    Results : the other parameters; truth and paintings there are of the request's field.
    """

    request: ClusterRequest
    table: ClusterTable | None = None
    maps: Mapping[str, Mapping[str, Cutout]] = attribute(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = attribute(default_factory=dict)
    every: Every = attribute(default_factory=dict)
    measured: bool = False
    passed: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    spreads: Mapping[str, Spread] = attribute(default_factory=dict)
    functions: Mapping[str, Mapping[str, Curve]] = attribute(default_factory=dict)
    relation: Mapping[str, Points] = attribute(default_factory=dict)
    fits: Mapping[str, Fit] = attribute(default_factory=dict)
    alike: Mapping[str, float] = attribute(default_factory=dict)
    errors: Mapping[str, Mapping[str, Errors]] = attribute(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all clusters are measured."""
        return self.measured

    @property
    def has_paintings(self) -> bool:
        """Whether the cluster on show is painted, as far as it can be."""
        return not any(PAINTING in notes.values() for notes in self.notes.values())

    @property
    def has_truth(self) -> bool:
        """Whether the simulation has any of the quantities."""
        return any("truth" in maps for maps in self.maps.values())

    def paintings(self) -> dict[str, ClusterRequest]:
        """Requests of the paintings there are to be, by the map's name."""
        found: dict[str, Any] = {}
        if self.request.emulator:
            found["prediction"] = self.request
        if self.request.other:
            found["other"] = self.request.of_other()
        return found


def card_for(request: ClusterRequest, field: str) -> ModelCard | None:
    """Card by which a request's emulator paints a field."""
    return card_named(request.emulator, field, request.run.level)


def eaten_of(simulation: Simulation, card: ModelCard, dark: Cutout) -> dict[str, Mesh]:
    """Gather what an emulator eats around a cluster."""
    return {
        each.name: dark
        if eats_dark_matter(each)
        else simulation.cutout(each.field, dark.number, dark.axis)
        for each in card.inputs
    }


def read_cluster(simulation: Simulation, request: ClusterRequest) -> ClusterResults:
    """Read the maps of one cluster, as far as it needs no painting."""
    place = request.place
    dark = simulation.cutout(request.run.field, place.number, place.axis)
    maps: dict[str, dict[str, Cutout]] = {}
    notes: dict[str, dict[str, str]] = {}
    for field in QUANTITIES:
        maps[field], notes[field] = {}, {}
        if has(simulation, place, Run(field)):
            maps[field]["truth"] = simulation.cutout(field, place.number, place.axis)
        else:
            notes[field]["truth"] = f"{request.simulation}\nhas none"
    shown: Any = dark
    found = ClusterResults(request, shown, table=table_of(simulation), maps=maps, notes=notes)
    for name, asked in found.paintings().items():
        for field in QUANTITIES:
            painted = card_for(asked, field) is not None
            notes[field][name] = PAINTING if painted else "Not painted by\nthis emulator"
    if not request.emulator:
        for field in QUANTITIES:
            notes[field]["prediction"] = "No trained emulator\nwas found"
    return of_field(found)


def of_field(found: ClusterResults) -> ClusterResults:
    """Put truth and paintings of the request's field where all results have them."""
    field = found.request.field
    maps, notes = found.maps.get(field, {}), found.notes.get(field, {})
    there: dict[str, Any] = {name: maps.get(name) for name in COMPARED}
    there |= {f"no_{name}": notes.get(name, "") for name in COMPARED}
    return replace(found, **there)


def with_map(found: ClusterResults, name: str, field: str, cutout: Cutout) -> ClusterResults:
    """Add a painting of the cluster on show."""
    maps = {**found.maps, field: {**found.maps[field], name: cutout}}
    return replace(found, maps=maps, notes=noted(found, name, field, ""))


def noted(found: ClusterResults, name: str, field: str, words: str) -> dict[str, Mapping[str, str]]:
    """Say why a map isn't there; no words where it is."""
    return {**found.notes, field: {**found.notes[field], name: words}}


def remembered_cluster(
    simulation: Simulation, found: ClusterResults, cache: ResultCache
) -> ClusterResults:
    """Add paintings of the cluster on show that were made before."""
    for name, asked in found.paintings().items():
        for field in QUANTITIES:
            card = card_for(asked, field)
            if card is None:
                continue
            emulator = trained(asked.emulator, field, asked.run.level)
            dark: Any = found.input
            cutout = cache.get(prediction_key(emulator, eaten_of(simulation, card, dark)))
            if cutout is not None:
                found = with_map(found, name, field, cutout)
                found = replace(found, device=device_in_words(emulator.device))
    return of_field(found)


def summarised(found: ClusterResults) -> ClusterResults:
    """Sum up the clusters that are in the table, as far as they are measured."""
    assert found.table is not None
    passed = tuple(int(n) for n in found.table.passing(found.request.filters))
    relation = relation_of(found, passed)
    found = replace(found, passed=passed, relation=relation)
    shown = picked_of(found)
    field = found.request.field
    found = of_field(replace(found, shown=shown))
    fits = {n: fit(p) for n, p in relation.items() if fittable(p)}
    truth = relation.get("truth")
    alike = {
        name: residual_correlation(truth, points)
        for name, points in relation.items()
        if name != "truth" and truth is not None and comparable(truth, points)
    }
    return replace(
        found,
        fits=fits,
        alike=alike,
        curves={"radial_profile": profiles_of_one(found)},
        spreads={
            name: spread_of([each.profile for each in rows.values()])
            for name in found.every
            if (rows := rows_of(found, name, field, shown))
        },
        functions={each: functions_of(found, each) for each in QUANTITIES},
        errors={each: errors_of(found, each) for each in QUANTITIES},
    )


def rows_of(
    found: ClusterResults, name: str, field: str, numbers: tuple[int, ...]
) -> dict[int, Measures]:
    """Take what is measured of some clusters, those of them that are."""
    every = found.every.get(name, {}).get(field, {})
    return {number: every[number] for number in numbers if number in every}


def profiles_of_one(found: ClusterResults) -> dict[str, Curve]:
    """Take the radial profiles of the cluster on show."""
    maps = found.maps.get(found.request.field, {})
    return {name: statistics.get("radial_profile")(cutout) for name, cutout in maps.items()}


def relation_of(found: ClusterResults, numbers: tuple[int, ...]) -> dict[str, Points]:
    """Put what clusters hold of the request's field against their M500."""
    table, field = found.table, found.request.field
    relation = {}
    for name in COMPARED:
        rows = rows_of(found, name, field, numbers)
        if not rows or table is None:
            continue
        sums = reduce(add, (each.relation for each in rows.values()))
        points: Points = statistics.get("scaling_relation").finish(sums)
        if table.m500.any():
            mass = table.m500[np.asarray(points.columns["number"])]
            points = replace(points, x=mass, x_label=BY_MASS, note="")
        relation[name] = points
    return relation


def picked_of(found: ClusterResults) -> tuple[int, ...]:
    """Find the clusters in the rectangle that is picked on the relation; all without one."""
    whose = found.relation.get("truth") or found.relation.get("prediction")
    if not found.request.picked or whose is None:
        return found.passed
    x0, x1, y0, y1 = (10.0**end for end in found.request.picked)
    inside = (whose.x >= x0) & (whose.x <= x1) & (whose.y >= y0) & (whose.y <= y1)
    within = {int(number) for number in whose.columns["number"][inside]}
    return tuple(number for number in found.passed if number in within)


def fittable(points: Points) -> bool:
    """Whether a slope can be laid through points."""
    some = (points.x > 0) & (points.y > 0)
    return bool(some.sum() >= FEWEST and np.ptp(points.x[some]) > 0)


def comparable(truth: Points, painted: Points) -> bool:
    """Whether residuals of two relations are of the same clusters."""
    same = np.array_equal(truth.columns["number"], painted.columns["number"])
    both = (truth.x > 0) & (truth.y > 0) & same
    return fittable(truth.select(both & (painted.y > 0))) if same else False


def functions_of(found: ClusterResults, field: str) -> dict[str, Curve]:
    """Count the clusters shown by mass or luminosity; nothing of a temperature."""
    functions = {}
    statistic = statistics.get("mass_function")
    for name in COMPARED:
        rows = rows_of(found, name, field, found.shown).values()
        sums = [each.function for each in rows if each.function is not None and each.total > 0]
        if sums:
            functions[name] = statistic.finish(reduce(add, sums))
    return functions


def errors_of(found: ClusterResults, field: str) -> dict[str, Errors]:
    """Compare the totals of paintings with the truth's."""
    truth = rows_of(found, "truth", field, found.shown)
    errors = {}
    for name in ("prediction", "other"):
        rows = rows_of(found, name, field, found.shown)
        off = [
            rows[number].total / truth[number].total - 1
            for number in rows
            if number in truth and truth[number].total > 0 and np.isfinite(rows[number].total)
        ]
        if off:
            median, mean, size = np.median(off), np.mean(off), np.median(np.abs(off))
            errors[name] = Errors(float(median), float(mean), float(size), len(off))
    return errors


def fractional_error(first: Cutout, second: Cutout) -> NDArray[np.float32]:
    """Map of a painting over what it is held against, less one; not a number where that is zero."""
    over = np.full(first.shape, np.nan, np.float32)
    np.divide(second.values, first.values, where=first.values > 0, out=over)
    return over - 1


def quantity_name(field: str) -> str:
    """Name a field at the head of its row of maps."""
    label = field_named(field).label
    words = {"temperature_sl": "temperature", "xray": "X-ray brightness"}
    return words.get(field, label)
