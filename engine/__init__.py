"""The engine: simulations, emulators and statistics, without a page."""

from engine.noise import Realisation
from engine.painting import paint, truth
from engine.places import BoxPlace, ObjectPlace, Run, SlabPlace
from engine.projection.snapshots import project_snapshot
from engine.simulation import open_simulation, simulations
from engine.systems.registry import emulators, load_emulator
from engine.universe import simulate

__all__ = [
    "BoxPlace",
    "ObjectPlace",
    "Realisation",
    "Run",
    "SlabPlace",
    "emulators",
    "load_emulator",
    "open_simulation",
    "paint",
    "project_snapshot",
    "simulate",
    "simulations",
    "truth",
]
