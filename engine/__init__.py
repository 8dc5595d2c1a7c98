"""The engine: simulations, emulators and statistics, without a page."""

from engine.noise import Realisation
from engine.projection.snapshots import project_snapshot
from engine.simulation import open_simulation, simulations
from engine.systems.registry import emulators, load_emulator

__all__ = [
    "Realisation",
    "emulators",
    "load_emulator",
    "open_simulation",
    "project_snapshot",
    "simulations",
]
