"""What can be selected, given the simulation that is open and the emulators there are."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product

import engine
from engine.fields import INPUT_FIELDS, LEVELS, ORIGINS, field_named
from engine.halos import Halos
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.units import MPC_IN_KPC
from explorer.state import Choices, Selection, emulator_name

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
        Its input decides which levels are offered, its field and level which emulators.
    """
    fields = {field_named(card.field).label.capitalize(): card.field for card in cards}
    painted = kept(chosen.field, fields.values())
    axes = paintable_axes(simulation) if simulation else []
    sources = inputs(simulation, kept(chosen.axis, axes)) if simulation else {}
    source = kept(chosen.source, sources)
    levels = sources.get(source, [])
    level = kept(chosen.level, levels)
    return Choices(
        simulation={name: name for name in engine.simulations()},
        axis={f"along {axis}": axis for axis in axes},
        source={SOURCES[name]: name for name in sources},
        level={in_words(simulation, axes[0], source, each): each for each in levels},
        field=fields or {"Gas": "gas"},
        emulator={
            card.title if card.level == level else f"{card.title} for {card.level}": emulator_name(
                card.system, card.level, level
            )
            for card in cards
            if card.field == painted and (card.level == level or chosen.other_levels)
        },
        slabs=simulation.n_slabs(axes[0]) if simulation else 0,
        pixels=simulation.pixels if simulation else 0,
        halos=len(catalogue(simulation) or ()) if simulation else 0,
    )


def inputs(simulation: Simulation, axis: str) -> dict[str, list[str]]:
    """List the levels of the maps to paint from by their source, hydrodynamical run first.

    Returns
    -------
    dict
        Levels, best first, by field and origin ("dm/ds").
    """
    found = {
        f"{name}/{origin}": [level for level in LEVELS if simulation.has(name, axis, level, origin)]
        for name, origin in product(INPUT_FIELDS, ORIGINS)
    }
    # HR is never thinned out: alone, its native maps are the others again.
    return {
        source: levels
        for source, levels in found.items()
        if levels and not (source.endswith("/native") and levels == ["HR"])
    }


def paintable_axes(simulation: Simulation) -> list[str]:
    """List the axes along which there is something to paint from.

    Raises
    ------
    ValueError
        If there is none.
    """
    axes = [axis for axis in simulation.axes if inputs(simulation, axis)]
    if not axes:
        raise ValueError(
            f"{simulation.name} has no {' or '.join(INPUT_FIELDS)} map, expected one to paint "
            "from; project its snapshot again with that field."
        )
    return axes


@lru_cache(maxsize=4)
def catalogue(simulation: Simulation) -> Halos | None:
    """Haloes of the hydrodynamical run if there is one, else of the other; None without any."""
    runs = sorted(simulation.runs, key=lambda run: run != "hydro")
    return simulation.halos(runs[0]) if runs else None


def in_words(simulation: Simulation | None, axis: str, source: str, level: str) -> str:
    """Name a level by the particles it stands for and their mean separation."""
    name, origin = source.split("/")
    number = simulation.particles(name, axis, level, origin) if simulation else 0
    if simulation is None or not number:
        return level
    side = round(number ** (1 / 3))
    return f"{level}: {side}³, {MPC_IN_KPC * simulation.box_size / side:.0f} ckpc/h"


def kept(chosen: str | None, offered: Iterable[str]) -> str:
    """Keep what is chosen if it is offered, else take the first that is; empty if nothing is."""
    names = list(offered)
    return chosen if chosen in names else next(iter(names), "")
