"""How far the power spectra of paintings are from the truth's."""

from functools import cache, reduce

import torch
from torch import Tensor

EMPTY = 1e-3
"""Least mean of a painting and least power, in units of the truth's: early on a painting may be
empty, and the logarithm must not be infinite then."""

BINS_PER_DECADE = 8
"""Of the power-spectrum term: fine enough to hold a slope, coarse enough to average modes."""


def log_power_error(painted: Tensor, target: Tensor) -> Tensor:
    """Squared logarithm of P_painted / P_target, its mean over bins of k, and that of the mass.

    A map of conditional means is too smooth; this asks for the right contrast at every
    scale, and for the right mass (squared, as power). Powers, each of a mesh over its own
    mean as a score has them, are averaged over the batch before the ratio.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, n, ...)
        Density of periodic meshes of equal sides.
    """
    space = tuple(range(2, target.ndim))
    bins, count = wavenumber_bins(target.shape[-1], len(space), target.device)
    unit = target.mean()

    def binned(meshes: Tensor) -> Tensor:
        means = meshes.mean(dim=space, keepdim=True) / unit
        contrast = meshes / (unit * means.clamp(min=EMPTY))
        modes = torch.fft.rfftn(contrast, dim=space, norm="forward").abs().square().mean((0, 1))
        power = torch.zeros(count, device=meshes.device).index_add(0, bins, modes.flatten())
        return torch.cat([means.square().mean()[None], power[1:]])

    true = binned(target)
    squared = ((binned(painted) + EMPTY * true) / ((1 + EMPTY) * true)).log().square()
    return squared[0] + squared[1:].mean()


@cache
def wavenumber_bins(side: int, ndim: int, device: torch.device) -> tuple[Tensor, int]:
    """Bin number of each mode of rfftn, zero mode first, and how many bins hold modes."""
    axes = [*[torch.fft.fftfreq(side, 1 / side)] * (ndim - 1), torch.fft.rfftfreq(side, 1 / side)]
    wavenumber = reduce(torch.hypot, torch.meshgrid(*axes, indexing="ij")).clamp(max=side / 2)
    raw = torch.where(wavenumber < 0.5, -1.0, (BINS_PER_DECADE * wavenumber.log10()).floor())
    used, number = raw.flatten().unique(return_inverse=True)
    return number.to(device), len(used)
