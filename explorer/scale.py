"""In which quantity and units a map is shown: factors, never another map."""

from dataclasses import dataclass

from engine.mesh import Slab
from engine.units import column_density
from explorer.words import short_label, unit_in_words


@dataclass(frozen=True)
class Scale:
    """How the values of one map are shown.

    Parameters
    ----------
    factor : float
        What values are multiplied by.
    unit : str
        Unit of the product, as it is printed.
    what : str
        The quantity, in words; empty where its unit has to do.
    """

    factor: float
    unit: str
    what: str

    @property
    def label(self) -> str:
        """Quantity and unit, which a number alone hasn't got."""
        return f"{self.what} [{self.unit}]".strip() if self.unit != "1" else self.what


def scale_of(slab: Slab, physical: bool = False, columns: bool = False) -> Scale:
    """How to show a map's values.

    Parameters
    ----------
    slab : Slab
        The map.
    physical : bool
        Per physical area, (1 + z)^2 more than per comoving area; N_HI always is.
    columns : bool
        HI as column density; other fields have none.
    """
    name = short_label(slab.field)
    if not slab.about.is_density:
        return Scale(1.0, unit_in_words(slab.about.unit), name)
    if columns and slab.field == "hi":
        factor = column_density(1.0, slab.redshift, slab.cosmology.h)
        return Scale(float(factor), "cm⁻²", "column density N(HI)")
    unit, words = unit_in_words(slab.about.unit), f"{name} surface density"
    if not physical:
        return Scale(1.0, unit, words)
    return Scale((1 + slab.redshift) ** 2, unit.replace("ckpc", "pkpc"), words)


def length_of(slab: Slab, physical: bool = False) -> tuple[float, str]:
    """What 1 comoving Mpc/h is, and its unit: physical lengths are without h."""
    if not physical:
        return 1.0, "cMpc/h"
    return 1 / (slab.cosmology.h * (1 + slab.redshift)), "pMpc"
