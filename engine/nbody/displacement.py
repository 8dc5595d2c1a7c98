"""Displacements of first and second order from a linear overdensity."""

from itertools import combinations

import torch

AXES = (2, 1, 0)
"""Of a mesh (nz, ny, nx), along x, y, z."""


def displacements(
    overdensity: torch.Tensor, box_size: float, second_order: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Zel'dovich's displacements, and those of second order, at the cells' centres.

    Particles are at q + D1 first + D2 second, with D2 about -3/7 D1^2.

    Parameters
    ----------
    overdensity : tensor, (n, n, n)
        Linear, where D1 = 1.
    box_size : float
        Whose unit the displacements have.
    second_order : bool
        Whether they are wanted; zeros otherwise.

    Returns
    -------
    first, second : tensor, (3, n, n, n)
        Along x, y, z.

    References
    ----------
    Bouchet et al. 1995; Scoccimarro 1998, appendix D.
    """
    cells = len(overdensity)
    waves = torch.fft.rfftn(overdensity)
    first = -_gradient(inverse_laplacian(waves, box_size), box_size, cells)
    if not second_order:
        return first, torch.zeros_like(first)
    potential = inverse_laplacian(-waves, box_size)
    source = _second_order_source(potential, box_size, cells)
    second = _gradient(inverse_laplacian(torch.fft.rfftn(source), box_size), box_size, cells)
    return first, second


def wavenumbers(cells: int, box_size: float, like: torch.Tensor) -> list[torch.Tensor]:
    """Along x, y, z of a half mesh of waves, each along its own axis of (nz, ny, nx / 2 + 1)."""
    real = like.real.dtype if like.is_complex() else like.dtype
    step = 2 * torch.pi * cells / box_size
    full = torch.fft.fftfreq(cells, dtype=real, device=like.device) * step
    half = torch.fft.rfftfreq(cells, dtype=real, device=like.device) * step
    return [half[None, None, :], full[None, :, None], full[:, None, None]]


def inverse_laplacian(waves: torch.Tensor, box_size: float) -> torch.Tensor:
    """Waves of the field whose Laplacian has these; the mean is left out."""
    x, y, z = wavenumbers(len(waves), box_size, waves)
    square = x**2 + y**2 + z**2
    square[0, 0, 0] = 1
    result = -waves / square
    result[0, 0, 0] = 0
    return result


def _gradient(waves: torch.Tensor, box_size: float, cells: int) -> torch.Tensor:
    """Along x, y, z; waves at the Nyquist wavenumber, of no direction, are left out."""
    parts = [
        torch.fft.irfftn(1j * _odd(k, cells, axis) * waves, (cells,) * 3)
        for k, axis in zip(wavenumbers(cells, box_size, waves), AXES, strict=True)
    ]
    return torch.stack(parts)


def _odd(k: torch.Tensor, cells: int, axis: int) -> torch.Tensor:
    """Wavenumbers along an axis with zero at the Nyquist wavenumber."""
    k = k.clone()
    k.select(axis, cells // 2).zero_()
    return k


def _second_order_source(potential: torch.Tensor, box_size: float, cells: int) -> torch.Tensor:
    """Sum over pairs of axes of phi,ii phi,jj - phi,ij^2."""
    k = wavenumbers(cells, box_size, potential)

    def bend(i: int, j: int) -> torch.Tensor:
        along = k[i] ** 2 if i == j else _odd(k[i], cells, AXES[i]) * _odd(k[j], cells, AXES[j])
        return torch.fft.irfftn(-along * potential, (cells,) * 3)

    straight = [bend(axis, axis) for axis in range(3)]
    source = torch.zeros_like(straight[0])
    for i, j in combinations(range(3), 2):
        source += straight[i] * straight[j] - bend(i, j) ** 2
    return source
