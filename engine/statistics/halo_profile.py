"""Radial profile of a map around haloes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges, checked_values
from engine.fields import DENSITIES, field_named
from engine.halos import Halos
from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.apertures import centres, discs
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register

DEFAULT_EDGES = (0.0, *np.geomspace(0.1, 3, 13).tolist())
"""In units of the virial radius: the core, then eight rings a dex to well outside."""


@dataclass(frozen=True, eq=False)
class ProfileSums(Sums):
    """Surface density summed over the pixels of each ring.

    Parameters
    ----------
    field : str
        Of the maps.
    unit : str
        Of the edges: "ckpc/h" for one halo, "R_vir" for a stack.
    edges : array, (n + 1,)
        Of the rings.
    numbers : tuple of int
        Haloes asked for.
    count : array, (n,)
        Pixels, by the part of each that is inside the ring.
    density, square : array, (n,)
        Sum over pixels of the surface density and of its square.
    haloes : int
        Number of haloes, or of realisations of one.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "numbers": "haloes",
        "unit": "units of the radii",
        "edges": "rings",
    }

    field: str
    numbers: tuple[int, ...]
    unit: str
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    density: NDArray[np.float64]
    square: NDArray[np.float64]
    haloes: int


@register("halo_profile")
@dataclass(frozen=True)
class HaloProfile(Statistic[ProfileSums, Curve]):
    """Mean surface density in rings around a halo, or stacked over several.

    Pixels are shared out to the rings by area, exactly. The radii of one halo are comoving
    lengths, those of several are in units of each one's virial radius; in a stack every pixel
    weighs the same, so that large haloes weigh more. Of the haloes asked for, a slab gives
    those whose centres it holds: add the slabs of an axis to stack them all.

    Parameters
    ----------
    halos : Halos
        The catalogue.
    numbers : sequence of int
        Rows of the catalogue.
    edges : sequence of float
        Of the rings, in units of the virial radius.
    """

    kinds = ("slab",)
    fields = DENSITIES
    needs = ("halos", "numbers")
    title = "Halo profile"
    place = 7

    halos: Halos | None = None
    numbers: Sequence[int] = (0,)
    edges: Sequence[float] = DEFAULT_EDGES

    def __post_init__(self) -> None:
        """Refuse rings that are none and haloes the catalogue doesn't have."""
        edges = checked_edges(self.edges, "Ring")
        if edges[0] < 0:
            raise ValueError(f"Ring bins begin at {edges[0]:g}, expected a radius of 0 or more.")
        object.__setattr__(self, "edges", edges)
        numbers = tuple(sorted({int(number) for number in self.numbers}))
        known = len(self.halos) if self.halos is not None else None
        if not numbers or numbers[0] < 0 or (known is not None and numbers[-1] >= known):
            raise ValueError(
                f"Haloes are {self.numbers!r}, expected one number or more from 0"
                f"{'' if known is None else f' to {known - 1}'}."
            )
        object.__setattr__(self, "numbers", numbers)

    def _compute(self, slab: Slab) -> ProfileSums:
        """Sum a whole periodic map over the rings around those haloes that it holds."""
        assert self.halos is not None  # it is among `needs`
        values = checked_values(slab)
        here = np.intersect1d(self.numbers, self.halos.in_slab(slab))
        edges = np.array(self.edges)
        radius = (
            np.multiply.outer(self.halos.rvir[here].astype(np.float64), edges) / slab.pixel_size
        )
        count, density, square = _rings(values, centres(slab, self.halos, here), radius)
        alone = len(self.numbers) == 1
        return ProfileSums(
            field=slab.field,
            numbers=tuple(self.numbers),
            unit="ckpc/h" if alone else "R_vir",
            edges=edges * float(self.halos.rvir[self.numbers[0]]) if alone else edges,
            count=count,
            density=density,
            square=square,
            haloes=len(here),
        )

    def finish(self, sums: ProfileSums) -> Curve:
        """Average over the pixels of each ring.

        Returns
        -------
        Curve
            Mean radius of each ring's area (comoving [kpc/h], or in units of the virial
            radius), mean surface density [Msun h / ckpc^2], pixels. The error is the pixels'
            scatter over the root of their number; neighbouring pixels are not independent,
            so it is a lower bound.

        Raises
        ------
        ValueError
            If no slab held any of the haloes.
        """
        if not sums.haloes:
            raise ValueError(
                f"No slab given holds the centre of halo {', '.join(map(str, sums.numbers))}, "
                "expected the slab it is in: halos.in_slab(slab) lists a slab's haloes."
            )
        about = field_named(sums.field)
        inner, outer = sums.edges[:-1], sums.edges[1:]
        mean = sums.density / sums.count
        variance = np.maximum(sums.square / sums.count - mean**2, 0)
        alone = len(sums.numbers) == 1
        which = f"halo {sums.numbers[0]}" if alone else f"{sums.haloes} haloes"
        return Curve(
            x=2 / 3 * (outer**3 - inner**3) / (outer**2 - inner**2),
            y=mean,
            error=np.sqrt(variance / sums.count),
            count=sums.count,
            edges=sums.edges,
            name=f"{about.label} around {which}",
            x_label="radius [ckpc/h]" if alone else "radius / R_vir",
            y_label=f"{about.label} surface density [{about.unit}]",
            error_kind="scatter of the pixels over the root of their number, a lower bound",
            note="" if alone else "Every pixel weighs the same: large haloes weigh more.",
        )


def _rings(
    values: NDArray[np.float32], centre: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pixels, sum and sum of squares of each ring, added over haloes, (3, rings).

    Everything in pixels: centres (n, 2) and the edges of the rings of each halo (n, rings + 1).
    """
    within = np.zeros((3, radius.size))
    solid = np.flatnonzero(radius)
    discs_of = np.repeat(centre, radius.shape[1], axis=0)[solid]
    for covered in discs(discs_of, radius.ravel()[solid], values.shape):
        pixels, disc = covered.pixels_of(values), solid[covered.disc]
        within[0, disc] = np.pi * radius.flat[disc] ** 2
        within[1, disc] = np.einsum("nij,nij->n", covered.fraction, pixels)
        within[2, disc] = np.einsum("nij,nij->n", covered.fraction, pixels**2)
    rings: NDArray[np.float64] = np.diff(within.reshape(3, *radius.shape)).sum(axis=1)
    return rings
