"""What power spectra and bispectra share: sums over modes, or triangles of them, in bins of k."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_wavenumbers
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums


@dataclass(frozen=True, eq=False)
class ModeSums(Sums):
    """Bins of wavenumber with the modes or triangles in them.

    Parameters
    ----------
    field : str
        Of the meshes.
    dimensions : int
        2 of maps, 3 of grids.
    periodic : bool
        Whether they were; otherwise a window was used.
    edges : array, (n + 1,)
        Of the bins, [h/Mpc].
    wavenumber : array, (n,)
        Sum over modes of |k|, or over triangles of their sides' mean |k|, [h/Mpc].
    count : array, (n,)
        Modes, a mode and its conjugate counted as two; or ordered triangles, six for each
        one of different sides.
    maps : int
        Number of meshes, or of pairs of them.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "dimensions": "dimensions of the meshes",
        "periodic": "answers to whether the maps are periodic",
        "edges": "wavenumber bins [h/Mpc]",
    }

    field: str
    dimensions: int
    periodic: bool
    edges: NDArray[np.float64]
    wavenumber: NDArray[np.float64]
    count: NDArray[np.float64]
    maps: int

    @property
    def noun(self) -> str:
        """What a person calls one of the meshes."""
        return "map" if self.dimensions == 2 else "grid"

    def volume_unit(self, power: int = 1) -> str:
        """Unit of a comoving area or volume, or of a power of it."""
        return f"(Mpc/h)^{self.dimensions * power}"

    def curve(
        self, y: NDArray[np.float64], error: NDArray[np.float64], if_many: str, **words: Any
    ) -> Curve:
        """Put a result per bin on the axis of wavenumbers.

        Parameters
        ----------
        y, error : array, (n,)
            The result and one standard deviation of it.
        if_many : str
            What a reader must know if there are several meshes.
        **words
            Of the curve: `name`, `y_label` and whatever else.
        """
        notes = [] if self.periodic else [window_note(self.noun)]
        if self.maps > 1:
            notes.append(if_many)
        # Bins of none are NaN; their sums are zero but for rounding.
        count = np.where(self.count > 0, self.count, np.nan)
        return Curve(
            x=self.wavenumber / count,
            y=y,
            error=error,
            count=self.count,
            edges=self.edges,
            x_label="k [h/Mpc]",
            note=" ".join(notes),
            **words,
        )


M = TypeVar("M", bound=ModeSums)


@dataclass(frozen=True)
class ModeStatistic(Statistic[M, Curve], ABC):
    """A statistic in bins of wavenumber.

    Parameters
    ----------
    bins : int or sequence of float
        Edges [h/Mpc], or about how many logarithmic bins to make between the fundamental
        and the Nyquist wavenumber (each then holds modes or triangles; given edges are kept
        as they are, with NaN where there is none).
    """

    bins: int | Sequence[float]

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        object.__setattr__(self, "bins", checked_wavenumbers(self.bins))


def window_note(noun: str) -> str:
    """Say what the Hann window does to a mesh, "map" or "grid", that is not periodic."""
    return (
        f"The {noun} is not periodic: a Hann window was used, and modes closer together than two "
        "fundamental wavenumbers are mixed."
    )
