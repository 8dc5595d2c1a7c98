"""Around objects of a snapshot: their densest points, and the spheres that are dense enough."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.formats.header import LEFT_OUT, TYPES
from engine.formats.snapshot import Snapshot

SHRINKING = 0.9
"""Of each sphere's radius to the one before."""

FEWEST = 32
"""Particles of dark matter in the smallest sphere, and of all matter in one that has a mass."""

Floats = NDArray[np.float64]

Read = Callable[[Snapshot, str, int, int], Floats]
"""Columns of particles [start, stop) of a species, (stop - start, q)."""


def around(
    position: NDArray[np.floating], centres: Floats, reach: float | Floats, box_size: float
) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Particles within reach of each centre in a periodic box.

    Parameters
    ----------
    position : array, (n, 3)
        In [0, box_size), the centres too.
    centres : array, (m, 3)
    reach : float or array, (m,)
        In the same unit; at most half of the box counts.

    Yields
    ------
    int
        Number of the centre.
    array, (k,)
        Rows of the particles, increasing.
    array, (k, 3)
        Their places seen from the centre.
    """
    tree = cKDTree(np.asarray(position, np.float64), boxsize=np.full(3, box_size))
    for number, (centre, radius) in enumerate(
        zip(centres, np.broadcast_to(reach, len(centres)), strict=True)
    ):
        rows = np.sort(np.asarray(tree.query_ball_point(centre, radius), np.intp))
        away = position[rows].astype(np.float64) - centre
        yield number, rows, away - box_size * np.round(away / box_size)


def gathered(
    snapshot: Snapshot, species: str, centres: Floats, reach: Floats, read: Read | None = None
) -> list[tuple[Floats, Floats]]:
    """Particles of a species within reach of each centre.

    Parameters
    ----------
    centres : array, (m, 3)
        Comoving, [kpc/h].
    reach : array, (m,)
        Comoving, [kpc/h].
    read : callable, optional
        What is wanted of them; nothing if left out.

    Returns
    -------
    list of (array, (k, 3); array, (k, q)), of each centre
        Their places seen from it, and what was read.
    """
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in centres]
    for start, stop in snapshot.chunks(species):
        position = snapshot.positions(species, start, stop)
        columns = read(snapshot, species, start, stop) if read else np.zeros((stop - start, 0))
        for number, rows, away in around(position, centres, reach, snapshot.header.box_size):
            found[number].append((away, columns[rows]))
    return [
        (np.concatenate([a for a, _ in parts]), np.concatenate([c for _, c in parts]))
        for parts in found
    ]


def densest_points(snapshot: Snapshot, guesses: Floats, radius: Floats) -> Floats:
    """Centres of dark matter by spheres that shrink around their own centre of mass.

    Parameters
    ----------
    guesses : array, (m, 3)
        Where to begin, comoving [kpc/h].
    radius : array, (m,)
        Of the first sphere, comoving [kpc/h].

    Returns
    -------
    array, (m, 3)
        In the box, comoving [kpc/h]; the guess where there is no dark matter.

    References
    ----------
    Power et al. 2003, section 2.5.
    """
    moved = [
        _shrunk(away, r)
        for (away, _), r in zip(
            gathered(snapshot, "dark matter", guesses, radius), radius, strict=True
        )
    ]
    return np.mod(guesses + np.array(moved).reshape(-1, 3), snapshot.header.box_size)


def _shrunk(away: Floats, radius: float) -> Floats:
    """Centre of the smallest sphere, from the first one's."""
    centre = np.zeros(3)
    while True:
        inside = ((away - centre) ** 2).sum(1) < radius**2
        if inside.sum() < FEWEST:
            return centre
        away = away[((away - centre) ** 2).sum(1) < 4 * radius**2]
        centre = away[((away - centre) ** 2).sum(1) < radius**2].mean(0)
        radius *= SHRINKING


def enclosing(distance: Floats, mass: Floats, density: float) -> tuple[float, float]:
    """Radius and mass of the sphere whose mean density has fallen to a given one.

    Parameters
    ----------
    distance, mass : array, (n,)
        Of all particles around a centre, comoving [kpc/h] and [Msun/h].
    density : float
        Comoving, [Msun h^2 / ckpc^3].

    Returns
    -------
    float, float
        [kpc/h] and [Msun/h]; zeros if no sphere of `FEWEST` particles is as dense, or the
        particles don't reach to where it ends.
    """
    order = np.argsort(distance)
    within = np.cumsum(mass[order])
    mean = within / (4 / 3 * np.pi * np.maximum(distance[order], 1e-9) ** 3)
    below = np.flatnonzero(mean[FEWEST:] < density)
    if not below.size or not below[0]:
        return 0.0, 0.0
    enclosed = float(within[FEWEST + below[0] - 1])
    return float((3 * enclosed / (4 * np.pi * density)) ** (1 / 3)), enclosed


def matter_around(
    snapshot: Snapshot, centres: Floats, reach: Floats
) -> list[tuple[Floats, Floats]]:
    """Distances, (k,), [kpc/h], and masses, (k,), [Msun/h], of all matter around each centre."""
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in centres]
    for species in snapshot.header.counts:
        if species not in TYPES or (species in LEFT_OUT and not snapshot.has(species, "mass")):
            continue
        for parts, (away, columns) in zip(
            found, gathered(snapshot, species, centres, reach, _mass), strict=True
        ):
            parts.append((np.sqrt((away**2).sum(1)), columns[:, 0]))
    return [
        (np.concatenate([r for r, _ in parts]), np.concatenate([m for _, m in parts]))
        for parts in found
    ]


def _mass(snapshot: Snapshot, species: str, start: int, stop: int) -> Floats:
    return snapshot.matter(species, start, stop)[:, None]
