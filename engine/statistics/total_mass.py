"""Mass on a mesh."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.checks import checked_values
from engine.fields import DENSITIES
from engine.mesh import Mesh
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register


@dataclass(frozen=True, eq=False)
class MassSums(Sums):
    """Mass on meshes, [Msun/h].

    Parameters
    ----------
    field : str
        Of the meshes.
    mass : float
        [Msun/h].
    """

    SHARED: ClassVar[dict[str, str]] = {"field": "fields"}

    field: str
    mass: float


@register("total_mass")
@dataclass(frozen=True)
class TotalMass(Statistic[MassSums, float]):
    """Density times the area or volume of a cell, summed over the mesh, [Msun/h].

    Over tiles, slabs or boxes it is their mass together.

    References
    ----------
    Bernardini et al. 2022, table 4.
    """

    fields = DENSITIES

    def _compute(self, mesh: Mesh) -> MassSums:
        """Sum the mass of a mesh, or of any tile of one."""
        mass = checked_values(mesh).sum(dtype=np.float64) * mesh.cell_volume
        return MassSums(field=mesh.field, mass=float(mass))

    def finish(self, sums: MassSums) -> float:
        """Return the mass, [Msun/h]."""
        return sums.mass
