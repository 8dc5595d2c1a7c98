"""Masses around peaks of the map that is painted on: places that the truth has no say in.

Haloes are found in the truth. Where the input can't show all of them, a sample has its own
elsewhere, and at a true halo's place mostly none: the truth there ranks high among the samples even
of a painter that is right about all that its input leaves open. Peaks of the input have no such
choice in them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from engine.calibration import mean_dark_matter
from engine.mesh import Slab
from engine.statistics.apertures import discs

RADIUS = 117.0
"""Of the discs, comoving [kpc/h]: a virial radius of 1e11 Msun/h at z = 2."""

SMOOTHING = 60.0
"""Rms of the Gaussian under which peaks are found, comoving [kpc/h]."""

EDGES = (3.0, 8.0, 20.0)
"""Of the classes of peaks: smoothed dark matter over its mean. Lower ones are left out."""

CLASSES = ("peaks of 3 to 8 times the mean", "peaks of 8 to 20 times", "peaks above 20 times")


@dataclass(frozen=True, eq=False)
class Peaks:
    """Where a map of dark matter has its peaks.

    Parameters
    ----------
    centre : array, (n, 2)
        Column and row, in pixels from the map's first corner.
    group : array of int, (n,)
        Which of CLASSES.
    """

    centre: NDArray[np.float64]
    group: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PeakMasses:
    """What lies around each peak.

    Parameters
    ----------
    mass : array, (n,)
        In a disc, [Msun/h].
    group : array of int, (n,)
        Which of CLASSES.
    """

    mass: NDArray[np.float64]
    group: NDArray[np.intp]


def peaks_of(dark_matter: Slab) -> Peaks:
    """Pixels that are highest within the radius of a disc, of a smoothed periodic map."""
    sigma = SMOOTHING / dark_matter.pixel_size
    side = 2 * round(RADIUS / dark_matter.pixel_size) + 1
    over_mean = dark_matter.values / mean_dark_matter(dark_matter)
    smooth = gaussian_filter(over_mean.astype(np.float64), sigma, mode="wrap")
    highest = smooth == maximum_filter(smooth, side, mode="wrap")
    row, column = np.nonzero(highest & (smooth >= EDGES[0]))
    group = np.digitize(smooth[row, column], EDGES) - 1
    return Peaks(np.stack([column, row], axis=1).astype(np.float64) + 0.5, group)


def masses_around(slab: Slab, peaks: Peaks) -> PeakMasses:
    """Sum a map of the same pixels over a disc around each peak."""
    radius = np.full(len(peaks.group), RADIUS / slab.pixel_size)
    sums = np.zeros(len(peaks.group))
    for covered in discs(peaks.centre, radius, slab.shape):
        sums[covered.disc] = covered.sum_over(slab.values)
    return PeakMasses(sums * slab.pixel_area, peaks.group)
