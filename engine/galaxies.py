"""Galaxies of a hydrodynamical run, and the subhaloes of its dark-matter-only twin they are in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.mesh import frozen_array


@dataclass(frozen=True, eq=False)
class Galaxies:
    """A catalogue of galaxies.

    Parameters
    ----------
    position : array, (n, 3)
        Centres of mass of their stars, comoving [Mpc/h].
    stars : array, (n,)
        Stellar mass, [Msun/h].
    subhalo : array, (n,)
        Row of the dark-matter-only twin's subhalo that the galaxy is matched with; -1 for none.
    run : str
        "hydro".
    definition : str
        How they were found and matched.
    """

    position: NDArray[np.float32]
    stars: NDArray[np.float32]
    subhalo: NDArray[np.int64]
    run: str = "hydro"
    definition: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns."""
        for name in ("position", "stars"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float32))
        object.__setattr__(self, "subhalo", frozen_array(self.subhalo, np.int64))

    def __len__(self) -> int:
        """Number of galaxies."""
        return len(self.stars)

    def of_subhalos(self, number: int) -> NDArray[np.float64]:
        """Stellar mass by the twin's subhaloes, 0 where no galaxy is matched.

        Parameters
        ----------
        number : int
            Of the subhaloes.

        Returns
        -------
        array, (number,)
            [Msun/h].
        """
        some = self.subhalo >= 0
        found = np.zeros(number)
        np.add.at(found, self.subhalo[some], self.stars[some])
        return found

    def completeness(self, least: float = 0.0) -> tuple[float, float]:
        """Share of the galaxies that are matched, and of their stars.

        Parameters
        ----------
        least : float
            Stellar mass from which galaxies count, [Msun/h].

        Returns
        -------
        float, float
            From 0 to 1; not a number without galaxies.
        """
        count = self.stars >= least
        matched = count & (self.subhalo >= 0)
        with np.errstate(invalid="ignore"):
            number = np.float64(matched.sum()) / count.sum()
            mass = self.stars[matched].sum(dtype=np.float64) / self.stars[count].sum(
                dtype=np.float64
            )
        return float(number), float(mass)


LEAST_STARS = 5e7
"""Stellar mass from which galaxies of the shipped runs are resolved, by some ten particles."""

ADDED = 1e7
"""Stellar mass that is added before logarithms are taken, [Msun/h]: subhaloes may have none."""


RELATION_BIN = 0.2
"""Of subhalo mass for the median relation, [dex]."""


def median_relation(
    mass: NDArray[np.floating], stars: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Median of the stars by the mass of the subhalo.

    Parameters
    ----------
    mass, stars : array, (n,)
        Of subhaloes and of the galaxies in them, [Msun/h].

    Returns
    -------
    array, array, (m,)
        log10 of the mass in Msun/h, and the median `logarithm` there. It never falls: the few
        subhaloes of the largest masses may be some that have lost their galaxy to a merger.
    """
    x, y = np.log10(np.asarray(mass, np.float64)), logarithm(stars)
    number = np.floor(x / RELATION_BIN).astype(int)
    bins = [number == each for each in np.unique(number)]
    centre = np.array([np.median(x[some]) for some in bins])
    middle = np.maximum.accumulate(np.array([np.median(y[some]) for some in bins]))
    return centre.astype(np.float32), middle.astype(np.float32)


def least_mass_of(
    relation: tuple[NDArray[np.floating], NDArray[np.floating]], stars: float = LEAST_STARS
) -> float:
    """Mass of the subhaloes whose median galaxy has so many stars, [Msun/h].

    Parameters
    ----------
    relation : (array, array)
        As `median_relation` finds it.
    stars : float
        [Msun/h].
    """
    mass, said = relation
    return float(10 ** np.interp(np.log10(stars + ADDED), said, mass))


def logarithm(stars: NDArray[np.floating]) -> NDArray[np.float64]:
    """log10 of stellar mass in Msun/h, with `ADDED` so that none has one too."""
    found: NDArray[np.float64] = np.log10(np.asarray(stars, np.float64) + ADDED)
    return found


@dataclass(frozen=True)
class Residuals:
    """How the stars that are painted differ from the true ones of the same subhaloes.

    Parameters
    ----------
    number : int
        Subhaloes that count: those with resolved galaxies.
    bias, scatter : float
        Mean and standard deviation of the logarithm painted less the true one, [dex]; the
        deviation is taken about the mean of each bin of the true mass.
    error : float
        Of the scatter, by the number of subhaloes, [dex].
    """

    number: int
    bias: float
    scatter: float
    error: float


RESIDUAL_BINS = 0.5
"""Of the true mass, or of the subhalo's, [dex]."""


def residuals(
    true: NDArray[np.floating], painted: NDArray[np.floating], least: float = LEAST_STARS
) -> Residuals:
    """Compare the stars of subhaloes with the true ones.

    Parameters
    ----------
    true, painted : array, (n,)
        Of each subhalo, [Msun/h].
    least : float
        True stellar mass from which a subhalo counts, [Msun/h].
    """
    seen = np.asarray(true) >= least
    apart = (logarithm(painted) - logarithm(true))[seen]
    if len(apart) < 2:
        return Residuals(len(apart), np.nan, np.nan, np.nan)
    scatter, free = _about_means(logarithm(true)[seen], apart)
    return Residuals(len(apart), float(apart.mean()), scatter, scatter / np.sqrt(2 * free))


def spread_at_mass(
    mass: NDArray[np.floating], stars: NDArray[np.floating], least_mass: float
) -> float:
    """How much galaxies in subhaloes of like mass differ, [dex].

    Parameters
    ----------
    mass, stars : array, (n,)
        Of each subhalo, [Msun/h].
    least_mass : float
        From which subhaloes count, [Msun/h].

    Returns
    -------
    float
        Standard deviation of `logarithm` about the mean of each bin of mass; not a number of
        fewer than two subhaloes.
    """
    seen = np.asarray(mass) >= least_mass
    if seen.sum() < 2:
        return np.nan
    scatter, _ = _about_means(np.log10(np.asarray(mass, np.float64)[seen]), logarithm(stars)[seen])
    return scatter


def _about_means(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, int]:
    """Standard deviation of y about its mean in each bin of x, and its degrees of freedom."""
    _, number = np.unique(np.floor(x / RESIDUAL_BINS).astype(int), return_inverse=True)
    count = np.bincount(number)
    mean = np.bincount(number, y) / count
    free = max(len(y) - len(count), 1)
    return float(np.sqrt(np.sum((y - mean[number]) ** 2) / free)), free


def mass_function(
    stars: NDArray[np.floating], box_size: float, edges: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Galaxies per volume and decade of stellar mass, and the error by their number.

    Parameters
    ----------
    stars : array, (n,)
        [Msun/h].
    box_size : float
        Comoving, [Mpc/h].
    edges : array, (m + 1,)
        log10 of stellar mass in Msun/h.

    Returns
    -------
    array, array, (m,)
        [(h/Mpc)^3 / dex].
    """
    some = np.asarray(stars, np.float64)
    count, _ = np.histogram(np.log10(some[some > 0]), edges)
    measure = box_size**3 * np.diff(edges)
    return count / measure, np.sqrt(count) / measure
