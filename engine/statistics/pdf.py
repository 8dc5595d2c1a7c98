"""Distribution of a mesh's cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import cells_of, checked_edges, checked_values
from engine.fields import Field, field_named
from engine.mesh import Mesh
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register

BINS_PER_DEX = 10
"""Fixed bins over the field's expected decades, so that truth, prediction and any tile share them;
cells outside are counted all the same."""

LINEAR_BINS = 800
"""Of a signed field, from minus its largest expected value to it: a quarter each for overdensities
up to 100, a tenth of the spread of the linear field in cells of a Mpc/h today."""

TINIEST = np.finfo(np.float32).tiny
"""What is below it and not negative is zero, or no number that every processor tells from it."""

CELLS_AT_A_TIME = 1 << 22
"""So many cells are sorted together, which takes 16 MB."""


@dataclass(frozen=True, eq=False)
class PdfSums(Sums):
    """Cells per bin.

    Parameters
    ----------
    field : str
        Of the meshes.
    dimensions : int
        2 of maps, 3 of grids.
    pixel_size : float
        Side of a cell, comoving, [kpc/h]; meshes of other cells have another distribution.
    edges : array, (n + 1,)
        Of the bins, log10 of the field's unit; of a signed field that unit itself.
    count : array, (n,)
        Cells per bin.
    zero, below, above : int
        Cells that are zero, not zero but below the first edge, at or above the last. A signed
        field's zeros are in a bin like any other value.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "dimensions": "dimensions of the meshes",
        "pixel_size": "cells' sides [kpc/h]",
        "edges": "bins",
    }

    field: str
    dimensions: int
    pixel_size: float
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    zero: int
    below: int
    above: int

    @property
    def cells(self) -> float:
        """Number of all cells, those outside the bins included."""
        return float(self.count.sum() + self.zero + self.below + self.above)


@register("pdf")
@dataclass(frozen=True)
class Pdf(Statistic[PdfSums, Curve]):
    """Distribution of the cells over log10 of their value, per dex.

    Of a signed field it is that over the value, per unit. Normalised by all cells: it integrates
    to one less the fraction outside the bins, which the curve's `note` tells. Adds over tiles.

    Parameters
    ----------
    bins : sequence of float or None
        Edges, log10 of the field's unit, or that unit for a signed field; None for the
        field's own decades, 10 a dex, which for a grid's volume density are those of a slab
        1 Mpc/h deep over its depth.

    References
    ----------
    Bernardini et al. 2022, section 5.
    """

    title = "Pixel PDF"
    place = 2
    least = 20  # pixels: fewer have a Poisson error above 20 %

    bins: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        if self.bins is not None:
            object.__setattr__(self, "bins", checked_edges(self.bins, "PDF"))

    def _compute(self, mesh: Mesh) -> PdfSums:
        """Count the cells of a mesh, or of any tile of one."""
        signed = mesh.about.signed
        own = default_edges(mesh.about, mesh.NDIM)
        edges = own if self.bins is None else np.array(self.bins)
        bounds = (edges if signed else 10**edges).astype(np.float32)
        # The last bound tells the zeros apart, which have no logarithm.
        below = _cells_below(checked_values(mesh), np.append(bounds, np.float32(TINIEST)))
        places, zero = below[:-1], 0 if signed else int(below[-1])
        return PdfSums(
            field=mesh.field,
            dimensions=mesh.NDIM,
            pixel_size=float(mesh.cell_size),
            edges=edges,
            count=np.diff(places).astype(np.float64),
            zero=zero,
            below=int(places[0]) - zero,
            above=mesh.values.size - int(places[-1]),
        )

    def finish(self, sums: PdfSums) -> Curve:
        """Divide by the number of cells and the width of the bins.

        Returns
        -------
        Curve
            Middle of each bin [field's unit], distribution [1/dex, of a signed field 1/unit],
            cells per bin. The error is Poisson's, cells taken as independent: neighbours
            are not, so it is a lower bound.
        """
        about = field_named(sums.field)
        middle = (sums.edges[1:] + sums.edges[:-1]) / 2
        per_cell = 1 / (sums.cells * np.diff(sums.edges))
        axis: dict[str, Any] = {"x": 10**middle, "edges": 10**sums.edges}
        if about.signed:
            axis = {"x": middle, "edges": sums.edges, "x_log": False}
        cells = cells_of(sums.dimensions)
        return Curve(
            **axis,
            y=sums.count * per_cell,
            error=np.sqrt(sums.count) * per_cell,
            count=sums.count,
            name=f"PDF of {about.label}",
            x_label=_x_label(about, sums.dimensions),
            y_label=f"probability [{'1' if about.signed else '1/dex'}]",
            error_kind=f"Poisson, {cells} taken as independent",
            note=_outside(sums, cells),
        )


def default_edges(about: Field, dimensions: int) -> NDArray[np.float64]:
    """Edges of a field's own bins, log10 of its unit; of a signed field that unit itself."""
    first, last = about.decades_of(dimensions)
    if about.signed:
        return np.linspace(-(10.0**last), 10.0**last, LINEAR_BINS + 1)
    return np.linspace(first, last, (last - first) * BINS_PER_DEX + 1)


def _cells_below(values: NDArray[np.float32], bounds: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many values are below each bound, (n,), without a second array of their size."""
    below = np.zeros(len(bounds), np.intp)
    flat = values.reshape(-1)
    for first in range(0, flat.size, CELLS_AT_A_TIME):
        # Sorting and then looking the few bounds up is ten times faster than the other way
        # round, and knows nothing of logarithms of zero.
        below += np.searchsorted(np.sort(flat[first : first + CELLS_AT_A_TIME]), bounds)
    return below


def _x_label(about: Field, dimensions: int) -> str:
    quantity = (" surface density", " density")[dimensions - 2] if about.is_density else ""
    return f"{about.label}{quantity} [{about.unit_of(dimensions)}]"


def _outside(sums: PdfSums, cells: str) -> str:
    """Which cells the bins don't hold, in one sentence; empty if they hold all."""
    parts = {"zero": sums.zero, "below the bins": sums.below, "above them": sums.above}
    shares = [f"{n / sums.cells:.2%} {where}" for where, n in parts.items() if n]
    return f"Of all {cells} {', '.join(shares)}." if shares else ""
