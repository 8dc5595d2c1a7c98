"""Slabs of a simulation along a line of sight: dark matter, truth and paintings of one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from engine.fields import field_named
from engine.places import SlabPlace
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from explorer.choices import choices, paintable_axes
from explorer.names import emulators_of, painting_names
from explorer.results import Results, cut_from_boxes, read
from explorer.scenes.contract import Picture, Scene
from explorer.state import Request, Selection, system_and_level
from explorer.words import short_label


class Slabs(Scene):
    """One slab at a time, its curves or those of all slabs along its line of sight."""

    name = "slabs"
    title = "Slabs"
    place = 1
    controls: ClassVar[Mapping[str, Sequence[str]]] = {
        "Simulation": ("simulation", "axis", "slab", "source", "level"),
        "Painting": ("field", "emulator", "other_levels", "parameters", "seed"),
        "Comparison": ("other", "other_seed"),
    }
    groups: ClassVar[Mapping[str, str]] = {"input": "Input", "field": "Truth and prediction"}
    maps: ClassVar[Mapping[str, str]] = {
        "input": "input",
        "truth": "field",
        "prediction": "field",
        "other": "field",
    }

    kind = "slab"
    along = "slab"
    dragged = ("parameters",)
    views = ("Scope", "Rings", "Samples", "Band", "Haloes", "Calibration", "Galaxies", "Download")
    first_sight: ClassVar[Mapping[str, str]] = {"field": "hi", "emulator": "ember-wgan"}
    """What the product is for: many universes from one map."""

    def __init__(self) -> None:
        self.selection = Selection()
        self._cards: dict[tuple[str, str, str], ModelCard] = {}

    def refuse(self, simulation: Simulation) -> str:
        """Say in a sentence why there is nothing to paint from; empty if there is."""
        if paintable_axes(simulation):
            return ""
        return (
            f"{simulation.name} has no dm or dmo map, expected one to paint from; project its "
            "snapshot again with that field."
        )

    def offer(self, simulation: Simulation | None, cards: Sequence[ModelCard]) -> None:
        """Let what there is be selected."""
        self._cards = {(card.system, card.field, card.trained_for): card for card in cards}
        self.selection.set_choices(choices(simulation, cards, self.selection))

    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator for the selected field and level."""
        if not emulator or not self.selection.level:
            return None
        system, level = system_and_level(emulator, self.selection.level)
        key, without = ((system, self.selection.field, each) for each in (level, ""))
        return self._cards.get(key) or self._cards.get(without)

    def pixel_size(self, simulation: Simulation) -> float:
        """Of the finest maps."""
        return simulation.pixel_size

    def request(self) -> Request:
        """Take the selection as it is now."""
        return self.selection.request()

    def where(self, request: Request) -> str:
        """Name the slab."""
        return f"slab {request.place.index}"

    def read(self, simulation: Simulation, request: Request) -> Results:
        """Read a slab's dark matter, and its true field if the simulation has it."""
        return read(simulation, request)

    def parts(self, simulation: Simulation, request: Request) -> list[Request]:
        """List the slabs along the line of sight, if the curves are summed over them."""
        if request.scope != "axis":
            return []
        axis = request.place.axis
        places = [SlabPlace(axis, index) for index in range(simulation.n_slabs(axis))]
        return [replace(request, place=place) for place in places]

    def pictures(self, results: Results) -> list[Picture]:
        """Dark matter, truth, prediction and what it is compared with."""
        painted = field_named(results.request.field).label
        dark, level = field_named(results.input.field).label, results.input.level
        eaten = ("Input", f"{dark}, {level}", "")
        if set(emulators_of(results.request)) <= set(cut_from_boxes(results)):
            eaten = (
                short_label(results.input.field).capitalize(),
                f"{level}, not painted from",
                "",
            )
        names = painting_names(results)
        captions = {
            "input": eaten,
            "truth": ("Truth", painted, results.no_truth),
            "prediction": (names.get("prediction", "Prediction"), painted, results.no_prediction),
            "other": (names.get("other", "Comparison"), painted, results.no_other),
        }
        found = []
        for name, (title, caption, note) in captions.items():
            slab = getattr(results, name)
            found.append(Picture(name, title, caption, slab, self.maps[name], note))
        return found
