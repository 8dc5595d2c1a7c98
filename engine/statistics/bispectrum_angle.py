"""Bispectrum of a grid against the angle between two sides of given length."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.checks import place
from engine.fields import field_named
from engine.fourier.modes import overdensity_k, power_norm, volume
from engine.fourier.triangles import frequencies, modes_between, real_space
from engine.fourier.window import HANN_CUBE
from engine.mesh import Grid, frozen_array
from engine.results import Curve
from engine.statistics.contract import Statistic, Sums
from engine.statistics.mode_sums import window_note
from engine.statistics.registry import register
from engine.units import MPC_IN_KPC

ANGLES = 25
"""From 0 to pi: between two of them the third side changes by less than the shells are wide in a
box of 250 Mpc/h."""


Bounds = tuple[float, float]
"""Least and largest wavenumber of a shell, [h/Mpc]."""


@dataclass(frozen=True, eq=False)
class Triangles:
    """Shells of modes around the sides of triangles, and how many triangles they make.

    Parameters
    ----------
    bounds : tuple of (float, float)
        Of the shells around k1, k2 and then k3 at each angle, [h/Mpc].
    grid : (int, int, int)
        Cells on which three modes of the shells don't alias.
    modes : array, (2 + n,)
        Of each shell, conjugates counted apart.
    count : array, (n,)
        Triangles at each angle.
    """

    bounds: tuple[Bounds, ...]
    grid: tuple[int, ...]
    modes: NDArray[np.float64]
    count: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AngleSums(Sums):
    """Products of three modes summed over the triangles at each angle.

    Parameters
    ----------
    field : str
        Of the grids.
    periodic : bool
        Whether they were; otherwise a window was used.
    sides : array, (2,)
        k1 and k2, [h/Mpc].
    width : float
        Of the shells to each side, the fundamental wavenumber, [h/Mpc].
    angle : array, (n,)
        Between the two sides, [rad].
    product : array, (n,)
        Sum over triangles of B, [(Mpc/h)^6].
    variance : array, (n,)
        Of that sum, were the grids Gaussian fields of their power, [(Mpc/h)^12].
    count : array, (n,)
        Triangles.
    power, modes : array, (2 + n,)
        Sum of P [(Mpc/h)^3] over the modes of the shells around k1, k2 and k3, and their number.
    maps : int
        Number of grids.
    """

    SHARED: ClassVar[dict[str, str]] = {
        "field": "fields",
        "periodic": "answers to whether the grids are periodic",
        "sides": "sides of the triangles [h/Mpc]",
        "width": "widths of the shells [h/Mpc]",
        "angle": "angles [rad]",
    }

    field: str
    periodic: bool
    sides: NDArray[np.float64]
    width: float
    angle: NDArray[np.float64]
    product: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: NDArray[np.float64]
    power: NDArray[np.float64]
    modes: NDArray[np.float64]
    maps: int


@register("bispectrum_angle")
@dataclass(frozen=True)
class BispectrumAngle(Statistic[AngleSums, Curve]):
    """Bispectrum of a grid's contrast for two sides of a triangle against the angle between them.

    B = V^2 <delta_k1 delta_k2 delta_k3> / N^3 for N cells in the volume V, averaged over the
    closed triangles whose sides are within a fundamental wavenumber of k1, k2 and k3 =
    sqrt(k1^2 + k2^2 + 2 k1 k2 cos(angle)). Shot noise is not taken out. A grid that isn't
    periodic is windowed, and the curve's `note` says so.

    Parameters
    ----------
    k1, k2 : float
        [h/Mpc].
    angles : int
        How many, from 0 to pi.
    reduced : bool
        Whether to make Q = B / (P1 P2 + P2 P3 + P3 P1) of the same sums.
    cloud_in_cell : bool
        Whether the particles were shared out by cloud-in-cell, whose kernel is then taken
        out of every mode.

    References
    ----------
    Kodi Ramanah et al. 2020, section 4.3; Scoccimarro 2015 for the transforms.
    """

    kinds = ("grid",)
    title = "Bispectrum by angle"
    place = 8

    k1: float = 0.15
    k2: float = 0.25
    angles: int = ANGLES
    reduced: bool = False
    cloud_in_cell: bool = True

    def __post_init__(self) -> None:
        """Refuse sides and angles that are none."""
        if not (0 < self.k1 < np.inf and 0 < self.k2 < np.inf):
            raise ValueError(
                f"The sides are {self.k1} and {self.k2} h/Mpc, expected two numbers above zero."
            )
        if self.angles < 2:
            raise ValueError(f"The number of angles is {self.angles}, expected 2 or more.")

    def _compute(self, grid: Grid) -> AngleSums:
        """Sum the products of a grid's modes over the triangles at each angle."""
        cell_size = grid.cell_size / MPC_IN_KPC
        self._check_sides(grid)
        found = triangles(grid.shape, cell_size, self.k1, self.k2, self.angles)
        delta_k = overdensity_k(grid)

        def modes_of(bounds: Bounds) -> NDArray[np.complex128]:
            inside = modes_between(grid.shape, cell_size, *bounds)[0]
            shell_k = delta_k[frequencies(inside.shape)].astype(np.complex128) * inside
            if self.cloud_in_cell:
                shell_k /= _cloud_in_cell(inside.shape, grid.shape)
            return shell_k

        shells_k = [modes_of(bounds) for bounds in found.bounds]
        first, second, *thirds = (real_space(shell_k, found.grid) for shell_k in shells_k)
        both, size = first * second, grid.values.size
        scale = volume(grid) ** 2 / size**3 / (1 if grid.periodic else HANN_CUBE**grid.NDIM)
        power = [_half_space_sum(np.square(np.abs(shell_k))) for shell_k in shells_k]
        return AngleSums(
            field=grid.field,
            periodic=grid.periodic,
            sides=np.array([self.k1, self.k2]),
            width=_width(grid.shape, cell_size),
            angle=np.linspace(0, np.pi, self.angles),
            product=scale * np.array([float((both * third).mean()) for third in thirds]),
            variance=scale**2 * _variance(found, modes_of),
            count=found.count,
            power=power_norm(grid) * np.array(power),
            modes=found.modes,
            maps=1,
        )

    def finish(self, sums: AngleSums) -> Curve:
        """Average over the triangles at each angle.

        Returns
        -------
        Curve
            Angle [rad], B [(Mpc/h)^6] or Q, triangles (a triple and its mirror image counted
            apart). The error is that of a Gaussian field; there is none under a window,
            which mixes triangles: take the scatter over several regions.
        """
        count = np.where(sums.count > 0, sums.count, np.nan)
        y, error = sums.product / count, np.sqrt(np.maximum(sums.variance, 0)) / count
        unit = "(Mpc/h)^6"
        if self.reduced:
            p1, p2, *p3 = sums.power / np.maximum(sums.modes, 1)
            norm = p1 * p2 + (p1 + p2) * np.array(p3)
            y, error, unit = y / norm, error / norm, "1"
        symbol = "Q" if self.reduced else "B"
        notes = [f"Sides of {sums.sides[0]:g} and {sums.sides[1]:g} h/Mpc."]
        if not sums.periodic:
            notes.append(window_note("grid"))
        if sums.maps > 1:
            notes.append(f"Mean over {sums.maps} grids, every triangle weighs the same.")
        return Curve(
            x=sums.angle,
            y=y,
            error=error if sums.periodic else None,
            count=sums.count,
            name=f"bispectrum of {field_named(sums.field).label} by angle",
            x_label="angle between the sides [rad]",
            y_label=f"{symbol} [{unit}]",
            error_kind="Gaussian, from the number of triangles" if sums.periodic else "",
            x_log=False,
            note=" ".join(notes),
        )

    def _check_sides(self, grid: Grid) -> None:
        """Refuse sides whose shells the grid doesn't hold."""
        cell_size = grid.cell_size / MPC_IN_KPC
        width, nyquist = _width(grid.shape, cell_size), np.pi / cell_size
        if min(self.k1, self.k2) < width or self.k1 + self.k2 + width > nyquist:
            raise ValueError(
                f"{place(grid)} has modes from {width:.4g} to {nyquist:.4g} h/Mpc, expected "
                f"triangles of the sides {self.k1:g}, {self.k2:g} and up to "
                f"{self.k1 + self.k2:g} h/Mpc among them: choose other sides."
            )


