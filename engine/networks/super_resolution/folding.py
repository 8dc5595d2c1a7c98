"""The same convolutions on half the cells a side and eight times the channels.

A few channels leave a processor's vectors mostly empty. A box whose cells are gathered by twos
along each axis has eight times as many, and a kernel of 7 cells becomes one of 4 gathered ones.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def fold(x: Tensor) -> Tensor:
    """Gather cells by twos along each axis.

    Parameters
    ----------
    x : tensor, (batch, channels, 2 nz, 2 ny, 2 nx)

    Returns
    -------
    tensor, (batch, 8, channels, nz, ny, nx)
        By the cell's place among its eight, then by channel.
    """
    batch, channels, nz, ny, nx = x.shape
    parts = x.reshape(batch, channels, nz // 2, 2, ny // 2, 2, nx // 2, 2)
    return parts.permute(0, 3, 5, 7, 1, 2, 4, 6).flatten(1, 3)


def unfold(x: Tensor) -> Tensor:
    """Undo `fold`."""
    batch, _, channels, nz, ny, nx = x.shape
    parts = x.reshape(batch, 2, 2, 2, channels, nz, ny, nx)
    return parts.permute(0, 4, 5, 1, 6, 2, 7, 3).reshape(batch, channels, 2 * nz, 2 * ny, 2 * nx)


def folded_kernel(weight: Tensor) -> Tensor:
    """Kernel of the same convolution of a folded box.

    Parameters
    ----------
    weight : tensor, (features, channels, k, k, k)
        k is odd.

    Returns
    -------
    tensor, (8 features, 8, channels, m, m, m)
        m = (k + 1) / 2; by the place among eight of the result, and of what it comes from.
    """
    features, channels, side = weight.shape[:3]
    reach = (side + 1) // 2
    # Tap t of a result at place p lies at cell p + t: place s of the gathered cell m.
    to, of, cell = torch.meshgrid(*(torch.arange(n) for n in (2, 2, reach)), indexing="ij")
    tap = (2 * cell + of - to + 1).to(weight.device)  # 0 and k + 1 are none
    taps = F.pad(weight, (1,) * 6)
    for axis in range(3):
        taps = taps.index_select(2 + 3 * axis, tap.flatten()).unflatten(2 + 3 * axis, tap.shape)
    taps = taps.permute(2, 5, 8, 0, 3, 6, 9, 1, 4, 7, 10)
    return taps.reshape(8 * features, 8, channels, reach, reach, reach)


def folded_convolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve a folded box, without padding.

    Parameters
    ----------
    x : tensor, (batch, 8, channels, nz, ny, nx)
    weight : tensor, (features, channels, k, k, k)
    bias : tensor, (features,)

    Returns
    -------
    tensor, (batch, 8, features, nz - (k - 1) / 2, ...)
        Folded.
    """
    kernel = folded_kernel(weight).flatten(1, 2)
    return F.conv3d(x.flatten(1, 2), kernel, bias.repeat(8)).unflatten(1, (8, -1))


def doubled_convolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve a box whose every cell stands for eight alike, without padding.

    Parameters
    ----------
    x : tensor, (batch, channels, nz, ny, nx)
    weight, bias
        As of `folded_convolution`.

    Returns
    -------
    tensor, (batch, 8, features, nz - (k - 1) / 2, ...)
        Folded, as of the box with twice the cells a side.
    """
    return F.conv3d(x, folded_kernel(weight).sum(1), bias.repeat(8)).unflatten(1, (8, -1))
