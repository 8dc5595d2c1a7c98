"""The engine: simulations, emulators and statistics, without a page."""

from engine import emulators as _emulators_package  # noqa: F401  the function below takes its name
from engine.noise import Realisation
from engine.projection import project_snapshot
from engine.registry import emulators, load_emulator
from engine.simulation import open_simulation, simulations

__all__ = [
    "Realisation",
    "emulators",
    "load_emulator",
    "open_simulation",
    "project_snapshot",
    "simulations",
]
