"""Distribution of a grid's contrast averaged over balls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges, place
from engine.fields import field_named
from engine.fourier.filtering import top_hat
from engine.fourier.modes import volume
from engine.mesh import Grid
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

DEFAULT_EDGES = tuple(np.linspace(-1, 4, 101).tolist())
"""As the paper's: from empty space to where balls of 10 Mpc/h are rare."""


@dataclass(frozen=True, eq=False)
class SmoothedSums(Sums):
    """Cells per bin of smoothed contrast.

    Parameters
    ----------
    field : str
        Of the grids.
    radius : float
        Of the balls, [Mpc/h].
    edges : array, (n + 1,)
        Of the bins of contrast.
    count : array, (n,)
        Cells per bin.
    outside : int
        Cells outside the bins.
    balls : float
        How many would fill the volume, one beside another.
    mirrored : bool
        Whether the grids were mirrored at their edges.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "radius": "radii [Mpc/h]",
        "edges": "bins of contrast",
        "mirrored": "answers to whether the grids are mirrored",
    }

    field: str
    radius: float
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    outside: int
    balls: float
    mirrored: bool


@register("smoothed_pdf")
@dataclass(frozen=True)
class SmoothedPdf(Statistic[SmoothedSums, Curve]):
    """Distribution of the mean contrast within a ball around each cell.

    Normalised by all cells: it integrates to one less the fraction outside the bins, which
    the curve's `note` tells.

    Parameters
    ----------
    radius : float
        Of the balls, comoving, [Mpc/h].
    bins : sequence of float
        Edges, in contrast.

    References
    ----------
    Kodi Ramanah et al. 2020, figure 3.
    """

    kinds = ("grid",)
    title = "Smoothed PDF"
    place = 9
    least = 20  # cells: fewer are of one ball alone

    radius: float = 10.0
    bins: Sequence[float] = DEFAULT_EDGES

    def __post_init__(self) -> None:
        """Refuse a ball and bins that are none."""
        if not 0 < self.radius < np.inf:
            raise ValueError(f"The ball's radius is {self.radius} Mpc/h, expected above zero.")
        object.__setattr__(self, "bins", checked_edges(self.bins, "Contrast"))

    def _compute(self, grid: Grid) -> SmoothedSums:
        """Smooth a grid and count its cells."""
        side = min(grid.shape) * grid.cell_size / MPC_IN_KPC
        if 2 * self.radius > side:
            raise ValueError(
                f"{place(grid)} is {side:g} Mpc/h wide, expected room for balls of a radius of "
                f"{self.radius:g} Mpc/h: choose a smaller radius."
            )
        edges = np.array(self.bins)
        count = np.histogram(top_hat(grid, self.radius), edges)[0].astype(np.float64)
        return SmoothedSums(
            field=grid.field,
            radius=float(self.radius),
            edges=edges,
            count=count,
            outside=grid.values.size - int(count.sum()),
            balls=volume(grid) / (4 / 3 * np.pi * self.radius**3),
            mirrored=not grid.periodic,
        )

    def finish(self, sums: SmoothedSums) -> Curve:
        """Divide by the number of cells and the width of the bins.

        Returns
        -------
        Curve
            Middle of each bin [contrast], distribution, cells per bin. The error takes as
            many balls as would fill the volume to be independent, and cells within one to
            be one.
        """
        cells = sums.count.sum() + sums.outside
        share, width = sums.count / cells, np.diff(sums.edges)
        notes = [f"Mean contrast in balls of {sums.radius:g} Mpc/h."]
        if sums.outside:
            notes.append(f"Of all cells {sums.outside / cells:.2%} outside the bins.")
        if sums.mirrored:
            notes.append("The grid is not periodic: it was mirrored at its edges.")
        return Curve(
            x=(sums.edges[1:] + sums.edges[:-1]) / 2,
            y=share / width,
            error=np.sqrt(share * (1 - share) / sums.balls) / width,
            count=sums.count,
            edges=sums.edges,
            name=f"smoothed PDF of {field_named(sums.field).label}",
            x_label=f"contrast in balls of {sums.radius:g} Mpc/h",
            y_label="probability [1]",
            error_kind="binomial, of as many independent balls as fill the volume",
            x_log=False,
            note=" ".join(notes),
        )
