"""What can be selected, given the simulation that is open and the emulators there are."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import engine
from engine.assets import asset_folders
from engine.fields import field_named
from engine.halos import Halos
from engine.inputs import (
    can_feed,
    dark_matter_runs,
    has,
    paints_by_subhalo,
    separation,
)
from engine.places import Run, SlabPlace
from engine.simulation import Simulation
from engine.systems.card import ModelCard, same_resolution
from engine.systems.checks import REDSHIFT_WARNED
from engine.systems.registry import to_beat
from engine.units import MPC_IN_KPC
from explorer.state import Choices, Selection, emulator_name, run_of, source_of

SOURCES = {
    "dm/ds": "dark matter, thinned out",
    "dm/native": "dark matter, native runs",
    "dmo/ds": "dark matter only, thinned out",
    "dmo/native": "dark matter only, native runs",
}
"""What the dark matter may be of, as a person reads it."""


def choices(
    simulation: Simulation | None, cards: Sequence[ModelCard], chosen: Selection
) -> Choices:
    """List what can be selected beside what is chosen already.

    Parameters
    ----------
    simulation : Simulation or None
        The one that is open.
    cards : sequence of ModelCard
        Of all emulators.
    chosen : Selection
        Its input decides which levels are offered, its field and the separation of its particles
        which emulators.
    """
    if simulation is not None and (there := paintable_axes(simulation)):
        place = SlabPlace(there[0])
        cards = sorted((card for card in cards if can_feed(simulation, card, place)), key=order)
    fields = {field_named(card.field).label.capitalize(): card.field for card in cards}
    painted = kept(chosen.field, fields.values())
    axes = paintable_axes(simulation) if simulation is not None else []
    sources = sources_along(simulation, kept(chosen.axis, axes)) if simulation and axes else {}
    source = kept(chosen.source, sources)
    levels = sources.get(source, [])
    level = kept(chosen.level, levels)
    run = run_of(source, level) if simulation and source else None
    fits = {card.name: suits(card, simulation, run) for card in cards}
    emulators = {
        emulator_name(card.system, card.trained_for, level): card
        for card in cards
        if card.field == painted and (fits[card.name] or chosen.other_levels)
    }
    emulator = kept(chosen.emulator, emulators)
    return Choices(
        simulation={name: name for name in _offered(simulation)},
        axis={f"along {axis}": axis for axis in axes},
        source={SOURCES[name]: name for name in sources},
        level={in_words(simulation, axes[0], source, each): each for each in levels},
        field=fields or {"Gas": "gas"},
        emulator={offered_as(card, fits[card.name]): name for name, card in emulators.items()},
        slabs=simulation.n_slabs(axes[0]) if simulation else 0,
        pixels=simulation.pixels if simulation else 0,
        halos=len(catalogue(simulation) or ()) if simulation else 0,
        parameters=emulators[emulator].parameters if emulator else (),
    )


def _offered(simulation: Simulation | None) -> list[str]:
    """List the simulations that have maps; the one that is open and those that can't be read too.

    Who selects one of these is told why it shows nothing.
    """
    names = engine.simulations()
    without = _without_maps(tuple(names), tuple(asset_folders("simulations")))
    open_now = simulation.path.stem if simulation is not None else ""
    return [name for name in names if name not in without or name == open_now]


@lru_cache(maxsize=4)
def _without_maps(names: tuple[str, ...], folders: tuple[Path, ...]) -> frozenset[str]:  # noqa: ARG001 (of which names are)
    """Find the simulations that can be read and have no maps to paint from."""
    found = set()
    for name in names:
        try:
            if not paintable_axes(engine.open_simulation(name)):
                found.add(name)
        except ValueError:
            continue
    return frozenset(found)


def sources_along(simulation: Simulation, axis: str) -> dict[str, list[str]]:
    """List the levels of the maps to paint from by their source, hydrodynamical run first.

    Returns
    -------
    dict
        Levels, best first, by field and origin ("dm/ds").
    """
    found: dict[str, list[str]] = {}
    for run in dark_matter_runs(simulation):
        if has(simulation, SlabPlace(axis), run):
            found.setdefault(source_of(run), []).append(run.level)
    # HR is never thinned out: alone, its native maps are the others again.
    return {
        source: levels
        for source, levels in found.items()
        if not (source.endswith("/native") and levels == ["HR"])
    }


def paintable_axes(simulation: Simulation) -> list[str]:
    """List the axes along which there is something to paint from."""
    return [axis for axis in simulation.axes if sources_along(simulation, axis)]


def order(card: ModelCard) -> tuple[bool, bool, bool]:
    """Order emulators: of maps first; of those of boxes what has a baseline to beat, of fields."""
    of_boxes = card.output.kind == "grid"
    return of_boxes, of_boxes and not to_beat(card.system), of_boxes and paints_by_subhalo(card)


def suits(card: ModelCard, simulation: Simulation | None, run: Run | None) -> bool:
    """Whether an emulator was made for dark matter as of a run; one of boxes, for the redshift."""
    if simulation is None or run is None:
        return True
    if card.output.kind == "grid":
        return abs(redshift_of(card) - simulation.redshift) <= REDSHIFT_WARNED
    return same_resolution(card.inputs[0], run.level, separation(simulation, run))


def redshift_of(card: ModelCard) -> float:
    """Of what an emulator paints, whatever the redshift of what it paints from."""
    return float(card.architecture.get("redshift", card.redshift))


def offered_as(card: ModelCard, suits: bool) -> str:
    """Name an emulator, with what it is for where that is not what is selected."""
    return card.title if suits else f"{card.title} for {card.trained_for.replace('z', 'z = ')}"


@lru_cache(maxsize=4)
def catalogue(simulation: Simulation) -> Halos | None:
    """Haloes of the hydrodynamical run if there is one, else of the other; None without any."""
    runs = sorted(simulation.runs, key=lambda run: run != "hydro")
    return simulation.halos(runs[0]) if runs else None


def in_words(simulation: Simulation | None, axis: str, source: str, level: str) -> str:
    """Name a level by the particles it stands for and their mean separation."""
    run = run_of(source, level)
    number = simulation.particles(run.field, axis, level, run.origin) if simulation else 0
    if simulation is None or not number:
        return level
    side = round(number ** (1 / 3))
    return f"{level}: {side}³, {MPC_IN_KPC * simulation.box_size / side:.0f} ckpc/h"


def kept(chosen: str | None, offered: Iterable[str]) -> str:
    """Keep what is chosen if it is offered, else take the first that is; empty if nothing is."""
    names = list(offered)
    return chosen if chosen in names else next(iter(names), "")
