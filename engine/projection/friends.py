"""Groups of particles by friends of friends, and the haloes that those of dark matter are."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from engine.halos import Halos
from engine.units import MPC_IN_KPC

LINKING = 0.2
"""Of the mean separation, within which particles of dark matter are friends (Davis et al. 1985)."""

FEWEST = 32
"""Particles of a halo: of fewer, chance makes some."""

OVERDENSITY = 200.0
"""Over the mean, of the sphere that gives a halo its radius."""

DEFINITION = (
    f"friends of friends (b={LINKING}, >={FEWEST}): their mass, their centre of mass, and the "
    f"radius of a sphere of that mass with {OVERDENSITY:g} times the mean density"
)


def find_halos(
    position: NDArray[np.floating], box_size: float, mean_density: float, run: str = "dmo"
) -> Halos:
    """Find haloes among particles of equal mass.

    Parameters
    ----------
    position : array, (n, 3)
        In a periodic box, comoving [Mpc/h].
    box_size : float
        Comoving, [Mpc/h].
    mean_density : float
        Of the particles, comoving, [Msun/h / (Mpc/h)^3].
    run : str
        That they are of.

    Returns
    -------
    Halos
        The heaviest first.

    References
    ----------
    Davis, Efstathiou, Frenk & White 1985.
    """
    number = len(position)
    group = friends_of_friends(position, LINKING * box_size / number ** (1 / 3), box_size)
    count = np.bincount(group)
    rank = np.cumsum(count >= FEWEST) - 1
    inside = count[group] >= FEWEST
    place, each = position[inside], mean_density * box_size**3 / number
    mass, centre = masses_and_centres(
        place, np.full(len(place), each), rank[group[inside]], box_size
    )
    radius = np.cbrt(3 * mass / (4 * np.pi * OVERDENSITY * mean_density))
    order = np.argsort(-mass, kind="stable")
    masses = mass[order].astype(np.float32)
    radii = (MPC_IN_KPC * radius[order]).astype(np.float32)
    return Halos(centre[order].astype(np.float32), masses, radii, masses, run, DEFINITION)


def masses_and_centres(
    position: NDArray[np.floating],
    mass: NDArray[np.floating],
    group: NDArray[np.integer],
    box_size: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum up groups of particles, each smaller than half the periodic box.

    Parameters
    ----------
    position : array, (n, 3)
        In the unit of `box_size`.
    mass : array, (n,)
        Of each.
    group : array, (n,)
        Of each, all from 0 on.

    Returns
    -------
    mass : array, (m,)
        Of each group.
    centre : array, (m, 3)
        Of mass.
    """
    place = np.asarray(position, np.float64)
    _, first = np.unique(group, return_index=True)
    total: NDArray[np.float64] = np.bincount(group, mass, len(first)).astype(np.float64)
    # From each group's first particle, since it may lie across the box's edge.
    apart = place - place[first][group]
    apart -= box_size * np.round(apart / box_size)
    mean = np.stack([np.bincount(group, mass * d, len(first)) for d in apart.T], 1)
    centre: NDArray[np.float64] = np.mod(place[first] + mean / total[:, None], box_size)
    return total, centre


def friends_of_friends(
    position: NDArray[np.floating], linking_length: float, box_size: float
) -> NDArray[np.int64]:
    """Find groups of particles, each nearer than a length to another of its group.

    Parameters
    ----------
    position : array, (n, 3)
        In a periodic box.
    linking_length, box_size : float
        In the unit of `position`.

    Returns
    -------
    array, (n,)
        Number of each particle's group, from 0 in the order of their first particles.

    References
    ----------
    Davis et al. 1985.
    """
    place = np.mod(np.asarray(position, np.float64), box_size)
    cells = max(int(box_size / linking_length), 1)
    cell = np.minimum((place * (cells / box_size)).astype(np.int64), cells - 1)
    key = (cell[:, 2] * cells + cell[:, 1]) * cells + cell[:, 0]
    order = np.argsort(key, kind="stable")
    filled, first = np.unique(key[order], return_index=True)
    edges = np.append(first, len(key))
    root = _linked(place[order], cell[order], filled, edges, cells, linking_length, box_size)
    group = np.empty(len(key), np.int64)
    group[order] = order[root]
    _, start, number = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(start), np.int64)
    rank[np.argsort(start)] = np.arange(len(start))
    return rank[number]


@numba.njit(cache=True)
def _root(parent: Any, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@numba.njit(cache=True)
def _linked(
    place: Any, cell: Any, filled: Any, edges: Any, cells: int, length: float, box: float
) -> Any:
    """Particle that stands for each one's group; particles are sorted by cell."""
    parent = np.arange(len(place))
    for i in range(len(place)):
        for step in range(27):
            z = (cell[i, 2] + step // 9 - 1) % cells
            y = (cell[i, 1] + step // 3 % 3 - 1) % cells
            x = (cell[i, 0] + step % 3 - 1) % cells
            key = (z * cells + y) * cells + x
            at = np.searchsorted(filled, key)
            if at < len(filled) and filled[at] == key:
                for j in range(edges[at], min(edges[at + 1], i)):
                    if _apart(place[i], place[j], box) <= length:
                        a, b = _root(parent, i), _root(parent, j)
                        parent[max(a, b)] = min(a, b)
    for i in range(len(parent)):
        parent[i] = _root(parent, i)
    return parent


@numba.njit(cache=True)
def _apart(one: Any, other: Any, box: float) -> float:
    square = 0.0
    for axis in range(3):
        distance = abs(one[axis] - other[axis])
        square += min(distance, box - distance) ** 2
    return float(np.sqrt(square))
