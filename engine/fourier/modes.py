"""Fourier modes of a mesh: their wavenumbers, bins and the transform itself."""

from dataclasses import dataclass, fields
from functools import lru_cache, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.checks import cells_of, checked_values, place
from engine.fourier.window import HANN_POWER, hann, independent_modes, multiplicity
from engine.mesh import Mesh, frozen_array
from engine.units import MPC_IN_KPC

SHORTEST_SIDE = 4
"""[cells]; a shorter mesh has no mode between the fundamental and the Nyquist wavenumber."""

CELLS_AT_A_TIME = 1 << 22
"""Of a grid, whose contrast is made and transformed so many cells after another: 16 MB."""

EDGE_MARGIN = 1e-6
"""Outermost automatic edges stand this much outside, so that rounding loses no mode there."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of a real mesh, sorted into bins of wavenumber.

    A mode and its mirror images are in one bin, so only frequencies that are not negative
    are kept, with the number of modes that each place stands for.

    Parameters
    ----------
    edges : array, (n + 1,)
        Of the bins, [h/Mpc].
    bin_index : array, (..., ny // 2 + 1, nx // 2 + 1)
        Bin of each wavenumber; n where it falls in none. Read-only, as small as it can be.
    columns : array, (nx // 2 + 1,)
        How many modes each column of a half plane stands for: 2, or 1 where a column
        is its own conjugate. Float32.
    count : array, (n,)
        Modes per bin, conjugates counted apart.
    wavenumber : array, (n,)
        Sum of their |k|, [h/Mpc].
    independent : array, (n,)
        Modes that vary independently: one of each conjugate pair, fewer under a window.
    """

    edges: NDArray[np.float64]
    bin_index: NDArray[np.integer]
    columns: NDArray[np.float32]
    count: NDArray[np.float64]
    wavenumber: NDArray[np.float64]
    independent: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Freeze the arrays: the same modes serve every mesh of their shape."""
        for entry in fields(self):
            object.__setattr__(self, entry.name, frozen_array(getattr(self, entry.name)))

    def sum_per_bin(
        self, one_k: NDArray[np.complex64], other_k: NDArray[np.complex64]
    ) -> NDArray[np.float64]:
        """Sum Re(one other*) over the modes of each bin; the power where both are the same.

        Parameters
        ----------
        one_k, other_k : array, (..., ny, nx // 2 + 1)
            On the half space of a real transform.

        Returns
        -------
        array, (n,)
        """
        sums = np.zeros(len(self.count))
        ones, others = layers(one_k), layers(other_k)
        # A layer and its mirror image at a time, so that a grid needs no second array.
        for number, bin_index in enumerate(layers(self.bin_index)):
            alike = {number, -number % len(ones)}
            folded = reduce(add, (_fold(_product(ones[i], others[i])) for i in sorted(alike)))
            sums += _per_bin(bin_index, folded * self.columns, len(sums))
        return sums


@lru_cache(maxsize=16)
def modes(
    shape: tuple[int, ...], cell_size: float, bins: int | tuple[float, ...], periodic: bool
) -> Modes:
    """Sort the modes of a mesh into bins; remembered, since meshes come in few shapes.

    Parameters
    ----------
    shape : tuple of int
        (ny, nx) or (nz, ny, nx).
    cell_size : float
        Comoving, [Mpc/h].
    bins : int or tuple of float
        Edges [h/Mpc], or about how many logarithmic bins to make between the fundamental
        and the Nyquist wavenumber: those without a mode join the one before.
    periodic : bool
        Otherwise automatic bins begin at twice the fundamental, within which the window
        mixes modes with the mean.

    Raises
    ------
    ValueError
        If no mode falls in any bin.
    """
    k = reduce(np.hypot, np.ix_(*(2 * np.pi * fft.rfftfreq(n, cell_size) for n in shape)))
    number = multiplicity(shape)
    if isinstance(bins, int):
        edges = _holding_modes(logarithmic_edges(shape, cell_size, bins, periodic), k)
    else:
        edges = np.array(bins)
    bin_index: NDArray[np.integer] = np.digitize(k, edges) - 1
    bin_index[bin_index < 0] = len(edges) - 1
    bin_index = bin_index.astype(np.min_scalar_type(len(edges)))
    count = _per_bin(bin_index, number, len(edges) - 1)
    if not count.any():
        raise ValueError(
            f"Wavenumber bins run from {edges[0]:.4g} to {edges[-1]:.4g} h/Mpc, expected some "
            f"between {k[k > 0].min():.4g} and {k.max():.4g} h/Mpc, where this map has modes."
        )
    return Modes(
        edges=edges,
        bin_index=bin_index,
        columns=multiplicity(shape[-1:]).astype(np.float32),
        count=count,
        wavenumber=_per_bin(bin_index, number * k, len(count)),
        independent=count / 2 if periodic else independent_modes(bin_index, shape, len(count)),
    )


def overdensity(mesh: Mesh) -> NDArray[np.float32]:
    """Contrast of a mesh with its own mean; of a signed field, the field without its mean.

    Returns
    -------
    array, as `mesh.values`
        Dimensionless.

    Raises
    ------
    ValueError
        If a side is shorter than 4 cells, or a value is not finite; or, unless the field is
        signed, if the mesh is zero everywhere or negative anywhere.
    """
    return _contrast(mesh.values, _checked_mean(mesh), mesh.about.signed)


def overdensity_k(mesh: Mesh) -> NDArray[np.complex64]:
    """Fourier transform of a mesh's contrast with its own mean.

    A mesh that isn't periodic is multiplied by a Hann window, sin^2 along each axis, after
    its mean is subtracted.

    Single precision: meshes are stored in it, and its rounding (1e-7 of the mesh's rms, like
    the mesh's own) lies far below any power that a mesh resolves; half the time and memory.
    A grid is transformed in place, and needs as much memory again as its values.

    Returns
    -------
    array, (..., ny, nx // 2 + 1)
        Dimensionless, unnormalised sum over cells.

    Raises
    ------
    ValueError
        See `overdensity`.
    """
    mean, values = _checked_mean(mesh), layers(mesh.values)
    if not mesh.periodic:
        window, height = hann(mesh.shape[-2:]), hann(mesh.shape[:-2]).reshape(-1, 1, 1)
    workers = -1 if len(values) > 1 else None  # threads take longer to start than a map does
    delta_k = np.empty((*mesh.shape[:-1], mesh.shape[-1] // 2 + 1), np.complex64)
    at_a_time = max(1, CELLS_AT_A_TIME // values[0].size)
    for first in range(0, len(values), at_a_time):
        part = slice(first, first + at_a_time)
        delta = _contrast(values[part], mean, mesh.about.signed)
        if not mesh.periodic:
            delta *= window
            delta *= height[part]
        layers(delta_k)[part] = fft.rfft2(delta, overwrite_x=True, workers=workers)
    if len(values) == 1:
        return delta_k
    return fft.fft(delta_k, axis=0, overwrite_x=True, workers=workers)


def volume(mesh: Mesh) -> float:
    """Comoving area or volume of the mesh, [(Mpc/h)^2] or [(Mpc/h)^3]."""
    return mesh.values.size * mesh.cell_volume / MPC_IN_KPC**mesh.NDIM


def power_norm(mesh: Mesh) -> float:
    """By what |delta_k|^2 is multiplied to be P(k), [(Mpc/h)^2] or [(Mpc/h)^3]."""
    window = 1 if mesh.periodic else HANN_POWER**mesh.NDIM
    return volume(mesh) / mesh.values.size**2 / window


def logarithmic_edges(
    shape: tuple[int, ...], cell_size: float, n: int, periodic: bool
) -> NDArray[np.float64]:
    """Edges of n logarithmic bins from the fundamental to the Nyquist wavenumber.

    Parameters
    ----------
    shape, cell_size, periodic
        See `modes`.
    n : int
        Number of bins; whether they hold modes is not looked at.

    Returns
    -------
    array, (n + 1,)
        [h/Mpc].
    """
    longest_wave = max(shape) * cell_size if periodic else min(shape) * cell_size / 2
    first = 2 * np.pi / longest_wave * (1 - EDGE_MARGIN)
    nyquist = np.pi / cell_size * (1 + EDGE_MARGIN)
    return np.geomspace(first, nyquist, n + 1)


def _holding_modes(edges: NDArray[np.float64], k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges without those of bins that hold no mode, which join the bin before."""
    holds_modes = np.histogram(k, edges)[0] > 0
    return np.append(edges[:-1][holds_modes], edges[-1])


def _checked_mean(mesh: Mesh) -> float:
    """Mean of a mesh that has a contrast with it, see `overdensity`."""
    if min(mesh.shape) < SHORTEST_SIDE:
        raise ValueError(
            f"{place(mesh)} is {' x '.join(map(str, mesh.shape))} {cells_of(mesh.NDIM)}, expected "
            f"{SHORTEST_SIDE} or more a side for a Fourier statistic: take a larger region."
        )
    mean = float(checked_values(mesh).mean(dtype=np.float64))
    if not mean and not mesh.about.signed:
        raise ValueError(
            f"{place(mesh)} is zero everywhere, expected a positive mean to measure the contrast "
            f"against: take another {mesh.KIND} or field."
        )
    return mean


def _contrast(values: NDArray[np.float32], mean: float, signed: bool) -> NDArray[np.float32]:
    """Values over their mean less one; those of a signed field less their mean."""
    if signed:
        return values - np.float32(mean)
    delta = values / np.float32(mean)
    delta -= np.float32(1)
    return delta


def layers(array: NDArray[Any]) -> NDArray[Any]:
    """A view of a grid, or of a map as the one layer of a grid, (nz, ny, nx)."""
    return array.reshape(-1, *array.shape[-2:])


def _product(one_k: NDArray[np.complex64], other_k: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Re(one other*) of each mode, which is the same at k and -k."""
    product: NDArray[np.float32] = one_k.real * other_k.real
    product += one_k.imag * other_k.imag
    return product


def _fold(quantity_k: NDArray[np.floating]) -> NDArray[np.floating]:
    """Add the rows of negative ky to those of positive ky."""
    ny = len(quantity_k)
    folded = quantity_k[: ny // 2 + 1].copy()
    folded[1 : (ny + 1) // 2] += quantity_k[: ny // 2 : -1]
    return folded


def _per_bin(
    bin_index: NDArray[np.integer], weights: NDArray[np.floating], n: int
) -> NDArray[np.float64]:
    """Sum weights per bin, without those of no bin."""
    sums = np.bincount(bin_index.ravel(), weights.ravel(), minlength=n + 1)[:n]
    return sums.astype(np.float64, copy=False)
