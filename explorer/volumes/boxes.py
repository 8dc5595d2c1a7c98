"""What the page shows of one box: its layers as maps, the curves of all of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import lru_cache
from typing import Any

import numpy as np

from engine import statistics
from engine.fields import field_named
from engine.inference import ResultCache, prediction_key
from engine.inputs import dark_matter_runs, has, mesh_at
from engine.mesh import Grid, Slab
from engine.places import BoxPlace, Run
from engine.results import Curve
from engine.simulation import Simulation
from engine.statistics import octants
from engine.statistics.compared import COMPARED
from engine.systems.contract import Emulator
from explorer.results import (
    PAINTING,
    Results,
    card_of,
    device_in_words,
    eaten_by,
    trained,
    untrained,
)
from explorer.volumes.selection import BoxRequest

BOX = BoxPlace()

REDUCED = "reduced_bispectrum"
"""Q, which the statistic of the bispectrum by angle makes with an option."""

SURE = 0.5
"""Relative error of a curve above which its change says nothing."""

CHANGES = ("power_spectrum", "bispectrum_angle", "smoothed_pdf", "void_sizes")
"""Curves whose change with the cosmology is shown (Kodi Ramanah et al. 2020, figure 8)."""


@dataclass(frozen=True, eq=False)
class BoxResults(Results):
    """What one request for a box came to, as far as it has come.

    Parameters
    ----------
    initial : Slab or None
        Layer of the initial conditions.
    boxes : mapping of str to Grid
        What the layers are cut from: "input", "initial", "truth", "prediction", "other", as far
        as they are there.
    measured : bool
        Whether all curves are there.
    unmeasured : tuple of str
        Why there is no curve of some statistics, a sentence each.
    changes : mapping
        Ratio of another simulation's curves to this one's, less one, by the statistic's name and
        by what they are of.

    See Also
    --------
    Results : the other parameters; its maps are layers of the boxes.
    """

    request: BoxRequest
    initial: Slab | None = None
    boxes: Mapping[str, Grid] = attribute(default_factory=dict)
    measured: bool = False
    unmeasured: tuple[str, ...] = ()
    changes: Mapping[str, Mapping[str, Curve]] = attribute(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all curves are there."""
        return self.measured

    @property
    def whole(self) -> Grid:
        """The box that says how far it reaches: of low resolution where there is one."""
        return self.boxes.get("input") or self.boxes.get("truth") or self.boxes["initial"]

    def layer_of(self, name: str) -> Slab | None:
        """Layer of a box, by its name; None where there is no such box."""
        layer: Slab | None = getattr(self, name) if name in self.boxes else None
        return layer


def low_run(simulation: Simulation) -> Run | None:
    """Run of the coarsest dark matter in cells: what there is to paint from."""
    cells = simulation.grids()
    there = [run for run in dark_matter_runs(simulation) if run in cells]
    return min(there, key=lambda run: cells[run], default=None)


def read_boxes(simulation: Simulation, request: BoxRequest) -> BoxResults:
    """Read what is painted from, and the truth if the simulation has it."""
    eaten = eaten_by(simulation, request)
    if not eaten:
        eaten = {"low": mesh_at(simulation, BOX, request.run)}
        if simulation.has_initial_conditions:
            eaten["initial"] = simulation.initial_conditions()
    boxes: dict[str, Any] = {}
    for mesh in eaten.values():
        boxes.setdefault("initial" if field_named(mesh.field).signed else "input", mesh)
    if not boxes:
        raise ValueError(f"{request.simulation} has no box to show.")
    truth = truth_of(simulation, request, boxes)
    no_truth = ""
    if truth is None:
        what = field_named(request.field).label.split(" (")[0]
        no_truth = f"{request.simulation} has no box of\n{what} to compare with"
    else:
        boxes["truth"] = truth
    anchor = boxes.get("input") or boxes.get("truth") or boxes["initial"]
    shown = anchor.slab(request.axis, request.start, request.depth or None)
    found = BoxResults(request, shown, no_truth=no_truth, eaten=eaten, boxes=boxes)
    return at_layer(found, request)


def truth_of(simulation: Simulation, request: BoxRequest, boxes: Mapping[str, Grid]) -> Grid | None:
    """Find the box of high resolution, on the cells of the initial conditions if it is finer."""
    card = card_of(request)
    run = Run(card.field if card else request.run.field)
    eaten = boxes.get("input")
    if not has(simulation, BOX, run) or (eaten is not None and eaten.run == run):
        return None
    start, cells = boxes.get("initial"), simulation.grids()[run]
    wanted = cells if start is None else len(start.values)
    coarser = wanted if cells > wanted and not cells % wanted else None
    return simulation.grid(run.field, coarser, run.level, run.origin)


def at_layer(found: BoxResults, request: BoxRequest) -> BoxResults:
    """Show another layer of the same boxes; curves stay."""
    cut: dict[str, Any] = {
        name: box.slab(request.axis, request.start, request.depth or None)
        for name, box in found.boxes.items()
    }
    if "input" not in cut:  # nothing of low resolution is eaten: the place is that of the others
        cut["input"] = cut.get("truth") or cut["initial"]
    same_beside = request.beside == found.request.beside
    rest: dict[str, Any] = {} if same_beside else {"changes": {}, "measured": False}
    return replace(found, request=request, **cut, **rest)


