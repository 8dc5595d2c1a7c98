"""A recipe of clusters: everything that fixes their paintings and curves, and how to rerun it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Self

import numpy as np

from engine import inputs, statistics
from engine.fields import AXES, INPUT_FIELDS, LEVELS, field_named, one_of
from engine.halos import Objects
from engine.json_reader import checked_number
from engine.mesh import Cutout
from engine.places import ObjectPlace, Run
from engine.recipe_file import (
    Painting,
    PaintingRecipe,
    RecipeFile,
    check_hash,
    file_sha256,
    loaded,
)
from engine.recipe_file import check as check_one
from engine.results import Curve, Outcome, Table
from engine.simulation import Simulation, open_simulation
from engine.statistics.compared import COMPARED
from engine.statistics.object_totals import total, total_words
from engine.surroundings import Surroundings
from engine.systems.contract import Emulator

FORMAT = "baryon-explorer cluster recipe"
VERSION = 1

NOTE = "Of whole maps; temperatures of the pixels with gas within R500c, where the table has one."


@dataclass(frozen=True)
class ClusterSource:
    """What the clusters are painted from.

    Parameters
    ----------
    simulation : str
        Name of its file.
    sha256 : str
        Of that file.
    axis : {"x", "y", "z"}
        Line of sight.
    number : int
        Row in the catalogue of the cluster whose maps are shown.
    field, level
        Of the dark matter, see `engine.places.Run`.
    """

    simulation: str
    sha256: str
    axis: str
    number: int
    field: str
    level: str

    def __post_init__(self) -> None:
        """Refuse what names no cluster."""
        check_hash("source.sha256", self.sha256)
        one_of("recipe entry source.axis", self.axis, tuple(AXES))
        one_of("recipe entry source.field", self.field, INPUT_FIELDS)
        one_of("recipe entry source.level", self.level, LEVELS)
        checked_number("source.number", self.number, 0, None)

    @property
    def place(self) -> ObjectPlace:
        """Which cluster the maps are of, and from where it is seen."""
        return ObjectPlace(self.number, self.axis)

    @property
    def run(self) -> Run:
        """Which run the dark matter is of."""
        return Run(self.field, self.level)

    @classmethod
    def of(cls, simulation: Simulation, dark_matter: Cutout) -> Self:
        """Say which cluster of a simulation was painted."""
        cut = dark_matter
        digest = file_sha256(simulation.path)
        return cls(simulation.name, digest, cut.axis, cut.number, cut.field, cut.level)


@dataclass(frozen=True)
class Quantity:
    """A field of the clusters and what paints it.

    Parameters
    ----------
    field : str
        Of the maps.
    painting, other : Painting or None
        By what, and what it is compared with; None where an emulator doesn't paint this field.
    """

    field: str
    painting: Painting | None
    other: Painting | None

    def __post_init__(self) -> None:
        """Refuse a field the engine doesn't know."""
        field_named(self.field)


@dataclass(frozen=True)
class _OfField(PaintingRecipe):
    """One quantity of a recipe, as recipes of one field are."""

    source: ClusterSource
    field: str
    painting: Painting | None
    other: Painting | None
    made_with: Surroundings


@dataclass(frozen=True)
class ClusterRecipe(RecipeFile):
    """Everything that maps of a cluster and curves of many are fixed by.

    Parameters
    ----------
    source : ClusterSource
        What is painted from.
    quantities : tuple of Quantity
        What is painted, and by what.
    shown : tuple of int
        Rows in the catalogue of the clusters that functions and table are of.
    made_with : Surroundings
        Releases and machine.
    """

    source: ClusterSource
    quantities: tuple[Quantity, ...]
    shown: tuple[int, ...]
    made_with: Surroundings

    FILE_FORMAT = FORMAT
    FILE_VERSION = VERSION

    def __post_init__(self) -> None:
        """Refuse clusters that have no number, and quantities that come twice or not at all."""
        for number in self.shown:
            checked_number("shown", number, 0, None)
        names = [each.field for each in self.quantities]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"recipe entry quantities is of {', '.join(names) or 'nothing'}, expected one or "
                "more fields, each once."
            )

    @property
    def each(self) -> tuple[_OfField, ...]:
        """Recipes of one quantity."""
        return tuple(
            _OfField(self.source, q.field, q.painting, q.other, self.made_with)
            for q in self.quantities
        )


