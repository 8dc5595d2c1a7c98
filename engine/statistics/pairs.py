"""Power and cross power of a truth and a painting: what r(k) and T(k) are made of."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import cells_of, place
from engine.coarsening import on_coarsest
from engine.fields import field_named
from engine.fourier.modes import modes, overdensity_k, power_norm
from engine.mesh import Mesh
from engine.results import Curve
from engine.statistics.mode_sums import ModeStatistic, ModeSums
from engine.statistics.power_spectrum import DEFAULT_BINS
from engine.units import MPC_IN_KPC


@dataclass(frozen=True, eq=False)
class PairSums(ModeSums):
    """Power of both meshes and between them, summed over the modes of each bin.

    Parameters
    ----------
    prediction_field : str
        Field of the painting; `field` is the truth's.
    truth, prediction, cross : array, (n,)
        Sum over modes of P_t, P_p and Re P_tp, [(Mpc/h)^2] of maps, [(Mpc/h)^3] of grids.
    independent : array, (n,)
        Modes that are independent: one of each conjugate pair, and fewer under a window.

    See Also
    --------
    ModeSums : the other parameters.
    """

    SHARED: ClassVar[dict[str, str]] = {
        **ModeSums.SHARED,
        "prediction_field": "fields of the predictions",
    }

    prediction_field: str
    truth: NDArray[np.float64]
    prediction: NDArray[np.float64]
    cross: NDArray[np.float64]
    independent: NDArray[np.float64]

    def ratio(
        self, what: str, symbol: str, y: NDArray[np.float64], error: NDArray[np.float64]
    ) -> Curve:
        """Put a ratio of the sums, with its Gaussian error, on a linear axis."""
        truth, prediction = field_named(self.field).label, field_named(self.prediction_field).label
        return self.curve(
            y,
            error,
            f"Power of {self.maps} pairs of {self.noun}s, summed before the ratio is taken.",
            name=f"{what} of {truth}" + (f" and {prediction}" if prediction != truth else ""),
            y_label=symbol,
            error_kind="Gaussian, from the number of modes",
            y_log=False,
        )


@dataclass(frozen=True)
class PairStatistic(ModeStatistic[PairSums], ABC):
    """A statistic made of the power of two meshes and of that between them.

    The sums are the same for every such statistic: once computed, each of them can finish
    them. Truth and painting are of the same place and periodicity; their fields may differ. Of
    two cell sizes they are compared on the coarser, see `engine.coarsening`.

    Parameters
    ----------
    bins : int or sequence of float
        As the power spectrum's.
    """

    maps = ("truth", "painted")
    bins: int | Sequence[float] = DEFAULT_BINS

    def _compute(self, truth: Mesh, painted: Mesh) -> PairSums:
        """Sum the power of the modes of both meshes and between them."""
        truth, painted = on_coarsest((truth, painted))
        refuse_unlike(truth, painted)
        found = modes(truth.shape, truth.cell_size / MPC_IN_KPC, self.bins, truth.periodic)
        t, p = overdensity_k(truth), overdensity_k(painted)
        norm = power_norm(truth)
        return PairSums(
            field=truth.field,
            prediction_field=painted.field,
            dimensions=truth.NDIM,
            periodic=truth.periodic,
            edges=found.edges,
            truth=norm * found.sum_per_bin(t, t),
            prediction=norm * found.sum_per_bin(p, p),
            cross=norm * found.sum_per_bin(t, p),
            wavenumber=found.wavenumber,
            count=found.count,
            independent=found.independent,
            maps=1,
        )


def correlation(sums: PairSums) -> NDArray[np.float64]:
    """Correlation r of each bin, (n,); NaN without modes or without power."""
    with np.errstate(invalid="ignore"):
        return sums.cross / np.sqrt(sums.truth * sums.prediction)


def refuse_unlike(truth: Mesh, painted: Mesh) -> None:
    """Refuse two meshes whose modes are not the same.

    Raises
    ------
    ValueError
        If their shape, cell size or periodicity differ.
    """
    if (
        truth.shape == painted.shape
        and isclose(truth.cell_size, painted.cell_size, rel_tol=1e-6)
        and truth.periodic == painted.periodic
    ):
        return
    raise ValueError(
        f"{place(truth)} has {_cells_in_words(truth)} and its counterpart "
        f"{_cells_in_words(painted)}, expected the same: compare meshes of the same cells."
    )


def _cells_in_words(mesh: Mesh) -> str:
    edges = "periodic" if mesh.periodic else "not periodic"
    sides = " x ".join(map(str, mesh.shape))
    return f"{sides} {edges} {cells_of(mesh.NDIM)} of {mesh.cell_size:.6g} kpc/h"
