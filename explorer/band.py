"""Truth and paintings restricted to a band of wavenumbers, as the page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.fourier.filtering import band_pass
from engine.mesh import Slab
from engine.statistics.compared import COMPARED
from explorer.results import Results

WIDTH = 3
"""Colour limits, in standard deviations of the truth."""

Band = tuple[float, float]
"""Wavenumbers, low <= k < high, [h/Mpc]."""


@dataclass(frozen=True, eq=False)
class BandMaps:
    """Maps of one band of wavenumbers, and what they come to.

    Parameters
    ----------
    band : tuple of float
        (low, high), [h/Mpc].
    contrasts : mapping
        Arrays (ny, nx), dimensionless and signed, by name: "truth", "prediction", "other",
        "residual", as far as they are there.
    limit : float
        Of the colours, dimensionless.
    share : float
        Fraction of the variance of the truth (of the prediction, if there is none) that lies
        in the band.
    alike : mapping
        Pearson's correlation of the truth and each painting in the band, by its name.
    """

    band: Band
    contrasts: Mapping[str, NDArray[np.float32]]
    limit: float
    share: float
    alike: Mapping[str, float]


def band_maps(results: Results, band: Band) -> BandMaps:
    """Restrict the maps of results to a band.

    Parameters
    ----------
    results : Results
        With a truth or a prediction.
    band : tuple of float
        Wavenumbers, low <= k < high, [h/Mpc].

    Raises
    ------
    ValueError
        If a map has no contrast, or no wave in the band.
    """
    slabs = {name: getattr(results, name) for name in COMPARED}
    contrasts = {name: band_pass(slab, *band) for name, slab in slabs.items() if slab is not None}
    first = next(iter(contrasts))
    spread = float(contrasts[first].std(dtype=np.float64))
    if not spread:
        raise ValueError(
            f"The {first} has no waves of {band[0]:.3g} to {band[1]:.3g} h/Mpc, expected a band "
            "with some: pick a wider one."
        )
    truth = contrasts.get("truth")
    alike = {}
    if truth is not None:
        paintings = [name for name in contrasts if name != "truth"]
        alike = {name: correlation(truth, contrasts[name]) for name in paintings}
    if truth is not None and "prediction" in contrasts:
        contrasts["residual"] = contrasts["prediction"] - truth
    limit = WIDTH * spread
    return BandMaps(band, contrasts, limit, (spread / contrast(slabs[first])) ** 2, alike)


def contrast(slab: Slab) -> float:
    """Standard deviation of a map over its mean."""
    values = slab.values
    return float(values.std(dtype=np.float64) / values.mean(dtype=np.float64))


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation of two maps; zero if one of them is flat."""
    if not one.any() or not other.any():
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
