"""From means of logarithms to stars whose sum is right."""

import numpy as np
from numpy.typing import NDArray

from engine.galaxies import ADDED, RELATION_BIN

FEWEST = 10
"""Subhaloes that tell by how much a relation is raised; bins with fewer go with the next."""

MOST = 2.0
"""That it is raised or lowered by, [dex]."""

HALVINGS = 40

Relation = tuple[NDArray[np.float32], NDArray[np.float32]]


def raised(
    relation: Relation,
    mass: NDArray[np.floating],
    stars: NDArray[np.floating],
    residual: NDArray[np.floating],
) -> Relation:
    """Raise a relation until subhaloes of like mass have as many stars in all as they should.

    What learns the logarithm of stars says its mean; the mean of the stars is more, by how much
    they scatter. Subhaloes that train tell how much more, by bins of their mass.

    Parameters
    ----------
    relation : (array, array), (m,)
        log10 of the subhalo's mass in Msun/h, and of its stars with `ADDED`.
    mass, stars : array, (n,)
        Of the subhaloes, [Msun/h].
    residual : array, (n,)
        By how much the logarithm of the stars of each is said to differ from the relation, [dex].

    Returns
    -------
    array, array, (m,)
        The relation, raised.

    References
    ----------
    Duan 1983, Journal of the American Statistical Association 78, 605: the smearing estimate.
    """
    place = np.log10(np.asarray(mass, np.float64))
    said = np.interp(place, *relation) + residual
    edges = edges_of(place)
    number, nodes = (np.searchsorted(edges, each, "right") for each in (place, relation[0]))
    change = np.zeros(len(edges) + 1)
    for each in np.unique(number):
        some = number == each
        change[each] = what_lacks(said[some], float(np.sum(stars[some], dtype=np.float64)))
    return relation[0], (relation[1] + change[nodes]).astype(np.float32)


def edges_of(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Masses between bins that have `FEWEST` subhaloes, from the heaviest down, [dex]."""
    number = np.floor(place / RELATION_BIN).astype(int)
    edges: list[float] = []
    for low in range(number.max(), number.min(), -1):
        if np.sum((number >= low) & (place < (edges[-1] if edges else np.inf))) >= FEWEST:
            edges.append(low * RELATION_BIN)
    return np.array(edges[::-1])


def what_lacks(said: NDArray[np.float64], total: float) -> float:
    """By how much logarithms of stars with `ADDED` must be raised for the stars' sum, [dex]."""
    low, high = -MOST, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if np.maximum(10 ** (said + middle) - ADDED, 0).sum() < total:
            low = middle
        else:
            high = middle
    return (low + high) / 2
