"""Measures what a report shows of emulators of clusters, on clusters that never trained one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.fields import AXES, INPUT_FIELDS
from engine.mesh import Cutout
from engine.normalization import Decades
from engine.simulation import Simulation
from engine.statistics.mass_function import poisson_band
from engine.statistics.object_totals import total
from engine.statistics.profile_spread import spread_of
from engine.statistics.scaling_fit import fit, residual_correlation
from engine.systems.contract import Emulator
from engine.systems.proper import proper_values
from training.report.bands import rounded

Content = dict[str, Any]

LIGHTEST = 3e13
"""Of the objects that errors are told of, [Msun/h]; lighter ones have too few particles."""

WITHIN = 1000.0
"""Of profiles whose errors are told, [proper kpc] (Chadayammuri et al. 2023, figure 6)."""

DRAWS = 1000
"""Of objects, for how far a median may be off by their choice."""

FINEST = 0.9
"""Part of the Nyquist wavenumber from which on, along either side of a map, waves are the finest:
a network that doubles sides unevenly leaves its pattern there."""

BINS = np.linspace(0.0, 1.2, 61)
"""Of the PDF of scaled pixels."""


@dataclass(frozen=True, eq=False)
class Painted:
    """Cut-outs of one field: what was painted on, the truth and the painting.

    Parameters
    ----------
    dark, truth, painting : list of Cutout
        In one order.
    mass : array, (n,)
        Of their objects, [Msun/h].
    radius : array, (n,)
        R500c, comoving, [kpc/h]; 0 where it isn't known.
    """

    dark: list[Cutout]
    truth: list[Cutout]
    painting: list[Cutout]
    mass: NDArray[np.float64]
    radius: NDArray[np.float64]

    def above(self, lightest: float) -> "Painted":
        """Those of objects heavier than that."""
        kept = np.flatnonzero(self.mass >= lightest)
        every = (self.dark, self.truth, self.painting)
        dark, truth, painting = ([each[i] for i in kept] for each in every)
        return Painted(dark, truth, painting, self.mass[kept], self.radius[kept])


def painted(
    emulator: Emulator, simulation: Simulation, run: str = "dm", dark: Simulation | None = None
) -> Painted:
    """Paint every cluster along each axis.

    Parameters
    ----------
    emulator : Emulator
        Of cut-outs.
    simulation : Simulation
        With the truth.
    run : {"dm", "dmo"}
        Whose dark matter is painted on.
    dark : Simulation, optional
        With the same objects in a coarser run, which is then painted on.

    Raises
    ------
    ValueError
        In one sentence, if there is no truth, or no such dark matter.
    """
    columns = simulation.objects().columns
    mass = columns["mass"].astype(np.float64)
    radius = columns.get("r500c", np.zeros(len(mass))).astype(np.float64)
    eaten: list[Cutout] = []
    truth: list[Cutout] = []
    for axis in AXES:
        # A coarser run's file has another name, and the same objects in the same order.
        cut = (dark or simulation).cutouts_around(run, axis)
        eaten += [replace(each, simulation=simulation.name) for each in cut]
        numbers = [each.number for each in cut]
        truth += simulation.cutouts_around(emulator.card.field, axis, numbers)
    rows = [each.number for each in eaten]
    painting = emulator.predict_each(eaten)
    return Painted(eaten, truth, painting, mass[rows], radius[rows])


def measured(pairs: Painted, scaling: Any) -> Content:
    """Everything a report shows of one field from one run.

    Parameters
    ----------
    scaling : Normalization
        Of the network's output, in whose units the PDF is.
    """
    heavy = pairs.above(LIGHTEST)
    return {
        "maps": len(pairs.mass),
        "objects": len({each.number for each in pairs.truth}),
        "all": compared(pairs),
        "heavy": compared(heavy) | {"profile": profiles(heavy), "finest": finest(heavy, scaling)},
        "points": points(pairs),
        "function": functions(pairs),
        "pdf": pdf(pairs, scaling),
    }


def compared(pairs: Painted) -> Content:
    """Errors of sums, scatter at fixed mass and error of profiles; table 2 of the paper."""
    true, mine = (
        np.array([total(each) for each in maps]) for maps in (pairs.truth, pairs.painting)
    )
    error = mine / true - 1
    relation = statistics.get("scaling_relation")
    of_truth, of_mine = (relation(pairs.dark, maps) for maps in (pairs.truth, pairs.painting))
    lines = {name: fit(each) for name, each in (("truth", of_truth), ("painted", of_mine))}
    profile, inside = statistics.get("radial_profile"), within(pairs)
    off = []
    for a, b in zip(pairs.truth, pairs.painting, strict=True):
        one, other = profile(a), profile(b)
        near = one.x / a.cosmology.h / (1 + a.redshift) < WITHIN
        ratio = _positive(other.y[near]) / _positive(one.y[near])
        told = np.abs(np.log10(ratio[~np.isnan(ratio)]))
        off.append(told.mean() if len(told) else np.inf)  # nothing was painted there at all
    return {
        "maps": len(error),
        "objects": len({each.number for each in pairs.truth}),
        "median_error": rounded(np.median(error)),
        "median_range": rounded(median_range(error, [each.number for each in pairs.truth])),
        "mean_error": rounded(error.mean()),
        "median_size": rounded(np.median(np.abs(error))),
        "profile_error": rounded(np.median(off)),
        "scatter": {name: rounded(line.scatter) for name, line in lines.items()},
        "slope": {name: rounded(line.slope) for name, line in lines.items()},
        "intercept": {name: rounded(line.intercept) for name, line in lines.items()},
        "pivot": rounded(lines["truth"].pivot),
        "correlation": rounded(residual_correlation(of_truth, of_mine)),
        **({"within_r500c": inside} if inside else {}),
    }


def within(pairs: Painted) -> Content | None:
    """Errors of mean temperatures within R500c, as the page tells them; nothing of other fields."""
    known = np.flatnonzero(pairs.radius > 0)
    if pairs.truth[0].about.quantity != "temperature" or not known.size:
        return None
    true, mine = (
        np.array([total(maps[i], float(pairs.radius[i])) for i in known])
        for maps in (pairs.truth, pairs.painting)
    )
    error = mine / true - 1
    numbers = [pairs.truth[i].number for i in known]
    return {
        "median_error": rounded(np.median(error)),
        "median_range": rounded(median_range(error, numbers)),
    }


def median_range(error: NDArray[np.float64], objects: Sequence[int]) -> NDArray[np.float64]:
    """16 and 84 % of medians of as many objects drawn anew, each with all its lines of sight."""
    random = np.random.default_rng(0)
    rows = [np.flatnonzero(np.asarray(objects) == one) for one in sorted(set(objects))]
    drawn = random.integers(len(rows), size=(DRAWS, len(rows)))
    medians = [np.median(error[np.concatenate([rows[i] for i in some])]) for some in drawn]
    return np.percentile(medians, (16, 84))


def _positive(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.where(values > 0, values, np.nan)


def profiles(pairs: Painted) -> Content:
    """How profiles spread, true and painted, and their ratio; radii in proper kpc (figure 6)."""
    profile = statistics.get("radial_profile")
    curves = {
        "truth": [profile(each) for each in pairs.truth],
        "painted": [profile(each) for each in pairs.painting],
    }
    first = pairs.truth[0]
    proper = 1 / first.cosmology.h / (1 + first.redshift)
    found: Content = {"radius": rounded(curves["truth"][0].x * proper)}
    for name, several in curves.items():
        spread = spread_of(several)
        words = ("lowest", "lower", "median", "upper", "highest")
        found[name] = {word: rounded(getattr(spread, word)) for word in words}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.array(
            [b.y / a.y for a, b in zip(curves["truth"], curves["painted"], strict=True)]
        )
    low, median, high = np.nanpercentile(ratio, (16, 50, 84), axis=0)
    found["ratio"] = {"low": rounded(low), "median": rounded(median), "high": rounded(high)}
    return found


def points(pairs: Painted) -> Content:
    """What each map holds against its dark matter (figure 9)."""
    fraction = pairs.dark[0].cosmology.dark_matter_fraction
    dark = [total(each) * (fraction if each.field == "dmo" else 1.0) for each in pairs.dark]
    return {
        "mass": rounded(pairs.mass),
        "dark_matter": rounded(dark),
        "truth": rounded([total(each) for each in pairs.truth]),
        "painted": rounded([total(each) for each in pairs.painting]),
    }


def functions(pairs: Painted) -> Content | None:
    """Mass or luminosity functions with Poisson bounds (figures 7, 8 and 10)."""
    if pairs.truth[0].about.quantity == "temperature":
        return None
    found = {}
    for name, maps in (("truth", pairs.truth), ("painted", pairs.painting)):
        curve = statistics.get("mass_function")(maps)
        low, high = poisson_band(curve)
        found[name] = {
            "x": rounded(curve.x), "y": rounded(curve.y), "low": rounded(low),
            "high": rounded(high), "x_label": curve.x_label, "y_label": curve.y_label,
        }  # fmt: skip
    return found


def pdf(pairs: Painted, scaling: Any) -> Content | None:
    """Scaled pixels, those without any left out (figure 5)."""
    if not isinstance(scaling, Decades):
        return None
    found: Content = {"x": rounded((BINS[1:] + BINS[:-1]) / 2)}
    for name, maps in (("truth", pairs.truth), ("painted", pairs.painting)):
        factor = np.concatenate([_scaled(each, scaling) for each in maps])
        counts = np.histogram(factor[factor > 0], BINS)[0]
        found[name] = rounded(counts / max(counts.sum(), 1) / np.diff(BINS))
    return found


def finest(pairs: Painted, scaling: Any) -> float:
    """Power of the finest waves of scaled maps, painted over true; median over the maps."""
    powers = [
        np.array([_finest_power(proper_values(each), scaling) for each in maps])
        for maps in (pairs.painting, pairs.truth)
    ]
    there = powers[1] > 0
    ratio: float = rounded(np.median(powers[0][there] / powers[1][there]))
    return ratio


def _finest_power(values: NDArray[np.floating], scaling: Any) -> float:
    """Power of the finest waves of a map, its edges faded out."""
    scaled = np.asarray(scaling.forward(values.astype(np.float64)))
    window = np.multiply.outer(*(np.hanning(side) for side in scaled.shape))
    wave = np.abs(np.fft.fft2(window * (scaled - scaled.mean()))) ** 2
    ky, kx = (2 * np.abs(np.fft.fftfreq(side)) for side in scaled.shape)
    return float(wave[np.maximum(ky[:, None], kx) >= FINEST].mean())


def _scaled(cutout: Cutout, scaling: Decades) -> NDArray[np.float64]:
    values: NDArray[np.float64] = scaling.forward(proper_values(cutout).ravel().astype(np.float64))
    return values


def runs_of(simulation: Simulation) -> list[str]:
    """Dark matter that there are cut-outs of."""
    return [run for run in INPUT_FIELDS if (run, "z") in simulation.cutouts()]


def coarser_of(simulations: Sequence[Simulation]) -> dict[str, Simulation]:
    """Those after the first by the level of their dark matter."""
    return {each.cutout("dm").level: each for each in simulations[1:]}
