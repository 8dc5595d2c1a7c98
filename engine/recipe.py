"""A recipe: everything that fixes a result, and how to make the result from it again."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from engine import inputs, statistics
from engine.fields import AXES, INPUT_FIELDS, LEVELS, ORIGINS, field_named, one_of
from engine.json_reader import checked_number
from engine.mesh import Slab
from engine.painting import paint
from engine.places import Run, SlabPlace
from engine.recipe_file import (
    Painting,
    PaintingRecipe,
    Value,
    check,
    check_hash,
    file_sha256,
    loaded,
)
from engine.results import Outcome
from engine.simulation import Simulation, open_simulation
from engine.statistics.compared import alike, curves
from engine.surroundings import Surroundings
from engine.systems.contract import Emulator

FORMAT = "baryon-explorer recipe"
VERSION = 1

SCOPES = ("slab", "axis", "region")


@dataclass(frozen=True)
class Source:
    """The dark matter that is painted.

    Parameters
    ----------
    simulation : str
        Name of its slab file.
    sha256 : str
        Of that file.
    axis, index, field, level, origin
        Of the slab, see `Simulation.slab`.
    """

    simulation: str
    sha256: str
    axis: str
    index: int
    field: str
    level: str
    origin: str

    def __post_init__(self) -> None:
        """Refuse what names no slab."""
        check_hash("source.sha256", self.sha256)
        one_of("recipe entry source.axis", self.axis, tuple(AXES))
        one_of("recipe entry source.field", self.field, INPUT_FIELDS)
        one_of("recipe entry source.level", self.level, LEVELS)
        one_of("recipe entry source.origin", self.origin, ORIGINS)
        checked_number("source.index", self.index, 0, None)

    @property
    def run(self) -> Run:
        """Which run the dark matter is of."""
        return Run(self.field, self.level, self.origin)

    @property
    def place(self) -> SlabPlace:
        """Where it is."""
        return SlabPlace(self.axis, self.index)

    @classmethod
    def of(cls, simulation: Simulation, dark_matter: Slab) -> Self:
        """Say which slab of a simulation was painted."""
        slab = dark_matter
        digest = file_sha256(simulation.path)
        return cls(
            simulation.name, digest, slab.axis, slab.index, slab.field, slab.level, slab.origin
        )


@dataclass(frozen=True)
class Recipe(PaintingRecipe):
    """Everything a result is fixed by.

    Parameters
    ----------
    source : Source
        The dark matter.
    field : str
        What is painted.
    painting : Painting
        By what and with which seed.
    other : Painting or None
        The second painting, if there is one, with its card's parameters.
    statistics : tuple of str
        Curves that are shown.
    scope : {"slab", "axis", "region"}
        What they are summed over: the slab, all slabs of its axis, or a region of it.
    region : tuple of int or None
        That region: (y0, y1, x0, x1), [pixels].
    made_with : Surroundings
        Releases and machine: the same give the same bits, others `TOLERANCE`.
    parameters : tuple of Value
        Of the painting, those that aren't its card's.
    """

    source: Source
    field: str
    painting: Painting
    other: Painting | None
    statistics: tuple[str, ...]
    scope: str
    region: tuple[int, ...] | None
    made_with: Surroundings
    parameters: tuple[Value, ...] = ()

    FILE_FORMAT = FORMAT
    FILE_VERSION = VERSION
    ADDED: ClassVar[Mapping[str, Any]] = {"parameters": []}

    def __post_init__(self) -> None:
        """Refuse fields and statistics the engine doesn't know."""
        field_named(self.field)
        for name in self.statistics:
            one_of("recipe entry statistics", name, tuple(statistics.names()))
        one_of("recipe entry scope", self.scope, SCOPES)
        if (self.scope == "region") != (self.region is not None and len(self.region) == 4):
            raise ValueError(
                f"recipe entry region is {self.region} for the scope {self.scope!r}, expected four "
                "numbers [y0, y1, x0, x1] for the scope 'region' and null for others."
            )


def rerun(recipe: Recipe) -> Outcome:
    """Make a recipe's maps and curves again.

    The same bits as before on the same processor with the same releases and number of
    threads; warns where these differ, since then only `TOLERANCE` is promised.

    Raises
    ------
    ValueError
        In one sentence, if the simulation or an emulator's weights are missing or others.
    """
    for difference in check(recipe):
        warnings.warn(difference, stacklevel=2)
    simulation = open_simulation(recipe.source.simulation)
    emulators = loaded(recipe)
    maps = _maps(recipe, simulation, emulators, recipe.source.place)
    summed = [maps]
    if recipe.scope == "axis":
        axis = recipe.source.axis
        places = [SlabPlace(axis, index) for index in range(simulation.n_slabs(axis))]
        summed = [_maps(recipe, simulation, emulators, place) for place in places]
    region: Any = recipe.region
    compared = [alike(each, region) for each in summed]
    by_name = {name: [each[name] for each in compared] for name in maps}
    return Outcome(maps, {name: curves(name, by_name) for name in recipe.statistics})


def _maps(
    recipe: Recipe, simulation: Simulation, emulators: dict[str, Emulator], place: SlabPlace
) -> dict[str, Slab]:
    """Input, truth and paintings of a slab."""
    card = emulators["prediction"].card
    maps: dict[str, Any] = {"input": inputs.mesh_at(simulation, place, recipe.source.run)}
    true = inputs.truth(simulation, card, place)
    if true is not None:
        maps["truth"] = true
    for name, painting in recipe.paintings.items():
        maps[name] = paint(
            emulators[name],
            simulation,
            place,
            recipe.source.run,
            seed=painting.seed or 0,
            parameters=recipe.numbers if name == "prediction" else None,
        )
    return maps
