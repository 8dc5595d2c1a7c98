"""Fourier modes of a map: their wavenumbers, bins and the transform itself."""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.checks import checked_values, place
from engine.fourier.window import hann, independent_modes
from engine.mesh import Slab, frozen_array
from engine.units import MPC_IN_KPC

SHORTEST_SIDE = 4
"""[pixels]; a shorter map has no mode between the fundamental and the Nyquist wavenumber."""

EDGE_MARGIN = 1e-6
"""Outermost automatic edges stand this much outside, so that rounding loses no mode there."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of a real map, sorted into bins of wavenumber.

    A mode and its conjugate carry the same power, so only one quarter of the plane is
    kept, with the number of modes that each place stands for.

    Parameters
    ----------
    edges : array, (n + 1,)
        Of the bins, [h/Mpc].
    bin_index : array, (ny // 2 + 1, nx // 2 + 1)
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
        """Freeze the arrays: the same modes serve every map of their shape."""
        for entry in fields(self):
            object.__setattr__(self, entry.name, frozen_array(getattr(self, entry.name)))

    def sum_per_bin(self, quantity_k: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sum a real quantity, equal at k and -k, over the modes of each bin.

        Parameters
        ----------
        quantity_k : array, (ny, nx // 2 + 1)
            On the half plane of a real transform.

        Returns
        -------
        array, (n,)
        """
        folded = _fold(quantity_k) * self.columns
        return _per_bin(self.bin_index, folded, len(self.count))


@lru_cache(maxsize=16)
def modes(
    shape: tuple[int, int], pixel_size: float, bins: int | tuple[float, ...], periodic: bool
) -> Modes:
    """Sort the modes of a map into bins; remembered, since maps come in few shapes.

    Parameters
    ----------
    shape : tuple of int
        (ny, nx).
    pixel_size : float
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
    ny, nx = shape
    ky = 2 * np.pi * fft.rfftfreq(ny, pixel_size)
    kx = 2 * np.pi * fft.rfftfreq(nx, pixel_size)
    k = np.hypot(ky[:, np.newaxis], kx)
    columns = _multiplicity(nx).astype(np.float32)
    number = _multiplicity(ny)[:, np.newaxis] * columns
    if isinstance(bins, int):
        edges = _holding_modes(logarithmic_edges(shape, pixel_size, bins, periodic), k)
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
        columns=columns,
        count=count,
        wavenumber=_per_bin(bin_index, number * k, len(count)),
        independent=count / 2 if periodic else _windowed(bin_index, shape, len(count)),
    )


def overdensity(slab: Slab) -> NDArray[np.float32]:
    """Contrast of a map with its own mean.

    Returns
    -------
    array, (ny, nx)
        Dimensionless.

    Raises
    ------
    ValueError
        If a side is shorter than 4 pixels, or the map is zero everywhere, or negative or
        not finite anywhere.
    """
    if min(slab.shape) < SHORTEST_SIDE:
        raise ValueError(
            f"{place(slab)} is {slab.shape[0]} x {slab.shape[1]} pixels, expected "
            f"{SHORTEST_SIDE} or more a side for a Fourier statistic: take a larger region."
        )
    values = checked_values(slab)
    mean = values.mean(dtype=np.float64)
    if not mean:
        raise ValueError(
            f"{place(slab)} is zero everywhere, expected a positive mean to measure the contrast "
            "against: take another slab or field."
        )
    return values / np.float32(mean) - np.float32(1)


def overdensity_k(slab: Slab) -> NDArray[np.complex64]:
    """Fourier transform of a map's contrast with its own mean.

    A map that isn't periodic is multiplied by a Hann window, sin^2 along each axis, after
    its mean is subtracted.

    Single precision: maps are stored in it, and its rounding (1e-7 of the map's rms, like
    the map's own) lies far below any power that a map resolves; half the time and memory.

    Returns
    -------
    array, (ny, nx // 2 + 1)
        Dimensionless, unnormalised sum over pixels.

    Raises
    ------
    ValueError
        See `overdensity`.
    """
    delta = overdensity(slab)
    if not slab.periodic:
        delta *= hann(slab.shape)
    return fft.rfft2(delta, overwrite_x=True)


def area(slab: Slab) -> float:
    """Comoving area of the map, [(Mpc/h)^2]."""
    return slab.values.size * slab.pixel_area / MPC_IN_KPC**2


def logarithmic_edges(
    shape: tuple[int, int], pixel_size: float, n: int, periodic: bool
) -> NDArray[np.float64]:
    """Edges of n logarithmic bins from the fundamental to the Nyquist wavenumber.

    Parameters
    ----------
    shape, pixel_size, periodic
        See `modes`.
    n : int
        Number of bins; whether they hold modes is not looked at.

    Returns
    -------
    array, (n + 1,)
        [h/Mpc].
    """
    longest_wave = max(shape) * pixel_size if periodic else min(shape) * pixel_size / 2
    first = 2 * np.pi / longest_wave * (1 - EDGE_MARGIN)
    nyquist = np.pi / pixel_size * (1 + EDGE_MARGIN)
    return np.geomspace(first, nyquist, n + 1)


def _holding_modes(edges: NDArray[np.float64], k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges without those of bins that hold no mode, which join the bin before."""
    holds_modes = np.histogram(k, edges)[0] > 0
    return np.append(edges[:-1][holds_modes], edges[-1])


def _multiplicity(n: int) -> NDArray[np.float64]:
    """How many of n frequencies have each absolute value: 2, or 1 at zero and Nyquist."""
    number = np.full(n // 2 + 1, 2.0)
    number[0] = 1
    if n % 2 == 0:
        number[-1] = 1
    return number


def _windowed(
    bin_index: NDArray[np.integer], shape: tuple[int, int], n: int
) -> NDArray[np.float64]:
    """Independent modes per bin under the window, from the quarter plane's bins."""
    row, column = (np.minimum(np.arange(side), side - np.arange(side)) for side in shape)
    return independent_modes(bin_index[row][:, column], n)


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