@lru_cache(maxsize=8)
def triangles(
    shape: tuple[int, ...], cell_size: float, k1: float, k2: float, angles: int
) -> Triangles:
    """Find the shells around the sides and count triangles; remembered, as grids are alike.

    Parameters
    ----------
    shape, cell_size
        Of the grid, see `engine.fourier.modes.modes`.
    k1, k2, angles
        See `BispectrumAngle`.
    """
    width = _width(shape, cell_size)
    cosines = np.cos(np.linspace(0, np.pi, angles))
    third = np.sqrt(np.maximum(k1**2 + k2**2 + 2 * k1 * k2 * cosines, 0)).tolist()
    # Half a fundamental is below every mode but the mean.
    bounds = tuple((max(k - width, width / 2), k + width) for k in (k1, k2, *third))
    inside = [modes_between(shape, cell_size, *each)[0] for each in bounds]
    most = [np.array([*(n // 2 for n in each.shape[:-1]), each.shape[-1] - 1]) for each in inside]
    reach = most[0] + most[1] + np.max(most[2:], axis=0)
    grid = tuple(fft.next_fast_len(int(n) + 1, real=True) for n in reach)
    first, second, *thirds = (real_space(each.astype(np.float64), grid) for each in inside)
    both = first * second
    return Triangles(
        bounds=bounds,
        grid=grid,
        modes=frozen_array([_half_space_sum(each.astype(np.float64)) for each in inside]),
        count=frozen_array([np.rint((both * each).mean()) for each in thirds]),
    )


def _width(shape: tuple[int, ...], cell_size: float) -> float:
    """Half the width of the shells: the fundamental wavenumber, [h/Mpc]."""
    return 2 * np.pi / (max(shape) * cell_size)


def _half_space_sum(quantity_k: NDArray[np.generic]) -> float:
    """Sum over a shell's modes what is the same at k and -k, (..., ny, mx + 1)."""
    return float(2 * quantity_k.sum() - quantity_k[..., 0].sum())


def _cloud_in_cell(shell: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """By what cloud-in-cell has multiplied the modes of a shell on cells of a shape."""
    axes = [(np.arange(rows) - rows // 2) / n for rows, n in zip(shell, shape, strict=True)]
    axes[-1] = np.arange(shell[-1]) / shape[-1]
    z, y, x = np.ix_(*(np.sinc(axis) ** 2 for axis in axes))
    return z * y * x


def _variance(
    found: Triangles, modes_of: Callable[[Bounds], NDArray[np.complex128]]
) -> NDArray[np.float64]:
    """Variance of the sums over triangles of modes, were they a Gaussian field's, (n,).

    By Wick's theorem a triangle meets its mirror image in each order of its sides in which
    they are in the shells too: in one of them, or in more where shells overlap.
    """
    known: dict[Bounds, NDArray[np.floating]] = {}

    def power_of(one: Bounds, other: Bounds) -> NDArray[np.floating]:
        """Power of the modes in both shells, transformed back."""
        both = max(one[0], other[0]), min(one[1], other[1])
        if both not in known:
            known[both] = real_space(np.square(np.abs(modes_of(both))), found.grid)
        return known[both]

    variance = np.zeros(len(found.count))
    for i, third in enumerate(found.bounds[2:]):
        sides = (*found.bounds[:2], third)
        for order in permutations(sides):
            pairs = list(zip(sides, order, strict=True))
            if all(max(a[0], b[0]) < min(a[1], b[1]) for a, b in pairs):
                one, two, three = (power_of(a, b) for a, b in pairs)
                variance[i] += float((one * two * three).mean())
    return variance
