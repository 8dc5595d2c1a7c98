"""How samples are looked at while a generator trains: by texture, spread, power and mass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine import calibration, statistics
from engine.calibration import Calibration, Ranking, classes_of, scaled
from engine.leaning import Leaning, Leanings
from engine.likeness import Likeness, likeness, texture_of
from engine.mesh import Slab
from training.data.slabs import Pair
from training.systems import ember
from training.systems.contract import Picture
from training.systems.looks import spread
from training.validation import power_error

CLASSES = len(calibration.CLASSES)


@dataclass(frozen=True)
class Wanted:
    """How far off each measure may be: the units in which they are added.

    Parameters
    ----------
    power : float
        Rms of ln P/P_true.
    mass : float
        Of ln of the mass ratio.
    patches : float
        Energy distance of patches of a class.
    direction : float
        Of ln of the ratio of diagonals.
    spread : float
        Of ln of spread over error of a class.
    """

    power: float
    mass: float
    patches: float
    direction: float = 0.1
    spread: float = 0.22


WANTED = {"gas": Wanted(0.08, 0.01, 3.0), "hi": Wanted(0.18, 0.05, 0.5)}
"""What samples at HR must reach, by field; the same at other levels, which come less close."""


def look_closely(
    pairs: Sequence[Pair], paint: Callable[[Slab, int], Slab], wanted: Wanted
) -> tuple[dict[str, float], Picture]:
    """Judge two samples each of some slabs that train the network, and picture one.

    Texture, power and mass are of the first one alone.

    Parameters
    ----------
    pairs : sequence of Pair
        Some of them are taken.
    paint : callable
        Dark matter and a number of its noise in, a painting out.
    wanted : Wanted
        Units of the errors.

    Returns
    -------
    dict, array
        Measures by name; "misfit" is the mean over kinds of how many times what is wanted they are
        off, less for the better.
    """
    chosen = spread(pairs)
    textures, leaning, compared, ranked = [], [], [], []
    for number, pair in enumerate(chosen):
        truth, below = pair.target, pair.dark_matter
        two = [paint(below, 2 * number + i) for i in range(2)]
        textures.append(texture_of(truth, two[0], below, seed=number))
        compared.append((truth, two[0]))
        ranking, leanings = Ranking(scaled(truth), classes_of(below), CLASSES), Leanings(truth)
        for sample in two:
            ranking.add(scaled(sample))
            leanings.add(sample)
        ranked.append(ranking.found())
        leaning.append(leanings.found())
        if not number:
            picture = ember.side_by_side(below, truth, two[0])
    alike = likeness(textures)
    leans = sum(leaning[1:], leaning[0])
    spreads = sum(ranked[1:], ranked[0])
    mass = statistics.get("total_mass")
    true, painted = (list(slabs) for slabs in zip(*compared, strict=True))
    scores = {"power_error": power_error(compared), "mass": mass(painted) / mass(true)}
    scores |= _told(alike, leans, spreads)
    return scores | {"misfit": misfit(scores, alike, leans, spreads, wanted)}, picture


def misfit(
    scores: dict[str, float],
    alike: Likeness,
    leans: Leaning,
    spreads: Calibration,
    wanted: Wanted,
) -> float:
    """Mean over kinds of measures of their distance from right, in units of what is wanted."""
    true, painted, difference = np.log(leans.ratios)
    with np.errstate(divide="ignore", invalid="ignore"):
        widths = np.log(spreads.spread_error)
    kinds = {
        "power": np.array([scores["power_error"]]),
        # An empty painting has no mass, and its logarithm must still compare.
        "mass": np.log([max(scores["mass"], 1e-6)]),
        "patches": np.maximum(alike.patches, 0),
        "direction": np.array([painted - true, difference]),
        "spread": np.clip(widths, -10, 10),
    }
    means = []
    for kind, values in kinds.items():
        # What a few small maps have nothing of is not known; power and mass always are.
        known = values if kind in ("power", "mass") else values[~np.isnan(values)]
        if known.size:
            means.append(np.abs(known).mean() / getattr(wanted, kind))
    return float(np.mean(means))


def _told(alike: Likeness, leans: Leaning, spreads: Calibration) -> dict[str, float]:
    """Write measures for a log, those that there are."""
    told = {f"patches_{i}": value for i, value in enumerate(alike.patches)}
    told |= {f"spread_error_{i}": value for i, value in enumerate(spreads.spread_error)}
    names = "direction_true", "direction", "direction_difference"
    told |= dict(zip(names, leans.ratios, strict=True))
    return {name: float(value) for name, value in told.items() if np.isfinite(value)}
