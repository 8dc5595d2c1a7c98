"""What texture is measured by: a map and its oriented differences, at scales that keep its mass."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.normalization import LogNormalization
from training.losses.pixels import pyramid

KINDS = (0, 1, 1, 2, 2, 3)
"""Of each response: value; along x and y; along the two diagonals; mixed second difference."""

FAINTEST = 1e-6
"""Added to an area mean, in units of the normalisation's turn-over: below it a power law's slope
is infinite."""


def responses(maps: Tensor) -> Tensor:
    """Value of each pixel of periodic maps, and five differences to those right of and below it.

    Hatching, speckle and blotches have the right value pixel by pixel, and may have the
    right azimuthal power; their differences along one direction or the other are wrong.

    Parameters
    ----------
    maps : tensor, (n, 1, ny, nx)

    Returns
    -------
    tensor, (n, 6, ny, nx)
        In the order of `KINDS`.
    """
    right, below = maps.roll(-1, -1), maps.roll(-1, -2)
    both = below.roll(-1, -1)
    mixed = maps - right - below + both
    return torch.cat((maps, right - maps, below - maps, both - maps, below - right, mixed), dim=1)


def normalized_area_means(
    painted: Tensor, normalization: LogNormalization, scales: int
) -> list[Tensor]:
    """A normalised map on ever coarser grids; what is averaged is mass, not its logarithm.

    Parameters
    ----------
    painted : tensor, (n, 1, ny, nx)
        Normalised.
    normalization : LogNormalization
        Of its field.
    scales : int
        Number of grids, the map's own included.

    Returns
    -------
    list of tensor, (n, 1, ny / 2^i, nx / 2^i)
        Normalised.
    """
    means = pyramid(normalization.inverse(painted), scales)[1:]
    faint = FAINTEST * normalization.x0
    return [painted, *(normalization.forward(mean + faint) for mean in means)]


def box_mean(maps: Tensor, side: int) -> Tensor:
    """Mean of a periodic map over a square of odd side [pixels] around each pixel."""
    edge = side // 2
    return F.avg_pool2d(F.pad(maps, (edge,) * 4, mode="circular"), side, 1)
