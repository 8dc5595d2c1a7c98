"""Meshes restricted to a band of wavenumbers, or smoothed by a ball."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import layers, overdensity
from engine.mesh import Grid, Mesh
from engine.units import MPC_IN_KPC

SMALL = 1e-2
"""Below it the top-hat is taken by its series, good to 1e-10, since its terms cancel."""


def band_pass(mesh: Mesh, low: float, high: float) -> NDArray[np.float32]:
    """Contrast of a mesh with its own mean, of wavenumbers low <= |k| < high alone.

    A mesh that isn't periodic is mirrored at its edges, so that they don't ring; within a
    wavelength of them the mirror image is mixed in.

    Parameters
    ----------
    mesh : Mesh
        Of 4 cells a side or more.
    low, high : float
        [h/Mpc]; zero and infinity for no limit.

    Returns
    -------
    array, as `mesh.values`
        Dimensionless, signed, zero on average; zero everywhere where the mesh has no mode
        in the band. Adds up to the whole contrast over bands that share edges.

    Raises
    ------
    ValueError
        If the band is none, or the mesh is smaller, zero everywhere, negative or not finite.
    """
    if not 0 <= low < high:
        raise ValueError(
            f"The band of wavenumbers is {low} to {high} h/Mpc, expected two numbers from zero "
            "on, the larger one last."
        )
    return _filtered(mesh, lambda k: (k >= low) & (k < high))


def top_hat(grid: Grid, radius: float) -> NDArray[np.float32]:
    """Mean contrast of a grid within a ball around each cell.

    A grid that isn't periodic is mirrored at its edges.

    Parameters
    ----------
    grid : Grid
        Of 4 cells a side or more.
    radius : float
        Of the ball, comoving, [Mpc/h].

    Returns
    -------
    array, (nz, ny, nx)
        Dimensionless.

    Raises
    ------
    ValueError
        If the grid is smaller, zero everywhere, negative or not finite.
    """

    def ball(k: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.maximum(k * radius, SMALL)
        mean = 3 * (np.sin(x) - x * np.cos(x)) / x**3
        return np.where(k * radius < SMALL, 1 - (k * radius) ** 2 / 10, mean)

    return _filtered(grid, ball)


def _filtered(
    mesh: Mesh, response: Callable[[NDArray[np.float64]], NDArray[np.generic]]
) -> NDArray[np.float32]:
    """Contrast of a mesh with each mode multiplied by a function of |k| [h/Mpc]."""
    delta = overdensity(mesh)
    if not mesh.periodic:
        delta = np.pad(delta, [(0, n) for n in mesh.shape], "symmetric")
    cell_size = mesh.cell_size / MPC_IN_KPC
    *heights, ky = (2 * np.pi * fft.fftfreq(n, cell_size) for n in delta.shape[:-1])
    kx = 2 * np.pi * fft.rfftfreq(delta.shape[-1], cell_size)
    k, height = np.hypot(ky[:, np.newaxis], kx), heights[0] if heights else np.zeros(1)
    workers = -1 if heights else None  # threads take longer to start than a map does
    delta_k = fft.rfftn(delta, workers=workers)
    for layer_k, kz in zip(layers(delta_k), height, strict=True):
        layer_k *= response(np.hypot(kz, k))
    inside = tuple(slice(n) for n in mesh.shape)
    filtered = fft.irfftn(delta_k, s=delta.shape, overwrite_x=True, workers=workers)
    return np.ascontiguousarray(filtered[inside])
