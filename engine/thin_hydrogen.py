"""Neutral hydrogen of gas in photoionisation equilibrium, without self-shielding.

Rates are those that MP-Gadget uses by default, in cm^3/s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.units import (
    HYDROGEN_FRACTION,
    HYDROGEN_MASS_IN_G,
    KPC_IN_CM,
    MPC_IN_KPC,
    MSUN_IN_G,
    temperature,
)

HELIUM = (1 - HYDROGEN_FRACTION) / (4 * HYDROGEN_FRACTION)
"""Nuclei per hydrogen nucleus."""

COLDEST = 100.0
"""[K]"""

BOLTZMANN = 8.617333e-5
"""[eV/K]"""

BACKGROUND = {
    "HI": (4.694e-14, 4.367e-13, 9.433e-13, 8.832e-13, 6.352e-13, 4.455e-13, 3.213e-13),
    "HeI": (2.191e-14, 4.577e-13, 8.220e-13, 5.880e-13, 3.295e-13, 2.047e-13, 1.418e-13),
    "HeII": (4.66e-16, 5.23e-15, 8.34e-15, 3.27e-15, 0.0, 0.0, 0.0),
}
"""Photoionisations of an atom at z = 0, 1, ... 6, [1/s] (Faucher-Giguere 2020, table of its
effective rates as MP-Gadget ships it)."""

STEPS = 60
"""Towards the electrons' abundance, each half of the way."""

DENSE, COLD = 1000.0, 1e5
"""Over the mean baryon density and [K]: denser and colder gas is stars to Sherwood's runs."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gas:
    """Particles of gas.

    Parameters
    ----------
    density : array, (n,)
        Hydrogen nuclei, physical [cm^-3].
    energy : array, (n,)
        Internal, [(km/s)^2].
    overdensity : array, (n,)
        Over the mean of all baryons.
    star_forming : array of bool, (n,)
        Whether stars form of it.
    """

    density: Array
    energy: Array
    overdensity: Array
    star_forming: NDArray[np.bool_]


def gas_of(
    density: Array,
    energy: Array,
    star_forming: NDArray[np.bool_],
    cosmology: Cosmology,
    redshift: float,
) -> Gas:
    """Gas of a snapshot.

    Parameters
    ----------
    density : array, (n,)
        Comoving, [Msun/h / (kpc/h)^3].
    energy, star_forming
        See `Gas`.
    """
    grams = MSUN_IN_G * cosmology.h**2 / KPC_IN_CM**3 * (1 + redshift) ** 3
    mean = cosmology.mean_matter_density * cosmology.Omega_b / cosmology.Omega_m / MPC_IN_KPC**3
    nuclei = HYDROGEN_FRACTION * density * grams / HYDROGEN_MASS_IN_G
    return Gas(nuclei, energy, density / mean, star_forming)


def neutral_fraction(gas: Gas, redshift: float) -> Array:
    """Neutral hydrogen of all hydrogen, none of it where gas is dense and cold, or forms stars.

    Such gas is left out as in the simulations of JERALD's paper, in which it has become stars: what
    is left is the hydrogen of the Lyman-alpha forest.

    Parameters
    ----------
    gas : Gas
        Its particles.
    redshift : float
        Of the background, 0 to 6.

    Returns
    -------
    array, (n,)
        From 0 to 1.

    References
    ----------
    Rigo, Trotta & Viel 2025; Bolton et al. 2017.
    """
    neutral, heat = equilibrium(gas.density, gas.energy, redshift)
    left_out = (gas.overdensity > DENSE) & ((heat < COLD) | gas.star_forming)
    return np.where(left_out, 0.0, neutral)


def equilibrium(density: Array, energy: Array, redshift: float) -> tuple[Array, Array]:
    """Neutral fraction and temperature for which ionisations and recombinations are level.

    Parameters
    ----------
    density : array, (n,)
        Hydrogen nuclei, physical [cm^-3].
    energy : array, (n,)
        Internal, [(km/s)^2].

    Returns
    -------
    array, (n,)
        Neutral hydrogen of all hydrogen.
    array, (n,)
        [K]
    """
    light = {name: background(name, redshift) for name in BACKGROUND}
    electrons = np.full(len(density), 1 + 2 * HELIUM)
    neutral, heat = np.zeros_like(electrons), np.zeros_like(electrons)
    for _ in range(STEPS):
        heat = np.maximum(temperature(energy, electrons), COLDEST)
        around = np.maximum(electrons * density, 1e-30)
        ionised = collisions(heat, 13.6, 0, 2.91e-8, 0.232, 0.39) + light["HI"] / around
        made = hydrogen_recombination(heat)
        neutral = made / (made + ionised)
        electrons = 0.5 * (electrons + 1 - neutral + _of_helium(heat, around, light))
    return neutral, heat


def _of_helium(heat: Array, around: Array, light: dict[str, float]) -> Array:
    """Electrons that helium gave away, per hydrogen nucleus."""
    first = collisions(heat, 24.6, 0, 1.75e-8, 0.18, 0.35) + light["HeI"] / around
    second = collisions(heat, 54.4, 1, 2.05e-9, 0.265, 0.25) + light["HeII"] / around
    singly = first / helium_recombination(heat)
    doubly = singly * second / _recombination(heat, 1.891e-10, 0.7524, 9.37, 2.774e6)
    return HELIUM * (singly + 2 * doubly) / (1 + singly + doubly)


def background(atom: str, redshift: float) -> float:
    """Photoionisations of an atom, [1/s]; a power law of 1 + z between the table's entries."""
    rates = np.log(np.maximum(BACKGROUND[atom], 1e-40))
    along = np.log(1 + np.arange(len(rates)))
    return float(np.exp(np.interp(np.log(1 + redshift), along, rates)))


def hydrogen_recombination(heat: Array) -> Array:
    """Case A (Verner & Ferland 1996), [cm^3/s]."""
    return _recombination(heat, 7.982e-11, 0.748, 3.148, 7.036e5)


def helium_recombination(heat: Array) -> Array:
    """Of singly ionised helium, dielectronic included, [cm^3/s]."""
    cool = _recombination(heat, 3.294e-11, 0.691, 15.54, 3.676e7)
    hot = _recombination(heat, 9.356e-10, 0.7892, 0.04266, 4.677e6)
    by_two = 1.23e-3 * heat**-1.5 * np.exp(-4.72e5 / heat) * (1 + 0.3 * np.exp(-9.4e4 / heat))
    return np.where(heat < 7e5, cool, hot) + by_two


def _recombination(heat: Array, a: float, b: float, low: float, high: float) -> Array:
    """Fit of Verner & Ferland 1996, equation 4."""
    first, second = np.sqrt(heat / low), np.sqrt(heat / high)
    return a / (first * (1 + first) ** (1 - b) * (1 + second) ** (1 + b))


def collisions(heat: Array, energy: float, p: int, a: float, x: float, k: float) -> Array:
    """Ionisations by electrons (Voronov 1997, equation 1), [cm^3/s]."""
    u = energy / (BOLTZMANN * heat)
    return a * (1 + p * np.sqrt(u)) / (x + u) * u**k * np.exp(-u)
