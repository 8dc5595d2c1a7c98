"""Measures what a report shows of an emulator of boxes: every curve of each simulation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine import inputs, statistics
from engine.files import sha256
from engine.mesh import Grid
from engine.painting import paint
from engine.places import BoxPlace
from engine.results import Curve
from engine.simulation import Simulation
from engine.statistics import octants
from engine.systems.box_pair import INITIAL, LOW, interpolated
from engine.systems.contract import Emulator
from training.data.volumes import repeated
from training.report.bands import rounded
from training.report.resampled import best_linear

Content = dict[str, Any]
Advance = Callable[[str], None]

BOX = BoxPlace()

PAINTED = "painted"
"""By which name the emulator's own painting goes beside the baselines'."""

CURVES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "smoothed_pdf": ("smoothed_pdf", {}),
    "power_spectrum": ("power_spectrum", {}),
    "bispectrum": ("bispectrum_angle", {}),
    "reduced_bispectrum": ("bispectrum_angle", {"reduced": True}),
    "voids": ("void_sizes", {}),
}
"""Statistics of one box, with their options (Kodi Ramanah et al. 2020, figures 3 to 7)."""

PAIRS = ("transfer_function", "cross_correlation")
"""Statistics of a box beside the true one."""

UP_TO = (0.5, 0.7, 1.0)
"""Wavenumbers up to which the largest errors are told, [h/Mpc]."""

CLAIM = 0.015
"""Error of T that the paper reached to k of about 1 h/Mpc."""


FEWEST = 30
"""Modes of a bin that can end the claim: the largest waves of one box are a handful."""


def measured(emulator: Emulator, simulations: Sequence[Simulation], advance: Advance) -> Content:
    """Paint boxes and measure them, the first with its baselines and the scatter of octants.

    Parameters
    ----------
    emulator : Emulator
        Of boxes, from low resolution and initial conditions.
    simulations : sequence of Simulation
        With truth. The first is what is scored; of the others, the change from the first.
    advance : callable
        Told what is being done.

    Returns
    -------
    dict
        What JSON can hold.

    Raises
    ------
    ValueError
        In one sentence, if a simulation lacks the truth or what is painted from.
    """
    first, *others = simulations
    boxes = _boxes(emulator, first, advance)
    found = about(first)
    found["mean"] = {
        name: rounded(_mean(box) / _mean(boxes["truth"])) for name, box in boxes.items()
    }
    found["curves"], found["pairs"] = {}, {}
    for name in CURVES:
        advance(f"{first.name}: {name}")
        found["curves"][name] = _curves(name, boxes)
    for name in PAIRS:
        advance(f"{first.name}: {name}")
        found["pairs"][name] = _beside_truth(name, boxes)
    transfer, correlation = (found["pairs"][name] for name in PAIRS)
    found["headline"] = {
        name: headline(transfer, correlation, name) for name in boxes if name != "truth"
    }
    changes = [
        {**about(other), "changes": _changes(emulator, other, found["curves"], advance)}
        for other in others
    ]
    return {"scored": found, "others": changes}


def about(simulation: Simulation) -> Content:
    """What a simulation is."""
    return {
        "simulation": simulation.name,
        "sha256": sha256(simulation.path),
        "box_size": simulation.box_size,
        "redshift": simulation.redshift,
        "Omega_m": simulation.cosmology.Omega_m,
    }


def truth_of(emulator: Emulator, simulation: Simulation) -> Grid:
    """The simulation's own box of high resolution.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    truth = inputs.truth(simulation, emulator.card, BOX)
    if not isinstance(truth, Grid):
        raise ValueError(
            f"{simulation.name} has no grid of {emulator.card.field!r} at high resolution, "
            "expected the truth that a report scores with: project its snapshot with --grids."
        )
    return truth


