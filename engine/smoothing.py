"""Smoothing: how far a particle's mass is spread, from the distance to its neighbours."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

NEIGHBOURS = 80
"""Neighbours inside the kernel (Bernardini et al. 2022, section 3); the particle not counted."""

PARTICLES_PER_TREE = 4_000_000
"""Bounds memory: about 1 GB for a tree with its particles and margins."""

QUERY = 65_536
"""Particles asked for at a time, between two signs of progress."""


def neighbour_distance(
    position: NDArray[np.float32],
    box_size: float,
    neighbours: int = NEIGHBOURS,
    particles_per_tree: int = PARTICLES_PER_TREE,
    progress: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float32]:
    """Distance from every particle to its n-th neighbour in a periodic box.

    Layers along z are done one after another, each with a margin of the particles next
    to it, so that memory is bounded by `particles_per_tree` and not by the snapshot;
    `position` may be a memory map.

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, in [0, box_size).
    box_size : float
        In the same unit.
    neighbours : int
        Which neighbour; fewer where the box holds fewer particles.
    particles_per_tree : int
        Particles in one layer, without its margins.
    progress : callable
        Called with the number of particles done since the last call.

    Returns
    -------
    array, (n,)
        In the unit of `position`.
    """
    number = len(position)
    neighbours = min(neighbours, number - 1)
    if neighbours < 1:
        return np.full(number, box_size / 2, np.float32)
    layers = -(-number // particles_per_tree)
    distance = np.empty(number, np.float32)
    if layers == 1:
        inside = np.asarray(position, dtype=np.float64)
        distance[:] = _query(inside, inside, neighbours, box_size, progress)
        return distance
    # Twice the radius that holds the neighbours at mean density is enough but for voids.
    margin = 2 * box_size * (3 * neighbours / (4 * np.pi * number)) ** (1 / 3)
    edges = np.linspace(0, box_size, layers + 1)
    z = position[:, 2]
    for low, high in pairwise(edges):
        members = np.flatnonzero((z >= low) & (z < high))
        distance[members] = _layer(position, members, low, high, margin, neighbours, box_size)
        progress(len(members))
    return distance


def _layer(
    position: NDArray[np.float32],
    members: NDArray[np.intp],
    low: float,
    high: float,
    margin: float,
    neighbours: int,
    box_size: float,
) -> NDArray[np.float64]:
    """Distances of one layer's particles, its margin widened until all neighbours lie inside."""
    while True:
        centre, reach = (low + high) / 2, (high - low) / 2 + margin
        from_centre = position[:, 2] - centre
        from_centre -= box_size * np.round(from_centre / box_size)
        near = np.abs(from_centre) <= reach
        if margin >= box_size / 2:
            near[:] = True
        around = np.asarray(position[near], dtype=np.float64)
        inside = np.asarray(position[members], dtype=np.float64)
        if len(around) > neighbours:
            found = _query(around, inside, neighbours, box_size)
            if near.all() or found.max(initial=0.0) <= margin:
                return found
        margin *= 2


def _query(
    around: NDArray[np.float64],
    inside: NDArray[np.float64],
    neighbours: int,
    box_size: float,
    progress: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float64]:
    tree = cKDTree(around, boxsize=np.full(3, box_size))
    found = np.empty(len(inside))
    for start in range(0, len(inside), QUERY):
        piece = inside[start : start + QUERY]
        # The nearest of all is the particle itself.
        nearest, _ = tree.query(piece, k=[neighbours + 1], workers=-1)
        found[start : start + len(piece)] = np.ravel(nearest)
        progress(len(piece))
    return found
