"""Boxes of a simulation: low resolution, initial conditions, truth and paintings, by layers."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import engine
from engine.fields import field_named
from engine.inputs import can_feed, eats_dark_matter, of_its_cells, paints_by_subhalo, runs
from engine.places import Run
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.systems.checks import PIXEL_REFUSED
from engine.systems.registry import to_beat
from engine.units import MPC_IN_KPC
from explorer.choices import catalogue, kept, redshift_of
from explorer.names import painting_names
from explorer.scenes.contract import Picture, Scene
from explorer.state import NOTHING, emulator_name, system_and_level
from explorer.volumes.boxes import BOX, low_run, read_boxes, run_of_cells
from explorer.volumes.painting import BoxPainting
from explorer.volumes.selection import PARAMETER, BoxChoices, BoxRequest, BoxSelection
from explorer.words import short_label, unit_in_words


class Volumes(Scene):
    """One box at a time, a layer of it in view, the curves of all of it."""

    name = "volumes"
    title = "Volumes"
    place = 2
    controls: ClassVar[Mapping[str, Sequence[str]]] = {
        "Simulation": ("simulation", "axis", "layer", "depth"),
        "Painting": ("field", "emulator", "conserve", "parameters"),
        "Comparison": ("other", "beside"),
    }
    groups: ClassVar[Mapping[str, str]] = {
        "initial": "Initial conditions",
        "input": "Input",
        "field": "Truth and prediction",
    }
    maps: ClassVar[Mapping[str, str]] = {
        "initial": "initial",
        "dark": "input",
        "input": "field",
        "truth": "field",
        "prediction": "field",
        "other": "field",
    }
    signed = ("initial",)
    kind = "grid"
    along = "layer"
    dragged = ("parameters",)
    views = (
        "Layer",
        "Rings",
        "Galaxies",
        "Kernels",
        "Relative difference",
        "Another cosmology",
        "Download",
        "New universe",
    )
    about_curves = "Curves are of the whole box, whatever layer is in view."
    painter = BoxPainting

    def __init__(self) -> None:
        self.selection = BoxSelection()
        self._cards: dict[tuple[str, str, str], ModelCard] = {}
        self._level = self._field = ""
        self._sizes: dict[str, tuple[float, ...]] = {}

    def refuse(self, simulation: Simulation) -> str:
        """Say in a sentence why there is nothing to paint from; empty if there is."""
        if low_run(simulation) is not None:
            return ""
        return (
            f"{simulation.name} has no dark matter in cells, expected a grid of low resolution; "
            "project its snapshot again with --grids dmo."
        )

    def offer(self, simulation: Simulation | None, cards: Sequence[ModelCard]) -> None:
        """Let what there is be selected."""
        self._cards = {(card.system, card.field, card.trained_for): card for card in cards}
        # Others may have come while the page was open, or gone.
        self._sizes = {
            name: self._sizes.get(name) or sizes_of(name) for name in engine.simulations()
        }
        # One that can't be read is told of when it is selected.
        there = [name for name, each in self._sizes.items() if len(each) != 1]
        every = eating(simulation, cards) if simulation else []
        fields = {field_named(card.field).label.capitalize(): card.field for card in every}
        if simulation and not fields and (low := low_run(simulation)) is not None:
            fields = {field_named(low.field).label.capitalize(): low.field}
        self._field = kept(self.selection.field, fields.values())
        fits = suited(simulation, [card for card in every if card.field == self._field])
        run = counted_in(simulation, fits) if simulation else None
        self._level = run.level if run else ""
        emulators = self._titles(fits)
        chosen = self.card_of(kept(self.selection.emulator, emulators.values()))
        numbers = chosen.parameters if chosen else ()
        alike = [card for card in fits if chosen and same_cells(card, chosen)]
        cells = simulation.grids()[run] if simulation is not None and run else 0
        circled, halos = circled_in(simulation, chosen)
        self.selection.set_choices(
            BoxChoices(
                simulation={name: name for name in there},
                field=fields,
                emulator=emulators,
                beside={name: name for name in self._beside(simulation)},
                cells=cells,
                cell_size=simulation.box_size / cells if simulation and cells else 0.0,
                run=run or Run(),
                conserves=PARAMETER in {each.name for each in numbers},
                parameters=tuple(each for each in numbers if each.name != PARAMETER),
                other=self._titles(alike),
                circled=circled,
                halos=halos,
            )
        )

    def _titles(self, cards: Sequence[ModelCard]) -> dict[str, str]:
        """Names of emulators by what a person reads."""
        return {
            title_of(card): emulator_name(card.system, card.trained_for, self._level)
            for card in cards
        }

    def _beside(self, simulation: Simulation | None) -> list[str]:
        """List the simulations that another one can be set against."""
        if simulation is None:
            return []
        this = sizes(simulation)
        alike = [name for name, each in self._sizes.items() if each == this]
        return [name for name in alike if name != simulation.path.stem]

    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator for the low resolution there is."""
        if emulator in ("", None, NOTHING) or not self._level:
            return None
        system, level = system_and_level(emulator, self._level)
        key, without = (system, self._field, level), (system, self._field, "")
        return self._cards.get(key) or self._cards.get(without)

    def pixel_size(self, simulation: Simulation) -> float:
        """Of the finest maps."""
        return simulation.box_size * MPC_IN_KPC / max(simulation.grids().values())

    def request(self) -> BoxRequest:
        """Take the selection as it is now."""
        return self.selection.request()

    def where(self, request: Any) -> str:
        """Name the layer."""
        return f"the layer from {request.start:.4g} to {request.start + request.depth:.4g} Mpc/h"

    def read(self, simulation: Simulation, request: Any) -> Any:
        """Read what is painted from, and the truth if the simulation has it."""
        return read_boxes(simulation, request)

    def parts(self, simulation: Simulation, request: Any) -> list[Any]:  # noqa: ARG002
        """None: the curves are of the one box."""
        return []

    def pictures(self, results: Any) -> list[Picture]:
        """Initial conditions or dark matter, low resolution, truth, painting and comparison."""
        names = painting_names(results)
        painted = unit_in_words(short_label(results.request.field))
        cells = {name: f"{len(box.values)}³ cells" for name, box in results.boxes.items()}
        no_start = "" if results.initial else "no initial conditions"
        captions = {
            "initial": ("Initial conditions", "linear, today", no_start),
            "dark": ("Dark matter", cells.get("dark", ""), ""),
            "input": ("Low resolution", cells.get("input", ""), ""),
            "truth": ("Truth", cells.get("truth", painted), results.no_truth),
            "prediction": (names.get("prediction", "Prediction"), painted, results.no_prediction),
            "other": (names.get("other", "Comparison"), painted, results.no_other),
        }
        return [
            Picture(
                name,
                title,
                caption,
                results.layer_of(name),
                self.maps[name],
                note,
                has_place=has_place(name, results.boxes),
            )
            for name, (title, caption, note) in captions.items()
        ]


