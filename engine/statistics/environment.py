"""How many haloes stand around each halo on the map."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

RADIUS = 1.0
"""Of the discs in which neighbours are counted, [Mpc/h] (EMBER equation 10)."""

NEIGHBOUR_MASS = 5e9
"""Least virial mass of a neighbour, [Msun/h]. EMBER states none. It is 36 particles of matter of
the shipped simulation, whose catalogue begins at groups of 32 and is incomplete below."""


def neighbours_per_area(
    centre: NDArray[np.float64], counted: NDArray[np.bool_], box_size: float
) -> NDArray[np.float64]:
    """Number of other haloes within a disc of 1 Mpc/h around each halo, per area.

    Parameters
    ----------
    centre : array, (n, 2)
        Of the haloes of one slab, projected, comoving [Mpc/h].
    counted : array, (n,)
        Which of them count as neighbours; the halo itself never does.
    box_size : float
        Of the periodic box, [Mpc/h].

    Returns
    -------
    array, (n,)
        [(h/Mpc)^2].

    References
    ----------
    Bernardini et al. 2022, equation 10.
    """
    if not counted.any():
        return np.zeros(len(counted))
    wrapped = np.mod(centre, box_size)
    wrapped[wrapped >= box_size] = 0  # the remainder of a tiny negative number is the box itself
    tree = cKDTree(wrapped[counted], boxsize=np.full(2, box_size))
    around = tree.query_ball_point(wrapped, RADIUS, return_length=True)
    per_area: NDArray[np.float64] = (around - counted) / (np.pi * RADIUS**2)
    return per_area
