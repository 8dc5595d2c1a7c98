"""Calibration of an ensemble: does the truth look like one more of its samples?"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.checks import checked_density, place
from engine.fields import INPUT_FIELDS
from engine.mesh import Slab, frozen_array
from engine.normalization import normalization
from engine.units import MPC_IN_KPC

EDGES = (1.0, 2.0, 5.0, 20.0)
"""Surface density of dark matter, in units of the universe's mean through the slab; at
29 ckpc/h the slabs of hydro11-z2 hold 69 to 88 % of their pixels below the first and 0.1
to 0.7 % (148 pixels or more) above the last."""

CLASSES = (
    "below mean",
    "1 to 2 × mean",
    "2 to 5 × mean",
    "5 to 20 × mean",
    "above 20 × mean",
)
"""What `classes_of` tells apart, in words for a legend: voids to haloes."""

SEED = 0
"""Of the generator that shares ties among ranks."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How truths rank among samples, and how far the samples spread, by group; adds with `+`.

    Parameters
    ----------
    ranks : array, (groups, samples + 1)
        Number of truths with 0, 1, ... all samples below them; flat where calibrated, a U
        where the samples spread too little, a hill where too much, tilted where biased.
    count : array, (groups,)
        Number of truths.
    error2 : array, (groups,)
        Squared error of the mean of the samples, summed over truths.
    spread2 : array, (groups,)
        Variance of the samples (n - 1 in its denominator), summed over truths.
    """

    ranks: NDArray[np.int64]
    count: NDArray[np.int64]
    error2: NDArray[np.float64]
    spread2: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Freeze the sums."""
        for name in ("ranks", "count", "error2", "spread2"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __add__(self, other: Self) -> "Calibration":
        """Sum over slabs, axes or boxes.

        Raises
        ------
        ValueError
            If the numbers of groups or of samples differ.
        """
        if not isinstance(other, Calibration):
            return NotImplemented
        if self.ranks.shape != other.ranks.shape:
            raise ValueError(
                f"Calibrations of {len(self.ranks)} groups by {self.samples} samples and of "
                f"{len(other.ranks)} by {other.samples} can't be added, expected the same: rank "
                "every truth among as many samples."
            )
        return Calibration(
            ranks=self.ranks + other.ranks,
            count=self.count + other.count,
            error2=self.error2 + other.error2,
            spread2=self.spread2 + other.spread2,
        )

    @property
    def together(self) -> "Calibration":
        """The same of all groups as one."""
        return Calibration(
            ranks=self.ranks.sum(axis=0, keepdims=True),
            count=self.count.sum(keepdims=True),
            error2=self.error2.sum(keepdims=True),
            spread2=self.spread2.sum(keepdims=True),
        )

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.ranks.shape[1] - 1

    @property
    def widest(self) -> float:
        """Level of the interval from the lowest to the highest sample: (n - 1) / (n + 1)."""
        return (self.samples - 1) / (self.samples + 1)

    def coverage(self, level: float) -> NDArray[np.float64]:
        """Share of truths inside the central interval of the samples.

        The samples cut the line into n + 1 parts that are equally probable where calibrated.
        An interval that ends between two samples holds the truths there in proportion.

        Parameters
        ----------
        level : float
            Probability that the interval should hold, for example 0.68.

        Returns
        -------
        array, (groups,)
            `level` where calibrated. NaN for groups without truths, and for all if the
            interval reaches beyond the outermost samples, where nothing is known of it:
            68 % takes 6 samples, 95 % takes 39.

        Raises
        ------
        ValueError
            If the level isn't between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"Level of an interval is {level}, expected more than 0, less than 1.")
        if level > self.widest + 1e-9:
            return np.full(len(self.count), np.nan)
        ends = np.arange(self.samples + 2) / (self.samples + 1)
        inside = np.clip(ends, (1 - level) / 2, (1 + level) / 2)
        part = np.diff(inside) / np.diff(ends)
        with np.errstate(invalid="ignore"):  # no truths, no share
            return (self.ranks @ part) / self.count

    @property
    def spread_error(self) -> NDArray[np.float64]:
        """Spread of the samples over the error of their mean, (groups,).

        The square root of (1 + 1/n) times mean variance over mean squared error: one where
        calibrated whatever the number of samples, less where they spread too little. NaN for
        groups without truths; infinite where the mean is right everywhere.

        References
        ----------
        Fortin et al. 2014, J. Hydrometeorol. 15, 1708.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt((1 + 1 / self.samples) * self.spread2 / self.error2)


class Ranking:
    """Ranks truths among samples that come one by one and aren't kept.

    Ranks are the same for a quantity and for its logarithm. Spread and error are not: they
    are taken of what is passed, so for maps pass `scaled` ones, lest a few haloes decide.

    Parameters
    ----------
    truth : array, (...)
        Of anything: pixels, bins of P(k), masses of haloes.
    group : array of int, (...)
        Which group each truth is of, 0 to groups - 1; negative ones are left out.
    groups : int
        Number of groups.

    Raises
    ------
    ValueError
        If the shapes differ, a group is too large or a truth isn't finite.
    """

    def __init__(self, truth: ArrayLike, group: ArrayLike, groups: int) -> None:
        values, group = np.asarray(truth), np.asarray(group)
        if values.shape != group.shape:
            raise ValueError(
                f"Truths have shape {values.shape} and their groups {group.shape}, expected the "
                "same: give each truth a group."
            )
        if group.size and group.max() >= groups:
            raise ValueError(
                f"The highest group is {group.max()}, expected at most {groups - 1} for {groups} "
                "groups."
            )
        self.shape = values.shape
        self.groups = groups
        self.chosen = group >= 0
        self.group = group[self.chosen].astype(np.min_scalar_type(groups))
        self.truth = self._checked(values, "truths")
        self.samples = 0
        self.below = np.zeros(len(self.truth), np.int32)
        self.tied = np.zeros(len(self.truth), np.int32)
        self.mean = np.zeros(len(self.truth))
        self.squares = np.zeros(len(self.truth))

    def add(self, sample: ArrayLike) -> None:
        """Take one more sample, (...), in the truth's unit.

        Raises
        ------
        ValueError
            If its shape isn't the truth's, or a value isn't finite.
        """
        values = np.asarray(sample)
        if values.shape != self.shape:
            raise ValueError(
                f"A sample has shape {values.shape}, expected the truth's, {self.shape}."
            )
        values = self._checked(values, "values of a sample")
        self.samples += 1
        self.below += values < self.truth
        self.tied += values == self.truth
        # Welford's update: sums of squares would lose a small spread around a large mean.
        before = values - self.mean
        self.mean += before / self.samples
        self.squares += before * (values - self.mean)

    def found(self) -> Calibration:
        """Sum what the samples so far say, by group.

        A truth that equals some samples, as where HI is exactly zero, is put at random
        among them, each time alike.

        Raises
        ------
        ValueError
            If there were fewer than two samples.
        """
        if self.samples < 2:
            raise ValueError(
                f"There are {self.samples} samples to rank among, expected two or more: their "
                "spread is asked for."
            )
        group = self.group.astype(np.intp)
        rank = self.below + np.random.default_rng(SEED).integers(0, self.tied, endpoint=True)
        places = self.samples + 1
        ranks = np.bincount(group * places + rank, minlength=self.groups * places)
        return Calibration(
            ranks=ranks.reshape(self.groups, places),
            count=np.bincount(self.group, minlength=self.groups),
            error2=self._per_group(np.square(self.mean - self.truth)),
            spread2=self._per_group(self.squares / (self.samples - 1)),
        )

    def _per_group(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(self.group, values, minlength=self.groups)
        return sums.astype(np.float64, copy=False)  # of nothing they are integers

    def _checked(self, values: NDArray[Any], what: str) -> NDArray[Any]:
        """Those that are of a group, refused unless finite."""
        chosen = values[self.chosen]
        unusable = chosen.size - np.count_nonzero(np.isfinite(chosen))
        if unusable:
            raise ValueError(
                f"{unusable} of {chosen.size} {what} are not finite, expected none: give them a "
                "negative group to leave them out."
            )
        return chosen


def scaled(slab: Slab) -> NDArray[np.float32]:
    """Values of a map as a network sees them: nearly a logarithm, with room for zero.

    So that spread and error are those of all pixels, and not of the few brightest.

    Returns
    -------
    array, (ny, nx)
        Dimensionless, see `engine.normalization`.

    Raises
    ------
    ValueError
        If the field has no normalisation.
    """
    return normalization(slab.field).forward(slab.values)


def classes_of(dark_matter: Slab) -> NDArray[np.intp]:
    """Class of each pixel by its dark matter, in units of the universe's mean.

    Not of the map's own mean, which in a small box moves by a factor of two from slab to
    slab: so the pixels of all slabs, and of a piece of one, are told apart alike.

    Parameters
    ----------
    dark_matter : Slab
        Of either run.

    Returns
    -------
    array, (ny, nx)
        Index into `CLASSES`.

    Raises
    ------
    ValueError
        If the map is not of dark matter, or a pixel is negative or not finite.
    """
    if dark_matter.field not in INPUT_FIELDS:
        raise ValueError(
            f"{place(dark_matter)} is not dark matter, expected {' or '.join(INPUT_FIELDS)} to "
            "tell pixels apart."
        )
    values = checked_density(dark_matter, "tell pixels apart")
    return np.searchsorted(np.array(EDGES) * mean_dark_matter(dark_matter), values, side="right")


def mean_dark_matter(dark_matter: Slab) -> float:
    """The universe's mean surface density through a slab of either run, [Msun h / ckpc^2]."""
    cosmology = dark_matter.cosmology
    mean = cosmology.mean_matter_density * dark_matter.depth / MPC_IN_KPC**2
    return mean * cosmology.dark_matter_fraction if dark_matter.field == "dm" else mean
