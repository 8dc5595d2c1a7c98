"""From sums to what a report says: bands over realisations, ratios, headline numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from engine import statistics
from engine.leaning import Leaning
from engine.likeness import CLASSES, Likeness, likeness
from engine.places import SlabPlace
from engine.results import Curve
from engine.statistics.contract import Sums
from engine.statistics.pairs import PairSums, correlation
from training.report import calibrated, haloes
from training.report.bands import bands, rounded
from training.report.measure import Measures, Part
from training.report.run import Task
from training.validation import heaviest_halo

LEAST_K, MOST_K = 1.0, 30.0
"""[h/Mpc] between which ratios are averaged: below, a box of 11 Mpc/h has a handful of modes;
above, 0.2 Mpc/h are seven pixels of 29 kpc/h."""

HIGHEST_K = (10.0, 20.0, 30.0)
"""[h/Mpc] up to which the worst ratio is told."""

COLUMNS = (1e16, 1e21)
"""[cm^-2] between which the worst ratio of the CDDF is told: slabs don't change it above the
first (the paper's appendix A); the second is past the damped absorbers' knee."""

FEWEST_PIXELS = 100
"""Bins in which the truth counts fewer are left out of the worst ratio of the CDDF."""

SIGNIFICANT = 2.0
"""Standard deviations of a Gaussian field that a bispectrum must stand above zero: at large
scales a small box's is noise of either sign."""

Content = dict[str, Any]
"""What JSON can hold."""


def result(task: Task, parts: Mapping[SlabPlace, Part]) -> Content:
    """Say how an emulator did on a simulation, with and without the heaviest halo's slabs.

    Parameters
    ----------
    task : Task
        What was painted.
    parts : mapping of SlabPlace to Part
        Of all its slabs.
    """
    found: Content = {
        "emulator": task.emulator.card.name,
        "system": task.emulator.card.system,
        "field": task.emulator.card.field,
        "level": task.emulator.card.level,
        "simulation": task.simulation.name,
        "axes": task.axes,
        "run": {**asdict(task.run), "name": task.run.name},
        "own": task.own,
        "realisations": task.count,
        "seeds": [0, task.count - 1] if task.emulator.card.stochastic else None,
        "all": portion(task, parts),
    }
    if "hydro" in task.simulation.runs:
        loud = heaviest_halo(task.simulation, task.axes)[0]
        quiet = {place: part for place, part in parts.items() if place not in loud}
        if quiet:
            found["without_heaviest_halo"] = portion(task, quiet)
    if task.own and "hydro" in task.simulation.runs:
        each = list(parts.values())
        found["halo_points"] = haloes.points_of(
            task,
            [part.truth["halos"] for part in each],
            [part.painted[0]["halos"] for part in each],
        )
    return found


def portion(task: Task, parts: Mapping[SlabPlace, Part]) -> Content:
    """Say how an emulator did on some slabs; sums are added before ratios are taken."""
    each = list(parts.values())
    truth = total([part.truth for part in each])
    painted = [total([part.painted[i] for part in each]) for i in range(task.count)]
    found = {
        "slabs": [f"{place.axis}{place.index}" for place in parts],
        "total_mass": masses(truth, painted),
        "power_spectrum": power(truth["pairs"], [p["pairs"] for p in painted]),
        "cross_correlation": correlations([p["pairs"] for p in painted]),
    }
    for name in ("bispectrum", "pdf", "cddf"):
        if name in truth:
            statistic = statistics.get(name)
            curves = [statistic.finish(p[name]) for p in painted]
            found[name] = compared(statistic.finish(truth[name]), curves)
    if task.own:
        found |= calibrated.calibration(each)
        leaning = [part.leaning for part in each]
        textures = likeness([part.texture for part in each])
        found["likeness"] = alike(textures, sum(leaning[1:], leaning[0]))
        if "halos" in truth:
            found["halos"] = haloes.relation(task, truth["halos"], [p["halos"] for p in painted])
    return found | {"headline": headline(found)}


def total(several: Sequence[Measures]) -> Measures:
    """Add the sums of one realisation over slabs; haloes become a list, a slab each."""
    found: Measures = {}
    for name, first in several[0].items():
        each = [measures[name] for measures in several]
        found[name] = sum(each[1:], first) if isinstance(first, Sums) else each
    return found


def alike(found: Likeness, leaning: Leaning) -> Content:
    """Write how like the truth paintings look, beside what the truth itself has."""
    names = "patches", "patches_unbounded", "patches_of_truth", "empty", "below"
    told = {name: rounded(getattr(found, name)) for name in names}
    leans = {"diagonals": rounded(leaning.ratios), "diagonals_spread": rounded(leaning.spread)}
    return {"classes": list(CLASSES)} | told | leans


def masses(truth: Measures, painted: Sequence[Measures]) -> Content:
    """Painted mass in the truth's [Msun/h]."""
    true = truth["total_mass"].mass
    ratio = [p["total_mass"].mass / true for p in painted]
    return {"unit": "Msun/h", "truth": rounded(true), "ratio": bands(ratio)}


def power(truth: PairSums, painted: Sequence[PairSums]) -> Content:
    """Power spectra by bin of wavenumber, as `engine.statistics.power_spectrum` makes them."""

    def curve(summed: NDArray[np.float64]) -> Curve:
        return Curve(
            x=truth.wavenumber / truth.count,
            y=summed / truth.count,
            count=truth.count,
            name="power spectrum",
            x_label="k [h/Mpc]",
            y_label="P(k) [(Mpc/h)^2]",
        )

    return compared(curve(truth.truth), [curve(p.prediction) for p in painted])


def correlations(painted: Sequence[PairSums]) -> Content:
    """Cross-correlation with the truth by bin of wavenumber."""
    k = painted[0].wavenumber / painted[0].count
    return {
        "x": rounded(k),
        "x_label": "k [h/Mpc]",
        "y_label": "r(k)",
        "painted": bands([correlation(p) for p in painted]),
    }


def compared(truth: Curve, painted: Sequence[Curve]) -> Content:
    """Put truth and bands of paintings side by side, and their ratio; only bins that hold any."""
    y = np.array([curve.y for curve in painted])
    kept = (truth.y != 0) | (y != 0).any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = bands((y / truth.y)[:, kept])
    counted = truth.count if truth.count is not None else np.full(len(truth.x), np.nan)
    return {
        "x": rounded(truth.x[kept]),
        "x_label": truth.x_label,
        "y_label": truth.y_label,
        "truth": rounded(truth.y[kept]),
        "count": rounded(counted[kept]),
        "noise": rounded((np.zeros(len(truth.x)) if truth.error is None else truth.error)[kept]),
        "painted": bands(y[:, kept]),
        "ratio": ratio,
    }


def errors(curve: Content, low: float, high: float, fewest: float = 0) -> NDArray[np.float64]:
    """Median ratio less one, in the bins of low <= x <= high that count enough, (n,)."""
    x, count = np.array(curve["x"], float), np.array(curve["count"], float)
    ratio = np.array(curve["ratio"]["median"], float)
    inside = (x >= low) & (x <= high) & (count >= fewest) & np.isfinite(ratio)
    return (ratio - 1)[inside & stands_out(curve)]


def stands_out(curve: Content) -> NDArray[np.bool_]:
    """Bins in which the truth is far enough above zero for a ratio to mean something, (n,)."""
    truth, noise = np.array(curve["truth"], float), np.array(curve["noise"], float)
    return truth > SIGNIFICANT * noise


def worst(found: NDArray[np.float64]) -> float | None:
    """The largest in size, with its sign."""
    return rounded(found[np.argmax(np.abs(found))]) if found.size else None


def mean_size(found: NDArray[np.float64]) -> float | None:
    """Mean of the sizes."""
    return rounded(np.abs(found).mean()) if found.size else None


def within(curve: Content, limit: float) -> float | None:
    """Wavenumber up to which, from `LEAST_K` on, the median ratio stays within a limit of one."""
    reached = None
    told = stands_out(curve)
    for x, ratio, counts in zip(curve["x"], curve["ratio"]["median"], told, strict=True):
        if x < LEAST_K or not counts:
            continue
        if abs(ratio - 1) > limit:
            break
        reached = x
    return reached


def misplaced(pdf: Content) -> float:
    """Share of the pixels that would have to change bins for the truth's distribution."""
    truth, median = np.array(pdf["truth"], float), np.array(pdf["painted"]["median"], float)
    return rounded(np.abs(median - truth).sum() / 2 / truth.sum())


def shifted(pdf: Content) -> float:
    """How far pixels would have to move in mean for the truth's distribution, [dex].

    The Wasserstein distance of log10 of the field.
    """
    place = np.log10(pdf["x"])
    return rounded(wasserstein_distance(place, place, pdf["truth"], pdf["painted"]["median"]))


def headline(found: Content) -> Content:
    """Numbers of the summary table."""
    spectrum, bispectrum, r = (
        found[name] for name in ("power_spectrum", "bispectrum", "cross_correlation")
    )
    numbers = {
        "mass_error": rounded(found["total_mass"]["ratio"]["median"] - 1),
        "power_worst": {f"{k:g}": worst(errors(spectrum, LEAST_K, k)) for k in HIGHEST_K},
        "power_mean_error": mean_size(errors(spectrum, LEAST_K, MOST_K)),
        "power_within_10_percent_to_k": within(spectrum, 0.1),
        "bispectrum_worst": {f"{k:g}": worst(errors(bispectrum, LEAST_K, k)) for k in HIGHEST_K},
        "bispectrum_mean_error": mean_size(errors(bispectrum, LEAST_K, MOST_K)),
        "bispectrum_within_20_percent_to_k": within(bispectrum, 0.2),
        "correlation": {
            f"{k:g}": rounded(np.interp(k, r["x"], np.array(r["painted"]["median"], float)))
            for k in HIGHEST_K
        },
        "pdf_misplaced": misplaced(found["pdf"]),
        "pdf_shifted": shifted(found["pdf"]),
    }
    if "cddf" in found:
        columns = errors(found["cddf"], *COLUMNS, FEWEST_PIXELS)
        numbers |= {"cddf_worst": worst(columns), "cddf_mean_error": mean_size(columns)}
    if found.get("calibration"):
        pixels = found["calibration"]["pixels"]["together"]
        numbers |= {name: pixels[name] for name in ("coverage_68", "coverage_95", "spread_error")}
    return numbers | found.get("crps", {})


GAINS = ("power_mean_error", "bispectrum_mean_error", "power_crps", "halos_crps")


def gains(results: Sequence[Content]) -> list[Content]:
    """How many times the errors of stochastic networks those of what they must beat are.

    Parameters
    ----------
    results : sequence of dict
        As `result` makes them, of stochastic and deterministic emulators.
    """
    own = [r for r in results if r["own"]]
    found = []
    for better in (r for r in own if r["seeds"]):
        for other in (r for r in own if not r["seeds"]):
            if _alike(better) == _alike(other):
                mine, theirs = better["all"]["headline"], other["all"]["headline"]
                there = [name for name in GAINS if mine.get(name) and name in theirs]
                times = {name: rounded(theirs[name] / mine[name]) for name in there}
                places = {"simulation": better["simulation"], "emulator": better["emulator"]}
                found.append({**places, "beats": other["emulator"], "times": times})
    return found


def _alike(of: Content) -> tuple[Any, ...]:
    """What two results must share to be compared."""
    return tuple(of[name] for name in ("simulation", "axes", "field", "level"))
