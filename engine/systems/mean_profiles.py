"""Mean profiles of clusters as tables: rings around the middle, each a power of mass.

The power runs with mass, by as much as the training maps say. The profiles beside a network go
with redshift, with the run, and with how lumpy and how dense in the middle its dark matter is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.systems.proper import radii

PIVOT = 13.5
"""log10 of the dark matter in a map, [Msun/h], at which constants hold."""

OF_MASS, OF_RUN, TRAITS = 3, 5, 7
"""Number of traits of mass alone: constant, slope and running; with those of the run: redshift and
whether it is without baryons; and with those two of how the dark matter lies."""

LUMP = 2
"""Side of the squares of pixels whose densities are squared: single particles aren't lumps."""

MIDDLE = 0.25
"""Radius of what counts as the middle, [proper Mpc]: four times the softening of the runs that
emulators of clusters are trained on."""

LEAST = 1e-10
"""Of sums and shares whose logarithm is taken, so that an empty map has one too."""

Floats = NDArray[np.float64]


def traits_of_mass(mass: ArrayLike) -> Floats:
    """Powers of log10 of the mass over its pivot, (n, OF_MASS).

    Parameters
    ----------
    mass : array, (n,)
        Of dark matter in the maps, [Msun/h].
    """
    heavier = np.log10(np.maximum(np.atleast_1d(mass), 1.0)) - PIVOT
    return np.stack([heavier**power for power in range(OF_MASS)], 1)


def traits_of(
    maps: NDArray[np.floating],
    mass: ArrayLike,
    redshift: ArrayLike,
    bare: ArrayLike,
    pixel: float,
) -> Floats:
    """What profiles beside a network go with, (n, TRAITS).

    Those of mass; log10(1 + z); one if the run is without baryons, whose dark matter no cooled gas
    draws together, else zero; log10 of the mean squared density over the squared mean, and of the
    share of the dark matter that lies in the middle. X-rays go with density squared: at the same
    mass the last two tell bright clusters from faint ones.

    Parameters
    ----------
    maps : array, (n, ny, nx)
        Dark matter per area, in any unit.
    mass : array, (n,)
        Of dark matter in the maps, [Msun/h].
    redshift : array, (n,)
    bare : array of bool, (n,)
        Whether of a dark-matter-only run.
    pixel : float
        Side of a pixel, [proper Mpc].
    """
    count, ny, nx = maps.shape
    even = maps[:, : ny // LUMP * LUMP, : nx // LUMP * LUMP].astype(np.float64)
    lumps = even.reshape(count, ny // LUMP, LUMP, nx // LUMP, LUMP).mean((2, 4))
    mean = np.maximum(lumps.mean((1, 2)), LEAST)
    lumpy = (lumps**2).mean((1, 2)) / mean**2
    middle = maps[:, radii((ny, nx), pixel) < MIDDLE].sum(1, dtype=np.float64)
    whole = np.maximum(maps.sum((1, 2), dtype=np.float64), LEAST)
    shares = [np.log10(np.maximum(each, LEAST)) for each in (lumpy, middle / whole)]
    of_run = [np.broadcast_to(each, count) for each in (np.log10(1 + np.asarray(redshift)), bare)]
    return np.concatenate([traits_of_mass(mass), np.stack([*of_run, *shares], 1)], 1)


@dataclass(frozen=True, eq=False)
class MeanProfiles:
    """Profiles of some fields.

    Parameters
    ----------
    radius : array, (n,)
        Rising, [proper Mpc].
    powers : array, (fields, traits, n)
        Of each field there, in whatever it is fitted in: how much of each trait goes in.
    """

    radius: NDArray[np.floating]
    powers: NDArray[np.floating]

    def __post_init__(self) -> None:
        """Refuse what is no table.

        Raises
        ------
        ValueError
            In half a sentence.
        """
        radius, powers = (np.asarray(each, np.float64) for each in (self.radius, self.powers))
        good = powers.ndim == 3 and OF_MASS <= powers.shape[1] <= TRAITS
        if not good or powers.shape[2] != len(radius) or not len(radius):
            raise ValueError(f"profiles have {powers.shape} powers at {radius.shape} radii")
        if (np.diff(radius) <= 0).any():
            raise ValueError("profiles have radii that don't rise")
        object.__setattr__(self, "radius", radius)
        object.__setattr__(self, "powers", powers)

    def maps(self, traits: Floats, shape: tuple[int, int], pixel: float) -> Floats:
        """Draw the profiles around the middle of a map, (fields, ny, nx).

        Parameters
        ----------
        traits : array, (traits,)
            Of one cluster, see `traits_of`; those beyond the table's don't matter.
        pixel : float
            Side of a pixel, [proper Mpc].
        """
        place = radii(shape, pixel)
        rings = np.tensordot(traits[: self.powers.shape[1]], self.powers, (0, 1))
        return np.stack([np.interp(place, self.radius, each) for each in rings])


def fit_profiles(
    maps: NDArray[np.floating],
    counted: NDArray[np.bool_],
    traits: Floats,
    pixel: float,
    scale: Callable[[Floats], Floats],
    weight: Floats | None = None,
) -> MeanProfiles:
    """Fit the mean of each ring of some maps of one field, scaled.

    Parameters
    ----------
    maps : array, (n, ny, nx)
        Around as many objects as there are traits, or more.
    counted : array, (n, ny, nx)
        Which pixels have a value.
    traits : array, (n, traits)
        Of the objects; what is the same for all, beside the constant, counts for nothing.
    pixel : float
        Side of a pixel, [proper Mpc].
    scale : callable
        Of the mean of a ring, to what is fitted.
    weight : array, (n,), optional
        Of the maps; all alike if left out.

    Returns
    -------
    MeanProfiles
        Of one field; rings without anything are left out.
    """
    ny, nx = maps.shape[1:]
    place = radii((ny, nx), pixel).ravel()
    rings = np.floor(place / pixel).astype(int)
    numbers = np.unique(rings)
    member = (rings[:, None] == numbers).astype(np.float64)
    some = counted.reshape(len(maps), -1)
    flat = np.where(some, maps.reshape(some.shape), 0).astype(np.float64)
    held = (flat @ member) / np.maximum(some.astype(np.float64) @ member, 1)
    distance = (place @ member) / member.sum(0)
    root = np.sqrt(np.ones(len(maps)) if weight is None else weight)
    radius, laws = [], []
    for ring in range(len(numbers)):
        shines = held[:, ring] > 0
        if shines.sum() >= traits.shape[1]:
            radius.append(distance[ring])
            x = traits[shines] * root[shines, None]
            laws.append(np.linalg.lstsq(x, scale(held[shines, ring]) * root[shines])[0])
    return MeanProfiles(np.array(radius), np.transpose(laws)[None])


def together(profiles: Sequence[MeanProfiles]) -> MeanProfiles:
    """Profiles of several fields as one table, at the radii of the first."""
    radius = profiles[0].radius
    powers = [
        [np.interp(radius, each.radius, power) for power in each.powers[0]] for each in profiles
    ]
    return MeanProfiles(radius, np.array(powers))
