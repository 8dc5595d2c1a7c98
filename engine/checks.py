"""What a statistic refuses, each in one sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Slab


def checked_edges(edges: Any, what: str) -> tuple[float, ...]:
    """Bin edges as a tuple, refused in one sentence unless finite and increasing.

    Raises
    ------
    ValueError
        If they are fewer than two, not finite or not increasing.
    """
    array = np.asarray(edges, np.float64)
    if (
        array.ndim != 1
        or array.size < 2
        or not np.isfinite(array).all()
        or (np.diff(array) <= 0).any()
    ):
        raise ValueError(f"{what} bins are {edges!r}, expected two or more increasing edges.")
    return tuple(array.tolist())


def checked_wavenumbers(bins: int | Sequence[float]) -> int | tuple[float, ...]:
    """Bins of wavenumber, as a number of them or a tuple of edges above zero [h/Mpc].

    Raises
    ------
    ValueError
        If there is none, or the edges are of no use.
    """
    if isinstance(bins, int):
        if bins < 1:
            raise ValueError(f"Wavenumber bins are {bins}, expected 1 or more.")
        return bins
    edges = checked_edges(bins, "Wavenumber")
    if edges[0] <= 0:
        raise ValueError(f"Wavenumber bins begin at {edges[0]} h/Mpc, expected more than zero.")
    return edges


def checked_values(slab: Slab) -> NDArray[np.float32]:
    """Return the slab's values, refused in one sentence unless finite and not negative.

    Raises
    ------
    ValueError
        If a pixel is NaN, infinite or negative.
    """
    values = slab.values
    lowest, highest = values.min(), values.max()  # NaN passes through both
    if lowest >= 0 and np.isfinite(highest):
        return values
    unusable = values.size - np.count_nonzero(np.isfinite(values) & (values >= 0))
    raise ValueError(
        f"{place(slab)} has {unusable} pixels that are negative or not finite, expected none: "
        "make the map again."
    )


def checked_density(slab: Slab, purpose: str) -> NDArray[np.float32]:
    """Return the values of a map of surface density, see `checked_values`.

    Raises
    ------
    ValueError
        If its field is another quantity, or a pixel is of no use.
    """
    if not slab.about.is_density:
        raise ValueError(
            f"{place(slab)} is in {slab.about.unit}, expected a surface density to {purpose}: "
            "take another field."
        )
    return checked_values(slab)


def place(slab: Slab) -> str:
    """Say which map it is, to begin a sentence with."""
    if not slab.simulation:
        return f"The {slab.field} map"
    painted = f" painted by {slab.emulator}" if slab.emulator else ""
    where = f"{slab.simulation}, axis {slab.axis}, slab {slab.index}"
    return f"The {slab.field} map of {where}{painted}"
