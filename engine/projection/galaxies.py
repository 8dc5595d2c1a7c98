"""From star particles to galaxies, and from galaxies to the subhaloes of a twin without baryons."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.galaxies import Galaxies
from engine.halos import Halos, Subhalos
from engine.projection.friends import friends_of_friends, masses_and_centres
from engine.units import MPC_IN_KPC

LINKING_LENGTH = 12.0
"""Of stars, comoving [kpc/h]: some two softening lengths of the shipped runs."""

NEAR = 50.0
"""From a subhalo's centre at least, comoving [kpc/h]."""

NEAR_SHARE = 0.3
"""Of a subhalo's radius, where that is more."""

MASS_RATIO = 3.0
"""Of a galaxy's halo to its twin at most, either way."""


def find_galaxies(
    position: NDArray[np.floating],
    mass: NDArray[np.floating],
    box_size: float,
    linking_length: float = LINKING_LENGTH,
) -> Galaxies:
    """Make galaxies of star particles, the heaviest first; none is matched yet.

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, [Mpc/h].
    mass : array, (n,)
        [Msun/h].
    box_size : float
        Comoving, [Mpc/h].
    linking_length : float
        Comoving, [kpc/h].
    """
    place = np.asarray(position, np.float64)
    group = friends_of_friends(place, linking_length / MPC_IN_KPC, box_size)
    stars, centre = masses_and_centres(place, mass, group, box_size)
    order = np.argsort(-stars, kind="stable")
    return Galaxies(
        centre[order].astype(np.float32),
        stars[order].astype(np.float32),
        np.full(len(order), -1),
        definition=f"stars, friends of friends with {linking_length:g} kpc/h",
    )


def matched(galaxies: Galaxies, halos: Halos, subhalos: Subhalos, box_size: float) -> Galaxies:
    """Find the subhalo of a dark-matter-only twin that each galaxy lies in.

    The heaviest galaxy chooses first, of those subhaloes within `NEAR` or `NEAR_SHARE` of their
    radius the one that is nearest in units of that; each subhalo has one galaxy. A galaxy that
    is the heaviest of a halo of its own run takes no subhalo of another mass than its halo's,
    by more than `MASS_RATIO`. Mutual nearest neighbours would not do: single stars about a galaxy
    are groups of their own, and one of them is often nearer than the galaxy itself to where its
    halo stands in the other run.

    Parameters
    ----------
    galaxies : Galaxies
        The heaviest first.
    halos : Halos
        Of the same run.
    subhalos : Subhalos
        Of the dark-matter-only twin.
    box_size : float
        Comoving, [Mpc/h].

    Returns
    -------
    Galaxies
        With the rows of their subhaloes.
    """
    own = _halo_masses(galaxies, halos, box_size)
    centres, radius = _periodic(subhalos.position, box_size), _nearness(subhalos.rvir)
    galaxy, subhalo, near = _pairs(galaxies, centres, radius, box_size)
    ratio = subhalos.mvir[subhalo].astype(np.float64) / np.where(own > 0, own, np.nan)[galaxy]
    allowed = np.isnan(ratio) | ((ratio >= 1 / MASS_RATIO) & (ratio <= MASS_RATIO))
    found = np.full(len(galaxies), -1)
    taken = np.zeros(len(subhalos), bool)
    for which in np.lexsort((near, galaxy)):
        g, s = galaxy[which], subhalo[which]
        if allowed[which] and found[g] < 0 and not taken[s]:
            found[g], taken[s] = s, True
    words = f"{galaxies.definition}; matched with {subhalos.definition}"
    return replace(galaxies, subhalo=found, definition=words)


def _halo_masses(galaxies: Galaxies, halos: Halos, box_size: float) -> NDArray[np.float64]:
    """Mass of the halo that each galaxy is the heaviest of, (n,), [Msun/h]; 0 for others."""
    centres, radius = _periodic(halos.position, box_size), _nearness(halos.rvir)
    galaxy, halo, _ = _pairs(galaxies, centres, radius, box_size)
    first = np.full(len(halos), len(galaxies))
    np.minimum.at(first, halo, galaxy)  # galaxies stand by falling mass
    own = np.zeros(len(galaxies) + 1)
    np.maximum.at(own, first, halos.mvir)
    return own[:-1]


def _nearness(rvir: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance up to which a galaxy belongs to a halo, [Mpc/h]."""
    return np.maximum(NEAR, NEAR_SHARE * rvir.astype(np.float64)) / MPC_IN_KPC


def _pairs(
    galaxies: Galaxies,
    centres: NDArray[np.float64],
    radius: NDArray[np.float64],
    box_size: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Galaxies within the radii of centres: numbers of both, and distances over the radius."""
    sides = np.full(3, box_size)
    trees = [
        cKDTree(place, boxsize=sides) for place in (_periodic(galaxies.position, box_size), centres)
    ]
    if not len(galaxies) or not len(centres):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    apart = trees[0].sparse_distance_matrix(trees[1], radius.max(), output_type="coo_matrix")
    galaxy, centre = apart.row.astype(np.int64), apart.col.astype(np.int64)
    near = apart.data / radius[centre]
    return galaxy[near <= 1], centre[near <= 1], near[near <= 1]


def _periodic(position: NDArray[np.floating], box_size: float) -> NDArray[np.float64]:
    """Places from 0 to below the box's size, which float32 can round up to it."""
    place = np.mod(np.asarray(position, np.float64), box_size)
    place[place >= box_size] = 0.0
    return place
