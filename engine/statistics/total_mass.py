"""Mass on a map."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.checks import checked_density
from engine.mesh import Slab
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register


@dataclass(frozen=True, eq=False)
class MassSums(Sums):
    """Mass on maps, [Msun/h].

    Parameters
    ----------
    field : str
        Of the maps.
    mass : float
        [Msun/h].
    """

    SHARED: ClassVar[dict[str, str]] = {"field": "fields"}

    field: str
    mass: float


@register("total_mass")
@dataclass(frozen=True)
class TotalMass(Statistic[MassSums, float]):
    """Surface density times the area of a pixel, summed over the map, [Msun/h].

    Over tiles or slabs it is their mass together.

    References
    ----------
    Bernardini et al. 2022, table 4.
    """

    def compute(self, slab: Slab) -> MassSums:
        """Sum a map's mass.

        Parameters
        ----------
        slab : Slab
            Of a surface density, or any tile of one.

        Raises
        ------
        ValueError
            If the field is no surface density, or a pixel is negative or not finite.
        """
        values = checked_density(slab, "sum to a mass")
        mass = values.sum(dtype=np.float64) * slab.pixel_area
        return MassSums(field=slab.field, mass=float(mass))

    def finish(self, sums: MassSums) -> float:
        """Return the mass, [Msun/h]."""
        return sums.mass
