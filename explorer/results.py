"""What the page shows of one slab, and the steps that make it: read, paint, summarise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import lru_cache
from typing import Any, TypeVar

import torch

import engine
from engine import inputs, statistics
from engine.coarsening import on_coarsest
from engine.fields import field_named
from engine.halos import Halos
from engine.inference import ResultCache, prediction_key
from engine.inputs import has, mesh_at
from engine.mesh import Grid, Mesh, Slab
from engine.places import BoxPlace, Run
from engine.results import Curve, Points
from engine.simulation import Simulation
from engine.statistics import compared
from engine.statistics.cddf import whole_box
from engine.statistics.compared import COMPARED, alike, in_cells_of
from engine.statistics.halo_scatter import quantile, scatter
from engine.systems.card import ModelCard
from engine.systems.contract import Emulator
from explorer.choices import catalogue
from explorer.ensemble import FEWEST, Ensemble, quantiles_of
from explorer.state import WHOLE_BOX, Region, Request, system_and_level

T = TypeVar("T")

SHORTEST_SIDE = 64
"""Curves of a smaller region would hold few modes; it is widened, [pixels]."""

PAINTING = "Painting …"
UNTRAINED = "No trained emulator was found"


@dataclass(frozen=True, eq=False)
class Results:
    """What one request came to, as far as it has come.

    Parameters
    ----------
    request : Request
        What was asked for.
    input, truth, prediction, other : Slab or None
        The last three are None where there is none; the last is the second painting.
    no_truth, no_prediction, no_other : str
        Why there is none, in words.
    device : str
        What the emulator runs on, in words.
    seconds : float or None
        Wall time of the painting; None if it was remembered.
    eaten : mapping of str to Mesh
        What it was painted from, by the names of the emulator's inputs.
    dark : Slab or None
        Full-resolution dark matter, against which haloes are measured.
    catalogue : Halos or None
        Of the simulation.
    along : tuple of Results
        All slabs of the axis as far as they are there, this one among them; empty unless
        the curves are summed over them.
    curves : mapping
        By the statistic's name, and there by what it is of, as far as it is there: "truth",
        "prediction", "other", or the "whole box".
    masses : mapping
        Total mass by what it is of, [Msun/h].
    halos : mapping
        Mass of every halo against its dark matter, by what it is of.
    """

    request: Request
    input: Slab
    truth: Slab | None = None
    prediction: Slab | None = None
    other: Slab | None = None
    no_truth: str = ""
    no_prediction: str = ""
    no_other: str = ""
    device: str = ""
    seconds: float | None = None
    dark: Slab | None = None
    catalogue: Halos | None = None
    along: "tuple[Results, ...]" = ()
    eaten: Mapping[str, Mesh] = attribute(default_factory=dict)
    curves: Mapping[str, Mapping[str, Curve]] = attribute(default_factory=dict)
    masses: Mapping[str, float] = attribute(default_factory=dict)
    halos: Mapping[str, Points] = attribute(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether the curves are summed over all that was asked for."""
        slabs = round(self.input.box_size / self.input.depth)
        return self.request.scope != "axis" or len(self.along) == slabs

    @property
    def has_paintings(self) -> bool:
        """Whether all paintings that were asked for are there."""
        return self.prediction is not None and (self.other is not None or not self.request.other)

    def slabs(self, name: str) -> list[Slab] | None:
        """Maps that the curves are summed over; None if one of them isn't there.

        Parameters
        ----------
        name : str
            "input", "truth", "prediction", "other" or "dark", what lies beneath them.
        """
        found = [each.comparable.get(name) for each in self.along or (self,)]
        slabs = [slab for slab in found if slab is not None]
        if len(slabs) < len(found):
            return None
        if self.request.region is None:
            return slabs
        region = widened(self.request.region, self.input.shape)
        return [slab.cut(in_cells_of(slab, self.input, region)) for slab in slabs]

    @property
    def comparable(self) -> dict[str, Slab]:
        """Input, and in the coarsest's cells truth, paintings and dark matter beneath them."""
        maps = {name: getattr(self, name) for name in ("input", *COMPARED, "dark")}
        return alike({name: slab for name, slab in maps.items() if slab is not None})

    def same_maps(self, other: "Results") -> bool:
        """Whether other results show the very same maps."""
        names = ("input", *COMPARED)
        return all(getattr(self, name) is getattr(other, name) for name in names)

    def compared(self) -> dict[str, list[Slab]]:
        """Truth and paintings that curves are summed over, as far as they are there."""
        slabs = {name: self.slabs(name) for name in COMPARED}
        return {name: found for name, found in slabs.items() if found is not None}


