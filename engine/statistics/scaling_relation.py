"""What objects hold against their dark matter: luminosity, gas mass or temperature with mass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.checks import place
from engine.fields import INPUT_FIELDS, field_named
from engine.mesh import Cutout
from engine.results import Points
from engine.statistics.contract import Statistic, Sums
from engine.statistics.object_totals import TOTALLED, total, total_words
from engine.statistics.registry import register


@dataclass(frozen=True, eq=False)
class RelationSums(Sums):
    """Masses of cut-outs and what else they hold; they add by standing one after another.

    Parameters
    ----------
    field, dark_field : str
        Of the two cut-outs.
    where : tuple of (str, int, str)
        Simulation, number of the object and line of sight of each pair.
    dark, totals : tuple of float
        Dark matter [Msun/h], and mass [Msun/h], luminosity [erg/s] or temperature [K].
    within : bool
        Whether they are of a circle, or of the whole cut-out.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "dark_field": "dark-matter fields",
        "within": "apertures (a circle or not)",
    }

    field: str
    dark_field: str
    where: tuple[tuple[str, int, str], ...]
    dark: tuple[float, ...]
    totals: tuple[float, ...]
    within: bool = False


@register("scaling_relation")
@dataclass(frozen=True)
class ScalingRelation(Statistic[RelationSums, Points]):
    """Luminosity, mass or temperature of cut-outs against the dark matter in them.

    `engine.statistics.scaling_fit` makes of the points a slope, the scatter around it and how
    residuals of truth and painting go together.

    Parameters
    ----------
    radii : sequence of float or None
        Of the circle within which each object of the catalogue is summed up, comoving, [kpc/h];
        None for all of the cut-out.

    References
    ----------
    Chadayammuri et al. 2023, figure 9.
    """

    maps = ("dark_matter", "painted")
    kinds = ("cutout",)
    fields = TOTALLED

    radii: Sequence[float] | None = None

    def _compute(self, dark_matter: Cutout, painted: Cutout) -> RelationSums:
        """Sum up one object."""
        _check_pair(dark_matter, painted)
        radius = None if self.radii is None else float(self.radii[painted.number])
        dark = total(dark_matter, radius)
        if dark_matter.field == "dmo":
            dark *= dark_matter.cosmology.dark_matter_fraction
        return RelationSums(
            field=painted.field,
            dark_field=dark_matter.field,
            where=((painted.simulation, painted.number, painted.axis),),
            dark=(dark,),
            totals=(total(painted, radius),),
            within=radius is not None,
        )

    def finish(self, sums: RelationSums) -> Points:
        """Put all objects in one order.

        Returns
        -------
        Points
            Dark matter [Msun/h] and mass [Msun/h], luminosity [erg/s] or temperature [K], by
            simulation, number and line of sight; columns `simulation`, `number` and `axis`.
        """
        rows = sorted(zip(sums.where, sums.dark, sums.totals, strict=True))
        where = [each for each, _, _ in rows]
        where_words = "within the radius" if sums.within else "of the cut-out"
        dmo = "The dark-matter-only maps are multiplied by 1 - Omega_b / Omega_m."
        return Points(
            x=np.array([dark for _, dark, _ in rows]),
            y=np.array([found for _, _, found in rows]),
            name=f"{field_named(sums.field).label} of objects",
            x_label=f"dark-matter mass {where_words} [Msun/h]",
            y_label=total_words(sums.field),
            columns={
                "simulation": np.array([simulation for simulation, _, _ in where]),
                "number": np.array([number for _, number, _ in where]),
                "axis": np.array([axis for _, _, axis in where]),
            },
            note=dmo if sums.dark_field == "dmo" else "",
        )


def _check_pair(dark_matter: Cutout, painted: Cutout) -> None:
    """Refuse two maps that are not of the same object, and a first that is not dark matter."""
    if dark_matter.field not in INPUT_FIELDS:
        raise ValueError(
            f"{place(dark_matter)} came first, expected the cut-out of dark matter "
            f"({' or '.join(INPUT_FIELDS)}) and then the other."
        )
    first, second = (
        (c.simulation, c.axis, c.number, c.shape, c.cell_size) for c in (dark_matter, painted)
    )
    if first != second:
        raise ValueError(
            f"The maps of a scaling relation are of {first} and {second} (simulation, axis, "
            "object, shape, pixel size [kpc/h]), expected the same object twice."
        )
