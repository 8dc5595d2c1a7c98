"""Whether samples lean to one diagonal more than the truth does, and how much is chance."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.likeness import logarithm
from engine.mesh import Slab, frozen_array
from engine.statistics.texture import BAND, diagonal_ratio
from engine.units import MPC_IN_KPC


@dataclass(frozen=True, eq=False)
class Leaning:
    """ln of the power along one diagonal over that along the other, of some slabs; adds with `+`.

    Of logarithms of surface density, by `engine.statistics.texture.diagonal_ratio`.
    Nan for maps without waves of `engine.statistics.texture.BAND`: of too large pixels, or flat.

    Parameters
    ----------
    truth : array, (slabs,)
        Of the truth.
    samples : array, (slabs, n)
        Of the samples, in the order of their seeds.
    differences : array, (slabs, n - 1)
        Of each sample from the one before.
    """

    truth: NDArray[np.float64]
    samples: NDArray[np.float64]
    differences: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("truth", "samples", "differences"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __add__(self, other: Self) -> "Leaning":
        """Put slabs beside each other.

        Raises
        ------
        ValueError
            If the numbers of samples differ.
        """
        if not isinstance(other, Leaning):
            return NotImplemented
        counts = self.samples.shape[1], other.samples.shape[1]
        if counts[0] != counts[1]:
            raise ValueError(
                f"Directions of {counts[0]} and of {counts[1]} samples can't be added, expected "
                "the same number: paint every slab as often."
            )
        return Leaning(
            np.concatenate([self.truth, other.truth]),
            np.concatenate([self.samples, other.samples]),
            np.concatenate([self.differences, other.differences]),
        )

    @property
    def ratios(self) -> NDArray[np.float64]:
        """Of the truth, of samples, of their differences: geometric means over all there are, (3,).

        The last should be one but for chance. Nan where there is none.
        """
        each = (self.truth, self.samples, self.differences)
        known = (values[np.isfinite(values)] for values in each)
        return np.array([np.exp(values.mean()) if values.size else np.nan for values in known])

    @property
    def spread(self) -> float:
        """How far from that of the samples the truth's ratio may lie by chance, rms of ln.

        The standard deviation over samples of their means over slabs, and that of the samples'
        mean. Nan for fewer than three samples, which don't tell.
        """
        means = self.samples.mean(axis=0)
        means = means[np.isfinite(means)]
        if len(means) < 3:
            return np.nan
        return float(means.std(ddof=1) * np.sqrt(1 + 1 / len(means)))


class Leanings:
    """Looks at truth and samples of one slab, of which one is kept until the next comes.

    Parameters
    ----------
    truth : Slab
        Whole and periodic.
    """

    def __init__(self, truth: Slab) -> None:
        self.pixel_size = truth.pixel_size
        self.truth = self._ratio(logarithm(truth))
        self.samples: list[float] = []
        self.differences: list[float] = []
        self.last: NDArray[np.float64] | None = None

    def add(self, sample: Slab) -> None:
        """Take one more sample."""
        values = logarithm(sample)
        self.samples.append(self._ratio(values))
        if self.last is not None:
            self.differences.append(self._ratio(values - self.last))
        self.last = values

    def found(self) -> Leaning:
        """Sum up what there is so far."""
        each = (self.truth, self.samples, self.differences)
        truth, samples, differences = (np.array([values], np.float64) for values in each)
        return Leaning(truth, samples, differences)

    def _ratio(self, values: NDArray[np.float64]) -> float:
        """Take ln of the ratio; nan for a map without such waves."""
        if not np.ptp(values) or np.pi * MPC_IN_KPC / self.pixel_size <= BAND[0]:
            return np.nan
        try:
            return float(np.log(diagonal_ratio(values, self.pixel_size)))
        except ValueError:  # so few pixels that no wave fits in
            return np.nan
