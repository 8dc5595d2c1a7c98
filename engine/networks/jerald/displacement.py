"""One displacement of particles down a learned potential (Rigo, Trotta & Viel 2025)."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from engine.nbody.cloud import paint, read
from engine.nbody.displacement import wavenumbers

EMPTY = 1e-8
"""Added to a density before a power is taken of it, so that its slope is finite."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A periodic mesh and its waves.

    Parameters
    ----------
    box_size : float
        Comoving, [Mpc/h].
    cells : int
        A side.
    k : tensor, (n, n, n / 2 + 1)
        Wavenumbers, [h/Mpc]; the fundamental one where there is no wave.
    shells : tensor, (m,)
        All wavenumbers that there can be: that of n is the root of n in units of the fundamental.
    shell : tensor of int, (n, n, n / 2 + 1)
        The number of each wave's.
    slopes : tuple of tensor
        What a wave is multiplied by, but for i, for its slope along x, y and z by differences
        of sixth order; none at the Nyquist wavenumber.
    """

    box_size: float
    cells: int
    k: Tensor
    shells: Tensor
    shell: Tensor
    slopes: tuple[Tensor, Tensor, Tensor]


@lru_cache(maxsize=8)
def mesh_of(box_size: float, cells: int, device: str = "cpu") -> Mesh:
    """Work the waves of a mesh out once."""
    like = torch.empty(0, dtype=torch.float32, device=device)
    along = wavenumbers(cells, box_size, like)
    fundamental = 2 * torch.pi / box_size
    number = [(each / fundamental).round().int() for each in along]
    shell = number[0] ** 2 + number[1] ** 2 + number[2] ** 2
    shells = fundamental * torch.arange(int(shell.max()) + 1, device=device).sqrt()
    shells[0] = fundamental
    side = box_size / cells
    x, y, z = (_slope(each * side) / side for each in along)
    return Mesh(box_size, cells, of_shells(shells, shell), shells, shell, (x, y, z))


def _slope(angle: Tensor) -> Tensor:
    """Difference of sixth order of a wave, of a cell's length one."""
    slope = (45 * angle.sin() - 9 * (2 * angle).sin() + (3 * angle).sin()) / 30
    return torch.where(angle.abs() > torch.pi * (1 - 1e-6), 0.0, slope)


def of_shells(values: Tensor, shell: Tensor) -> Tensor:
    """Values of waves by the numbers of their wavenumbers."""
    return values.index_select(0, shell.flatten()).view(shell.shape)


def density(position: Tensor, mesh: Mesh) -> Tensor:
    """Density over its mean by cloud in cell, (n, n, n); positions are (3, N), [Mpc/h]."""
    painted = paint(position, mesh.box_size, mesh.cells)[0]
    return painted * (mesh.cells**3 / position.shape[1])


def waves_of(field: Tensor, power: Tensor) -> Tensor:
    """Waves of a power of a field that is not negative."""
    return torch.fft.rfftn((field + EMPTY) ** power)


def green(mesh: Mesh, low: Tensor, high: Tensor, slope: Tensor, squares: bool) -> Tensor:
    """Filter of a potential: a power law of the wavenumber between two scales.

    Parameters
    ----------
    low, high : tensor
        Wavenumbers below and above which it falls, [h/Mpc].
    slope : tensor
        Of the power law.
    squares : bool
        Whether it falls as a Gaussian (equation 6) or as an exponential (equation 7).

    References
    ----------
    Rigo, Trotta & Viel 2025, equations 6 and 7.
    """
    fall = low / mesh.shells, mesh.shells / high
    if squares:
        fall = fall[0] ** 2, fall[1] ** 2
    return of_shells(torch.exp(-fall[0] - fall[1] + slope * mesh.shells.log()), mesh.shell)


def displaced(position: Tensor, potential: Tensor, mesh: Mesh) -> Tensor:
    """Particles after a move down a potential given by its waves."""
    sides = (mesh.cells,) * 3
    down = torch.stack([torch.fft.irfftn(-1j * s * potential, sides) for s in mesh.slopes])
    return position + read(position, mesh.box_size, down)