def has_place(name: str, boxes: Collection[str]) -> bool:
    """Whether a map has a place on the page.

    Emulators that begin at the initial conditions alone eat nothing else, and those that paint
    subhalo by subhalo the dark matter about them.
    """
    if name == "initial":
        return "dark" not in boxes
    return name in boxes or name not in ("dark", "input")


def same_cells(card: ModelCard, other: ModelCard) -> bool:
    """Whether two emulators paint the same cells, so that their boxes can be compared."""
    return abs(card.output.cell_size / other.output.cell_size - 1) <= PIXEL_REFUSED


def eating(simulation: Simulation, cards: Sequence[ModelCard]) -> list[ModelCard]:
    """Emulators that a simulation feeds, in the order they are offered in."""
    there = [card for card in cards if can_feed(simulation, card, BOX)]
    return sorted(there, key=partial(rank, simulation))


def suited(simulation: Simulation | None, cards: list[ModelCard]) -> list[ModelCard]:
    """Leave out what a system has for other cells, where it has something for a simulation's."""
    if simulation is None:
        return cards
    fitting = {card.system for card in cards if of_its_cells(simulation, card)}
    return [card for card in cards if card.system not in fitting or of_its_cells(simulation, card)]


def circled_in(simulation: Simulation | None, chosen: ModelCard | None) -> tuple[str, int]:
    """What maps have rings around, and how many there are of it."""
    if simulation is None:
        return "halo", 0
    if chosen is not None and paints_by_subhalo(chosen):
        return "subhalo", len(simulation.subhalos())
    return "halo", len(catalogue(simulation) or ())


def counted_in(simulation: Simulation, fits: Sequence[ModelCard]) -> Run | None:
    """Run in whose cells layers are counted.

    Of what is eaten; of the start's cells where that is eaten alone; else of low resolution.
    """
    fed = [run for card in fits for run in runs(simulation, card, BOX)]
    if fed:
        return fed[0]
    if fits and not any(eats_dark_matter(each) for each in fits[0].inputs):
        return run_of_cells(simulation, fits[0].inputs[0].cell_size)
    return low_run(simulation)


def rank(simulation: Simulation, card: ModelCard) -> tuple[bool, bool, bool, float]:
    """Order emulators: of a simulation's cells first, those of fields, what has a baseline to beat,
    its redshift.
    """
    apart = abs(redshift_of(card) - simulation.redshift)
    fits, beats = of_its_cells(simulation, card), to_beat(card.system)
    return not fits, paints_by_subhalo(card), not beats, apart


def sizes(simulation: Simulation) -> tuple[float, ...]:
    """What must be alike of two boxes that are compared: their side and cells."""
    return (simulation.box_size, *sorted(simulation.grids().values()))


def sizes_of(name: str) -> tuple[float, ...]:
    """Likewise, by name; none of a simulation that can't be opened."""
    try:
        return sizes(engine.open_simulation(name))
    except ValueError:  # told to who selects it
        return ()


def title_of(card: ModelCard) -> str:
    """Name an emulator, with its redshift if it is not the one of the first weights."""
    return f"{card.title}, {card.epoch.replace('z', 'z = ')}" if card.epoch else card.title
