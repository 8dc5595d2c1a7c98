"""A recipe: everything that fixes a result, and how to make the result from it again."""

import json
import re
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import torch

from engine import inputs, statistics
from engine.fields import AXES, INPUT_FIELDS, LEVELS, ORIGINS, field_named, one_of
from engine.files import sha256
from engine.json_reader import brief, built, checked_number
from engine.mesh import Slab
from engine.noise import MAX_SEED
from engine.painting import paint
from engine.places import Run, SlabPlace
from engine.results import Outcome
from engine.simulation import Simulation, open_simulation
from engine.statistics.compared import curves
from engine.surroundings import Surroundings, differences
from engine.systems.contract import Emulator
from engine.systems.registry import emulators as all_emulators
from engine.systems.registry import load_emulator

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
        _check_hash("source.sha256", self.sha256)
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
class Painting:
    """An emulator and its realisation.

    Parameters
    ----------
    emulator, level : str
        Name of the system and the input level its weights were trained on.
    weights_sha256 : str
        Of the weights.
    seed : int or None
        None where the emulator is deterministic.
    """

    emulator: str
    level: str
    weights_sha256: str
    seed: int | None

    def __post_init__(self) -> None:
        """Refuse what names no painting."""
        _check_hash("weights_sha256", self.weights_sha256)
        one_of("recipe entry level", self.level, ("", *LEVELS))
        if self.seed is not None:
            checked_number("seed", self.seed, 0, MAX_SEED)

    @classmethod
    def of(cls, emulator: Emulator, seed: int | None) -> Self:
        """Say what an emulator paints with a seed."""
        card = emulator.card
        return cls(card.system, card.level, card.weights_sha256, seed if card.stochastic else None)


@dataclass(frozen=True)
class Recipe:
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
        The second painting, if there is one.
    statistics : tuple of str
        Curves that are shown.
    scope : {"slab", "axis", "region"}
        What they are summed over: the slab, all slabs of its axis, or a region of it.
    region : tuple of int or None
        That region: (y0, y1, x0, x1), [pixels].
    made_with : Surroundings
        Releases and machine: the same give the same bits, others `TOLERANCE`.
    """

    source: Source
    field: str
    painting: Painting
    other: Painting | None
    statistics: tuple[str, ...]
    scope: str
    region: tuple[int, ...] | None
    made_with: Surroundings

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

    @property
    def paintings(self) -> dict[str, Painting]:
        """By the names of their maps."""
        second = {"other": self.other} if self.other else {}
        return {"prediction": self.painting, **second}

    def to_json(self) -> str:
        """Write it as text; `from_json` reads it."""
        return json.dumps({"format": FORMAT, "format_version": VERSION, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            In one sentence, naming the entry, what was found and what was expected.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"The recipe is no whole JSON ({error}), expected the text of one recipe."
            ) from None
        if not isinstance(content, dict):
            raise ValueError(f"The recipe is {brief(content)}, expected a JSON object.")
        for name, expected in (("format", FORMAT), ("format_version", VERSION)):
            if (found := content.pop(name, None)) != expected:
                raise ValueError(f"recipe entry {name} is {brief(found)}, expected {expected!r}.")
        recipe: Self = built(cls, content, "recipe")
        return recipe


def check(recipe: Recipe) -> tuple[str, ...]:
    """Compare what a recipe was made from with what is found here.

    Returns
    -------
    tuple of str
        A sentence if releases or machine differ, so that the last digits may; else nothing.

    Raises
    ------
    ValueError
        In one sentence, if the simulation or an emulator's weights are missing or others.
    """
    path = open_simulation(recipe.source.simulation).path
    _check_same(path.name, file_sha256(path), recipe.source.sha256)
    cards = {(card.system, card.field, card.level): card for card in all_emulators()}
    for painting in recipe.paintings.values():
        card = cards.get((painting.emulator, recipe.field, painting.level))
        if card is None:
            raise ValueError(
                f"There is no {painting.emulator} for {recipe.field} from {painting.level} here, "
                f"expected the weights of sha256 {painting.weights_sha256[:12]}...: copy them to "
                "your data folder."
            )
        _check_same(f"{card.name}.safetensors", card.weights_sha256, painting.weights_sha256)
    here = Surroundings.here(_device(recipe))
    return differences(recipe.made_with, here)


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
    emulators = {
        name: load_emulator(p.emulator, recipe.field, p.level, _device(recipe))
        for name, p in recipe.paintings.items()
    }
    maps = _maps(recipe, simulation, emulators, recipe.source.place)
    summed = [maps]
    if recipe.scope == "axis":
        axis = recipe.source.axis
        places = [SlabPlace(axis, index) for index in range(simulation.n_slabs(axis))]
        summed = [_maps(recipe, simulation, emulators, place) for place in places]
    by_name = {name: [each[name] for each in summed] for name in maps}
    if recipe.region is not None:
        y0, y1, x0, x1 = recipe.region
        by_name = {name: [s.cut((y0, y1, x0, x1)) for s in each] for name, each in by_name.items()}
    return Outcome(maps, {name: curves(name, by_name) for name in recipe.statistics})


def _maps(
    recipe: Recipe, simulation: Simulation, emulators: dict[str, Emulator], place: SlabPlace
) -> dict[str, Slab]:
    """Input, truth and paintings of a slab."""
    card = emulators["prediction"].card
    eaten = inputs.inputs(simulation, card, place, recipe.source.run)
    maps: dict[str, Any] = {"input": eaten[card.inputs[0].name]}
    true = inputs.truth(simulation, card, place)
    if true is not None:
        maps["truth"] = true
    for name, painting in recipe.paintings.items():
        maps[name] = paint(
            emulators[name], simulation, place, recipe.source.run, seed=painting.seed or 0
        )
    return maps


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, remembered until the file changes."""
    about = path.stat()
    return _sha256(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=32)
def _sha256(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 (they tell versions apart)
    return sha256(path)


def _device(recipe: Recipe) -> str:
    """Device of the recipe's kind, or the CPU where there is none."""
    kind = recipe.made_with.device.split(":")[0]
    return kind if kind == "cpu" or torch.cuda.is_available() else "cpu"


def _check_same(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(
            f"{name} is not the file the recipe was made with (sha256 {found[:12]}..., expected "
            f"{expected[:12]}...): put that file in its place or make the result anew."
        )


def _check_hash(entry: str, found: str) -> None:
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise ValueError(f"recipe entry {entry} is {found!r}, expected 64 hexadecimal digits.")