def _boxes(emulator: Emulator, simulation: Simulation, advance: Advance) -> dict[str, Grid]:
    """The truth, the painting and the baselines, by name."""
    truth = truth_of(emulator, simulation)
    eaten = inputs.inputs(simulation, emulator.card, BOX)
    low, initial = eaten[LOW], eaten[INITIAL]
    assert isinstance(low, Grid)
    assert isinstance(initial, Grid)
    advance(f"{simulation.name}: painting")
    return {
        "truth": truth,
        PAINTED: paint(emulator, simulation, BOX),
        "low": repeated(low, truth),
        "trilinear": truth.with_values(interpolated(low.values)),
        "linear": best_linear(low, initial, truth),
    }


def _mean(box: Grid) -> float:
    return float(box.values.mean(dtype=np.float64))


def _statistic(name: str) -> Any:
    which, options = CURVES[name]
    return statistics.get(which, **options)


def _curves(name: str, boxes: Mapping[str, Grid]) -> Content:
    """A statistic of every box, at the places of the truth's, whose octants give the scatter."""
    statistic = _statistic(name)
    curves = {of: statistic(box) for of, box in boxes.items()}
    truth = curves["truth"]
    scattered = octants.with_scatter(statistic, truth, boxes["truth"])
    return {**_axes(truth), "scatter": rounded(_error(scattered))} | {
        of: rounded(_at(curve, truth)) for of, curve in curves.items()
    }


def _beside_truth(name: str, boxes: Mapping[str, Grid]) -> Content:
    """A statistic of every other box and the true one; octants of the painting's."""
    statistic, truth = statistics.get(name), boxes["truth"]
    curves = {of: statistic(truth, box) for of, box in boxes.items() if of != "truth"}
    scattered = octants.with_scatter(statistic, curves[PAINTED], truth, boxes[PAINTED])
    return {**_axes(curves[PAINTED]), "scatter": rounded(_error(scattered))} | {
        of: rounded(curve.y) for of, curve in curves.items()
    }


def _axes(curve: Curve) -> Content:
    words = {"x_label": curve.x_label, "y_label": curve.y_label}
    assert curve.count is not None
    return {"x": rounded(curve.x), "count": rounded(curve.count), **words}


def _error(curve: Curve) -> Any:
    assert curve.error is not None
    return curve.error


def _at(curve: Curve, like: Curve) -> Any:
    """Values at the places of another curve of the same statistic."""
    return curve.y if np.array_equal(curve.x, like.x) else np.interp(like.x, curve.x, curve.y)


def _changes(
    emulator: Emulator, other: Simulation, first: Mapping[str, Content], advance: Advance
) -> Content:
    """Ratios of another box's curves to the first one's, less one, true and painted."""
    advance(f"{other.name}: painting")
    boxes = {"truth": truth_of(emulator, other), PAINTED: paint(emulator, other, BOX)}
    found: Content = {}
    for name, curve in first.items():
        advance(f"{other.name}: {name}")
        found[name] = {key: curve[key] for key in ("x", "x_label", "y_label")}
        for of, box in boxes.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = _statistic(name)(box).y / np.array(curve[of], float)
            found[name][of] = rounded(ratio - 1)
    return found


def headline(transfer: Content, correlation: Content, name: str) -> Content:
    """Largest errors of T and the least r up to some wavenumbers, and where T keeps the claim.

    Parameters
    ----------
    transfer, correlation : dict
        As `measured` has them in "pairs".
    name : str
        Of the painting.
    """
    k = np.array(transfer["x"], float)
    off, r = np.abs(np.array(transfer[name], float) - 1), np.array(correlation[name], float)
    found: Content = {"transfer_error": {}, "correlation": {}}
    for highest in UP_TO:
        seen = (k < highest) & np.isfinite(off)
        found["transfer_error"][str(highest)] = rounded(off[seen].max())
        found["correlation"][str(highest)] = rounded(r[seen].min())
    beyond = k[(off > CLAIM) & (np.array(transfer["count"], float) >= FEWEST)]
    found["claim_kept_to_k"] = rounded(beyond.min() if len(beyond) else k[np.isfinite(off)].max())
    return found
