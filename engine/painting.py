"""Painting at a place of a simulation, and what the painting is compared with."""

from collections.abc import Mapping
from typing import Any

from engine import inputs
from engine.places import BoxPlace, Place, Run, SlabPlace
from engine.simulation import Simulation
from engine.systems.contract import Emulator


def paint(
    emulator: Emulator,
    simulation: Simulation,
    place: Place,
    run: Run | None = None,
    seed: int = 0,
    parameters: Mapping[str, float] | None = None,
) -> Any:
    """Gather what an emulator eats at a place, and paint there.

    Parameters
    ----------
    emulator : Emulator
        See `engine.load_emulator`.
    simulation : Simulation
        See `engine.open_simulation`.
    place : SlabPlace, BoxPlace or ObjectPlace
        Where. On a slab what paints boxes paints the whole box, of which the slab is cut.
    run : Run, optional
        Which run the dark matter is of; if left out the first that there is of the level the
        emulator was trained on, else of another.
    seed : int
        Of the realisation; a deterministic emulator ignores it.
    parameters : mapping of str to float, optional
        Instead of the card's own values.

    Returns
    -------
    Slab, Grid or Cutout
        The emulator's field at the place.

    Raises
    ------
    ValueError
        In one sentence, if the simulation can't feed the emulator there.
    """
    eaten = inputs.inputs(simulation, emulator.card, place, run)
    region = place.region if isinstance(place, BoxPlace) else None
    painted = emulator.predict(eaten, seed=seed, region=region, parameters=parameters)
    if isinstance(place, SlabPlace) and inputs.is_cut(emulator.card, place):
        return inputs.layer_at(simulation, painted, place)
    return painted


def truth(emulator: Emulator, simulation: Simulation, place: Place) -> Any:
    """The simulation's own mesh of what an emulator paints at a place, or None without one."""
    return inputs.truth(simulation, emulator.card, place)
