"""Boxes of a simulation: low resolution, initial conditions, truth and paintings, by layers."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import engine
from engine.fields import field_named
from engine.inputs import eats_dark_matter, runs
from engine.places import Run
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.systems.checks import PIXEL_REFUSED
from engine.units import MPC_IN_KPC
from explorer.choices import kept
from explorer.names import painting_names
from explorer.scenes.contract import Picture, Scene
from explorer.state import NOTHING, emulator_name, system_and_level
from explorer.volumes.boxes import BOX, low_run, read_boxes
from explorer.volumes.painting import BoxPainting
from explorer.volumes.selection import PARAMETER, BoxChoices, BoxRequest, BoxSelection


class Volumes(Scene):
    """One box at a time, a layer of it in view, the curves of all of it."""

    name = "volumes"
    title = "Volumes"
    controls: ClassVar[Mapping[str, Sequence[str]]] = {
        "Simulation": ("simulation", "axis", "layer", "depth"),
        "Painting": ("field", "emulator", "conserve"),
        "Comparison": ("other", "beside"),
    }
    groups: ClassVar[Mapping[str, str]] = {
        "initial": "Initial conditions",
        "field": "Low resolution, truth and prediction",
    }
    maps: ClassVar[Mapping[str, str]] = {
        "initial": "initial",
        "input": "field",
        "truth": "field",
        "prediction": "field",
        "other": "field",
    }
    signed = ("initial",)
    kind = "grid"
    along = "layer"
    views = ("Layer", "Kernels", "Another cosmology")
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
        self._cards = {(card.system, card.field, card.level): card for card in cards}
        if not self._sizes:
            self._sizes = {name: sizes_of(name) for name in engine.simulations()}
        # One that can't be read is told of when it is selected.
        there = [name for name, each in self._sizes.items() if len(each) != 1]
        run = low_run(simulation) if simulation is not None else None
        every = [card for card in cards if simulation and eats(card, simulation)]
        every.sort(key=lambda card: simulation is not None and not of_its_cells(card, simulation))
        fields = {field_named(card.field).label.capitalize(): card.field for card in every}
        if run is not None and not fields:
            fields = {field_named(run.field).label.capitalize(): run.field}
        painted = kept(self.selection.field, fields.values())
        fits = [card for card in every if card.field == painted]
        fed = [each for card in fits if simulation for each in runs(simulation, card, BOX)]
        run = fed[0] if fed else run
        self._level = run.level if run else ""
        emulators = {
            card.title: emulator_name(card.system, card.level, self._level) for card in fits
        }
        self._field = painted
        chosen = self.card_of(kept(self.selection.emulator, emulators.values()))
        cells = simulation.grids()[run] if simulation is not None and run else 0
        self.selection.set_choices(
            BoxChoices(
                simulation={name: name for name in there},
                field=fields,
                emulator=emulators,
                beside={name: name for name in self._beside(simulation)},
                cells=cells,
                cell_size=simulation.box_size / cells if simulation and cells else 0.0,
                run=run or Run(),
                conserves=bool(chosen and PARAMETER in {each.name for each in chosen.parameters}),
            )
        )

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
        """Initial conditions, low resolution, truth, painting and what it is compared with."""
        names = painting_names(results)
        painted = field_named(results.request.field).species
        cells = {name: f"{len(box.values)}³ cells" for name, box in results.boxes.items()}
        eaten = "input" in results.boxes
        no_input = "" if eaten else "painted from the\ninitial conditions alone"
        no_start = "" if results.initial else "no initial conditions"
        captions = {
            "initial": ("Initial conditions", "linear, today", no_start),
            "input": ("Low resolution", cells.get("input", "none"), no_input),
            "truth": ("Truth", cells.get("truth", painted), results.no_truth),
            "prediction": (names.get("prediction", "Prediction"), painted, results.no_prediction),
            "other": (names.get("other", "Comparison"), painted, results.no_other),
        }
        return [
            Picture(name, title, caption, results.layer_of(name), self.maps[name], note)
            for name, (title, caption, note) in captions.items()
        ]


def eats(card: ModelCard, simulation: Simulation) -> bool:
    """Whether an emulator can be fed with boxes of a simulation."""
    if card.output.kind != "grid" or any(each.kind != "grid" for each in card.inputs):
        return False
    signed = [each for each in card.inputs if field_named(each.field).signed]
    if signed and not simulation.has_initial_conditions:
        return False
    return not any(map(eats_dark_matter, card.inputs)) or bool(runs(simulation, card, BOX))


def sizes(simulation: Simulation) -> tuple[float, ...]:
    """What must be alike of two boxes that are compared: their side and cells."""
    return (simulation.box_size, *sorted(simulation.grids().values()))


def sizes_of(name: str) -> tuple[float, ...]:
    """Likewise, by name; none of a simulation that can't be opened."""
    try:
        return sizes(engine.open_simulation(name))
    except ValueError:  # told to who selects it
        return ()


def of_its_cells(card: ModelCard, simulation: Simulation) -> bool:
    """Whether boxes of a simulation have cells of the size that an emulator paints."""
    there = (simulation.box_size * MPC_IN_KPC / cells for cells in simulation.grids().values())
    wanted = card.output.cell_size
    return any(abs(size / wanted - 1) <= PIXEL_REFUSED for size in there)