def widened(region: Region, shape: tuple[int, int]) -> Region:
    """Widen a region to the smallest that is summed over, within the map."""
    sides: list[int] = []
    for low, high, side in ((*region[:2], shape[0]), (*region[2:], shape[1])):
        length = min(max(high - low, SHORTEST_SIDE), side)
        first = min(max((low + high - length) // 2, 0), side - length)
        sides += [first, first + length]
    y0, y1, x0, x1 = sides
    return y0, y1, x0, x1


def read(simulation: Simulation, request: Request) -> Results:
    """Read what is painted from, and the true field if the simulation has it."""
    place = request.place
    eaten = eaten_by(simulation, request)
    maps = [mesh for mesh in eaten.values() if isinstance(mesh, Slab)]
    shown: Any = maps[0] if maps else mesh_at(simulation, place, request.run)
    full = Run()
    dark: Any = mesh_at(simulation, place, full) if has(simulation, place, full) else shown
    found = Results(request, shown, dark=dark, catalogue=catalogue(simulation), eaten=eaten)
    truth: Any = true_of(simulation, request)
    if truth is None:
        missing = f"{request.simulation} has no\n{field_named(request.field).label} to compare with"
        return replace(found, no_truth=missing)
    return replace(found, truth=truth)


def eaten_by(simulation: Simulation, request: Request) -> dict[str, Mesh]:
    """Gather what a request's emulator eats; nothing without one."""
    card = card_of(request)
    if card is None:
        return {}
    if inputs.is_cut(card, request.place):
        return boxes_eaten(simulation, request.emulator, request.field, request.run.level)
    return inputs.inputs(simulation, card, request.place, request.run)


@lru_cache(maxsize=2)
def boxes_eaten(
    simulation: Simulation, emulator: str, field_name: str, level: str
) -> dict[str, Mesh]:
    """Read the boxes that an emulator paints from, once for all slabs that are cut from there."""
    card = card_named(emulator, field_name, level)
    assert card is not None  # whoever asks has found it
    return inputs.inputs(simulation, card, BoxPlace())


def cut_from_boxes(results: Results) -> dict[str, ModelCard]:
    """Cards of the paintings that are slabs cut from painted boxes, by the painting's name."""
    request = results.request
    cards = {"prediction": card_of(request), "other": card_of(request.of_other())}
    return {
        name: card
        for name, card in cards.items()
        if card is not None and inputs.is_cut(card, request.place)
    }


def cut(painting: Mesh, shown: Slab) -> Any:
    """Take a painting at a slab on show: of a box the layer where the slab lies."""
    if isinstance(painting, Grid):
        return painting.slab(shown.axis, shown.start, shown.depth, shown.index)
    return painting


def true_of(simulation: Simulation, request: Request) -> Mesh | None:
    """Find what paintings are compared with; the field itself where nothing paints it."""
    if (card := card_of(request)) is not None:
        return inputs.truth(simulation, card, request.place)
    run = Run(request.field)
    return mesh_at(simulation, request.place, run) if has(simulation, request.place, run) else None


@lru_cache(maxsize=64)
def card_named(emulator: str, field_name: str, level: str) -> ModelCard | None:
    """Find the card of an emulator for an input of a level."""
    system, trained_for = system_and_level(emulator, level)
    cards = {(card.system, card.trained_for, card.field): card for card in engine.emulators()}
    # One that begins at the initial conditions has no level.
    return cards.get((system, trained_for, field_name)) or cards.get((system, "", field_name))


def card_of(request: Request) -> ModelCard | None:
    """Find the card of a request's emulator."""
    return card_named(request.emulator, request.field, request.run.level)


def remembered(simulation: Simulation, found: Results, cache: ResultCache) -> Results:
    """Add to what was read what can be shown without painting: remembered paintings."""
    request = found.request
    level = request.run.level
    if not request.emulator:
        return summarise(replace(found, no_prediction=untrained(level)))
    emulator = trained(request.emulator, request.field, level)
    numbers = dict(request.parameters)
    key = prediction_key(emulator, found.eaten, request.seed, parameters=numbers)
    prediction = cache.get(key)
    if request.other:
        second = trained(request.other, request.field, level)
        eaten = eaten_by(simulation, request.of_other())
        other = cache.get(prediction_key(second, eaten, request.other_seed))
        shown = None if other is None else cut(other, found.input)
        found = replace(found, other=shown, no_other="" if other else PAINTING)
    return summarise(painted(found, emulator, prediction))


def painted(
    found: Results, emulator: Emulator, prediction: Mesh | None, seconds: float | None = None
) -> Results:
    """Add a prediction and how it came about; None for one that is still to come."""
    if prediction is None:
        return replace(found, no_prediction=PAINTING)
    device = device_in_words(emulator.device)
    shown = cut(prediction, found.input)
    return replace(found, prediction=shown, device=device, seconds=seconds)


def untrained(level: str) -> str:
    """Say that nothing paints from a level, and what to do."""
    if not engine.emulators():
        return UNTRAINED
    return f"No emulator was trained for {level};\nothers can be switched on"


@lru_cache(maxsize=8)
def trained(emulator: str, name: str, level: str) -> Emulator:
    """Load an emulator for an input of a level; the last few stay in memory for all sessions."""
    system, trained_for = system_and_level(emulator, level)
    return engine.load_emulator(system, field=name, level=trained_for)


def device_in_words(device: str) -> str:
    """Name the device as a person does."""
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def summarise(found: Results) -> Results:
    """Add the statistics of the maps that are there."""
    maps = found.compared()
    curves = curves_of(found.request.field, maps)
    if "cddf" in curves and (columns := through_the_box(found)) is not None:
        curves["cddf"] = {**curves["cddf"], WHOLE_BOX: columns}
    if not field_named(found.request.field).is_density:
        return replace(found, curves=curves)
    mass = statistics.get("total_mass")
    halos = of_each(relation, found)
    curves["halo_profile"] = of_each(profile, found)
    for name, measure in (("halo_median", quantile), ("halo_scatter", scatter)):
        curves[name] = {of: measure(points) for of, points in halos.items()}
    masses = {name: mass(slabs) for name, slabs in maps.items()}
    return replace(found, curves=curves, masses=masses, halos=halos)


def of_each(measure: Callable[[Results, str], T | None], found: Results) -> dict[str, T]:
    """Measure every map that is compared, by its name, as far as there is something."""
    measured = {name: measure(found, name) for name in COMPARED}
    return {name: each for name, each in measured.items() if each is not None}


def with_halo(shown: Results, halo: int) -> Results:
    """Show another halo's profile; maps and all other curves stay."""
    found = replace(shown, request=replace(shown.request, halo=halo))
    return replace(found, curves={**shown.curves, "halo_profile": of_each(profile, found)})


def through_the_box(found: Results) -> Curve | None:
    """Column densities of the truth along lines as long as the box.

    None unless the curves are summed over all slabs of the axis.
    """
    slabs = found.slabs("truth")
    if not found.along or not found.is_whole or not slabs:
        return None
    columns: Curve = statistics.get("cddf")(whole_box(slabs))
    return columns


def relation(found: Results, name: str) -> Points | None:
    """Measure the haloes of the slabs that curves are summed over, always of whole maps."""
    slabs = [(each.dark, getattr(each, name)) for each in found.along or (found,)]
    if found.catalogue is None or any(None in pair for pair in slabs):
        return None
    dark, painted = zip(*map(on_coarsest, slabs), strict=True)
    measured: Points = statistics.get("halo_relation", halos=found.catalogue)(dark, painted)
    return measured


def profile(found: Results, name: str) -> Curve | None:
    """Profile of a map around the halo that is chosen, if the slab holds it."""
    slab, halo = getattr(found, name), found.request.halo
    if slab is None or not holds(found, halo):
        return None
    drawn: Curve = statistics.get("halo_profile", halos=found.catalogue, numbers=(halo,))(slab)
    return drawn


def around_halo(many: Ensemble, found: Results, cache: ResultCache) -> Ensemble:
    """Give an ensemble the band of the profile of the halo chosen now, as far as remembered."""
    request = found.request
    emulator = trained(request.emulator, request.field, request.run.level)
    numbers = dict(request.parameters)
    keys = [
        prediction_key(emulator, found.eaten, seed, parameters=numbers)
        for seed in range(many.count)
    ]
    slabs = [cut(each, found.input) for each in map(cache.get, keys) if each is not None]
    curves = [profile(replace(found, prediction=slab), "prediction") for slab in slabs]
    around = [curve for curve in curves if curve is not None]
    others = {name: each for name, each in many.bands.items() if name != "halo_profile"}
    if len(around) >= FEWEST:
        others["halo_profile"] = quantiles_of(around)
    request = replace(many.request, halo=found.request.halo)
    return replace(many, request=request, bands=others)


def holds(found: Results, halo: int) -> bool:
    """Whether the slab holds a halo's centre."""
    return found.catalogue is not None and halo in found.catalogue.in_slab(found.input)


def curves_of(
    field_name: str, maps: Mapping[str, Sequence[Slab]]
) -> dict[str, Mapping[str, Curve]]:
    """Compute every curve of a field's maps alone, summed over slabs, by its name and the map's."""
    return {name: compared.curves(name, maps) for name in of_maps(field_name)}


def of_maps(field_name: str) -> list[str]:
    """List the statistics that make a curve of a field's maps and of nothing beside, in order."""
    found = {name: statistics.get(name) for name in statistics.names()}
    named = [
        name
        for name, each in found.items()
        if each.title and not each.needs and each.takes(field_name, "slab")
    ]
    return sorted(named, key=lambda name: found[name].place)
