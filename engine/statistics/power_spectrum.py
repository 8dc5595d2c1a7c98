"""Power spectrum of a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.checks import checked_wavenumbers
from engine.fields import field_named
from engine.fourier.modes import area, modes, overdensity_k
from engine.fourier.window import HANN_POWER, WINDOW_NOTE
from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

DEFAULT_BINS = 18
"""Seven or eight a decade for a map of 384^2: narrow enough to follow the turn at small
scales, wide enough that the lowest hold more than one mode and its conjugate."""


@dataclass(frozen=True, eq=False)
class PowerSums(Sums):
    """Power summed over the modes of each bin.

    Parameters
    ----------
    field : str
        Of the maps.
    periodic : bool
        Whether they were; otherwise a window was used.
    edges : array, (n + 1,)
        Of the bins, [h/Mpc].
    power : array, (n,)
        Sum over modes of P, [(Mpc/h)^2].
    wavenumber : array, (n,)
        Sum over modes of |k|, [h/Mpc].
    count : array, (n,)
        Modes, a mode and its conjugate counted as two.
    independent : array, (n,)
        Modes that are independent: one of each such pair, and fewer under a window.
    maps : int
        Number of maps.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "periodic": "answers to whether the maps are periodic",
        "edges": "wavenumber bins [h/Mpc]",
    }

    field: str
    periodic: bool
    edges: NDArray[np.float64]
    power: NDArray[np.float64]
    wavenumber: NDArray[np.float64]
    count: NDArray[np.float64]
    independent: NDArray[np.float64]
    maps: int


@register("power_spectrum")
@dataclass(frozen=True)
class PowerSpectrum(Statistic[PowerSums, Curve]):
    """Azimuthally averaged power spectrum of the contrast of a map with its own mean.

    P(k) = |delta_k|^2 A / N^2 for N pixels in the area A, so that white noise of variance
    sigma^2 lies at sigma^2 times the area of a pixel. Neither the kernel of the projection
    nor shot noise is taken out.

    Over several maps every mode weighs the same, whatever the mass of its map, and the
    mean of P is taken before any ratio. A map that isn't periodic is windowed, and the
    curve's `note` says so.

    Parameters
    ----------
    bins : int or sequence of float
        Edges [h/Mpc], or about how many logarithmic bins to make between the fundamental
        and the Nyquist wavenumber (each then holds modes; given edges are kept as they
        are, with NaN where there is no mode).

    References
    ----------
    Bernardini et al. 2022, section 5.
    """

    title = "Power spectrum"
    place = 1
    over = "wavenumber"

    bins: int | Sequence[float] = DEFAULT_BINS

    def __post_init__(self) -> None:
        """Refuse bins that are none."""
        object.__setattr__(self, "bins", checked_wavenumbers(self.bins))

    def compute(self, slab: Slab) -> PowerSums:
        """Sum the power of a map's modes.

        Parameters
        ----------
        slab : Slab
            Of 4 pixels a side or more.

        Raises
        ------
        ValueError
            If the map is smaller, zero everywhere, negative or not finite.
        """
        delta_k = overdensity_k(slab)
        found = modes(slab.shape, slab.pixel_size / MPC_IN_KPC, self.bins, slab.periodic)
        norm = area(slab) / slab.values.size**2 / (1 if slab.periodic else HANN_POWER)
        return PowerSums(
            field=slab.field,
            periodic=slab.periodic,
            edges=found.edges,
            power=norm * found.sum_per_bin(np.square(delta_k.real) + np.square(delta_k.imag)),
            wavenumber=found.wavenumber,
            count=found.count,
            independent=found.independent,
            maps=1,
        )

    def finish(self, sums: PowerSums) -> Curve:
        """Average over the modes of each bin.

        Returns
        -------
        Curve
            Mean wavenumber [h/Mpc], P [(Mpc/h)^2] and number of modes of each bin. The
            error is that of a Gaussian field, P / sqrt(independent modes), the maps taken
            as independent: for realisations of one slab, or neighbouring slabs at large
            scales, it is too small.
        """
        about = field_named(sums.field)
        notes = [] if sums.periodic else [WINDOW_NOTE]
        if sums.maps > 1:
            notes.append(f"Mean over {sums.maps} maps, every mode weighs the same.")
        with np.errstate(invalid="ignore", divide="ignore"):  # bins without modes are NaN
            power = sums.power / sums.count
            return Curve(
                x=sums.wavenumber / sums.count,
                y=power,
                error=power / np.sqrt(sums.independent),
                count=sums.count,
                edges=sums.edges,
                name=f"power spectrum of {about.label}",
                x_label="k [h/Mpc]",
                y_label="P(k) [(Mpc/h)^2]",
                error_kind="Gaussian, from the number of modes",
                note=" ".join(notes),
            )
