"""Closed triangles of modes whose three sides lie in one bin of wavenumber.

A mesh filtered to a shell of wavenumbers, cubed and averaged over its cells is the sum of
delta_k1 delta_k2 delta_k3 over all triangles k1 + k2 + k3 = 0 of that shell, at the cost of
one transform (Scoccimarro 2015; Watkinson et al. 2017). On n cells a side a sum of n per
axis passes for zero too; three frequencies of up to m can reach 3 m, so each shell is
transformed on a grid of more than 3 m cells: large shells on one larger than the mesh,
which makes bins up to the Nyquist wavenumber exact, small ones on a much smaller one, which
makes all of them together cost little more than the largest.

References
----------
Scoccimarro 2015, Phys. Rev. D 92, 083532; Watkinson et al. 2017, MNRAS 472, 2436.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import logarithmic_edges
from engine.mesh import frozen_array


@dataclass(frozen=True, eq=False)
class Shell:
    """The modes of a mesh in one bin, and the triangles among them.

    Parameters
    ----------
    inside : array, (..., 2 my + 1, mx + 1)
        Whether the mode of frequency (..., row - my, column) is in the bin. Read-only.
    grid : tuple of int
        Cells (..., gy, gx) on which three of its modes don't alias.
    triangles : float
        Ordered triples of modes that sum to zero: six for each triangle of different
        sides, its mirror image through the origin counted apart.
    wavenumber : float
        Sum over them of the mean |k| of their sides, [h/Mpc].
    """

    inside: NDArray[np.bool_]
    grid: tuple[int, ...]
    triangles: float
    wavenumber: float

    def filtered(self, quantity_k: NDArray[np.inexact]) -> NDArray[np.floating]:
        """Transform the shell's modes back.

        Parameters
        ----------
        quantity_k : array, (..., ny, nx // 2 + 1)
            On the half space of a real transform.

        Returns
        -------
        array, (..., gy, gx)
            Sum over the modes, not divided by anything.
        """
        return real_space(quantity_k[frequencies(self.inside.shape)] * self.inside, self.grid)


@dataclass(frozen=True, eq=False)
class Shells:
    """Bins of wavenumber with their shells.

    Parameters
    ----------
    edges : array, (n + 1,)
        [h/Mpc]. Read-only.
    each : tuple of Shell
    """

    edges: NDArray[np.float64]
    each: tuple[Shell, ...]


@lru_cache(maxsize=16)
def shells(
    shape: tuple[int, ...], cell_size: float, bins: int | tuple[float, ...], periodic: bool
) -> Shells:
    """Sort modes into shells and count triangles; remembered, since meshes come in few shapes.

    Modes at the Nyquist wavenumber of an axis are in no shell: their sign isn't known.

    Parameters
    ----------
    shape, cell_size, periodic
        See `modes.modes`.
    bins : int or tuple of float
        Edges [h/Mpc], or about how many logarithmic bins to make between the fundamental
        and the Nyquist wavenumber, neighbours joined until each holds triangles.

    Raises
    ------
    ValueError
        If there is no triangle in any bin.
    """
    if isinstance(bins, int):
        wanted = logarithmic_edges(shape, cell_size, bins, periodic)
        edges, found = wanted[:1].tolist(), list[Shell]()
        for edge in wanted[1:].tolist():
            shell = _shell(shape, cell_size, edges[-1], edge)
            if shell.triangles:
                edges, found = [*edges, edge], [*found, shell]
        if found and edges[-1] < wanted[-1]:
            edges[-1] = float(wanted[-1])
            found[-1] = _shell(shape, cell_size, *edges[-2:])
    else:
        edges = list(bins)
        found = [_shell(shape, cell_size, low, high) for low, high in pairwise(edges)]
    if not any(shell.triangles for shell in found):
        raise ValueError(_no_triangles(shape, cell_size, bins))
    return Shells(frozen_array(edges, np.float64), tuple(found))


def _shell(shape: tuple[int, ...], cell_size: float, low: float, high: float) -> Shell:
    """Find the modes of low <= |k| < high and count their triangles."""
    inside, k = modes_between(shape, cell_size, low, high)
    grid = tuple(fft.next_fast_len(3 * (n // 2) + 1, real=True) for n in inside.shape[:-1])
    grid += (fft.next_fast_len(3 * (inside.shape[-1] - 1) + 1, real=True),)
    shell = real_space(inside.astype(np.float64), grid)
    weighted = real_space(inside * k, grid)
    return Shell(
        inside=frozen_array(inside),
        grid=grid,
        triangles=float(np.rint((shell**3).mean())),
        wavenumber=float((weighted * shell**2).mean()),
    )


def modes_between(
    shape: tuple[int, ...], cell_size: float, low: float, high: float
) -> tuple[NDArray[np.bool_], NDArray[np.floating]]:
    """Find the modes of low <= |k| < high, but for those at the Nyquist wavenumber of an axis.

    Parameters
    ----------
    shape, cell_size
        See `modes.modes`.
    low, high : float
        [h/Mpc].

    Returns
    -------
    inside : array, (..., 2 my + 1, mx + 1)
        Whether the mode of frequency (..., row - my, column) is one.
    k : array, as inside
        [h/Mpc].
    """
    fundamental = [2 * np.pi / (n * cell_size) for n in shape]
    most = [min((n - 1) // 2, int(high / k)) for n, k in zip(shape, fundamental, strict=True)]
    axes = [k * np.arange(-m, m + 1) for k, m in zip(fundamental, most, strict=True)]
    axes[-1] = fundamental[-1] * np.arange(most[-1] + 1)
    k = reduce(np.hypot, np.ix_(*axes))
    return (k >= low) & (k < high), k


def real_space(shell_k: NDArray[np.inexact], grid: tuple[int, ...]) -> NDArray[np.floating]:
    """Transform a shell's modes to a grid, larger or smaller than the mesh they are from.

    Parameters
    ----------
    shell_k : array, (..., 2 my + 1, mx + 1)
        By frequency, as `modes_between` has them.
    grid : tuple of int
        (..., gy, gx).

    Returns
    -------
    array, (..., gy, gx)
        Sum over the modes, not divided by anything.
    """
    half_space = np.zeros((*grid[:-1], grid[-1] // 2 + 1), np.result_type(shell_k, np.complex64))
    half_space[frequencies(shell_k.shape)] = shell_k
    return fft.irfftn(half_space, s=grid, norm="forward", overwrite_x=True)


def frequencies(shape: tuple[int, ...]) -> tuple[NDArray[np.intp] | slice, ...]:
    """Where a shell's modes are in a half space, whose negative frequencies are at its end."""
    return (*np.ix_(*(np.arange(n) - n // 2 for n in shape[:-1])), slice(shape[-1]))


def _no_triangles(shape: tuple[int, ...], cell_size: float, bins: int | tuple[float, ...]) -> str:
    first, nyquist = 2 * np.pi / (max(shape) * cell_size), np.pi / cell_size
    wanted = "" if isinstance(bins, int) else f"from {bins[0]:.4g} to {bins[-1]:.4g} h/Mpc "
    return (
        f"Wavenumber bins {wanted}hold no closed triangle of three equal sides, expected some "
        f"between {first:.4g} and {nyquist:.4g} h/Mpc: take wider bins or a larger region."
    )
