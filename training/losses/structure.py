"""What a painting is compared with its truth by, pixel by pixel and window by window."""

from collections.abc import Sequence

import torch
from pytorch_msssim import ssim
from torch import Tensor

WINDOWS = (11, 9, 7, 5, 5, 3, 3, 3)
"""Sides of the windows that similarity is measured in, full size first, [pixels]."""

TILE = 512
"""Side of the paper's tiles, over whose pixels MSLE is summed, [pixels]."""


def mean_dssim(painted: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """DSSIM, the mean over scales.

    Parameters
    ----------
    painted, target : sequence of tensor, (batch, 1, n / 2^i, ...)
        Normalised, full size first.

    References
    ----------
    Bernardini et al. 2022, equation 8.
    """
    scales = zip(painted, target, strict=True)
    return torch.stack([dssim(p, t, w) for (p, t), w in zip(scales, WINDOWS, strict=False)]).mean()


def mean_msle(painted: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """MSLE, the mean over scales, of the same maps as `mean_dssim` takes.

    References
    ----------
    Bernardini et al. 2022, equation 8.
    """
    side = target[0].shape[-1]
    return torch.stack([msle(p, t, side) for p, t in zip(painted, target, strict=True)]).mean()


def dssim(painted: Tensor, target: Tensor, window: int) -> Tensor:
    """1 - structural similarity, averaged over windows and samples.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, ny, nx) or (batch, 1, nz, ny, nx)
        Normalised, sides of at least 2. The dynamic range is each sample's true maximum.
    window : int
        Side of the Gaussian windows of 1.5 pixels, all inside the map, [pixels]; one that
        doesn't fit the map is cut to the largest odd one that does.

    References
    ----------
    Wang et al. 2004.
    """
    side = min(target.shape[2:])
    largest = side - 1 + side % 2
    # An empty map has no range; any positive one keeps its similarity defined.
    dynamic_range = target.amax(tuple(range(1, target.ndim)), keepdim=True).clamp(min=1e-3)
    similarity = ssim(painted, target, dynamic_range, win_size=min(window, largest))
    return 1 - similarity


def msle(painted: Tensor, target: Tensor, side: int) -> Tensor:
    """Squared difference of logarithms, summed over pixels, averaged over samples.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, n, ...)
        Normalised; below zero, where only a painting in training can be, the logarithm
        goes on odd, so that it stays defined and pulls back.
    side : int
        Of the full-size map, [pixels]. The sum is scaled to the paper's tiles, so that its
        weight means the same for maps of any side.
    """
    squared = (torch.log1p(target) - painted.sign() * torch.log1p(painted.abs())).square()
    return squared.flatten(1).sum(1).mean() * (TILE / side) ** (target.ndim - 2)
