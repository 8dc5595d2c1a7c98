"""What an emulator eats at a place, what its painting is compared with, and from which runs.

The one place that knows: the page, recipes, training and reports all ask here.
"""

from engine.fields import INPUT_FIELDS, LEVELS, ORIGINS, field_named
from engine.mesh import Mesh
from engine.places import BoxPlace, ObjectPlace, Place, Run, SlabPlace, kind_of
from engine.simulation import Simulation
from engine.systems.card import Input, ModelCard
from engine.units import MPC_IN_KPC


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
        What is painted. The inputs of a region of a box are the whole box: what lies around
        the region has its part in the painting.
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
    check_kind(card, place)
    around = BoxPlace() if isinstance(place, BoxPlace) else place
    chosen = run or next(iter(runs(simulation, card, around)), Run())
    return {
        each.name: mesh_at(simulation, around, chosen if eats_dark_matter(each) else own_run(each))
        for each in card.inputs
    }


def truth(simulation: Simulation, card: ModelCard, place: Place) -> Mesh | None:
    """What a painting is compared with: the same mesh of the simulation, if there is one."""
    check_kind(card, place)
    run = Run(card.field)
    return mesh_at(simulation, place, run) if has(simulation, place, run) else None


def runs(simulation: Simulation, card: ModelCard, place: Place) -> list[Run]:
    """Runs whose dark matter can feed an emulator at a place, those of its own resolution first.

    An emulator without dark matter among its inputs has none.
    """
    eaten = [each for each in card.inputs if eats_dark_matter(each)]
    if not eaten:
        return []
    there = [run for run in dark_matter_runs(simulation) if has(simulation, place, run)]
    return sorted(
        there,
        key=lambda run: not same_resolution(eaten[0], run.level, separation(simulation, run)),
    )


SEPARATION_WARNED = 0.1
"""Relative difference of particle separations; levels are a factor of two apart."""


def same_resolution(eaten: Input, level: str, apart: float) -> bool:
    """Whether a run has the resolution that an input was trained at.

    Parameters
    ----------
    eaten : Input
        Of a card.
    level : str
        Name of the run's level, which decides where a separation isn't known.
    apart : float
        Mean particle separation of the run, [kpc/h]; 0 if not known.
    """
    if eaten.separation and apart:
        return abs(apart / eaten.separation - 1) <= SEPARATION_WARNED
    return level == eaten.level or not eaten.level


def separation(simulation: Simulation, run: Run) -> float:
    """Mean particle separation of a run that a simulation has maps of, [kpc/h]; 0 if not known."""
    where = (run.level, run.origin)
    axis = next((a for a in simulation.axes if simulation.has(run.field, a, *where)), "")
    number = simulation.particles(run.field, axis, *where) if axis else 0
    return simulation.box_size * MPC_IN_KPC / number ** (1 / 3) if number else 0.0


def dark_matter_runs(simulation: Simulation) -> list[Run]:
    """All runs that a simulation has dark matter of, dm before dmo, high resolution first."""
    keys = {key[:3] for key in simulation.available()}
    keys |= {(run.field, run.level, run.origin) for run in simulation.grids()}
    keys |= {(field, LEVELS[0], ORIGINS[0]) for field, _ in simulation.cutouts()}
    return sorted(
        (Run(*key) for key in keys if key[0] in INPUT_FIELDS),
        key=lambda run: (
            INPUT_FIELDS.index(run.field),
            LEVELS.index(run.level),
            ORIGINS.index(run.origin),
        ),
    )


def eats_dark_matter(eaten: Input) -> bool:
    """Whether an input is dark matter, which any run may give."""
    return eaten.field in INPUT_FIELDS


def own_run(eaten: Input) -> Run:
    """Which run an input is of that isn't chosen: of its own level."""
    return Run(eaten.field, eaten.level or LEVELS[0])


def check_kind(card: ModelCard, place: Place) -> None:
    """Refuse a place where there is no mesh of the kind that an emulator paints.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if kind_of(place) != card.output.kind:
        raise ValueError(
            f"{card.title} paints a {card.output.kind}, and {place} is a place of a "
            f"{kind_of(place)}: choose another place or emulator."
        )


def has(simulation: Simulation, place: Place, run: Run) -> bool:
    """Whether a simulation holds a mesh of a run at a place."""
    if isinstance(place, SlabPlace):
        return simulation.has(run.field, place.axis, run.level, run.origin)
    if isinstance(place, ObjectPlace):
        return (run.field, place.axis) in simulation.cutouts() and run.level == LEVELS[0]
    if field_named(run.field).signed:
        return simulation.has_initial_conditions
    return simulation.has_grid(run.field, run.level, run.origin)


def mesh_at(simulation: Simulation, place: Place, run: Run) -> Mesh:
    """Read the mesh of a run at a place.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    if isinstance(place, SlabPlace):
        return simulation.slab(run.field, place.axis, place.index, run.level, run.origin)
    if isinstance(place, ObjectPlace):
        return simulation.cutout(run.field, place.number, place.axis)
    if field_named(run.field).signed:
        box: Mesh = simulation.initial_conditions()
    else:
        box = simulation.grid(run.field, level=run.level, origin=run.origin)
    return box if place.region is None else box.cut(place.region)
