"""How many spherical voids of each size a grid holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges, place
from engine.fields import DENSITIES, field_named
from engine.fourier.filtering import top_hat
from engine.fourier.modes import volume
from engine.mesh import Grid, frozen_array
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

THRESHOLD = -0.7
"""Of the mean contrast within a void. The paper states none; -0.7 and -0.8 are usual."""

CELLS = tuple(range(4, 16))
"""Radii if none are chosen, in cells: 8 to 30 Mpc/h for cells of 2 Mpc/h."""

TOUCHING = 1e-9
"""Of a squared distance: spheres that touch don't overlap, whatever the rounding."""


@dataclass(frozen=True, eq=False)
class Voids:
    """Spheres that don't overlap, the largest first.

    Parameters
    ----------
    centre : array, (n, 3)
        Cell of each centre, (z, y, x). Read-only.
    radius : array, (n,)
        Comoving, [Mpc/h].
    inside : array, (nz, ny, nx)
        Whether a cell's centre is within a void.
    """

    centre: NDArray[np.intp]
    radius: NDArray[np.float64]
    inside: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("centre", "radius", "inside"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class VoidSums(Sums):
    """Voids by their size.

    Parameters
    ----------
    field : str
        Of the grids.
    threshold : float
        Of the mean contrast within a void.
    radii : array, (n,)
        Increasing, comoving, [Mpc/h].
    number : array, (n,)
        Voids found at each radius.
    volume : float
        Of the grids together, [(Mpc/h)^3].
    mirrored : bool
        Whether the grids were mirrored at their edges.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "threshold": "thresholds",
        "radii": "radii [Mpc/h]",
        "mirrored": "answers to whether the grids are mirrored",
    }

    field: str
    threshold: float
    radii: NDArray[np.float64]
    number: NDArray[np.float64]
    volume: float
    mirrored: bool


@register("void_sizes")
@dataclass(frozen=True)
class VoidSizes(Statistic[VoidSums, Curve]):
    """Number of voids per volume and radius, of spheres that don't overlap.

    Parameters
    ----------
    radii : sequence of float or None
        Increasing, comoving, [Mpc/h]; None for 4 to 15 cells.
    threshold : float
        Of the mean contrast within a void.

    References
    ----------
    Banerjee & Dalal 2016 (JCAP 11, 015); Kodi Ramanah et al. 2020, figures 6 and 7.
    """

    kinds = ("grid",)
    fields = DENSITIES
    title = "Void sizes"
    place = 10

    radii: Sequence[float] | None = None
    threshold: float = THRESHOLD

    def __post_init__(self) -> None:
        """Refuse radii and a threshold that are none."""
        if not -1 < self.threshold < 0:
            raise ValueError(
                f"The threshold of voids is {self.threshold}, expected a contrast from -1 to 0."
            )
        if self.radii is not None:
            object.__setattr__(self, "radii", checked_edges(self.radii, "Void radius"))

    def _compute(self, grid: Grid) -> VoidSums:
        """Find the voids of a grid and count them."""
        cell_size = grid.cell_size / MPC_IN_KPC
        radii = np.array(self.radii or [cells * cell_size for cells in CELLS])
        found = find_voids(grid, radii, self.threshold)
        return VoidSums(
            field=grid.field,
            threshold=float(self.threshold),
            radii=radii,
            number=np.array([np.count_nonzero(found.radius == r) for r in radii], np.float64),
            volume=volume(grid),
            mirrored=not grid.periodic,
        )

    def finish(self, sums: VoidSums) -> Curve:
        """Divide by the volume and by the step to the next smaller radius.

        Returns
        -------
        Curve
            Middle between two radii [Mpc/h], voids of the larger one per volume and radius
            [(h/Mpc)^4], voids. The error is Poisson's.
        """
        number, radii = sums.number[1:], sums.radii
        per_void = 1 / (sums.volume * np.diff(radii))
        notes = [f"Mean contrast within a void below {sums.threshold:g}."]
        if sums.mirrored:
            notes.append("The grid is not periodic: it was mirrored at its edges.")
        return Curve(
            x=(radii[1:] + radii[:-1]) / 2,
            y=number * per_void,
            error=np.sqrt(number) * per_void,
            count=number,
            edges=radii,
            name=f"void sizes of {field_named(sums.field).label}",
            x_label="radius [Mpc/h]",
            y_label="dn/dR [(h/Mpc)^4]",
            error_kind="Poisson",
            x_log=False,
            note=" ".join(notes),
        )


def find_voids(grid: Grid, radii: NDArray[np.float64], threshold: float = THRESHOLD) -> Voids:
    """Find spheres of low mean density, the largest first, each as empty as can be.

    For each radius from the largest down, the cells around which a ball of that radius is
    emptier than the threshold are visited from the emptiest on; one whose ball overlaps no
    void is the centre of the next. In a grid that isn't periodic, voids may reach
    beyond the edges.

    Parameters
    ----------
    grid : Grid
        Of a density.
    radii : array, (n,)
        Comoving, [Mpc/h].
    threshold : float
        Of the mean contrast within a void.

    Raises
    ------
    ValueError
        If a radius is no part of the grid, or the grid has no contrast.

    References
    ----------
    Banerjee & Dalal 2016, JCAP 11, 015.
    """
    cell_size = grid.cell_size / MPC_IN_KPC
    if not 0 < min(radii) <= max(radii) <= min(grid.shape) * cell_size / 4:
        raise ValueError(
            f"{place(grid)} is {min(grid.shape) * cell_size:.4g} Mpc/h wide, expected radii of "
            f"voids from 0 to a quarter of it, not {min(radii):.4g} to {max(radii):.4g} Mpc/h."
        )
    centres, sizes = list[tuple[int, ...]](), list[float]()
    inside = np.zeros(grid.shape, bool)
    for radius in sorted(radii.tolist(), reverse=True):
        delta = top_hat(grid, radius).reshape(-1)
        taken = np.zeros(grid.shape, bool)  # where a centre's ball would overlap a void
        for centre, size in zip(centres, sizes, strict=True):
            _mark(taken, centre, (radius + size) / cell_size, grid.periodic)
        candidates = np.flatnonzero(delta < threshold)
        candidates = candidates[np.argsort(delta[candidates], kind="stable")]
        while (free := candidates[~taken.reshape(-1)[candidates]]).size:
            centre = tuple(int(i) for i in np.unravel_index(free[0], grid.shape))
            _mark(taken, centre, 2 * radius / cell_size, grid.periodic)
            _mark(inside, centre, radius / cell_size, grid.periodic)
            centres, sizes, candidates = [*centres, centre], [*sizes, radius], free[1:]
    return Voids(np.array(centres, np.intp).reshape(-1, 3), np.array(sizes), inside)


def _mark(cells: NDArray[np.bool_], centre: tuple[int, ...], reach: float, periodic: bool) -> None:
    """Mark the cells nearer to a centre than `reach`, of half the grid at most, in cells."""
    steps = np.arange(-int(reach), int(reach) + 1)
    steps = steps[steps**2 < reach**2 * (1 - TOUCHING)]
    z, y, x = np.ix_(steps, steps, steps)
    ball = z**2 + y**2 + x**2 < reach**2 * (1 - TOUCHING)
    rows = [place + steps for place in centre]
    if periodic:
        where = np.ix_(*(row % n for row, n in zip(rows, cells.shape, strict=True)))
    else:
        there = [(row >= 0) & (row < n) for row, n in zip(rows, cells.shape, strict=True)]
        ball = ball[np.ix_(*there)]
        where = np.ix_(*(row[keep] for row, keep in zip(rows, there, strict=True)))
    cells[where] |= ball
