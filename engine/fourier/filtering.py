"""Maps restricted to a band of wavenumbers."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import overdensity
from engine.mesh import Slab
from engine.units import MPC_IN_KPC


def band_pass(slab: Slab, low: float, high: float) -> NDArray[np.float32]:
    """Contrast of a map with its own mean, of wavenumbers low <= |k| < high alone.

    A map that isn't periodic is mirrored at its edges, so that they don't ring; within a
    wavelength of them the mirror image is mixed in.

    Parameters
    ----------
    slab : Slab
        Of 4 pixels a side or more.
    low, high : float
        [h/Mpc]; zero and infinity for no limit.

    Returns
    -------
    array, (ny, nx)
        Dimensionless, signed, zero on average; zero everywhere where the map has no mode
        in the band. Adds up to the whole contrast over bands that share edges.

    Raises
    ------
    ValueError
        If the band is none, or the map is smaller, zero everywhere, negative or not finite.
    """
    if not 0 <= low < high:
        raise ValueError(
            f"The band of wavenumbers is {low} to {high} h/Mpc, expected two numbers from zero "
            "on, the larger one last."
        )
    delta = overdensity(slab)
    ny, nx = slab.shape
    if not slab.periodic:
        delta = np.pad(delta, ((0, ny), (0, nx)), "symmetric")
    pixel_size = slab.pixel_size / MPC_IN_KPC
    ky = 2 * np.pi * fft.fftfreq(delta.shape[0], pixel_size)
    kx = 2 * np.pi * fft.rfftfreq(delta.shape[1], pixel_size)
    k = np.hypot(ky[:, np.newaxis], kx)
    delta_k = fft.rfft2(delta)
    delta_k *= (k >= low) & (k < high)
    return np.ascontiguousarray(fft.irfft2(delta_k, s=delta.shape)[:ny, :nx])
