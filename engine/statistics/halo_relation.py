"""Mass of a field against dark-matter mass, halo by halo, within the projected virial radius."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_values, place
from engine.fields import DENSITIES, INPUT_FIELDS, field_named
from engine.halos import Halos
from engine.mesh import Slab
from engine.results import Points
from engine.statistics.apertures import centres, discs
from engine.statistics.contract import Statistic, Sums
from engine.statistics.environment import NEIGHBOUR_MASS, neighbours_per_area
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

RESOLVED_PIXELS = 3.0
"""Virial radii of fewer pixels are called unresolved: the kernel that spreads the particles
then carries mass out of the aperture."""

PER_HALO = ("number", "dark", "mass", "mvir", "rvir", "environment", "resolved")


@dataclass(frozen=True, eq=False)
class HaloMasses:
    """What is known of the haloes of one slab, a row each.

    Parameters
    ----------
    axis, slab : str, int
        Which slab.
    number : array, (n,)
        Rows of the catalogue.
    dark, mass : array, (n,)
        Within the aperture, [Msun/h].
    mvir, rvir : array, (n,)
        Of the catalogue, [Msun/h], comoving [kpc/h].
    environment : array, (n,)
        Neighbours per area, [(h/Mpc)^2].
    resolved : array, (n,)
        Whether the virial radius is three pixels or more.
    """

    axis: str
    slab: int
    number: NDArray[np.intp]
    dark: NDArray[np.float64]
    mass: NDArray[np.float64]
    mvir: NDArray[np.float64]
    rvir: NDArray[np.float64]
    environment: NDArray[np.float64]
    resolved: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HaloSums(Sums):
    """Haloes of slabs; they add by standing one after another.

    Parameters
    ----------
    field, dark_field : str
        Of the two maps.
    run : str
        Of the halo catalogue.
    neighbour_mass : float
        Least mass of a neighbour, [Msun/h].
    slabs : tuple of HaloMasses
        One for each pair of maps.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "dark_field": "dark-matter fields",
        "run": "runs of the halo catalogues",
        "neighbour_mass": "least masses of neighbours [Msun/h]",
    }

    field: str
    dark_field: str
    run: str
    neighbour_mass: float
    slabs: tuple[HaloMasses, ...]


