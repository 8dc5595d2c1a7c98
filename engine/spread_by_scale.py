"""Spread over error of an ensemble's samples by scale of detail and by dark matter.

A pixel's spread may be right while samples are too alike in what is small and differ too much in
what is large, or move whole voids from seed to seed: spread over error of each scale tells.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.calibration import CLASSES, classes_of, scaled
from engine.mesh import Slab, frozen_array

SIZES = ("1 pixel", "2 pixels", "4 pixels", "8 pixels", "16 pixels", "larger")
"""Scales of detail, finest first, in words for a table."""


@dataclass(frozen=True, eq=False)
class SpreadByScale:
    """Sums over pixels of some slabs, (sizes, classes); adds with `+`.

    Parameters
    ----------
    samples : int
        Of each slab.
    count : array
        Pixels.
    error2 : array
        Squared error of the mean of the samples.
    spread2 : array
        Variance of the samples (n - 1 in its denominator).
    """

    samples: int
    count: NDArray[np.int64]
    error2: NDArray[np.float64]
    spread2: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Freeze the sums."""
        for name in ("count", "error2", "spread2"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __add__(self, other: Self) -> "SpreadByScale":
        """Sum over slabs, axes or boxes.

        Raises
        ------
        ValueError
            If the numbers of samples differ.
        """
        if not isinstance(other, SpreadByScale):
            return NotImplemented
        if self.samples != other.samples:
            raise ValueError(
                f"Spreads of {self.samples} and of {other.samples} samples can't be added, "
                "expected the same number: paint every slab as often."
            )
        sums = (
            getattr(self, name) + getattr(other, name) for name in ("count", "error2", "spread2")
        )
        return SpreadByScale(self.samples, *sums)

    @property
    def spread_error(self) -> NDArray[np.float64]:
        """Spread of the samples over the error of their mean, (sizes, classes).

        As `engine.calibration.Calibration.spread_error`: one where calibrated, NaN for classes
        without pixels.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt((1 + 1 / self.samples) * self.spread2 / self.error2)


class SpreadsByScale:
    """Compares truth and samples of one slab, which come one by one and aren't kept.

    Parameters
    ----------
    truth : Slab
        Whole and periodic, of a field with a normalisation.
    dark_matter : Slab
        Of its pixels, which tells them apart by `engine.calibration.CLASSES`.
    """

    def __init__(self, truth: Slab, dark_matter: Slab) -> None:
        self.truth = scaled(truth)
        self.classes = classes_of(dark_matter).ravel()
        self.samples = 0
        self.sum = np.zeros(truth.shape)
        self.squares = np.zeros((len(SIZES), len(CLASSES)))

    def add(self, sample: Slab) -> None:
        """Take one more sample."""
        # What it is off by, not its values: sums of squares then are no larger than the errors.
        off = scaled(sample) - self.truth
        self.samples += 1
        self.sum += off
        self.squares += self._by_class(off)

    def found(self) -> SpreadByScale:
        """Sum up what the samples so far say.

        Raises
        ------
        ValueError
            If there were fewer than two samples.
        """
        if self.samples < 2:
            raise ValueError(
                f"There are {self.samples} samples, expected two or more: their spread is asked "
                "for."
            )
        count = np.bincount(self.classes, minlength=len(CLASSES))
        error2 = self._by_class(self.sum / self.samples)
        spread2 = np.maximum(self.squares - self.samples * error2, 0) / (self.samples - 1)
        return SpreadByScale(self.samples, np.tile(count, (len(SIZES), 1)), error2, spread2)

    def _by_class(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Squares of a map's detail summed by class, (sizes, classes)."""
        squares = [np.square(each).ravel() for each in details(values)]
        return np.stack([np.bincount(self.classes, each, len(CLASSES)) for each in squares])


def details(values: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """Detail of a periodic map by scale, finest first, and what is left: they add up to the map.

    Each is what smoothing by 1, 2, 1 of every 2^j-th pixel along both axes takes away.

    References
    ----------
    Starck & Murtagh 2006, the "a trous" wavelet transform.
    """
    found = []
    for scale in range(len(SIZES) - 1):
        smooth = values
        for axis in (0, 1):
            beside = np.roll(smooth, 2**scale, axis) + np.roll(smooth, -(2**scale), axis)
            smooth = smooth / 2 + beside / 4
        found.append(values - smooth)
        values = smooth
    return [*found, values]
