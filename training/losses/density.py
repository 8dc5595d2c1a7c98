"""Errors of a painted density, of which rare dense cells must not have all the say."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

FLOOR = 0.3
"""Added to the density that weighs, in units of the mean: voids don't take all the weight."""

POWER = 1.5
"""By which a cell's weight falls with its density of low resolution."""

CUBE = 3
"""Side of the cubes whose mean densities are compared, [cells of low resolution]: in the paper's
cells, of which a void of 8 Mpc/h, the smallest that is counted, holds a little more."""

LEAST = 0.1
"""Density added to that of low resolution in the unit of a cube's error: less is empty."""


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


def emptiness_error(painted: Tensor, density: Tensor, low: Tensor, margin: int) -> Tensor:
    """Mean over cubes of the squared error of their density, over that of low resolution.

    The error of single cells hardly tells whether voids hold too much in all: what is off there
    is little in each. The unit sees the input alone, as cells' weights do.

    Parameters
    ----------
    painted, density : tensor, (batch, 1, n, n, n)
        Over the mean density.
    low : tensor, (batch, 1, n / 2 + 2 margin, ...)
        Of low resolution, over its mean.
    margin : int
        Cells of low resolution on all sides that surround the patch.
    """
    z, y, x = (slice(margin, side - margin) for side in low.shape[2:])
    off = F.avg_pool3d(painted - density, 2 * CUBE, stride=2)
    unit = F.avg_pool3d(low[..., z, y, x], CUBE, stride=1) + LEAST
    return (off / unit).square().mean()
