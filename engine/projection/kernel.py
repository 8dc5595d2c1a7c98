"""The cubic spline kernel of SPH, projected along the line of sight."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL_DEGREE = 8
"""Degree at which the fit to the projected kernel is good to 1e-4 of its peak."""


def cubic_spline(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic spline in three dimensions for unit support; integrates to one over space.

    Parameters
    ----------
    u : array
        Distance over support radius.

    References
    ----------
    Monaghan & Lattanzio 1985; Springel 2005, eq. 4.
    """
    u = np.minimum(np.abs(u), 1.0)
    return 8 / np.pi * np.where(u < 0.5, 1 - 6 * u**2 + 6 * u**3, 2 * (1 - u) ** 3)


def projected_cubic_spline(q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column through the unit cubic spline, by Gauss-Legendre quadrature.

    Parameters
    ----------
    q : array, (n,)
        Square of (projected distance over support radius).

    Returns
    -------
    array, (n,)
        Integral of the spline along the line of sight; integrates to one over the disc.
    """
    q = np.minimum(np.asarray(q, dtype=np.float64), 1.0)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    knot, edge = np.sqrt(np.maximum(0.25 - q, 0)), np.sqrt(1 - q)
    column = np.zeros_like(q)
    # The spline is smooth on either side of its knot at half the support.
    for low, high in ((np.zeros_like(q), knot), (knot, edge)):
        half = (high - low) / 2
        z = low[..., None] + half[..., None] * (nodes + 1)
        column += half * (weights * cubic_spline(np.sqrt(q[..., None] + z**2))).sum(-1)
    return 2 * column


@cache
def projected_polynomial() -> NDArray[np.float32]:
    """Coefficients c of the projected spline as (1 - q)^3 sum_i c_i q^i, lowest first.

    A polynomial, unlike a table, is evaluated by the processor for several pixels at
    once. Nowhere negative; rescaled to integrate to one: mass is conserved, not only shape.
    """
    # Dense near both ends, where an even spacing would fit worst.
    q = (1 - np.cos(np.linspace(0, np.pi, 2001))) / 2
    powers = (1 - q[:, None]) ** 3 * q[:, None] ** np.arange(POLYNOMIAL_DEGREE + 1)
    coefficients = np.linalg.lstsq(powers, projected_cubic_spline(q), rcond=None)[0]
    polynomial = np.polynomial.Polynomial([1, -1]) ** 3 * np.polynomial.Polynomial(coefficients)
    return (coefficients / (np.pi * polynomial.integ()(1.0))).astype(np.float32)
