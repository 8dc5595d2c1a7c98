"""What an emulator eats at a place, what its painting is compared with, and from which runs.

The one place that knows: the page, recipes, training and reports all ask here.
"""

from engine.fields import INPUT_FIELDS, LEVELS, ORIGINS
from engine.mesh import Mesh
from engine.places import Place, Run, SlabPlace
from engine.simulation import Simulation
from engine.systems.card import Input, ModelCard


def inputs(
    simulation: Simulation, card: ModelCard, place: Place, run: Run | None = None
) -> dict[str, Mesh]:
    """Gather what an emulator eats at a place.

    Parameters
    ----------
    simulation : Simulation
        Where.
    card : ModelCard
        Of the emulator.
    place : Place
        What is painted.
    run : Run, optional
        Which run its dark matter is of; the first of `runs` if left out.

    Returns
    -------
    dict of str to Mesh
        By the names of the card's inputs.

    Raises
    ------
    ValueError
        In one sentence, if the simulation lacks one of them.
    """
    chosen = run or next(iter(runs(simulation, card, place)), Run())
    return {
        each.name: mesh_at(simulation, place, chosen if eats_dark_matter(each) else Run(each.field))
        for each in card.inputs
    }


def truth(simulation: Simulation, card: ModelCard, place: Place) -> Mesh | None:
    """What a painting is compared with: the same mesh of the simulation, if there is one."""
    run = Run(card.field)
    return mesh_at(simulation, place, run) if has(simulation, place, run) else None


def runs(simulation: Simulation, card: ModelCard, place: Place) -> list[Run]:
    """Runs whose dark matter can feed an emulator at a place, those of its own level first.

    An emulator without dark matter among its inputs has none.
    """
    eaten = [each for each in card.inputs if eats_dark_matter(each)]
    if not eaten:
        return []
    there = [run for run in dark_matter_runs(simulation) if has(simulation, place, run)]
    return sorted(there, key=lambda run: run.level != eaten[0].level)


def dark_matter_runs(simulation: Simulation) -> list[Run]:
    """All runs that a simulation has dark matter of, dm before dmo, high resolution first."""
    keys = {Run(*key[:3]) for key in simulation.available() if key[0] in INPUT_FIELDS}
    return sorted(
        keys,
        key=lambda run: (
            INPUT_FIELDS.index(run.field),
            LEVELS.index(run.level),
            ORIGINS.index(run.origin),
        ),
    )


def eats_dark_matter(eaten: Input) -> bool:
    """Whether an input is dark matter, which any run may give."""
    return eaten.field in INPUT_FIELDS


def has(simulation: Simulation, place: Place, run: Run) -> bool:
    """Whether a simulation holds a mesh of a run at a place."""
    if isinstance(place, SlabPlace):
        return simulation.has(run.field, place.axis, run.level, run.origin)
    return False


def mesh_at(simulation: Simulation, place: Place, run: Run) -> Mesh:
    """Read the mesh of a run at a place.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    if isinstance(place, SlabPlace):
        return simulation.slab(run.field, place.axis, place.index, run.level, run.origin)
    raise ValueError(f"{simulation.name} holds slabs, and {place} is none: choose a slab of it.")
