"""Clusters of a simulation: hot gas, temperature and X-rays around each, true and painted."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

import engine
from engine.fields import AXES, INPUT_FIELDS, field_named
from engine.inputs import runs
from engine.places import ObjectPlace, Run
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.units import MPC_IN_KPC
from explorer.choices import kept
from explorer.clusters.objects import CATALOGUE, QUANTITIES, table_of
from explorer.clusters.painting import ClusterPainting
from explorer.clusters.results import ClusterResults, quantity_name, read_cluster
from explorer.clusters.selection import (
    FILTERS,
    SOURCES,
    ClusterChoices,
    ClusterRequest,
    ClusterSelection,
)
from explorer.names import painting_names
from explorer.scenes.contract import Picture, Scene
from explorer.state import NOTHING, emulator_name, system_and_level

NAMES = ("truth", "prediction", "other")


class Clusters(Scene):
    """One cluster at a time on the maps, all of them in the table and in the curves."""

    name = "clusters"
    title = "Clusters"
    place = 3
    controls: ClassVar[Mapping[str, Sequence[str]]] = {
        "Simulation": ("simulation", "axis", "source"),
        "Painting": ("emulator",),
        "Comparison": ("other",),
        "Clusters shown": FILTERS,
        "Curves": ("field",),
    }
    groups: ClassVar[Mapping[str, str]] = {
        "input": "Dark matter",
        **{field: quantity_name(field).capitalize() for field in QUANTITIES},
    }
    maps: ClassVar[Mapping[str, str]] = {
        "input": "input",
        **{f"{field}-{name}": field for field in QUANTITIES for name in NAMES},
    }
    kind = "cutout"
    along = "number"
    views = ("Clusters", "Download")
    about_curves = (
        "Functions and relation are of the whole maps, temperatures of what lies within R500; "
        "no emission lines."
    )
    painter = ClusterPainting
    looks: ClassVar[Mapping[str, Any]] = {"rings": True}
    steps = "The cluster before and after this one"
    pairs = False

    def __init__(self) -> None:
        self.selection = ClusterSelection()
        self._cards: list[ModelCard] = []
        self._run = Run()

    def refuse(self, simulation: Simulation) -> str:
        """Say in a sentence why there are no clusters; empty if there are."""
        if axes_of(simulation):
            return ""
        return (
            f"{simulation.name} has no cut-outs of dark matter around clusters, expected some to "
            "paint from; project its snapshot again with --cutouts 1e13."
        )

    def offer(self, simulation: Simulation | None, cards: Sequence[ModelCard]) -> None:
        """Let what there is be selected."""
        self._cards = [card for card in cards if card.output.kind == self.kind]
        names = engine.simulations()
        there = [name for name in names if name not in without_clusters(tuple(names))]
        open_now = simulation.path.stem if simulation is not None else ""
        there = [name for name in names if name in there or name == open_now]
        axes = axes_of(simulation) if simulation is not None else []
        axis = kept(self.selection.axis, axes)
        sources = sources_of(simulation, axis) if simulation is not None and axis else []
        source = kept(self.selection.source, sources)
        self._run = self._fed(simulation, axis, source)
        table = table_of(simulation) if simulation is not None and axes else None
        self.selection.set_choices(
            ClusterChoices(
                simulation={name: name for name in there},
                axis={f"along {each}": each for each in axes},
                source={SOURCES[each]: each for each in sources},
                emulator=self._emulators(simulation, axis),
                field=fields_of(simulation, self._cards),
                numbers=[] if table is None else [int(n) for n in table.numbers],
                ranges={} if table is None else table.spans(),
                run=self._run,
            )
        )

    def _fed(self, simulation: Simulation | None, axis: str, source: str) -> Run:
        """Find the run of the dark matter that is selected."""
        place = ObjectPlace(0, axis or "z")
        every = [card for card in self._cards if card.field in QUANTITIES]
        found = [run for card in every if simulation for run in runs(simulation, card, place)]
        of_it = [run for run in found if run.field == source]
        return of_it[0] if of_it else Run(source or "dm")

    def _emulators(self, simulation: Simulation | None, axis: str) -> dict[str, str]:
        """List what paints any of the quantities."""
        if simulation is None or not axis:
            return {}
        place = ObjectPlace(0, axis)
        fits = [
            card
            for card in self._cards
            if card.field in QUANTITIES
            and all(each.kind == self.kind for each in card.inputs)
            and runs(simulation, card, place)
        ]
        return {
            card.title: emulator_name(card.system, card.level, self._run.level) for card in fits
        }

    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator: that of the field of the cards, else any."""
        if emulator in ("", None, NOTHING):
            return None
        system, level = system_and_level(emulator, self._run.level)
        fits = [c for c in self._cards if c.system == system and c.level in (level, "")]
        fits.sort(key=lambda card: card.field != self.selection.field)
        return fits[0] if fits else None

    def pixel_size(self, simulation: Simulation) -> float:
        """Of all maps."""
        return self._first(simulation).cell_size

    def extent(self, simulation: Simulation) -> float:
        """How wide maps are, comoving, [Mpc/h]."""
        first = self._first(simulation)
        return first.shape[1] * first.cell_size / MPC_IN_KPC

    def _first(self, simulation: Simulation) -> Any:
        axis = axes_of(simulation)[0]
        return simulation.cutout(sources_of(simulation, axis)[0], 0, axis)

    def request(self) -> ClusterRequest:
        """Take the selection as it is now."""
        return self.selection.request()

    def where(self, request: Any) -> str:
        """Name the cluster."""
        return f"cluster {request.number}"

    def read(self, simulation: Simulation, request: Any) -> Any:
        """Read what a cluster is painted from, and the truth if the simulation has it."""
        return read_cluster(simulation, request)

    def parts(self, simulation: Simulation, request: Any) -> list[Any]:  # noqa: ARG002
        """None: the maps are of one cluster."""
        return []

    def step(self, by: int, results: Any) -> None:
        """Select the cluster that lies so many further among those shown."""
        shown = results.shown if isinstance(results, ClusterResults) else ()
        if shown:
            here = int(np.searchsorted(shown, self.selection.number))
            if by > 0 and self.selection.number not in shown:
                here -= 1  # it lies before the one found
            place = min(max(here + by, 0), len(shown) - 1)
            self.selection.param.update(number=shown[place])

    def pictures(self, results: Any) -> list[Picture]:
        """Dark matter, then truth and paintings of every quantity."""
        eaten = field_named(results.input.field).label.split(" (")[0]
        found = [Picture("input", eaten.capitalize(), "", results.input, "input")]
        titles = {"prediction": "Painting", "other": "Comparison", "truth": "Truth"}
        titles |= painting_names(results)
        for field in QUANTITIES:
            for name in NAMES:
                cutout: Any = results.maps.get(field, {}).get(name)
                note = results.notes.get(field, {}).get(name, "")
                title = titles[name].capitalize() if name == "truth" else titles[name]
                caption = quantity_name(field) if name == "truth" else ""
                found.append(Picture(f"{field}-{name}", title, caption, cutout, field, note))
        return found

    @classmethod
    def colours(cls) -> dict[str, str]:
        """Parameter of the display that holds the colours of each group."""
        rest = dict.fromkeys(QUANTITIES, "field_colours")
        return {"input": "input_colours"} | rest


def axes_of(simulation: Simulation) -> list[str]:
    """List the axes along which there is dark matter around clusters."""
    try:
        simulation.objects(CATALOGUE)
    except ValueError:
        return []
    return [axis for axis in AXES if sources_of(simulation, axis)]


def sources_of(simulation: Simulation, axis: str) -> list[str]:
    """List the dark matter there is along an axis, of the hydrodynamical run first."""
    return [field for field in INPUT_FIELDS if (field, axis) in simulation.cutouts()]


def fields_of(simulation: Simulation | None, cards: Sequence[ModelCard]) -> dict[str, str]:
    """List the quantities that are there or painted, X-rays first: luminosity tells the most."""
    there = {field for field, _ in simulation.cutouts()} if simulation is not None else set()
    there |= {card.field for card in cards}
    return {quantity_name(f).capitalize(): f for f in reversed(QUANTITIES) if f in there}


@lru_cache(maxsize=4)
def without_clusters(names: tuple[str, ...]) -> frozenset[str]:
    """Find the simulations that can be read and have no clusters."""
    found = set()
    for name in names:
        try:
            if not axes_of(engine.open_simulation(name)):
                found.add(name)
        except ValueError:  # told to who selects it
            continue
    return frozenset(found)
