"""Column-density distribution function of neutral hydrogen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_density, checked_edges, checked_values
from engine.fields import field_named
from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register
from engine.units import absorption_distance, column_density

DEFAULT_EDGES = tuple(np.linspace(12, 23, 56).tolist())
"""log10 N [cm^-2], five bins a dex: from the Lyman-alpha forest, thinner than any void of a slab
of 1.5 Mpc/h at z = 2, to above the densest damped absorbers. Fixed, so that truth, prediction
and tiles share bins. Pixels outside are counted all the same."""


@dataclass(frozen=True, eq=False)
class CddfSums(Sums):
    """Sightlines per bin of column density.

    Parameters
    ----------
    field : str
        Of the maps.
    redshift : float
        Of the maps.
    depth : float
        Of the slabs, comoving [Mpc/h]: deeper ones join columns that lie one behind another.
    pixel_size : float
        Comoving, [kpc/h]; columns are means over a pixel.
    edges : array, (n + 1,)
        Of the bins, log10 of N [cm^-2].
    count : array, (n,)
        Sightlines, a pixel each, per bin.
    path : float
        Absorption distance of all sightlines together, those outside the bins included.
    outside : int
        Sightlines outside the bins.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "redshift": "redshifts",
        "depth": "depths [Mpc/h]",
        "pixel_size": "pixel sizes [kpc/h]",
        "edges": "bins of log10 N",
    }

    field: str
    redshift: float
    depth: float
    pixel_size: float
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    path: float
    outside: int


@register("cddf")
@dataclass(frozen=True)
class Cddf(Statistic[CddfSums, Curve]):
    """Number of HI absorbers per column density and absorption distance, f(N) = d2n / dN dX.

    Every pixel of every slab is a sightline, one absorber deep: dX = (H0/c) (1 + z)^2 dL for
    the slab's depth dL. Adds over slabs and tiles.

    Parameters
    ----------
    bins : sequence of float
        Edges, log10 of N [cm^-2].

    References
    ----------
    Bernardini et al. 2022, equation 1 and appendix A; Rahmati et al. 2013.
    """

    kinds = ("slab",)
    fields = ("hi",)
    title = "Column densities"
    place = 3
    over = "column density"
    least = 20  # pixels: fewer have a Poisson error above 20 %

    bins: Sequence[float] = DEFAULT_EDGES

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        object.__setattr__(self, "bins", checked_edges(self.bins, "CDDF"))

    def _compute(self, slab: Slab) -> CddfSums:
        """Count the sightlines of a map of HI, or of any tile of one."""
        edges = np.array(self.bins)
        values = np.sort(checked_values(slab), axis=None)
        # The few edges become surface densities, rather than all pixels columns.
        per_unit = column_density(1.0, slab.redshift, slab.cosmology.h)
        places = np.searchsorted(values, (10**edges / per_unit).astype(values.dtype))
        count = np.diff(places).astype(np.float64)
        return CddfSums(
            field=slab.field,
            redshift=float(slab.redshift),
            depth=float(slab.depth),
            pixel_size=float(slab.pixel_size),
            edges=edges,
            count=count,
            path=values.size * absorption_distance(slab.depth, slab.redshift),
            outside=values.size - int(count.sum()),
        )

    def finish(self, sums: CddfSums) -> Curve:
        """Divide by the width of the bins and the path of all sightlines.

        Returns
        -------
        Curve
            Middle of each bin in log10 as N [cm^-2], f [cm^2], sightlines per bin. The error
            is Poisson's, sightlines taken as independent: neighbouring pixels are not, so it
            is a lower bound.
        """
        per_sightline = 1 / (sums.path * np.diff(10**sums.edges))
        sightlines = sums.outside + sums.count.sum()
        note = (
            f"Every pixel is a sightline through {sums.depth:.4g} Mpc/h at z = {sums.redshift:.4g}."
        )
        if sums.outside:
            note += f" {sums.outside / sightlines:.2%} of them are outside the bins."
        return Curve(
            x=10 ** ((sums.edges[1:] + sums.edges[:-1]) / 2),
            y=sums.count * per_sightline,
            error=np.sqrt(sums.count) * per_sightline,
            count=sums.count,
            edges=10**sums.edges,
            name=f"CDDF of {field_named(sums.field).label}",
            x_label="N_HI [cm^-2]",
            y_label="f(N_HI) [cm^2]",
            error_kind="Poisson, pixels taken as independent",
            note=note,
        )


def whole_box(slabs: Iterable[Slab]) -> Slab:
    """Join all slabs of an axis to one map of the box, surface densities added.

    Its CDDF beside that of the slabs tells from which column density on absorbers no longer
    lie one behind another.

    Parameters
    ----------
    slabs : iterable of Slab
        Every slab of one axis once, in any order.

    Returns
    -------
    Slab
        As deep as the box.

    Raises
    ------
    ValueError
        If they are not all slabs of one axis, or their field is no surface density.

    References
    ----------
    Bernardini et al. 2022, figure A1.
    """
    ordered = sorted(slabs, key=lambda slab: slab.index)
    if not ordered:
        raise ValueError("The whole box got no slab, expected all slabs of an axis.")
    first = ordered[0]
    expected = round(first.box_size / first.depth)
    alike = {(s.simulation, s.field, s.axis, s.shape, s.depth, s.level, s.origin) for s in ordered}
    if len(alike) > 1 or [slab.index for slab in ordered] != list(range(expected)):
        raise ValueError(
            f"The whole box got slabs {', '.join(str(slab.index) for slab in ordered)} of "
            f"{len(alike)} kinds, expected slabs 0 to {expected - 1} once each, all of one "
            "simulation, field, axis, depth, level and origin."
        )
    values = reduce(add, (checked_density(s, "add slabs").astype(np.float64) for s in ordered))
    return first.with_values(values, depth=first.box_size)
