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

PIECE = 1 << 22
"""Particles looked at together in search of a layer's."""

QUERY = 65_536
"""Particles asked for at a time, between two signs of progress."""


def neighbour_distance(
    position: NDArray[np.float32],
    box_size: float,
    neighbours: int = NEIGHBOURS,
    particles_per_tree: int = PARTICLES_PER_TREE,
    progress: Callable[[int], None] = lambda done: None,
    out: NDArray[np.float32] | None = None,
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
    out : array, (n,), optional
        Filled, if given; may be a memory map too.

    Returns
    -------
    array, (n,)
        In the unit of `position`.
    """
    number = len(position)
    distance = np.empty(number, np.float32) if out is None else out
    neighbours = min(neighbours, number - 1)
    if neighbours < 1:
        distance[:] = box_size / 2
        progress(number)
        return distance
    layers = -(-number // particles_per_tree)
    if layers == 1:
        inside = np.asarray(position, dtype=np.float64)
        distance[:] = _query(inside, inside, neighbours, box_size, progress)
        return distance
    # Twice the radius that holds the neighbours at mean density is enough but for voids.
    margin = 2 * box_size * (3 * neighbours / (4 * np.pi * number)) ** (1 / 3)
    edges = np.linspace(0, box_size, layers + 1)
    for low, high in pairwise(edges):
        members = _between(position, low, high, box_size)
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
    inside = np.asarray(position[members], dtype=np.float64)
    while True:
        near = _between(position, low - margin, high + margin, box_size)
        if len(near) > neighbours:
            around = np.asarray(position[near], dtype=np.float64)
            found = _query(around, inside, neighbours, box_size)
            if len(near) == len(position) or found.max(initial=0.0) < margin:
                return found
        margin *= 2


def _between(
    position: NDArray[np.float32], low: float, high: float, box_size: float
) -> NDArray[np.intp]:
    """Numbers of the particles, or their images, with low <= z < high; looked at piece by piece."""
    found = []
    for start in range(0, len(position), PIECE):
        z = position[start : start + PIECE, 2].astype(np.float64)
        images = (z - box_size, z, z + box_size)
        inside = np.logical_or.reduce([(image >= low) & (image < high) for image in images])
        found.append(start + np.flatnonzero(inside))
    return np.concatenate(found)


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
