"""Whether the truth looks like one more realisation: ranks, coverage, spread, and CRPS."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.calibration import CLASSES, Calibration, Ranking
from engine.odd_one import KINDS
from engine.peaks import CLASSES as PEAKS
from engine.spread_by_scale import SIZES
from training.report.bands import rounded
from training.report.measure import Part

LEVELS = (0.68, 0.95)

HALO_EDGES = (10.5, 11.5)
"""log10 of dark mass in the aperture [Msun/h]; a box of 11 Mpc/h has a few above the last."""

HALO_CLASSES = ("log M below 10.5", "log M from 10.5 to 11.5", "log M above 11.5")

Array = NDArray[np.float64]


def calibration(parts: Sequence[Part]) -> dict[str, Any]:
    """Rank the truth of every slab among its realisations, and score them together.

    Parameters
    ----------
    parts : sequence of Part
        One for each slab.

    Returns
    -------
    dict
        `calibration` of pixels by dark matter painted on, P(k), bispectrum and column-density
        counts of each slab by bin, halo masses by mass and masses around peaks of the input by
        their height, and `scales`, spread over error of detail, if there are two realisations or
        more; of three or more `odd`, how often the truth is the odd one among four; `crps` of
        ln P(k) and log10 of halo masses for any number.
    """
    true_power, power = ln_power(parts)
    found: dict[str, Any] = {"crps": {"power_crps": rounded(crps(true_power, power).mean())}}
    group = np.broadcast_to(np.arange(true_power.shape[1]), true_power.shape)
    ranked = {"power_spectrum": _ranked(true_power, power, group, true_power.shape[1])}
    labels = {"power_spectrum": rounded(wavenumbers(parts[0]))}
    for name in ("bispectrum", "cddf"):
        if name in parts[0].truth:
            x, true, samples = curves_of(parts, name)
            # Bins in which neither the truth nor any realisation has something tell nothing.
            told = (true != 0) | (samples != 0).any(axis=0)
            group = np.where(told, np.arange(len(x)), -1)
            ranked[name] = _ranked(true, samples, group, len(x))
            labels[name] = rounded(x)
    if "halos" in parts[0].truth:
        true_mass, mass, group = log_masses(parts)
        kept = group >= 0
        found["crps"]["halos_crps"] = rounded(crps(true_mass, mass)[kept].mean())
        ranked["halos"] = _ranked(true_mass, mass, group, len(HALO_CLASSES))
        labels["halos"] = list(HALO_CLASSES)
    if "peaks" in parts[0].truth:
        ranked["peaks"] = _ranked(*around_peaks(parts), len(PEAKS))
        labels["peaks"] = list(PEAKS)
    pixels = [part.pixels for part in parts if part.pixels is not None]
    if pixels:
        ranked["pixels"] = sum(pixels[1:], pixels[0])
        labels["pixels"] = list(CLASSES)
    scales = [part.scales for part in parts if part.scales is not None]
    if scales:
        ratios = rounded(sum(scales[1:], scales[0]).spread_error)
        found["scales"] = {"sizes": SIZES, "classes": CLASSES, "spread_error": ratios}
    odd = [part.odd for part in parts if part.odd is not None and part.odd.squares.any()]
    if odd:
        ones = sum(odd[1:], odd[0])
        squares = dict(zip(KINDS, ones.squares.tolist(), strict=True))
        found["odd"] = {"sizes": SIZES, "squares": squares, "share": rounded(ones.share)}
    calibrations = {name: described(c, labels[name]) for name, c in ranked.items() if c}
    return found | ({"calibration": calibrations} if calibrations else {})


def described(found: Calibration, groups: Sequence[Any]) -> dict[str, Any]:
    """Write a calibration as numbers, by group and for all groups together."""
    together = Calibration(
        *(sums.sum(axis=0, keepdims=True) for sums in (found.ranks, found.count)),
        *(sums.sum(keepdims=True) for sums in (found.error2, found.spread2)),
    )
    whole = {name: values[0] for name, values in _numbers(together).items()}
    ranks = {"ranks": found.ranks.tolist(), "count": found.count.tolist()}
    return {"groups": list(groups), **ranks, **_numbers(found), "together": whole}


def crps(truth: Array, samples: Array) -> Array:
    """Continuous ranked probability score, the fair one, less for the better.

    The mean distance of truth and sample, less half the mean distance of two samples: of one
    sample alone it is the distance, so it compares stochastic emulators with deterministic ones.

    Parameters
    ----------
    truth : array, (...)
        In any unit.
    samples : array, (n, ...)
        In the same.

    Returns
    -------
    array, (...)
        In the same.

    References
    ----------
    Gneiting & Raftery 2007, JASA 102, 359; Ferro 2014, QJRMS 140, 1917, for few samples.
    """
    distance = np.abs(samples - truth).mean(axis=0)
    n = len(samples)
    if n == 1:
        return distance
    # Sum of |x_i - x_j| over pairs, by rank instead of pair by pair.
    weight = (2 * np.arange(n) - n + 1).reshape(-1, *(1,) * truth.ndim)
    between = (np.sort(samples, axis=0) * weight).sum(axis=0)
    return distance - between / (n * (n - 1))


def wavenumbers(part: Part) -> Array:
    """Mean of each bin, (n,), [h/Mpc]."""
    sums = part.truth["pairs"]
    return sums.wavenumber / sums.count


def ln_power(parts: Sequence[Part]) -> tuple[Array, Array]:
    """Natural logarithm of P(k), true (slabs, bins) and painted (seeds, slabs, bins)."""
    truth = [part.truth["pairs"].truth / part.truth["pairs"].count for part in parts]
    painted = [
        [measures["pairs"].prediction / measures["pairs"].count for measures in part.painted]
        for part in parts
    ]
    return np.log(np.array(truth)), np.log(np.array(painted)).swapaxes(0, 1)


def curves_of(parts: Sequence[Part], name: str) -> tuple[Array, Array, Array]:
    """Bins (n,) of a statistic, its true curve of each slab and the painted (seeds, slabs, n)."""
    finish = statistics.get(name).finish
    truth = [finish(part.truth[name]) for part in parts]
    painted = [[finish(each[name]).y for each in part.painted] for part in parts]
    return truth[0].x, np.array([curve.y for curve in truth]), np.array(painted).swapaxes(0, 1)


def log_masses(parts: Sequence[Part]) -> tuple[Array, Array, NDArray[np.intp]]:
    """log10 of halo masses, true (haloes,) and painted (seeds, haloes), and each halo's class.

    Those that are zero anywhere have no logarithm, and -1 for a class.
    """
    truth = np.concatenate([part.truth["halos"].mass for part in parts])
    dark = np.concatenate([part.truth["halos"].dark for part in parts])
    painted = np.concatenate(
        [[measures["halos"].mass for measures in part.painted] for part in parts], axis=1
    )
    usable = (truth > 0) & (painted > 0).all(axis=0) & (dark > 0)
    with np.errstate(divide="ignore"):
        group = np.where(usable, np.digitize(np.log10(dark), HALO_EDGES), -1)
        logs = [np.where(usable, np.log10(masses), 0) for masses in (truth, painted)]
    return logs[0], logs[1], group


def around_peaks(parts: Sequence[Part]) -> tuple[Array, Array, NDArray[np.intp]]:
    """log10 of masses around peaks, true (peaks,) and painted (seeds, peaks), and their classes.

    Those that are zero anywhere have no logarithm, and -1 for a class.
    """
    every = [part.truth["peaks"] for part in parts]
    truth, group = (np.concatenate([getattr(e, n) for e in every]) for n in ("mass", "group"))
    painted = np.concatenate(
        [[measures["peaks"].mass for measures in part.painted] for part in parts], axis=1
    )
    usable = (truth > 0) & (painted > 0).all(axis=0)
    with np.errstate(divide="ignore"):
        logs = [np.where(usable, np.log10(masses), 0) for masses in (truth, painted)]
    return logs[0], logs[1], np.where(usable, group, -1)


def _ranked(
    truth: Array, samples: Array, group: NDArray[np.intp], groups: int
) -> Calibration | None:
    if len(samples) < 2:
        return None
    ranking = Ranking(truth, group, groups)
    for sample in samples:
        ranking.add(sample)
    return ranking.found()


def _numbers(found: Calibration) -> dict[str, Any]:
    covered = {f"coverage_{level * 100:g}": found.coverage(level) for level in LEVELS}
    every = covered | {"spread_error": found.spread_error}
    return {name: rounded(values) for name, values in every.items()}
