"""Column densities of neutral hydrogen from its surface density."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.units import KPC_IN_CM, MSUN_IN_G

HYDROGEN_IN_G = 1.6735328e-24
"""Mass of a hydrogen atom, 1.00782503 u (CODATA 2022)."""

Density = TypeVar("Density", float, NDArray[np.floating])


def column_density(surface_density: Density, redshift: float, h: float) -> Density:
    """Neutral hydrogen atoms per physical area.

    Parameters
    ----------
    surface_density : float or array
        HI mass per comoving area, [Msun h / ckpc^2].
    redshift : float
        Of the map.
    h : float
        Hubble constant in units of 100 km/s/Mpc.

    Returns
    -------
    float or array
        N_HI, [cm^-2].
    """
    return surface_density * (h * (1 + redshift) ** 2 * MSUN_IN_G / HYDROGEN_IN_G / KPC_IN_CM**2)