def check(recipe: ClusterRecipe) -> tuple[str, ...]:
    """Compare what it was made from with what is found here; see `engine.recipe_file.check`."""
    found = [sentence for each in recipe.each for sentence in check_one(each)]
    return tuple(dict.fromkeys(found))


def rerun(recipe: ClusterRecipe) -> Outcome:
    """Paint a recipe's clusters again and measure them; see `engine.recipe.rerun`.

    Raises
    ------
    ValueError
        In one sentence, if the simulation or an emulator's weights are missing or others.
    """
    for difference in check(recipe):
        warnings.warn(difference, stacklevel=2)
    simulation, source = open_simulation(recipe.source.simulation), recipe.source
    emulators = {each.field: loaded(each) for each in recipe.each}
    one = [source.number]
    maps = {"input": simulation.cutout(source.field, source.number, source.axis)}
    curves: dict[str, dict[str, Curve]] = {}
    totals: dict[str, dict[str, list[float]]] = {}
    objects = simulation.objects()
    for field, painters in emulators.items():
        here = {n: c for n, (c,) in cutouts_of(simulation, source, field, painters, one).items()}
        maps |= {f"{field}_{name}": cutout for name, cutout in here.items()}
        every = cutouts_of(simulation, source, field, painters, recipe.shown)
        curves |= curves_of(field, here, every)
        totals[field] = {n: [of_object(c, objects) for c in some] for n, some in every.items()}
    table = object_table(objects, recipe.shown, totals)
    return Outcome(maps, {n: c for n, c in curves.items() if c}, tables={"clusters": table})


def cutouts_of(
    simulation: Simulation,
    source: ClusterSource,
    field: str,
    painters: Mapping[str, Emulator],
    numbers: Sequence[int],
) -> dict[str, list[Cutout]]:
    """Read and paint one field around some clusters, by the maps' names."""
    places = [ObjectPlace(number, source.axis) for number in numbers]
    found: dict[str, list[Cutout]] = {}
    if inputs.has(simulation, source.place, Run(field)):
        found["truth"] = simulation.cutouts_around(field, source.axis, numbers)
    for name, painter in painters.items():
        eaten = [inputs.inputs(simulation, painter.card, place, source.run) for place in places]
        found[name] = painter.predict_each(eaten)
    return found


def curves_of(
    field: str, here: Mapping[str, Cutout], every: Mapping[str, Sequence[Cutout]]
) -> dict[str, dict[str, Curve]]:
    """Profiles of one cluster, and the mass or luminosity function of some, of one field."""
    profile, function = statistics.get("radial_profile"), statistics.get("mass_function")
    found = {f"{field}_profile": {name: profile(cutout) for name, cutout in here.items()}}
    if field in function.fields:
        found[f"{field}_function"] = {
            name: function.finish(reduce(add, map(function.compute, some)))
            for name, some in every.items()
            if some
        }
    return found


def of_object(cutout: Cutout, objects: Objects) -> float:
    """Mass, luminosity, or mean temperature within R500c, of a cut-out."""
    radius = objects.columns.get("r500c")
    hot = cutout.about.quantity == "temperature" and radius is not None
    return total(cutout, float(radius[cutout.number]) if hot and radius is not None else None)


def object_table(
    objects: Objects,
    numbers: Sequence[int],
    totals: Mapping[str, Mapping[str, Sequence[float]]],
) -> Table:
    """Make the table of some clusters: what the catalogue says, and what their maps hold.

    Parameters
    ----------
    totals : mapping of str to mapping of str to sequence of float
        By field, then by the map's name, in the order of the numbers.
    """
    rows = np.asarray(numbers, int)
    columns: dict[str, Any] = {"number": rows}
    labels = {"number": "row in the catalogue"}
    for name, unit in objects.units.items():
        columns[name] = np.asarray(objects.columns[name])[rows]
        labels[name] = f"{name} of the catalogue [{unit}]" if unit else name
    for field, of_field in totals.items():
        for name in COMPARED:
            if name in of_field:
                columns[f"{field}_{name}"] = np.asarray(of_field[name])
                labels[f"{field}_{name}"] = f"{total_words(field)}, {name}"
    return Table(columns, labels, "clusters", NOTE)
