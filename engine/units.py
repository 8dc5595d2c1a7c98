"""Unit conversions the snapshot formats need; constants are astropy's."""

import numpy as np
from astropy import constants, units
from numpy.typing import NDArray

HYDROGEN_FRACTION = 0.76
"""Primordial hydrogen mass fraction used for HI and temperature (SYSTEMS 1, Projection)."""

GAMMA = 5 / 3
"""Adiabatic index of a monatomic gas."""

KPC_IN_CM = float(units.kpc.to("cm"))
MSUN_IN_G = float(units.Msun.to("g"))
PROTON_MASS_OVER_BOLTZMANN = float((constants.m_p / constants.k_B).to_value("K s2 / km2"))


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
