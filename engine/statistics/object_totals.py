"""What a cut-out comes to in one number: mass, luminosity or mean temperature."""

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_values
from engine.fields import DENSITIES, field_named
from engine.mesh import Cutout
from engine.statistics.apertures import ring_shares
from engine.units import KPC_IN_CM

TOTALLED = (*DENSITIES, "xray", "temperature_sl")
"""Fields of which a cut-out has a number of its own."""


def total(cutout: Cutout, radius: float | None = None) -> float:
    """Sum a cut-out up.

    Parameters
    ----------
    cutout : Cutout
        Of one of the fields in `TOTALLED`.
    radius : float, optional
        Of a circle around its middle outside which nothing counts, comoving, [kpc/h].

    Returns
    -------
    float
        Mass [Msun/h] of a density, luminosity [erg/s] of a surface brightness (which is power
        emitted per physical area), mean temperature [K] of the pixels that have gas; not a
        number if none has.

    References
    ----------
    Chadayammuri et al. 2023, figures 7 to 9 and table 2.
    """
    values = values_of(cutout).astype(np.float64).ravel()
    inside = np.ones_like(values)
    if radius is not None:
        inside = ring_shares(cutout.shape, (0.0, radius / cutout.cell_size))[0]
    quantity = cutout.about.quantity
    if quantity == "temperature":
        hot = float(inside @ (values > 0))
        return float(inside @ values) / hot if hot else float("nan")
    area = cutout.cell_volume
    if quantity == "surface brightness":
        area *= (KPC_IN_CM / cutout.cosmology.h / (1 + cutout.redshift)) ** 2
    return float(inside @ values) * area


def values_of(cutout: Cutout) -> NDArray[np.float32]:
    """Values of a cut-out that have been checked; a temperature that isn't there is zero."""
    if cutout.about.quantity != "temperature" or not np.isnan(cutout.values).any():
        return checked_values(cutout)
    return checked_values(cutout.with_values(np.nan_to_num(cutout.values, posinf=np.inf)))


def total_words(field: str) -> str:
    """Quantity and unit of the number, as text."""
    about = field_named(field)
    if about.quantity == "temperature":
        return f"mean {about.label} [K]"
    if about.quantity == "surface brightness":
        return "X-ray luminosity, 0.5-2 keV [erg/s]"
    return f"{about.label} mass [Msun/h]"
