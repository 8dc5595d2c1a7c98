"""What a painting is compared with its truth by, pixel by pixel and window by window."""

from collections.abc import Sequence

import torch
from pytorch_msssim import ssim
from torch import Tensor

WINDOWS = (11, 9, 7, 5, 5, 3, 3, 3)
"""Sides of the windows that similarity is measured in, full size first, [pixels]."""

TILE = 512
"""Side of the paper's tiles, over whose pixels MSLE is summed, [pixels]."""


def perceptual_loss(
    painted: Sequence[Tensor], target: Sequence[Tensor], alpha: float, beta: float
) -> dict[str, Tensor]:
    """Weighted terms by name, each the mean over scales.

    Parameters
    ----------
    painted, target : sequence of tensor, (batch, 1, n / 2^i, n / 2^i)
        Normalised, full size first.
    alpha, beta : float
        Weights of DSSIM and of MSLE.

    References
    ----------
    Bernardini et al. 2022, equation 8.
    """
    side = target[0].shape[-1]
    scales = list(zip(painted, target, strict=True))
    similarity = [dssim(p, t, w) for (p, t), w in zip(scales, WINDOWS, strict=False)]
    return {
        "dssim": alpha * torch.stack(similarity).mean(),
        "msle": beta * torch.stack([msle(p, t, side) for p, t in scales]).mean(),
    }


def dssim(painted: Tensor, target: Tensor, window: int) -> Tensor:
    """1 - structural similarity, averaged over windows and samples.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, ny, nx)
        Normalised, sides of at least 2. The dynamic range is each sample's true maximum.
    window : int
        Side of the Gaussian windows of 1.5 pixels, all inside the map, [pixels]; one that
        doesn't fit the map is cut to the largest odd one that does.

    References
    ----------
    Wang et al. 2004.
    """
    side = min(target.shape[-2:])
    largest = side - 1 + side % 2
    # An empty map has no range; any positive one keeps its similarity defined.
    dynamic_range = target.amax((-3, -2, -1), keepdim=True).clamp(min=1e-3)
    similarity = ssim(painted, target, dynamic_range, win_size=min(window, largest))
    return 1 - similarity


def msle(painted: Tensor, target: Tensor, side: int) -> Tensor:
    """Squared difference of logarithms, summed over pixels, averaged over samples.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, ny, nx)
        Normalised; below zero, where only a painting in training can be, the logarithm
        goes on odd, so that it stays defined and pulls back.
    side : int
        Of the full-size map, [pixels]. The sum is scaled to the paper's tiles, so that its
        weight means the same for maps of any side.
    """
    squared = (torch.log1p(target) - painted.sign() * torch.log1p(painted.abs())).square()
    return squared.sum((-3, -2, -1)).mean() * (TILE / side) ** 2
