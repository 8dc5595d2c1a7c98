"""What the page shows of one box: its layers as maps, the curves of all of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import lru_cache
from typing import Any

import numpy as np

from engine import statistics
from engine.catalogue_grids import SUBHALOS
from engine.fields import field_named
from engine.halos import Halos
from engine.inference import ResultCache, prediction_key
from engine.inputs import by_kind, dark_matter_runs, mesh_at, true_box, with_start
from engine.mesh import Grid, Slab
from engine.places import BoxPlace, Run
from engine.results import Curve
from engine.simulation import Simulation
from engine.statistics import octants
from engine.statistics.boxes import scattered, statistic, taken_of
from engine.statistics.compared import COMPARED
from engine.systems.box_pair import SAME_PHASES, phase_correlation
from engine.systems.contract import Emulator
from engine.units import MPC_IN_KPC
from explorer.choices import catalogue
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
        What the layers are cut from: "input", "initial", "dark", "truth", "prediction",
        "other", as far as they are there.
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
        whole: Grid = anchor_of(self.boxes)
        return whole

    def layer_of(self, name: str) -> Slab | None:
        """Layer of a box, by its name; None where there is no such box."""
        layer: Slab | None = getattr(self, name) if name in self.boxes else None
        return layer


def low_run(simulation: Simulation) -> Run | None:
    """Run of the coarsest dark matter in cells: what there is to paint from."""
    cells = simulation.grids()
    there = [run for run in dark_matter_runs(simulation) if run in cells]
    return min(there, key=lambda run: cells[run], default=None)


def run_of_cells(simulation: Simulation, size: float) -> Run | None:
    """Run of the dark matter whose cells are nearest to a size, comoving [kpc/h]."""
    cells, side = simulation.grids(), MPC_IN_KPC * simulation.box_size
    there = [run for run in dark_matter_runs(simulation) if run in cells]
    return min(there, key=lambda run: abs(np.log(side / cells[run] / size)), default=None)


def read_boxes(simulation: Simulation, request: BoxRequest) -> BoxResults:
    """Read what is painted from, and the truth if the simulation has it."""
    eaten = eaten_by(simulation, request)
    if not eaten:
        eaten = {"low": mesh_at(simulation, BOX, request.run)}
    boxes: Any = by_kind(eaten)
    truth = truth_of(simulation, request, boxes)
    boxes = with_start(simulation, boxes)
    no_truth = why_no_truth(request, boxes, truth)
    if not no_truth:
        boxes["truth"] = truth
    anchor = anchor_of(boxes)
    shown = dated(anchor.slab(request.axis, request.start, request.depth or None), anchor)
    found = BoxResults(request, shown, no_truth=no_truth, eaten=eaten, boxes=boxes)
    if SUBHALOS in eaten:
        found = replace(found, catalogue=circles(eaten[SUBHALOS], boxes.get("truth")))
    elif (halos := catalogue(simulation)) is not None:
        found = replace(found, catalogue=heaviest(halos, shown.pixel_size))
    return at_layer(found, request)


def truth_of(simulation: Simulation, request: BoxRequest, boxes: Mapping[str, Grid]) -> Grid | None:
    """Find the box of high resolution, on the cells of the initial conditions if it is finer."""
    card = card_of(request)
    field = card.field if card else request.run.field
    truth: Any = true_box(simulation, field, boxes.get("initial"), card)
    eaten = boxes.get("input")
    return None if truth is None or (eaten is not None and eaten.run == truth.run) else truth


def why_no_truth(request: BoxRequest, boxes: Mapping[str, Grid], truth: Grid | None) -> str:
    """Say why a painting can't be compared with the box of high resolution; empty if it can."""
    if truth is None:
        what = field_named(request.field).label.split(" (")[0]
        return f"{request.simulation} has no box of\n{what} to compare with"
    low = boxes.get("input")
    if low is None or truth.shape != tuple(2 * side for side in low.shape):
        return ""
    alike = phase_correlation(low.values, truth.values)
    if alike >= SAME_PHASES:
        return ""
    return (
        f"the high resolution of {request.simulation} is\nanother universe than its low one:\n"
        f"their largest waves have r = {alike:.2f}"
    )


def anchor_of(meshes: Mapping[str, Any]) -> Any:
    """Find what says how far a box reaches: of low resolution where there is one."""
    there = (meshes.get(name) for name in ("input", "dark", "truth", "initial"))
    return next(mesh for mesh in there if mesh is not None)


