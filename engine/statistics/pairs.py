"""Power and cross power of a truth and a prediction: what r(k) and T(k) are made of."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_wavenumbers, place
from engine.fields import field_named
from engine.fourier.modes import area, modes, overdensity_k
from engine.fourier.window import HANN_POWER, WINDOW_NOTE
from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.power_spectrum import DEFAULT_BINS
from engine.units import MPC_IN_KPC


@dataclass(frozen=True, eq=False)
class PairSums(Sums):
    """Power of both maps and between them, summed over the modes of each bin.

    Parameters
    ----------
    field, prediction_field : str
        Of the truth and of the prediction.
    periodic : bool
        Whether the maps were; otherwise a window was used.
    edges : array, (n + 1,)
        Of the bins, [h/Mpc].
    truth, prediction, cross : array, (n,)
        Sum over modes of P_t, P_p and Re P_tp, [(Mpc/h)^2].
    wavenumber : array, (n,)
        Sum over modes of |k|, [h/Mpc].
    count : array, (n,)
        Modes, a mode and its conjugate counted as two.
    independent : array, (n,)
        Modes that are independent: one of each such pair, and fewer under a window.
    maps : int
        Number of pairs of maps.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "prediction_field": "fields of the predictions",
        "periodic": "answers to whether the maps are periodic",
        "edges": "wavenumber bins [h/Mpc]",
    }

    field: str
    prediction_field: str
    periodic: bool
    edges: NDArray[np.float64]
    truth: NDArray[np.float64]
    prediction: NDArray[np.float64]
    cross: NDArray[np.float64]
    wavenumber: NDArray[np.float64]
    count: NDArray[np.float64]
    independent: NDArray[np.float64]
    maps: int

    def curve(
        self, what: str, symbol: str, y: NDArray[np.float64], error: NDArray[np.float64]
    ) -> Curve:
        """Put a ratio of the sums, with its Gaussian error, on a linear axis."""
        truth, prediction = field_named(self.field).label, field_named(self.prediction_field).label
        notes = [] if self.periodic else [WINDOW_NOTE]
        if self.maps > 1:
            notes.append(f"Power of {self.maps} pairs of maps, summed before the ratio is taken.")
        with np.errstate(invalid="ignore"):  # bins without modes are NaN
            k = self.wavenumber / self.count
        return Curve(
            x=k,
            y=y,
            error=error,
            count=self.count,
            edges=self.edges,
            name=f"{what} of {truth}" + (f" and {prediction}" if prediction != truth else ""),
            x_label="k [h/Mpc]",
            y_label=symbol,
            error_kind="Gaussian, from the number of modes",
            y_log=False,
            note=" ".join(notes),
        )


@dataclass(frozen=True)
class PairStatistic(Statistic[PairSums, Curve], ABC):
    """A statistic made of the power of two maps and of that between them.

    Parameters
    ----------
    bins : int or sequence of float
        As the power spectrum's.
    """

    of_pairs: ClassVar[bool] = True
    bins: int | Sequence[float] = DEFAULT_BINS

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        object.__setattr__(self, "bins", checked_wavenumbers(self.bins))

    def compute(self, truth: Slab, prediction: Slab) -> PairSums:
        """Sum the power of the modes of both maps and between them.

        The sums are the same for every such statistic: once computed, each of them can
        finish them.

        Parameters
        ----------
        truth, prediction : Slab
            Of the same shape, pixel size and periodicity, 4 pixels a side or more; their
            fields may differ.

        Raises
        ------
        ValueError
            If the two don't match, or one is smaller, zero everywhere, negative or not
            finite.
        """
        refuse_unlike(truth, prediction)
        t, p = overdensity_k(truth), overdensity_k(prediction)
        found = modes(truth.shape, truth.pixel_size / MPC_IN_KPC, self.bins, truth.periodic)
        norm = area(truth) / truth.values.size**2 / (1 if truth.periodic else HANN_POWER)
        return PairSums(
            field=truth.field,
            prediction_field=prediction.field,
            periodic=truth.periodic,
            edges=found.edges,
            truth=norm * found.sum_per_bin(np.square(t.real) + np.square(t.imag)),
            prediction=norm * found.sum_per_bin(np.square(p.real) + np.square(p.imag)),
            cross=norm * found.sum_per_bin(t.real * p.real + t.imag * p.imag),
            wavenumber=found.wavenumber,
            count=found.count,
            independent=found.independent,
            maps=1,
        )


def correlation(sums: PairSums) -> NDArray[np.float64]:
    """Correlation r of each bin, (n,); NaN without modes or without power."""
    with np.errstate(invalid="ignore"):
        return sums.cross / np.sqrt(sums.truth * sums.prediction)


def refuse_unlike(truth: Slab, prediction: Slab) -> None:
    """Refuse two maps whose modes are not the same.

    Raises
    ------
    ValueError
        If their shape, pixel size or periodicity differ.
    """
    if (
        truth.shape == prediction.shape
        and isclose(truth.pixel_size, prediction.pixel_size, rel_tol=1e-6)
        and truth.periodic == prediction.periodic
    ):
        return
    raise ValueError(
        f"{place(truth)} has {_grid_in_words(truth)} and its counterpart "
        f"{_grid_in_words(prediction)}, expected the same: compare maps of the same grid."
    )


def _grid_in_words(slab: Slab) -> str:
    edges = "periodic" if slab.periodic else "not periodic"
    return f"{slab.shape[0]} x {slab.shape[1]} {edges} pixels of {slab.pixel_size:.6g} kpc/h"
