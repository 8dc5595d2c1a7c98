"""What recipes of every kind have: how they are written, read and checked, and their paintings."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, cast

import torch

from engine.fields import LEVELS, one_of
from engine.files import sha256
from engine.json_reader import brief, built, checked_number
from engine.noise import MAX_SEED
from engine.simulation import open_simulation
from engine.surroundings import Surroundings, differences
from engine.systems.card import EPOCH
from engine.systems.contract import Emulator
from engine.systems.registry import emulators as all_emulators
from engine.systems.registry import load_emulator


@dataclass(frozen=True)
class Painting:
    """An emulator and its realisation.

    Parameters
    ----------
    emulator, level : str
        Name of the system and the input level its weights were trained on; the output time of
        those that have no level.
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
        check_hash("weights_sha256", self.weights_sha256)
        if not EPOCH.fullmatch(self.level):
            one_of("recipe entry level", self.level, ("", *LEVELS))
        if self.seed is not None:
            checked_number("seed", self.seed, 0, MAX_SEED)

    @classmethod
    def of(cls, emulator: Emulator, seed: int | None) -> Self:
        """Say what an emulator paints with a seed."""
        card = emulator.card
        drawn = seed if card.stochastic else None
        return cls(card.system, card.trained_for, card.weights_sha256, drawn)


@dataclass(frozen=True)
class Value:
    """A parameter of the emulator that isn't its card's.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : float
        Instead of the card's.
    """

    name: str
    value: float


class RecipeFile:
    """How recipes of every kind are written and read."""

    FILE_FORMAT: ClassVar[str]
    FILE_VERSION: ClassVar[int]
    ADDED: ClassVar[Mapping[str, Any]] = {}
    """Entries that files of before may lack."""

    def to_json(self) -> str:
        """Write it as text; `from_json` reads it."""
        entries = asdict(cast("Any", self))
        known = {"format": self.FILE_FORMAT, "format_version": self.FILE_VERSION}
        return json.dumps({**known, **entries}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            In one sentence, naming the entry, what was found and what was expected.
        """
        content = json_object(text)
        for name, expected in (("format", cls.FILE_FORMAT), ("format_version", cls.FILE_VERSION)):
            if (found := content.pop(name, None)) != expected:
                raise ValueError(f"recipe entry {name} is {brief(found)}, expected {expected!r}.")
        recipe: Self = built(cls, {**cls.ADDED, **content}, "recipe")
        return recipe


class PaintingRecipe(RecipeFile):
    """What recipes of one field have in common: their paintings.

    Parameters
    ----------
    painting : Painting
        The prediction.
    other : Painting or None
        A second one, if there is one, with its card's parameters.
    parameters : tuple of Value
        Of the prediction, those that aren't its card's.
    """

    painting: Painting | None
    other: Painting | None
    parameters: tuple[Value, ...]

    @property
    def numbers(self) -> dict[str, float]:
        """Parameters of the prediction by name."""
        return {each.name: each.value for each in self.parameters}

    @property
    def paintings(self) -> dict[str, Painting]:
        """By the names of their maps, those there are."""
        found = {"prediction": self.painting, "other": self.other}
        return {name: painting for name, painting in found.items() if painting is not None}


def json_object(text: str) -> dict[str, Any]:
    """Read the JSON of a recipe of any kind.

    Raises
    ------
    ValueError
        In one sentence, if it is none.
    """
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(
            f"The recipe is no whole JSON ({error}), expected the text of one recipe."
        ) from None
    if not isinstance(content, dict):
        raise ValueError(f"The recipe is {brief(content)}, expected a JSON object.")
    return content


class Origin(Protocol):
    """What is painted from."""

    @property
    def simulation(self) -> str:
        """Name of its file."""

    @property
    def sha256(self) -> str:
        """Of that file."""


class Written(Protocol):
    """What recipes of all kinds have."""

    @property
    def source(self) -> Origin:
        """What is painted from."""

    @property
    def field(self) -> str:
        """What is painted."""

    @property
    def paintings(self) -> dict[str, Painting]:
        """By name."""

    @property
    def made_with(self) -> Surroundings:
        """Releases and machine."""


def check(recipe: Written) -> tuple[str, ...]:
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
    cards = {(card.system, card.field, card.trained_for): card for card in all_emulators()}
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


def loaded(recipe: Written) -> dict[str, Emulator]:
    """Load a recipe's emulators by the names of their paintings."""
    return {
        name: load_emulator(p.emulator, recipe.field, p.level, _device(recipe))
        for name, p in recipe.paintings.items()
    }


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, remembered until the file changes."""
    about = path.stat()
    return _sha256(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=32)
def _sha256(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 (they tell versions apart)
    return sha256(path)


def _device(recipe: Written) -> str:
    """Device of the recipe's kind, or the CPU where there is none."""
    kind = recipe.made_with.device.split(":")[0]
    return kind if kind == "cpu" or torch.cuda.is_available() else "cpu"


def _check_same(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(
            f"{name} is not the file the recipe was made with (sha256 {found[:12]}..., expected "
            f"{expected[:12]}...): put that file in its place or make the result anew."
        )


def check_hash(entry: str, found: str) -> None:
    """Refuse what is no SHA-256, by its entry's name in a recipe."""
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise ValueError(f"recipe entry {entry} is {found!r}, expected 64 hexadecimal digits.")
