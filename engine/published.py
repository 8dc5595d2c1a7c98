"""Relations from the literature, as curves to lay over measured ones."""

import numpy as np
from numpy.typing import NDArray

from engine.results import Curve

HALO_MASSES = np.geomspace(1e9, 1e13, 81)
"""Where the HI - halo mass relations are drawn, [Msun/h]."""

VILLAESCUSA_NAVARRO = {
    0: (0.24, 4.3e10, 2.0e12),
    1: (0.53, 1.5e10, 6.0e11),
    2: (0.60, 1.3e10, 3.6e11),
    3: (0.76, 2.9e9, 6.7e10),
    4: (0.79, 1.4e9, 2.1e10),
    5: (0.74, 1.9e9, 2.0e10),
}
"""alpha, M0 and Mmin [Msun/h] by redshift, for friends-of-friends haloes (their table 1)."""

HI_MASS_RELATIONS = ("Padmanabhan & Kulkarni 2017", "Villaescusa-Navarro et al. 2018")
"""Names of the relations of HI mass and halo mass below."""

PROCHASKA_NODES = (
    (12.0, 15.0, 17.0, 18.0, 20.0, 21.0, 21.5, 22.0),
    (-9.72, -14.41, -17.94, -19.39, -21.28, -22.82, -23.95, -25.50),
)
"""log10 of N [cm^-2] and f [cm^2] (their table 2)."""


def hi_mass_padmanabhan_2017(redshift: float, h: float) -> Curve:
    """HI mass against halo mass by abundance matching to observations.

    M_HI = 2 N M / [(M / M1)^-b + (M / M1)^y], where log10 M1, N, b and y each are their value
    at z = 0 plus z / (1 + z) times a constant. Fitted to 21 cm emission at z = 0 and absorption
    at 1 < z < 4; such models are made for haloes above some 1e10 Msun (EMBER section 5).

    Parameters
    ----------
    redshift : float
        0 to 4.
    h : float
        The relation is in Msun, its curve in Msun/h.

    Returns
    -------
    Curve
        Halo mass and HI mass, [Msun/h].

    Raises
    ------
    ValueError
        At other redshifts.

    References
    ----------
    Padmanabhan & Kulkarni 2017, MNRAS 470, 340, equations 2 and 14, table of best fits.
    """
    if not 0 <= redshift <= 4:
        raise ValueError(
            f"Redshift is {redshift:g}, expected 0 to 4, where Padmanabhan & Kulkarni (2017) "
            "have data."
        )
    late = redshift / (1 + redshift)
    M1 = 4.58e11 * 10 ** (1.56 * late)
    N, b, y = 9.89e-3 + 0.009 * late, 0.90 - 1.08 * late, 0.74 + 4.07 * late
    M = HALO_MASSES / h
    hi_mass = 2 * N * M / ((M / M1) ** -b + (M / M1) ** y)
    return _hi_mass(hi_mass * h, HI_MASS_RELATIONS[0], redshift, "abundance matching")


def hi_mass_villaescusa_navarro_2018(redshift: float) -> Curve:
    """HI mass against halo mass in the simulation IllustrisTNG100.

    M_HI = M0 (M / Mmin)^alpha exp[-(Mmin / M)^0.35], all HI within friends-of-friends haloes.

    Parameters
    ----------
    redshift : float
        One of 0, 1, 2, 3, 4 and 5, to 0.05.

    Returns
    -------
    Curve
        Halo mass and HI mass, [Msun/h].

    Raises
    ------
    ValueError
        At other redshifts.

    References
    ----------
    Villaescusa-Navarro et al. 2018, ApJ 866, 135, equation 13 and table 1.
    """
    tabulated = round(redshift)
    if tabulated not in VILLAESCUSA_NAVARRO or abs(redshift - tabulated) > 0.05:
        raise ValueError(
            f"Redshift is {redshift:g}, expected one of 0, 1, 2, 3, 4 and 5, for which "
            "Villaescusa-Navarro et al. (2018) give a fit."
        )
    alpha, M0, M_min = VILLAESCUSA_NAVARRO[tabulated]
    ratio = HALO_MASSES / M_min
    hi_mass = M0 * ratio**alpha * np.exp(-(ratio**-0.35))
    return _hi_mass(hi_mass, HI_MASS_RELATIONS[1], redshift, "IllustrisTNG100")


def cddf_prochaska_2014() -> Curve:
    """Observed column-density distribution of HI at z = 2.5, log10 N from 12 to 22.

    A monotone cubic Hermite spline through log10 f at eight log10 N, fitted to counts of
    absorbers, their mean free path and the mean flux of the forest.

    Returns
    -------
    Curve
        N [cm^-2] and f [cm^2].

    References
    ----------
    Prochaska et al. 2014, MNRAS 438, 476, table 2.
    """
    from scipy.interpolate import PchipInterpolator

    log_N = np.linspace(12, 22, 101)
    return Curve(
        x=10**log_N,
        y=10 ** PchipInterpolator(*PROCHASKA_NODES)(log_N),
        name="Prochaska et al. 2014",
        x_label="N_HI [cm^-2]",
        y_label="f(N_HI) [cm^2]",
        note="Observed, at z = 2.5; atomic hydrogen alone.",
    )


def _hi_mass(hi_mass: NDArray[np.float64], name: str, redshift: float, origin: str) -> Curve:
    """Curve of an HI - halo mass relation over `HALO_MASSES`."""
    return Curve(
        x=HALO_MASSES,
        y=hi_mass,
        name=name,
        x_label="halo mass [Msun/h]",
        y_label="HI mass [Msun/h]",
        note=f"At z = {redshift:.3g}, from {origin}; against the mass of whole haloes.",
    )
