"""X-rays of hot gas: bremsstrahlung and recombination of hydrogen and helium, and its temperature.

Gas is primordial and, hot as it is, fully ionised. Without the lines of metals real groups are
brighter below 2 keV, several times so below 1 keV.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.formats.snapshot import Snapshot
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G

HOTTER_THAN = 3e5
"""[K]; cooler gas emits next to nothing above 0.5 keV (Chadayammuri et al. 2023, section 2)."""

THINNER_THAN = 5e-25
"""[g/cm^3], physical; denser gas is about to form stars, and its temperature no real one."""

KELVIN_IN_KEV = 8.617333262e-8
"""Boltzmann's constant, exact in SI."""

PROTON_MASS_IN_G = 1.67262192595e-24
"""CODATA 2022."""

BAND = (0.5, 2.0)
"""[keV], in the gas's own frame."""

ELECTRONS = (1 + HYDROGEN_FRACTION) / 2
"""Per nucleon of ionised hydrogen and helium; the sum of charges squared is one per nucleon."""

BREMSSTRAHLUNG = 1.4256e-27
"""2^5 pi e^6 / (3 h m_e c^3) sqrt(2 pi k / (3 m_e)), [erg cm^3 / s / K^(1/2)]."""

GAUNT = (0.0310, 0.1389, 0.1366, -0.0731, 0.0433, -0.0207)
"""log10 of the band's Gaunt factor, in powers of log10(kT / keV): a fit, good to 1 % from 3e5 K
to 26 keV, to the exact nonrelativistic free-free factor with hydrogenic recombination."""


def is_hot(
    temperature: NDArray[np.floating],
    density: NDArray[np.floating],
    star_formation: NDArray[np.floating],
) -> NDArray[np.bool_]:
    """Which gas emits X-rays, (n,).

    Parameters
    ----------
    temperature : array, (n,)
        [K].
    density : array, (n,)
        Physical, [g/cm^3].
    star_formation : array, (n,)
        In any unit; above zero where there is some.
    """
    return (temperature > HOTTER_THAN) & (density < THINNER_THAN) & ~(star_formation > 0)


def emissivity(temperature: ArrayLike, density: ArrayLike) -> NDArray[np.float64]:
    """Power that hot gas emits from 0.5 to 2 keV per volume, [erg / s / cm^3].

    Parameters
    ----------
    temperature : array, (n,)
        [K], from 3e5 on.
    density : array, (n,)
        Of all gas, physical, [g/cm^3].

    References
    ----------
    Rybicki & Lightman 1979, equation 5.14; Karzas & Latter 1961 for the Gaunt factor.
    """
    kT = KELVIN_IN_KEV * np.asarray(temperature, np.float64)
    gaunt = 10 ** np.polynomial.polynomial.polyval(np.log10(kT), GAUNT)
    nucleons = np.asarray(density, np.float64) / PROTON_MASS_IN_G
    low, high = (np.exp(-edge / kT) for edge in BAND)
    per_pair = BREMSSTRAHLUNG * np.sqrt(kT / KELVIN_IN_KEV) * gaunt * (low - high)
    return per_pair * ELECTRONS * nucleons**2


def physical_density(snapshot: Snapshot, start: int, stop: int) -> NDArray[np.float64]:
    """Of gas, (stop - start,), [g/cm^3]."""
    h, z = snapshot.header.cosmology.h, snapshot.header.redshift
    unit = MSUN_IN_G / KPC_IN_CM**3 * h**2 * (1 + z) ** 3
    return snapshot.densities(start, stop) * unit


def hot_gas(snapshot: Snapshot, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
    """What hot gas carries to a map, all of it zero for other gas.

    Parameters
    ----------
    snapshot : Snapshot
        Whose particles [start, stop) of gas.

    Returns
    -------
    dict of str to array, (stop - start,)
        `hot_gas`: mass, [Msun/h]. `xray`: power from 0.5 to 2 keV over the physical area of one
        (kpc/h)^2, [erg / s / cm^2 (kpc/h)^2], so that its sum in a pixel over the pixel's
        comoving area is a surface brightness. `spectral weight`, and `temperature_sl`, which is
        that times the temperature: of Mazzotta's mean, n^2 T^(-3/4) per volume.

    References
    ----------
    Mazzotta et al. 2004, equation 14.
    """
    mass, temperature = snapshot.masses("gas", start, stop), snapshot.temperatures(start, stop)
    density = physical_density(snapshot, start, stop)
    hot = is_hot(temperature, density, snapshot.star_formation_rates(start, stop))
    # Cold gas may be without temperature; whatever is put in its place is multiplied by nothing.
    T, rho = np.where(hot, temperature, HOTTER_THAN), np.where(hot, density, THINNER_THAN)
    hot_mass = np.where(hot, mass, 0.0)
    h, z = snapshot.header.cosmology.h, snapshot.header.redshift
    volume = hot_mass * (MSUN_IN_G / h) / rho
    area = (KPC_IN_CM / h / (1 + z)) ** 2
    weight = hot_mass * (rho / THINNER_THAN) * (T / HOTTER_THAN) ** -0.75
    return {
        "hot_gas": hot_mass,
        "xray": volume * emissivity(T, rho) / area,
        "spectral weight": weight,
        "temperature_sl": weight * T,
    }
