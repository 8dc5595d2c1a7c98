"""Equilateral bispectrum of a map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.fields import field_named
from engine.fourier.modes import modes, overdensity_k, volume
from engine.fourier.triangles import Shell, shells
from engine.fourier.window import HANN_CUBE, triangle_overlap
from engine.mesh import Cutout, Slab
from engine.results import Curve
from engine.statistics.mode_sums import ModeStatistic, ModeSums
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

DEFAULT_BINS = 12
"""Fewer than the power spectrum's: triangles of nearly equal sides are fewer and noisier than
modes, and the lowest bin still begins with the fundamental."""


@dataclass(frozen=True, eq=False)
class BispectrumSums(ModeSums):
    """Products of three modes summed over the triangles of each bin.

    Parameters
    ----------
    product : array, (n,)
        Sum over triangles of B, [(Mpc/h)^4].
    variance : array, (n,)
        Of that sum, were the maps Gaussian fields of their power, [(Mpc/h)^8].

    See Also
    --------
    ModeSums : the other parameters; `wavenumber` and `count` are of triangles.
    """

    product: NDArray[np.float64]
    variance: NDArray[np.float64]


@register("bispectrum")
@dataclass(frozen=True)
class Bispectrum(ModeStatistic[BispectrumSums]):
    """Bispectrum of the contrast of a map with its own mean, for equilateral triangles.

    B(k) = A^2 <delta_k1 delta_k2 delta_k3> / N^3 for N pixels in the area A, averaged over
    the closed triangles with all three sides in one bin, so that Poisson points of mean
    density n lie at 1 / n^2. Neither the kernel of the projection nor shot noise is taken
    out. Up to the Nyquist wavenumber no triangle is aliased.

    Over several maps every triangle weighs the same. A map that isn't periodic is
    windowed, and the curve's `note` says so.

    Parameters
    ----------
    bins : int or sequence of float
        Edges [h/Mpc], or about how many logarithmic bins to make between the fundamental
        and the Nyquist wavenumber (each then holds triangles; given edges are kept as they
        are, with NaN where there is no triangle).

    References
    ----------
    Bernardini et al. 2022, section 5; Scoccimarro 2015 for the transforms.
    """

    kinds = ("slab", "cutout")
    title = "Bispectrum, equilateral"
    place = 6
    over = "wavenumber"

    bins: int | Sequence[float] = DEFAULT_BINS

    def _compute(self, slab: Slab | Cutout) -> BispectrumSums:
        """Sum the products of the modes of a map of 4 pixels a side or more."""
        delta_k = overdensity_k(slab)
        delta_k /= np.float32(slab.values.size)
        power_k = np.square(delta_k.real) + np.square(delta_k.imag)
        found = shells(slab.shape, slab.pixel_size / MPC_IN_KPC, self.bins, slab.periodic)
        cube = 1 if slab.periodic else HANN_CUBE**slab.NDIM
        product = np.array([_cubed(shell, delta_k) for shell in found.each])
        # Wick's theorem: a triangle meets its mirror image in 6 ways, each with P1 P2 P3.
        variance = 6 * np.array([_cubed(shell, power_k) for shell in found.each])
        return BispectrumSums(
            field=slab.field,
            dimensions=slab.NDIM,
            periodic=slab.periodic,
            edges=found.edges,
            product=volume(slab) ** 2 / cube * product,
            variance=volume(slab) ** 4 / cube**2 * variance * _overlap(slab, found.edges),
            wavenumber=np.array([shell.wavenumber for shell in found.each]),
            count=np.array([shell.triangles for shell in found.each]),
            maps=1,
        )

    def finish(self, sums: BispectrumSums) -> Curve:
        """Average over the triangles of each bin.

        Returns
        -------
        Curve
            Mean side [h/Mpc], B [(Mpc/h)^4] and number of ordered triangles of each bin. B
            may be negative; it is usually drawn on a logarithmic axis all the same, since
            clustered matter's is positive wherever it stands out of its noise, and what
            isn't has no place there. The error is that of a Gaussian field, sqrt(6 A <P1 P2
            P3> / triangles), the maps taken as independent: what a clustered field adds to
            it is larger at small scales, and left out.
        """
        count = np.where(sums.count > 0, sums.count, np.nan)
        return sums.curve(
            sums.product / count,
            np.sqrt(np.maximum(sums.variance, 0)) / count,
            f"Mean over {sums.maps} {sums.noun}s, every triangle weighs the same.",
            name=f"equilateral bispectrum of {field_named(sums.field).label}",
            y_label=f"B(k) [{sums.volume_unit(2)}]",
            error_kind="Gaussian, from the number of triangles",
        )


def _cubed(shell: Shell, quantity_k: NDArray[np.inexact]) -> float:
    """Sum the product of three modes over a shell's triangles."""
    # The cube of a smooth map's power would underflow in single precision.
    filtered = shell.filtered(quantity_k).astype(np.float64)
    return float((filtered * filtered * filtered).mean())


def _overlap(slab: Slab | Cutout, edges: NDArray[np.float64]) -> NDArray[np.float64] | float:
    """By how much a window, if there is one, raises the variance of each bin."""
    if slab.periodic:
        return 1.0
    found = modes(slab.shape, slab.pixel_size / MPC_IN_KPC, tuple(edges.tolist()), False)
    return triangle_overlap(found.count / np.maximum(2 * found.independent, 1e-12))