def with_box(found: BoxResults, name: str, box: Grid, **changes: Any) -> BoxResults:
    """Add a painting, and its layer."""
    request = found.request
    layer: Any = {name: box.slab(request.axis, request.start, request.depth or None)}
    return replace(found, boxes={**found.boxes, name: box}, **layer, **changes)


def with_prediction(
    found: BoxResults, emulator: Emulator, box: Grid, seconds: float | None = None
) -> BoxResults:
    """Add the painting and how it came about."""
    about = {"device": device_in_words(emulator.device), "seconds": seconds}
    return with_box(found, "prediction", box, no_prediction="", **about)


def remembered_boxes(simulation: Simulation, found: BoxResults, cache: ResultCache) -> BoxResults:
    """Add paintings that were made before."""
    request = found.request
    if not request.emulator:
        return replace(found, no_prediction=untrained(request.run.level))
    emulator = trained(request.emulator, request.field, request.run.level)
    key = prediction_key(emulator, found.eaten, parameters=dict(request.parameters))
    box: Grid | None = cache.get(key)
    shown = replace(found, no_prediction=PAINTING)
    if box is not None:
        shown = with_prediction(found, emulator, box)
    if request.other:
        second = trained(request.other, request.field, request.run.level)
        other = cache.get(prediction_key(second, eaten_by(simulation, request.of_other())))
        if other is None:
            return replace(shown, no_other=PAINTING)
        shown = with_box(shown, "other", other)
    return shown


@lru_cache(maxsize=64)
def measured(name: str, *boxes: Grid) -> Curve:
    """Take a statistic of a box, or of a box beside the truth; remembered by identity."""
    curve: Curve = statistic(name)(*boxes)
    return curve


@lru_cache(maxsize=32)
def with_scatter(name: str, *boxes: Grid) -> Curve:
    """Take a statistic with the scatter of the box's octants as its error."""
    return octants.with_scatter(statistic(name), measured(name, *boxes), *boxes)


def statistic(name: str) -> Any:
    """Look up the statistic of a card."""
    if name == REDUCED:
        return statistics.get("bispectrum_angle", reduced=True)
    return statistics.get(name)


def curve_names() -> list[str]:
    """Names of all curves of a box, the quickest first."""
    each = {name: statistics.get(name) for name in statistics.names()}
    some = [name for name, about in each.items() if about.title and "grid" in about.kinds]
    slow = ("smoothed_pdf", "void_sizes")
    return [*(name for name in some if name not in slow), REDUCED, *slow]


def compared_boxes(found: BoxResults, name: str) -> dict[str, tuple[Grid, ...]]:
    """Boxes that a curve takes, by what the curve is of."""
    about = statistic(name)
    boxes = {of: found.boxes[of] for of in COMPARED if of in found.boxes}
    if not about.of_pairs:
        return {of: (box,) for of, box in boxes.items()}
    if "truth" not in boxes:
        return {}
    truth = boxes.pop("truth")
    return {of: (truth, box) for of, box in boxes.items()}


def with_curves(found: BoxResults, *names: str) -> BoxResults:
    """Add the curves of some statistics, as far as the boxes are large and fine enough."""
    curves, why = dict[str, Mapping[str, Curve]](), list(found.unmeasured)
    for name in names:
        each = compared_boxes(found, name)
        try:
            curves[name] = {of: measured(name, *boxes) for of, boxes in each.items()}
        except ValueError as error:
            curves[name] = {}
            why.append(str(error))
    unmeasured = tuple(dict.fromkeys(why))
    return replace(found, curves={**found.curves, **curves}, unmeasured=unmeasured)


def with_octants(found: BoxResults, *names: str) -> BoxResults:
    """Give curves the scatter of octants: the truth's, or of a pair the painting's."""
    curves = {}
    for name in names:
        boxes = compared_boxes(found, name)
        whose = "prediction" if statistic(name).of_pairs else "truth"
        curves[name] = dict(found.curves[name])
        if whose not in curves[name]:
            continue
        with suppress(ValueError):  # octants hold fewer scales than the box
            curves[name][whose] = with_scatter(name, *boxes[whose])
    return replace(found, curves={**found.curves, **curves})


def with_masses(found: BoxResults) -> BoxResults:
    """Add the mass of every box that is compared."""
    mass = statistics.get("total_mass")
    masses = {of: mass(found.boxes[of]) for of in COMPARED if of in found.boxes}
    return replace(found, masses=masses)


def changed(name: str, these: BoxResults, others: BoxResults) -> dict[str, Curve]:
    """Ratio of another box's curves to these, less one, of truth and of painting."""
    found = {}
    for of in these.curves.get(name, {}):
        if of in others.boxes:
            here, there = (measured(name, each.boxes[of]) for each in (these, others))
            found[of] = relative(here, there)
    return found


def relative(here: Curve, there: Curve) -> Curve:
    """Relative change of a curve, not a number where it isn't above zero or hardly known."""
    some = here.y > 0
    if here.error is not None:
        some = some & (here.error < SURE * here.y)
    change = np.full(len(here.x), np.nan)
    change[some] = there.y[some] / here.y[some] - 1
    words: dict[str, Any] = {"error_kind": "", "y_label": "relative change", "note": ""}
    return replace(here, y=change, error=None, y_log=False, **words)
