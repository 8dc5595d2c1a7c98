"""Inception blocks: kernels of several sizes beside one another."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

KERNELS = (7, 5, 3)
"""Sides of the kernels beside the one of a single cell, in the order of their features."""

EDGE = KERNELS[0] // 2
"""Cells that a block loses on each side."""


class Inception(nn.Module):
    """Features of each cell by kernels of 7, 5, 3 and 1 cells, from a few mixed channels each.

    Nothing stands between the mixing and the kernels, so that a block is linear. Without
    padding: what lies around is the caller's. The input is added to the features, repeated if
    it is a single channel, else through a projection.

    Parameters
    ----------
    channels : int
        Of the input.
    filters : int
        Features of each kernel.

    References
    ----------
    Kodi Ramanah et al. 2020, section 3 and figure 1.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.filters = filters
        self.mix = nn.ModuleList(nn.Conv3d(channels, filters, 1) for _ in (*KERNELS, 1))
        self.kernels = nn.ModuleList(nn.Conv3d(filters, filters, side) for side in KERNELS)
        count = self.features
        self.projection = nn.Conv3d(channels, count, 1, bias=False) if channels > 1 else None

    @property
    def features(self) -> int:
        """Number of channels of the result."""
        return self.filters * (len(KERNELS) + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the features of all but three cells at every edge.

        Parameters
        ----------
        x : tensor, (batch, channels, nz, ny, nx)

        Returns
        -------
        tensor, (batch, 4 filters, nz - 6, ny - 6, nx - 6)
        """
        if self.projection is None:
            return F.conv3d(x, *self.whole_kernel())
        branches = [kernel(mix(x)) for kernel, mix in zip(self.kernels, self.mix, strict=False)]
        branches.append(self.mix[-1](x))
        side = branches[0].shape[-1]
        joined = torch.cat([trimmed(branch, side) for branch in branches], 1)
        return joined + self.projection(trimmed(x, side))

    def whole_kernel(self) -> tuple[Tensor, Tensor]:
        """The one convolution that a block of a single input channel is, a third of the work.

        Returns
        -------
        tensor, (4 filters, 1, 7, 7, 7)
            Its kernels, as functions of the block's parameters, so that training takes it too.
        tensor, (4 filters,)
            Its constants.
        """
        kernels, constants = zip(*_effective(self), strict=True)
        edges = [(KERNELS[0] - kernel.shape[-1]) // 2 for kernel in kernels]
        padded = [F.pad(each, (edge,) * 6) for each, edge in zip(kernels, edges, strict=True)]
        itself = F.pad(torch.ones_like(padded[0][:1, :1, :1, :1]), (EDGE,) * 6)
        return (torch.cat(padded) + itself)[:, None], torch.cat(constants)

    @torch.no_grad()
    def merged(self) -> nn.Conv3d:
        """The one convolution that a block of a single input channel is, as a layer.

        Returns
        -------
        Conv3d
            From one channel to all features, 7 cells a side.
        """
        layer = nn.Conv3d(1, self.features, KERNELS[0]).requires_grad_(False)
        for parameter, values in zip((layer.weight, layer.bias), self.whole_kernel(), strict=True):
            assert parameter is not None
            parameter.copy_(values)
        return layer


def _effective(block: Inception) -> list[tuple[Tensor, Tensor]]:
    """Kernel (filters, side, side, side) and constant (filters,) of each branch of one channel."""
    parts = []
    kernels, mixes = (cast("list[nn.Conv3d]", list(part)) for part in (block.kernels, block.mix))
    for kernel, mix in zip(kernels, mixes, strict=False):
        assert kernel.bias is not None
        mixed = torch.einsum("ocxyz,c->oxyz", kernel.weight, mix.weight[:, 0, 0, 0, 0])
        constant = kernel.bias + torch.einsum("ocxyz,c->o", kernel.weight, mix.bias)
        parts.append((mixed, constant))
    assert mixes[-1].bias is not None
    return [*parts, (mixes[-1].weight[:, 0], mixes[-1].bias)]


def trimmed(values: Tensor, side: int) -> Tensor:
    """The middle of a box that loses as much at every edge as its last side down to `side`."""
    edge = (values.shape[-1] - side) // 2
    z, y, x = (slice(edge, n - edge) for n in values.shape[-3:])
    return values[..., z, y, x]


def glorot(modules: Sequence[nn.Module]) -> None:
    """Glorot-normal weights and no biases in every convolution and linear layer."""
    for module in modules:
        if isinstance(module, nn.Conv3d | nn.Linear):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