@register("halo_relation")
@dataclass(frozen=True)
class HaloRelation(Statistic[HaloSums, Points]):
    """Mass on a map against dark-matter mass, both within each halo's projected virial radius.

    Masses are those of the whole depth of the slab inside a circle around the halo's centre,
    not the virial mass, which leaves out what lies before and behind. Pixels at the rim count
    by the part of them that is inside. A halo belongs to the slab that holds its centre.

    Parameters
    ----------
    halos : Halos
        Catalogue of the run that the dark-matter map is of.
    neighbour_mass : float
        Least virial mass of the haloes that are counted as neighbours, [Msun/h].

    References
    ----------
    Bernardini et al. 2022, section 5, equation 10, figure 7 and appendix B.
    """

    maps = ("dark_matter", "painted")
    kinds = ("slab",)
    fields = DENSITIES
    needs = ("halos",)

    halos: Halos | None = None
    neighbour_mass: float = NEIGHBOUR_MASS

    def _compute(self, dark_matter: Slab, painted: Slab) -> HaloSums:
        """Measure the haloes of one slab."""
        assert self.halos is not None  # it is among `needs`
        _check_pair(dark_matter, painted)
        maps = [checked_values(each) for each in (dark_matter, painted)]
        number = self.halos.in_slab(painted)
        centre = centres(painted, self.halos, number)
        mvir, rvir = (c[number].astype(np.float64) for c in (self.halos.mvir, self.halos.rvir))
        radius = rvir / painted.pixel_size
        dark, mass = _sums(maps, centre, radius) * painted.pixel_area
        if dark_matter.field == "dmo":
            dark *= dark_matter.cosmology.dark_matter_fraction
        in_mpc = centre * painted.pixel_size / MPC_IN_KPC
        counted = mvir >= self.neighbour_mass
        measured = HaloMasses(
            axis=painted.axis,
            slab=painted.index,
            number=number,
            dark=dark,
            mass=mass,
            mvir=mvir,
            rvir=rvir,
            environment=neighbours_per_area(in_mpc, counted, painted.box_size),
            resolved=radius >= RESOLVED_PIXELS,
        )
        return HaloSums(
            field=painted.field,
            dark_field=dark_matter.field,
            run=self.halos.run,
            neighbour_mass=float(self.neighbour_mass),
            slabs=(measured,),
        )

    def finish(self, sums: HaloSums) -> Points:
        """Put the haloes of all slabs in one order.

        Returns
        -------
        Points
            Dark-matter mass and mass within the aperture [Msun/h], by axis, slab and number
            in the catalogue; columns `axis`, `slab`, `number`, `mvir` [Msun/h], `rvir`
            (comoving, [kpc/h]), `environment` [(h/Mpc)^2] and `resolved`.
        """
        columns = {n: np.concatenate([getattr(s, n) for s in sums.slabs]) for n in PER_HALO}
        for name in ("axis", "slab"):
            each = [np.repeat(getattr(s, name), len(s.number)) for s in sums.slabs]
            columns[name] = np.concatenate(each)
        # Realisations of one slab repeat its haloes; their masses then tell them apart.
        keys = [columns[n] for n in ("dark", "mass", "number", "slab", "axis")]
        order = np.lexsort(keys)
        ordered = {name: values[order] for name, values in columns.items()}
        x, y = ordered.pop("dark"), ordered.pop("mass")
        label = field_named(sums.field).label
        return Points(
            x=x,
            y=y,
            name=f"{label} in haloes",
            x_label="dark-matter mass within projected R_vir [Msun/h]",
            y_label=f"{label} mass within projected R_vir [Msun/h]",
            columns=ordered,
            colour="environment",
            colour_label="neighbouring haloes within 1 Mpc/h [(h/Mpc)^2]",
            note=_note(sums, ordered["resolved"]),
        )


def _sums(
    maps: list[NDArray[np.float32]], centre: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum of each map's pixels inside each disc, (2, n); centre and radius in pixels."""
    sums = np.zeros((len(maps), len(radius)))
    for covered in discs(centre, radius, maps[0].shape):
        sums[:, covered.disc] = [covered.sum_over(each) for each in maps]
    return sums


def _check_pair(dark_matter: Slab, painted: Slab) -> None:
    """Refuse two maps that are not of the same slab, and a first that is not dark matter."""
    if dark_matter.field not in INPUT_FIELDS:
        raise ValueError(
            f"{place(dark_matter)} came first, expected the dark-matter map "
            f"({' or '.join(INPUT_FIELDS)}) and then the other."
        )
    first, second = (
        (s.simulation, s.axis, s.index, s.shape, s.pixel_size) for s in (dark_matter, painted)
    )
    if first != second:
        raise ValueError(
            f"The maps of a halo relation are of {first} and {second} (simulation, axis, slab, "
            "shape, pixel size [kpc/h]), expected the same slab twice."
        )


def _note(sums: HaloSums, resolved: NDArray[np.bool_]) -> str:
    """What a reader of the points must know."""
    notes = [
        "Masses within a circle of R_vir through the whole slab, not virial masses.",
        f"Neighbours are haloes of {sums.neighbour_mass:.3g} Msun/h or more in the same slab.",
    ]
    if not resolved.all():
        few = len(resolved) - np.count_nonzero(resolved)
        notes.append(f"{few} of {len(resolved)} have R_vir below {RESOLVED_PIXELS:g} pixels.")
    if sums.dark_field == "dmo":
        notes.append("The dark-matter-only map is multiplied by 1 - Omega_b / Omega_m.")
    return " ".join(notes)
