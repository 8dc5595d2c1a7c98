"""A recipe of a whole box: everything that fixes its painting and curves, and how to rerun it."""

import warnings
from dataclasses import dataclass
from typing import Any, Self

from engine import inputs
from engine.fields import AXES, INPUT_FIELDS, field_named, one_of
from engine.mesh import Grid
from engine.painting import paint
from engine.places import BoxPlace, Run
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
from engine.statistics import boxes as of_boxes
from engine.surroundings import Surroundings

FORMAT = "baryon-explorer box recipe"
VERSION = 1

BOX = BoxPlace()


@dataclass(frozen=True)
class BoxSource:
    """What the box is painted from.

    Parameters
    ----------
    simulation : str
        Name of its file.
    sha256 : str
        Of that file.
    field, level, origin
        Of the dark matter, see `engine.places.Run`.
    """

    simulation: str
    sha256: str
    field: str
    level: str
    origin: str

    def __post_init__(self) -> None:
        """Refuse what names no box."""
        check_hash("source.sha256", self.sha256)
        one_of("recipe entry source.field", self.field, INPUT_FIELDS)
        Run(self.field, self.level, self.origin)

    @property
    def run(self) -> Run:
        """Which run the dark matter is of."""
        return Run(self.field, self.level, self.origin)

    @classmethod
    def of(cls, simulation: Simulation, run: Run) -> Self:
        """Say which box of a simulation was painted from."""
        digest = file_sha256(simulation.path)
        return cls(simulation.name, digest, run.field, run.level, run.origin)


@dataclass(frozen=True)
class Layer:
    """A part of the box along a line of sight, of which maps are made.

    Parameters
    ----------
    axis : {"x", "y", "z"}
        Line of sight.
    start, depth : float
        Where it begins and how deep it is, comoving, [Mpc/h].
    """

    axis: str
    start: float
    depth: float

    def __post_init__(self) -> None:
        """Refuse another axis."""
        one_of("recipe entry layer.axis", self.axis, tuple(AXES))

    def of(self, box: Grid) -> Any:
        """Cut it from a box."""
        return box.slab(self.axis, self.start, self.depth)


@dataclass(frozen=True)
class BoxRecipe(PaintingRecipe):
    """Everything a painted box, its layers and its curves are fixed by.

    Parameters
    ----------
    source : BoxSource
        What is painted from.
    field : str
        What is painted.
    painting : Painting
        By what and with which seed.
    parameters : tuple of Value
        Of that painting.
    other : Painting or None
        The second painting, if there is one, with its card's parameters.
    layer : Layer
        What maps are of.
    statistics : tuple of str
        Curves, see `engine.statistics.boxes`.
    made_with : Surroundings
        Releases and machine: the same give the same bits.
    """

    source: BoxSource
    field: str
    painting: Painting
    parameters: tuple[Value, ...]
    other: Painting | None
    layer: Layer
    statistics: tuple[str, ...]
    made_with: Surroundings

    FILE_FORMAT = FORMAT
    FILE_VERSION = VERSION

    def __post_init__(self) -> None:
        """Refuse fields and curves the engine doesn't know."""
        field_named(self.field)
        for name in self.statistics:
            one_of("recipe entry statistics", name, tuple(of_boxes.names()))


def rerun(recipe: BoxRecipe) -> Outcome:
    """Paint a recipe's box again, cut its layer and measure the whole; see `engine.recipe.rerun`.

    Raises
    ------
    ValueError
        In one sentence, if the simulation or an emulator's weights are missing or others.
    """
    for difference in check(recipe):
        warnings.warn(difference, stacklevel=2)
    boxes = boxes_of(recipe)
    curves = {name: of_boxes.curves(name, boxes) for name in recipe.statistics}
    return Outcome(
        maps={name: recipe.layer.of(box) for name, box in boxes.items()},
        curves={name: of_it for name, of_it in curves.items() if of_it},
        boxes={name: boxes[name] for name in recipe.paintings},
    )


def boxes_of(recipe: BoxRecipe) -> dict[str, Any]:
    """Read and paint all boxes of a recipe, by name, in the order of the page."""
    simulation, emulators = open_simulation(recipe.source.simulation), loaded(recipe)
    card, run = emulators["prediction"].card, recipe.source.run
    eaten = inputs.inputs(simulation, card, BOX, run)
    boxes = inputs.by_kind(eaten)
    truth = inputs.true_box(simulation, recipe.field, boxes.get("initial"), card)
    boxes = inputs.with_start(simulation, boxes)
    if truth is not None and truth.run != getattr(boxes.get("input"), "run", None):
        boxes["truth"] = truth
    for name, painting in recipe.paintings.items():
        boxes[name] = paint(
            emulators[name],
            simulation,
            BOX,
            run,
            seed=painting.seed or 0,
            parameters=recipe.numbers if name == "prediction" else None,
        )
    return boxes
