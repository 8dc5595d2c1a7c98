"""Meshes restricted to a band of wavenumbers."""

from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import overdensity
from engine.mesh import Mesh
from engine.units import MPC_IN_KPC


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
    delta = overdensity(mesh)
    if not mesh.periodic:
        delta = np.pad(delta, [(0, n) for n in mesh.shape], "symmetric")
    cell_size = mesh.cell_size / MPC_IN_KPC
    axes = [2 * np.pi * fft.fftfreq(n, cell_size) for n in delta.shape[:-1]]
    axes.append(2 * np.pi * fft.rfftfreq(delta.shape[-1], cell_size))
    k = reduce(np.hypot, np.ix_(*axes))
    delta_k = fft.rfftn(delta)
    delta_k *= (k >= low) & (k < high)
    inside = tuple(slice(n) for n in mesh.shape)
    return np.ascontiguousarray(fft.irfftn(delta_k, s=delta.shape)[inside])
