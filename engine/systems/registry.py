"""Which emulators there are: classes found in their files here, cards found on disk."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from engine.assets import asset_folders
from engine.fields import one_of
from engine.systems.card import ModelCard, read_card
from engine.systems.contract import Emulator
from engine.systems.weights import read_weights

CLASSES: dict[str, type[Emulator]] = {}


def register(system: str) -> Callable[[type[Emulator]], type[Emulator]]:
    """Offer a class as the emulator of that name."""

    def add(cls: type[Emulator]) -> type[Emulator]:
        CLASSES[system] = cls
        return cls

    return add


def emulators() -> list[ModelCard]:
    """Cards of all trained emulators that ship or lie in the user's data folder.

    A card that can't be read is left out with a warning, so that one broken file doesn't
    hide the others.
    """
    return [card for _, card in _found().values()]


def load_emulator(
    name: str, field: str = "gas", level: str = "HR", device: str = "auto"
) -> Emulator:
    """Load a trained emulator.

    Parameters
    ----------
    name : str
        Of the system, for example "ember-unet".
    field, level : str
        What it paints, and from which input level. An emulator that begins at the initial
        conditions has none: any stands for its first weights, and "z0" or the like for others.
    device : str
        "auto" (CUDA if there is any), "cpu" or "cuda".

    Raises
    ------
    ValueError
        In one sentence, if there is none such or its files can't be used.
    """
    found = _found()
    if (name, field, level) not in found and (name, field, "") in found:
        level = ""
    if (name, field, level) not in found:
        raise ValueError(_none_such(name, field, level, list(found)))
    path, card = found[name, field, level]
    return emulator_class(name)(card, read_weights(path, card), device)


def emulator_class(system: str) -> type[Emulator]:
    """Class of a system, importing all of them (and torch) first.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    # Only now: these modules import torch, which takes seconds.
    package = importlib.import_module("engine.systems")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return CLASSES[one_of("emulator", system, tuple(CLASSES))]


@lru_cache(maxsize=64)
def to_beat(system: str) -> str:
    """Name the baseline that a system has to beat, remembered; empty for a baseline itself."""
    try:
        return emulator_class(system).baseline
    except ValueError:  # a card whose system this release hasn't got
        return ""


def _found() -> dict[tuple[str, str, str], tuple[Path, ModelCard]]:
    """Cards with their files; the user's hide shipped ones for the same."""
    found: dict[tuple[str, str, str], tuple[Path, ModelCard]] = {}
    for folder in asset_folders("weights"):
        for path in sorted(folder.glob("*.json")):
            try:
                card = read_card(path)
            except ValueError as error:
                warnings.warn(f"An emulator is left out: {error}", stacklevel=3)
                continue
            found.setdefault((card.system, card.field, card.trained_for), (path, card))
    return found


def _none_such(name: str, field: str, level: str, found: list[tuple[str, str, str]]) -> str:
    systems = sorted({key[0] for key in found})
    if name not in systems:
        return f"emulator is {name!r}, expected one of {', '.join(systems) or 'none yet'}."
    trained = ", ".join(f"{f} from {lev}" for s, f, lev in found if s == name)
    return f"{name} has no weights for {field} from {level}, expected one of {trained}."
