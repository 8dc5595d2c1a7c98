"""What super-resolution has to beat: the low resolution in finer cells, and linear filters."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import modes, overdensity_k
from engine.mesh import Grid
from engine.units import MPC_IN_KPC

FILTER_BINS = 64
"""Of wavenumber, in which a linear filter may differ: the fundamental one wide for 128 cells."""


def repeated(low: Grid, like: Grid) -> Grid:
    """Every cell as the eight that it is made of."""
    values = low.values
    for axis in range(3):
        values = values.repeat(2, axis)
    return like.with_values(values)


def trilinear(low: Grid, like: Grid) -> Grid:
    """Interpolated between the centres of the cells of a periodic box, which keeps the mean.

    Parameters
    ----------
    low : Grid
        Of low resolution.
    like : Grid
        With twice the cells a side: gives the result its cell size.
    """
    values = low.values
    for axis in range(3):
        # A fine cell's centre is a quarter of a coarse cell from that of its own.
        sides = [0.75 * values + 0.25 * np.roll(values, by, axis) for by in (1, -1)]
        shape = [n * (1 + (i == axis)) for i, n in enumerate(values.shape)]
        values = np.stack(sides, axis + 1).reshape(shape)
    return like.with_values(values)


def best_linear(low: Grid, initial: Grid, truth: Grid) -> Grid:
    """The isotropic linear filter of both inputs that comes nearest to the truth itself.

    delta = A(k) delta_low + B(k) delta_initial with A and B fitted to the true box in narrow
    bins of wavenumber: no filter with coefficients from elsewhere does better on it. What is
    negative is cut, and the mean kept.

    Parameters
    ----------
    low : Grid
        Of low resolution.
    initial, truth : Grid
        With twice the cells a side.
    """
    fine = repeated(low, truth)
    edges = tuple(np.linspace(0, np.sqrt(3) * np.pi / _cell(truth), FILTER_BINS + 1)[1:])
    edges = (1e-6 * edges[0], *edges[:-1], edges[-1] * (1 + 1e-6))
    bins = modes(truth.shape, _cell(truth), edges, periodic=True)
    given = [overdensity_k(grid) for grid in (fine, initial)]
    goal = overdensity_k(truth)
    powers = np.array([[bins.sum_per_bin(one, other) for other in given] for one in given])
    shared = np.array([bins.sum_per_bin(one, goal) for one in given])
    filters = _solved(powers, shared)
    number = _bin_of_each(truth, edges)
    delta_k = sum(f[number] * one for f, one in zip(filters, given, strict=True))
    density = np.maximum(1 + fft.irfftn(delta_k, truth.shape), 0)
    mean = truth.values.mean(dtype=np.float64) / density.mean(dtype=np.float64)
    return truth.with_values(density * mean)


def _cell(grid: Grid) -> float:
    """[Mpc/h]."""
    return grid.cell_size / MPC_IN_KPC


def _solved(powers: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of least squares in each bin, (2, bins)."""
    return np.array(
        [
            np.linalg.lstsq(powers[:, :, i], shared[:, i], rcond=1e-9)[0]
            for i in range(shared.shape[1])
        ]
    ).T


def _bin_of_each(grid: Grid, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """Bin of every mode of a real transform; the first one for the mean."""
    nz, ny, nx = grid.shape
    z, y, x = np.ix_(fft.fftfreq(nz), fft.fftfreq(ny), fft.rfftfreq(nx))
    k = 2 * np.pi / _cell(grid) * np.sqrt(x**2 + y**2 + z**2)
    return np.clip(np.digitize(k, edges) - 1, 0, len(edges) - 2)
