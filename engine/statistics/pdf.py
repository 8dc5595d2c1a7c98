"""Distribution of a map's pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_edges, checked_values
from engine.fields import field_named
from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register

BINS_PER_DEX = 10
"""Fixed bins over the field's expected decades, so that truth, prediction and any tile share them;
pixels outside are counted all the same."""


@dataclass(frozen=True, eq=False)
class PdfSums(Sums):
    """Pixels per bin.

    Parameters
    ----------
    field : str
        Of the maps.
    pixel_size : float
        Comoving, [kpc/h]; maps of other pixels have another distribution.
    edges : array, (n + 1,)
        Of the bins, log10 of the field's unit.
    count : array, (n,)
        Pixels per bin.
    zero, below, above : int
        Pixels that are zero, positive but below the first edge, at or above the last.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "pixel_size": "pixel sizes [kpc/h]",
        "edges": "bins of log10",
    }

    field: str
    pixel_size: float
    edges: NDArray[np.float64]
    count: NDArray[np.float64]
    zero: int
    below: int
    above: int

    @property
    def pixels(self) -> float:
        """Number of all pixels, those outside the bins included."""
        return float(self.count.sum() + self.zero + self.below + self.above)


@register("pdf")
@dataclass(frozen=True)
class Pdf(Statistic[PdfSums, Curve]):
    """Distribution of the pixels over log10 of their value, per dex.

    Normalised by all pixels: it integrates to one less the fraction outside the bins, which
    the curve's `note` tells. Adds over tiles.

    Parameters
    ----------
    bins : sequence of float or None
        Edges, log10 of the field's unit; None for the field's own decades, 10 a dex.

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

    def compute(self, slab: Slab) -> PdfSums:
        """Count a map's pixels.

        Parameters
        ----------
        slab : Slab
            Or any tile of one.

        Raises
        ------
        ValueError
            If a pixel is negative or not finite.
        """
        edges = np.array(default_edges(slab.field) if self.bins is None else self.bins)
        # Sorting and then looking the few edges up is ten times faster than the other way
        # round, and knows nothing of logarithms of zero.
        values = np.sort(checked_values(slab), axis=None)
        places = np.searchsorted(values, (10**edges).astype(values.dtype))
        zero = int(np.searchsorted(values, values.dtype.type(0), side="right"))
        return PdfSums(
            field=slab.field,
            pixel_size=float(slab.pixel_size),
            edges=edges,
            count=np.diff(places).astype(np.float64),
            zero=zero,
            below=int(places[0]) - zero,
            above=values.size - int(places[-1]),
        )

    def finish(self, sums: PdfSums) -> Curve:
        """Divide by the number of pixels and the width of the bins.

        Returns
        -------
        Curve
            Middle of each bin [field's unit], distribution [1/dex], pixels per bin. The
            error is Poisson's, pixels taken as independent: neighbours are not, so it is
            a lower bound.
        """
        about = field_named(sums.field)
        middle = (sums.edges[1:] + sums.edges[:-1]) / 2
        per_pixel = 1 / (sums.pixels * np.diff(sums.edges))
        quantity = " surface density" if about.is_density else ""
        return Curve(
            x=10**middle,
            y=sums.count * per_pixel,
            error=np.sqrt(sums.count) * per_pixel,
            count=sums.count,
            edges=10**sums.edges,
            name=f"PDF of {about.label}",
            x_label=f"{about.label}{quantity} [{about.unit}]",
            y_label="probability [1/dex]",
            error_kind="Poisson, pixels taken as independent",
            note=_outside(sums),
        )


def default_edges(field_name: str) -> NDArray[np.float64]:
    """Edges of a field's own bins, log10 of its unit."""
    first, last = field_named(field_name).decades
    return np.linspace(first, last, (last - first) * BINS_PER_DEX + 1)


def _outside(sums: PdfSums) -> str:
    """Which pixels the bins don't hold, in one sentence; empty if they hold all."""
    parts = {"zero": sums.zero, "below the bins": sums.below, "above them": sums.above}
    shares = [f"{n / sums.pixels:.2%} {where}" for where, n in parts.items() if n]
    return f"Of all pixels {', '.join(shares)}." if shares else ""
