"""Unit conversions that the snapshot formats and column densities need.

The constants are written out, because importing astropy's takes half a second; a test
compares them with astropy's.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Density = TypeVar("Density", float, NDArray[np.floating])

HYDROGEN_FRACTION = 0.76
"""Primordial hydrogen mass fraction, used for HI and temperature."""

MPC_IN_KPC = 1000.0

GAMMA = 5 / 3
"""Adiabatic index of a monatomic gas."""

KPC_IN_CM = 3.0856775814913674e21
"""IAU 2015, resolution B2."""

MSUN_IN_G = 1.988409870698051e33
"""IAU 2015, resolution B3 (nominal solar mass parameter), with G of CODATA 2018."""

HYDROGEN_MASS_IN_G = 1.6735328e-24
"""Of the atom; proton and electron of CODATA 2022."""

SPEED_OF_LIGHT = 299792.458
"""[km/s], exact."""

PROTON_MASS_OVER_BOLTZMANN = 121.14751294137754
"""[K (s/km)^2], CODATA 2022."""


def temperature(
    internal_energy: NDArray[np.floating], electron_abundance: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Gas temperature from specific internal energy.

    Parameters
    ----------
    internal_energy : array, (n,)
        Per unit mass, [(km/s)^2].
    electron_abundance : array, (n,)
        Free electrons per hydrogen nucleus.

    Returns
    -------
    array, (n,)
        [K], for primordial gas; star-forming gas gets the temperature of the
        effective equation of state that its energy stands for.
    """
    mean_weight = 4 / (1 + 3 * HYDROGEN_FRACTION + 4 * HYDROGEN_FRACTION * electron_abundance)
    return (GAMMA - 1) * internal_energy * mean_weight * PROTON_MASS_OVER_BOLTZMANN


def column_density(surface_density: Density, redshift: float, h: float) -> Density:
    """Hydrogen atoms per physical area that a surface density of hydrogen stands for.

    Parameters
    ----------
    surface_density : array or float
        Mass per comoving area, [Msun h / ckpc^2].
    redshift : float
        Physical areas are smaller than comoving ones by (1 + z)^2.
    h : float
        Hubble constant in units of 100 km/s/Mpc.

    Returns
    -------
    array or float
        [cm^-2].
    """
    # The constants first: a map of single precision stays so, and none of it overflows.
    return surface_density * (
        h * (1 + redshift) ** 2 * MSUN_IN_G / HYDROGEN_MASS_IN_G / KPC_IN_CM**2
    )


def absorption_distance(depth: float, redshift: float) -> float:
    """Absorption distance dX that a comoving depth stands for, dimensionless.

    dX = (H0 / c) (1 + z)^2 dL, so that absorbers of constant physical cross-section and
    comoving density are as many per dX at any redshift.

    Parameters
    ----------
    depth : float
        Comoving, [Mpc/h]; in these units it is the same for any h.
    redshift : float
        Of the slab.

    References
    ----------
    Bernardini et al. 2022, equation A3; Bahcall & Peebles 1969.
    """
    return 100 / SPEED_OF_LIGHT * (1 + redshift) ** 2 * depth
