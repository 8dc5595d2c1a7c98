"""How often the truth is the odd one among four, itself and three samples: what eyes go by.

Samples may lie about the truth as far as they should, pixel by pixel, and agree with each other
where it differs: then it is found at a glance. By size of detail that tells where they agree.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.calibration import CLASSES, classes_of, mean_dark_matter, scaled
from engine.mesh import Slab, frozen_array
from engine.spread_by_scale import SIZES, details

SQUARE = 48
"""Side of what is looked at together, [pixels]."""

TOGETHER = 3
"""Samples beside the truth: by chance it is the odd one in a quarter of the squares."""

KINDS = ("voids", "filaments", "haloes")
"""Of squares, by the least dark matter of their densest pixels."""

EDGES = (3.0, 10.0)
"""Of the kinds, in units of the mean."""

DENSEST = 0.98
"""Quantile of a square's pixels: but for a fiftieth of them all have less dark matter."""


@dataclass(frozen=True, eq=False)
class OddOnes:
    """Numbers of squares of some slabs; adds with `+`.

    Parameters
    ----------
    squares : array of int, (kinds,)
        That were looked at, each with every three samples once more.
    odd : array of int, (sizes, kinds)
        Those whose truth is the odd one in detail of a size.
    """

    squares: NDArray[np.int64]
    odd: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Freeze the counts."""
        for name in ("squares", "odd"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __add__(self, other: Self) -> "OddOnes":
        """Sum over slabs, axes or boxes."""
        if not isinstance(other, OddOnes):
            return NotImplemented
        return OddOnes(self.squares + other.squares, self.odd + other.odd)

    @property
    def share(self) -> NDArray[np.float64]:
        """Of squares whose truth is the odd one, (sizes, kinds); NaN where there are none."""
        with np.errstate(invalid="ignore"):
            return self.odd / self.squares


class OddOne:
    """Compares truth and samples of one slab, which come one by one; two at most are kept.

    Odd is the one that is farthest from the mean of the other three, by squares of detail in units
    of what the four are off by at that class of dark matter.

    Parameters
    ----------
    truth : Slab
        Whole and periodic, of a field with a normalisation.
    dark_matter : Slab
        Of its pixels; tells classes and kinds.
    """

    def __init__(self, truth: Slab, dark_matter: Slab) -> None:
        self.truth = scaled(truth)
        self.classes = classes_of(dark_matter).ravel()
        self.kinds = kinds_of(dark_matter).ravel()
        self.waiting: list[NDArray[np.float32]] = []
        self.squares = np.zeros(len(KINDS), np.int64)
        self.odd = np.zeros((len(SIZES), len(KINDS)), np.int64)

    def add(self, sample: Slab) -> None:
        """Take one more sample; with every third the truth is looked for."""
        # The truth's own detail is taken away from all: it is zero of itself.
        self.waiting.append(scaled(sample) - self.truth)
        if len(self.waiting) == TOGETHER:
            self._look()

    def found(self) -> OddOnes:
        """Say how often it was found so far: never for fewer than three samples."""
        return OddOnes(self.squares.copy(), self.odd.copy())

    def _look(self) -> None:
        self.squares += np.bincount(self.kinds, minlength=len(KINDS))
        for size, seen in enumerate(zip(*map(details, self.waiting), strict=True)):
            four = np.stack((np.zeros_like(seen[0]), *seen))
            off = np.square(four - four.mean(0))
            unit = self._of_class(off.mean(0))
            apart = np.stack([summed(each / unit) for each in off])
            odd = (apart[0] > apart[1:].max(0)).ravel()
            self.odd[size] += np.bincount(self.kinds[odd], minlength=len(KINDS))
        self.waiting.clear()

    def _of_class(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Mean of some positive values over each pixel's class, (ny, nx)."""
        count = np.bincount(self.classes, minlength=len(CLASSES))
        sums = np.bincount(self.classes, values.ravel(), len(CLASSES))
        mean = np.maximum(sums / np.maximum(count, 1), np.finfo(np.float32).tiny)
        return mean[self.classes].reshape(values.shape)


def kinds_of(dark_matter: Slab) -> NDArray[np.intp]:
    """Index into `KINDS` of each square of a map, (ny / SQUARE, nx / SQUARE), rounded down."""
    squares = squares_of(dark_matter.values)
    if not squares.size:
        return np.zeros((squares.shape[0], squares.shape[2]), np.intp)
    dense = np.quantile(squares, DENSEST, axis=(1, 3))
    return np.digitize(dense / mean_dark_matter(dark_matter), EDGES, right=True)


def squares_of(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Cut a map into squares, (rows, SQUARE, columns, SQUARE); a rest along its edges is left."""
    rows, columns = (side // SQUARE for side in values.shape)
    whole = values[: rows * SQUARE, : columns * SQUARE]
    return whole.reshape(rows, SQUARE, columns, SQUARE)


def summed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Sum of each square, (rows, columns)."""
    return squares_of(values).sum((1, 3))
