"""Which systems can be trained: classes found in their files here."""

import importlib
import pkgutil
from typing import Any

from engine.fields import one_of
from training.config import RunConfig
from training.systems.contract import System, Weights

CLASSES: dict[str, type[System[Any, Any]]] = {}


def register(cls: type[System[Any, Any]]) -> type[System[Any, Any]]:
    """Offer a class as the training of its configuration's system."""
    CLASSES[cls.config_class.system] = cls
    return cls


def systems() -> dict[str, type[System[Any, Any]]]:
    """Classes by name, importing all of them first."""
    package = importlib.import_module("training.systems")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(CLASSES.items()))


def preset(name: str, system: str = "ember-unet", **changes: object) -> RunConfig:
    """Look a preset up by name, with some of its values changed.

    Raises
    ------
    ValueError
        If there is no preset or no system of that name, or it can't have these values.
    """
    found = systems()
    presets = found[one_of("Emulator to train", system, tuple(found))].presets
    return presets[one_of("Training preset", name, tuple(presets))](**changes)


def system_for(config: RunConfig, weights: Weights | None = None) -> System[Any, Any]:
    """Make the training that a configuration is for, from given weights or fresh ones."""
    system = systems()[config.system]
    fitting = (each for each in (system, *system.variants) if isinstance(config, each.config_class))
    return next(fitting)(config, weights)