def dated(layer: Any, box: Any) -> Any:
    """Give the layer of a box the redshift of its run.

    Initial conditions are linear overdensities of today, whatever that redshift.
    """
    snapshot = getattr(box, "snapshot", None)
    return layer if snapshot is None else replace(layer, redshift=snapshot)


LEAST_STARS = 1e7
"""Stellar mass from which a galaxy is circled, [Msun/h]."""


SEEN = 1.01
"""Cells that a ring reaches at least, or it would be none: cells of boxes are large."""

MOST_RINGS = 1000
"""Haloes of a box that are circled, the heaviest: of more a layer would be covered."""


def circles(grid: Any, truth: Any) -> Halos:
    """Subhaloes as the maps circle them: those with stars, or all where no truth tells.

    Parameters
    ----------
    grid : SubhaloGrid
        Of them all.
    truth : GalaxyGrid or None
        Says which have stars.
    """
    subhalos = grid.subhalos
    radius = np.maximum(subhalos.rvir, SEEN * grid.cell_size)
    if truth is not None:
        stars = truth.galaxies.of_subhalos(len(subhalos))
        radius = np.where(stars >= LEAST_STARS, radius, 0.0)
    return Halos(
        subhalos.position,
        subhalos.mvir,
        radius.astype(np.float32),
        np.zeros(len(subhalos), np.float32),
        subhalos.run,
        subhalos.definition,
    )


def heaviest(halos: Halos, cell: float) -> Halos:
    """Haloes as the maps circle them: the heaviest, each at least as wide as can be seen.

    Parameters
    ----------
    halos : Halos
        Of the box.
    cell : float
        Side of the maps' pixels, comoving, [kpc/h].

    Returns
    -------
    Halos
        All of them; those that are not circled have no radius.
    """
    radius = np.zeros_like(halos.rvir)
    rows = np.argsort(-halos.mvir, kind="stable")[:MOST_RINGS]
    radius[rows] = np.maximum(halos.rvir[rows], SEEN * cell)
    return replace(halos, rvir=radius)


FOLLOWING = ("power_spectrum", "transfer_function", "cross_correlation")
"""Curves that follow a slider while it is dragged: the quickest."""


def for_parameters(shown: BoxResults, request: BoxRequest) -> BoxResults:
    """Keep all of a box but what its painting with other numbers changes."""
    curves = {
        name: {of: curve for of, curve in each.items() if of != "prediction"}
        for name, each in shown.curves.items()
    }
    masses = {of: mass for of, mass in shown.masses.items() if of != "prediction"}
    changes: dict[str, Any] = {"curves": curves, "masses": masses, "changes": {}}
    return replace(shown, request=request, measured=False, **changes)


def at_layer(found: BoxResults, request: BoxRequest) -> BoxResults:
    """Show another layer of the same boxes; curves stay."""
    cut: dict[str, Any] = {
        name: box.slab(request.axis, request.start, request.depth or None)
        for name, box in found.boxes.items()
    }
    if "input" not in cut:  # nothing of low resolution is eaten: the place is that of the others
        cut["input"] = dated(anchor_of(cut), anchor_of(found.boxes))
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
    curve: Curve = statistic(name, *boxes)(*boxes)
    return curve


@lru_cache(maxsize=32)
def with_scatter(name: str, *boxes: Grid) -> Curve:
    """Take a statistic with the scatter of the box's octants as its error."""
    return octants.with_scatter(statistic(name, *boxes), measured(name, *boxes), *boxes)


def with_curves(found: BoxResults, *names: str) -> BoxResults:
    """Add the curves of some statistics, as far as the boxes are large and fine enough."""
    curves, why = dict[str, Mapping[str, Curve]](), list(found.unmeasured)
    for name in names:
        each = taken_of(name, found.boxes)
        try:
            curves[name] = {of: measured(name, *boxes) for of, boxes in each.items()}
        except ValueError as error:
            curves[name] = {}
            why.append(f"{statistic(name).title}: {error}")
    unmeasured = tuple(dict.fromkeys(why))
    return replace(found, curves={**found.curves, **curves}, unmeasured=unmeasured)


def with_octants(found: BoxResults, *names: str) -> BoxResults:
    """Give curves the scatter of octants: the truth's, or of a pair the painting's."""
    curves = {}
    for name in names:
        boxes = taken_of(name, found.boxes)
        whose = scattered(name)
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
