"""Unit conversions the snapshot formats need.

The constants are written out, because importing astropy's takes half a second; a test
compares them with astropy's.
"""

import numpy as np
from numpy.typing import NDArray

HYDROGEN_FRACTION = 0.76
"""Primordial hydrogen mass fraction, used for HI and temperature."""

GAMMA = 5 / 3
"""Adiabatic index of a monatomic gas."""

KPC_IN_CM = 3.0856775814913674e21
"""IAU 2015, resolution B2."""

MSUN_IN_G = 1.988409870698051e33
"""IAU 2015, resolution B3 (nominal solar mass parameter), with G of CODATA 2018."""

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
