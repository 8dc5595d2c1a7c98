"""Power spectrum of a mesh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.fields import field_named
from engine.fourier.modes import modes, overdensity_k, power_norm
from engine.mesh import Mesh
from engine.results import Curve
from engine.statistics.mode_sums import ModeStatistic, ModeSums
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

DEFAULT_BINS = 18
"""Seven or eight a decade for a map of 384^2: narrow enough to follow the turn at small
scales, wide enough that the lowest hold more than one mode and its conjugate."""


@dataclass(frozen=True, eq=False)
class PowerSums(ModeSums):
    """Power summed over the modes of each bin.

    Parameters
    ----------
    power : array, (n,)
        Sum over modes of P, [(Mpc/h)^2] of maps, [(Mpc/h)^3] of grids.
    independent : array, (n,)
        Modes that are independent: one of each conjugate pair, and fewer under a window.

    See Also
    --------
    ModeSums : the other parameters.
    """

    power: NDArray[np.float64]
    independent: NDArray[np.float64]


@register("power_spectrum")
@dataclass(frozen=True)
class PowerSpectrum(ModeStatistic[PowerSums]):
    """Angle-averaged power spectrum of the contrast of a mesh with its own mean.

    P(k) = |delta_k|^2 V / N^2 for N cells in the area or volume V, so that white noise of
    variance sigma^2 lies at sigma^2 times that of a cell. Neither the kernel of the
    projection nor shot noise is taken out. Of a signed field it is the power of the field
    itself.

    Over several meshes every mode weighs the same, whatever the mass of its mesh, and the
    mean of P is taken before any ratio. A mesh that isn't periodic is windowed, and the
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

    def _compute(self, mesh: Mesh) -> PowerSums:
        """Sum the power of the modes of a mesh of 4 cells a side or more."""
        found = modes(mesh.shape, mesh.cell_size / MPC_IN_KPC, self.bins, mesh.periodic)
        delta_k = overdensity_k(mesh)
        return PowerSums(
            field=mesh.field,
            dimensions=mesh.NDIM,
            periodic=mesh.periodic,
            edges=found.edges,
            power=power_norm(mesh) * found.sum_per_bin(delta_k, delta_k),
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
            Mean wavenumber [h/Mpc], P [(Mpc/h)^2, of grids (Mpc/h)^3] and number of modes
            of each bin. The error is that of a Gaussian field, P / sqrt(independent modes),
            the meshes taken as independent: for realisations of one slab, or neighbouring
            slabs at large scales, it is too small.
        """
        with np.errstate(invalid="ignore", divide="ignore"):  # bins without modes are NaN
            power = sums.power / sums.count
            error = power / np.sqrt(sums.independent)
        return sums.curve(
            power,
            error,
            f"Mean over {sums.maps} {sums.noun}s, every mode weighs the same.",
            name=f"power spectrum of {field_named(sums.field).label}",
            y_label=f"P(k) [{sums.volume_unit()}]",
            error_kind="Gaussian, from the number of modes",
        )
