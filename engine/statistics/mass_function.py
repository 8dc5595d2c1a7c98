"""How many objects there are per volume, by mass or luminosity."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from engine.fields import DENSITIES, field_named
from engine.mesh import Cutout
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.object_totals import total, total_words
from engine.statistics.registry import register

ONE_SIGMA = 0.8413447460685429
"""Probability that a Gaussian is less than one standard deviation above its mean."""


@dataclass(frozen=True, eq=False)
class FunctionSums(Sums):
    """Masses or luminosities of cut-outs; they add by standing one after another.

    Parameters
    ----------
    field : str
        Of the cut-outs.
    redshift : float
        Of the snapshots.
    objects : tuple of (str, int)
        Simulation and number of the object that each cut-out is of.
    totals : tuple of float
        Of each cut-out, [Msun/h] or [erg/s].
    boxes : tuple of (str, float)
        Simulations and their volumes, comoving, [(Mpc/h)^3].
    """

    SHARED: ClassVar[dict[str, str]] = {"field": "fields", "redshift": "redshifts"}

    field: str
    redshift: float
    objects: tuple[tuple[str, int], ...]
    totals: tuple[float, ...]
    boxes: tuple[tuple[str, float], ...]


@register("mass_function")
@dataclass(frozen=True)
class MassFunction(Statistic[FunctionSums, Curve]):
    """Objects per comoving volume and decade of mass or luminosity, or those above each value.

    All that a cut-out holds counts. Maps of one object, along several lines of sight or of
    several realisations, weigh as much as one together. Where objects were chosen by mass the
    function falls short below the luminosity that this mass has.

    Parameters
    ----------
    per_decade : int
        Bins; their edges are at the same round values for all maps.
    cumulative : bool
        Whether objects above the lower edge of each bin are counted.

    References
    ----------
    Chadayammuri et al. 2023, figures 7, 8 and 10; they count three projections of one object
    thrice.
    """

    kinds = ("cutout",)
    fields = (*DENSITIES, "xray")
    title = "Mass and luminosity function"
    place = 12

    per_decade: int = 4
    cumulative: bool = False

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        if self.per_decade < 1:
            raise ValueError(f"Bins are {self.per_decade} per decade, expected 1 or more.")

    def _compute(self, cutout: Cutout) -> FunctionSums:
        """Take the mass or luminosity of one cut-out."""
        return FunctionSums(
            field=cutout.field,
            redshift=float(cutout.redshift),
            objects=((cutout.simulation, cutout.number),),
            totals=(total(cutout),),
            boxes=((cutout.simulation, cutout.box_size**3),),
        )

    def finish(self, sums: FunctionSums) -> Curve:
        """Count objects in bins.

        Returns
        -------
        Curve
            Middle of each bin in its logarithm (the lower edge if cumulative), objects per volume
            and decade [(h/Mpc)^3] (per volume if cumulative), objects per bin. The error is the
            root of their number, see `poisson_band` for a band.

        Raises
        ------
        ValueError
            If no object has any mass or luminosity.
        """
        totals = np.array(sums.totals)
        shines = totals > 0
        if not shines.any():
            raise ValueError(
                f"None of {len(totals)} cut-outs of {field_named(sums.field).label} holds any, "
                "expected one or more that do."
            )
        log = np.log10(totals[shines]) * self.per_decade
        edges = np.arange(np.floor(log.min()), np.floor(log.max()) + 2) / self.per_decade
        weight = _weights(sums.objects)[shines]
        count = np.histogram(log / self.per_decade, edges, weights=weight)[0]
        volume = sum(dict(sums.boxes).values())
        per = volume if self.cumulative else volume / self.per_decade
        if self.cumulative:
            count = np.cumsum(count[::-1])[::-1]
        x = edges[:-1] if self.cumulative else (edges[1:] + edges[:-1]) / 2
        words = total_words(sums.field)
        return Curve(
            x=10**x,
            y=count / per,
            error=np.sqrt(count) / per,
            count=count,
            edges=10**edges,
            name=f"{words.split(' [')[0]} function",
            x_label=words,
            y_label="n(>x) [(h/Mpc)^3]" if self.cumulative else "dn/dlog10 x [(h/Mpc)^3]",
            error_kind="root of the number of objects",
            note=f"{len(set(sums.objects))} objects; none without any is counted.",
        )


def poisson_band(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of one standard deviation of each bin of a function, whose counts are Poisson's.

    Parameters
    ----------
    curve : Curve
        As `MassFunction` makes it.

    Returns
    -------
    (array, array)
        Lower and upper, in the curve's unit: the central interval of 68.3 %, of no objects from
        zero to the upper bound of as much probability.

    References
    ----------
    Gehrels 1986, equations 7 to 12.
    """
    if curve.count is None:
        raise ValueError(f"Curve {curve.name!r} has no counts, expected those of objects.")
    count = np.asarray(curve.count)
    filled = np.flatnonzero(count)
    unit = curve.y[filled[0]] / count[filled[0]]
    upper = gammaincinv(count + 1, ONE_SIGMA)
    lower = np.where(count > 0, gammaincinv(np.maximum(count, 1e-9), 1 - ONE_SIGMA), 0)
    return lower * unit, upper * unit


def _weights(objects: tuple[tuple[str, int], ...]) -> NDArray[np.float64]:
    """One over the number of maps that there are of each map's object."""
    number: dict[tuple[str, int], int] = {}
    for each in objects:
        number[each] = number.get(each, 0) + 1
    return np.array([1 / number[each] for each in objects])
