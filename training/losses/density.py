"""Errors of a painted density, of which rare dense cells must not have all the say."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

FLOOR = 0.3
"""Added to the density that weighs, in units of the mean: voids don't take all the weight."""

POWER = 1.5
"""By which a cell's weight falls with its density of low resolution."""


def cell_weights(low: Tensor, margin: int) -> Tensor:
    """Weight of each cell of high resolution, by the density of low resolution around it alone.

    So the mean of all densities that an input can have is still what has the least error. A
    weight that saw the truth, or a compressed one, would have less than it.

    Parameters
    ----------
    low : tensor, (batch, 1, n, n, n)
        Density over its mean, not negative.
    margin : int
        Cells of low resolution on all sides that surround the patch.

    Returns
    -------
    tensor, (batch, 1, 2 (n - 2 margin), ...)
    """
    z, y, x = (slice(margin, side - margin) for side in low.shape[2:])
    inside = low[..., z, y, x]
    return F.interpolate((inside + FLOOR) ** -POWER, scale_factor=2, mode="nearest")


def weighted_error(painted: Tensor, density: Tensor, weights: Tensor) -> Tensor:
    """Mean over cells of weight times squared error.

    Parameters
    ----------
    painted, density, weights : tensor, (batch, 1, n, n, n)
        Over the mean density.
    """
    return torch.mean(weights * (painted - density).square())
