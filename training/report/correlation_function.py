"""The correlation function of a periodic box: how much likelier mass lies at a distance of mass."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.mesh import Grid
from engine.units import MPC_IN_KPC

BINS = 20
"""Of the distance, evenly in its logarithm."""

LARGEST = 0.25
"""Distance over the box's side: beyond a half each pair is there twice."""


def correlation_function(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean product of the overdensities of two cells, by their distance.

    Parameters
    ----------
    grid : Grid
        A whole periodic box.

    Returns
    -------
    array, array, (n,)
        Mean distance of the pairs of each bin that has some, comoving [Mpc/h], and xi.

    References
    ----------
    Kasmanoff et al. 2020, the notebook beside their code.
    """
    density = grid.values.astype(np.float64)
    amplitude = fft.rfftn(density / density.mean() - 1)
    products = fft.irfftn(np.abs(amplitude) ** 2, grid.shape) / density.size
    side = grid.cell_size / MPC_IN_KPC
    steps = [np.minimum(np.arange(n), n - np.arange(n)) * side for n in grid.shape]
    z, y, x = np.meshgrid(*steps, indexing="ij", sparse=True)
    distance = np.sqrt(z**2 + y**2 + x**2).ravel()
    edges = np.geomspace(side, LARGEST * grid.box_size, BINS + 1)
    number = np.searchsorted(edges, distance, side="right")
    count, total, way = (
        np.bincount(number, weight, BINS + 2)[1:-1] for weight in (None, products.ravel(), distance)
    )
    some = count > 0
    return way[some] / count[some], total[some] / count[some]
