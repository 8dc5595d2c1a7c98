"""What many realisations of one slab say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.calibration import Calibration
from engine.leaning import Leaning
from engine.likeness import Likeness
from engine.odd_one import OddOnes
from engine.results import Curve
from engine.spread_by_scale import SpreadByScale
from explorer.state import NO_HALO, Request

QUANTILES = (16.0, 50.0, 84.0)
"""Per cent: median and what a Gaussian's one standard deviation holds (Bernardini et al.
2022, figures 3 to 6)."""

FEWEST = 4
"""Realisations before a band is shown."""

HALO_GROUPS = ("haloes, Rᵥᵢᵣ ≥ 3 pixels", "smaller haloes")
"""Haloes whose mass on the map can be trusted, and the others, whose mass the kernel that
spreads the particles carries out of the aperture."""


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Quantiles of a statistic over realisations.

    Parameters
    ----------
    x, low, median, high : array, (n,)
        Of the curves, with their units.
    count : int
        Realisations.
    """

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]
    count: int


@dataclass(frozen=True, eq=False)
class Ranked:
    """How the truth ranks among realisations.

    Parameters
    ----------
    pixels : Calibration
        By class of the dark matter painted on, see `engine.calibration`.
    power : Calibration
        Of the power spectrum of each slab, by bin of wavenumber.
    wavenumber : array, (n,)
        Of these bins, [h/Mpc].
    halos : Calibration or None
        Of masses within the projected virial radius, by what `HALO_GROUPS` tells apart;
        None without a catalogue.
    peaks : Calibration or None
        Of what lies around peaks of the input, by class, see `engine.peaks`; None where the input
        is no map of dark matter.
    curves : mapping of str to Calibration
        Of other statistics of each slab, by their name and bin.
    likeness : Likeness
        How like the truth the first sample looks; of whole maps.
    leaning : Leaning
        Of whole maps, which diagonal truth and samples lean to.
    scales : SpreadByScale
        Of whole maps, by dark matter as the pixels.
    odd : OddOnes
        Of whole maps, how often the truth is the odd one among four.
    """

    pixels: Calibration
    power: Calibration
    wavenumber: NDArray[np.float64]
    halos: Calibration | None
    peaks: Calibration | None
    curves: Mapping[str, Calibration]
    likeness: Likeness
    leaning: Leaning
    scales: SpreadByScale
    odd: OddOnes


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Bands of the realisations of one request's slab.

    Parameters
    ----------
    request : Request
        What was painted; its seed doesn't count. Its halo is the one whose profile has a band.
    count : int
        Realisations so far, of the seeds 0 to count - 1.
    bands : mapping
        By the statistic's name.
    ranked : Ranked or None
        None without truth, or of a single realisation.
    """

    request: Request
    count: int
    bands: Mapping[str, Quantiles]
    ranked: Ranked | None = None

    def is_of(self, request: Request) -> bool:
        """Whether a request differs in the seed or in what it is compared with at most."""
        return alone(request) == alone(self.request)


def alone(request: Request) -> Request:
    """Leave out what doesn't change an ensemble."""
    return replace(request, seed=0, other="", other_seed=0, halo=NO_HALO)


def ensemble(
    request: Request, samples: Sequence[Mapping[str, Curve]], ranked: Ranked | None = None
) -> Ensemble:
    """Sum up the curves of some realisations, which share their bins."""
    bands = {name: quantiles_of([sample[name] for sample in samples]) for name in samples[0]}
    return Ensemble(request, len(samples), bands, ranked)


def quantiles_of(curves: Sequence[Curve]) -> Quantiles:
    """Quantiles of curves bin by bin."""
    low, median, high = np.percentile([curve.y for curve in curves], QUANTILES, axis=0)
    return Quantiles(np.asarray(curves[0].x), low, median, high, len(curves))
