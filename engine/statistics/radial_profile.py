"""Radial profile of a map around the object in its middle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges
from engine.fields import field_named
from engine.mesh import Cutout
from engine.results import Curve
from engine.statistics.apertures import ring_shares
from engine.statistics.contract import Statistic, Sums
from engine.statistics.object_totals import values_of
from engine.statistics.registry import register


@dataclass(frozen=True, eq=False)
class RadialSums(Sums):
    """A field summed over the pixels of each ring.

    Parameters
    ----------
    field : str
        Of the cut-outs.
    edges : array, (n + 1,)
        Of the rings, comoving, [kpc/h].
    count : array, (n,)
        Pixels that count, by the part of each that is inside the ring.
    value, square : array, (n,)
        Sum over them of the field and of its square.
    objects : int
        Number of cut-outs.
    """

    SHARED: ClassVar[dict[str, str]] = {"field": "fields", "edges": "rings [ckpc/h]"}

    field: str
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    value: NDArray[np.float64]
    square: NDArray[np.float64]
    objects: int


@register("radial_profile")
@dataclass(frozen=True)
class RadialProfile(Statistic[RadialSums, Curve]):
    """Mean of a cut-out in rings around its middle, where the object is.

    Pixels are shared out to the rings by area, exactly. Of densities and brightnesses every
    pixel counts, of temperatures those that have gas. Over several cut-outs every pixel weighs
    the same.

    Parameters
    ----------
    edges : sequence of float or None
        Of the rings, comoving, [kpc/h]; None for rings of a pixel's width out to the nearest
        edge of the map.

    References
    ----------
    Chadayammuri et al. 2023, figure 6.
    """

    kinds = ("cutout",)
    title = "Radial profile"
    place = 11

    edges: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Refuse rings that are none."""
        if self.edges is None:
            return
        edges = checked_edges(self.edges, "Ring")
        if edges[0] < 0:
            raise ValueError(f"Ring bins begin at {edges[0]:g}, expected a radius of 0 or more.")
        object.__setattr__(self, "edges", edges)

    def _compute(self, cutout: Cutout) -> RadialSums:
        """Sum a map over the rings around its middle."""
        values = values_of(cutout).astype(np.float64).ravel()
        reach = min(cutout.shape) / 2
        if self.edges is None:
            in_pixels = np.arange(int(reach) + 1, dtype=np.float64)
        else:
            in_pixels = np.array(self.edges) / cutout.cell_size
        if in_pixels[-1] > reach * (1 + 1e-6):
            raise ValueError(
                f"Rings reach to {in_pixels[-1] * cutout.cell_size:.6g} ckpc/h, expected at most "
                f"the {reach * cutout.cell_size:.6g} between the middle and the edge of the "
                "cut-out: choose smaller ones."
            )
        shares = ring_shares(cutout.shape, tuple(in_pixels.tolist()))
        counted = values > 0 if cutout.about.quantity == "temperature" else np.ones_like(values)
        return RadialSums(
            field=cutout.field,
            edges=in_pixels * cutout.cell_size,
            count=shares @ counted,
            value=shares @ values,
            square=shares @ values**2,
            objects=1,
        )

    def finish(self, sums: RadialSums) -> Curve:
        """Average over the pixels of each ring.

        Returns
        -------
        Curve
            Mean radius of each ring's area (comoving [kpc/h]), mean of the field in its unit,
            pixels; not a number where no pixel counts. The error is the pixels' scatter over the
            root of their number; neighbouring pixels are not independent, so it is a lower bound.
        """
        about = field_named(sums.field)
        inner, outer = sums.edges[:-1], sums.edges[1:]
        some = sums.count > 0
        count = np.where(some, sums.count, np.nan)
        mean = sums.value / count
        variance = np.maximum(sums.square / count - mean**2, 0)
        what = f"{about.label} surface density" if about.is_density else about.label
        return Curve(
            x=2 / 3 * (outer**3 - inner**3) / (outer**2 - inner**2),
            y=mean,
            error=np.sqrt(variance / count),
            count=sums.count,
            edges=sums.edges,
            name=f"{about.label} around {sums.objects} object{'s' if sums.objects > 1 else ''}",
            x_label="radius [ckpc/h]",
            y_label=f"{what} [{about.unit}]",
            error_kind="scatter of the pixels over the root of their number, a lower bound",
            y_log=not about.signed,
        )
