"""Inception blocks: kernels of several sizes beside one another."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.super_resolution.folding import folded_convolution, unfold

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
        """Compute the features of all but three cells at every edge, of several channels.

        Parameters
        ----------
        x : tensor, (batch, 8, channels, nz / 2, ny / 2, nx / 2)
            Folded, see `engine.networks.super_resolution.folding`.

        Returns
        -------
        tensor, (batch, 4 filters, nz - 6, ny - 6, nx - 6)
            Not folded.
        """
        assert self.projection is not None
        mixes, kernels = self._layers()
        weight = torch.cat([*(mix.weight for mix in mixes), self.projection.weight])
        bias = torch.cat([bias_of(mix) for mix in mixes])
        bias = F.pad(bias, (0, self.features))  # the projection has none
        mixed = F.conv3d(x.flatten(0, 1), weight, bias).unflatten(0, (-1, 8))
        *branches, last, projected = mixed.split([self.filters] * 4 + [self.features], dim=2)
        found = [
            unfold(folded_convolution(branch, kernel.weight, bias_of(kernel)))
            for branch, kernel in zip(branches, kernels, strict=True)
        ]
        side = found[0].shape[-1]
        joined = torch.cat([trimmed(branch, side) for branch in (*found, unfold(last))], 1)
        return joined + trimmed(unfold(projected), side)

    def whole_kernel(self) -> tuple[Tensor, Tensor]:
        """The one convolution that a block of a single channel is, a third of the work.

        Returns
        -------
        tensor, (4 filters, 1, 7, 7, 7)
            Its kernels, as functions of the block's parameters, so that training takes it too.
        tensor, (4 filters,)
            Its constants.
        """
        mixes, layers = self._layers()
        kernels = [
            torch.einsum("ocxyz,c->oxyz", layer.weight, mix.weight[:, 0, 0, 0, 0])
            for layer, mix in zip(layers, mixes, strict=False)
        ] + [mixes[-1].weight[:, 0]]
        constants = [
            bias_of(layer) + torch.einsum("ocxyz,c->o", layer.weight, bias_of(mix))
            for layer, mix in zip(layers, mixes, strict=False)
        ] + [bias_of(mixes[-1])]
        edges = [(KERNELS[0] - kernel.shape[-1]) // 2 for kernel in kernels]
        padded = [F.pad(each, (edge,) * 6) for each, edge in zip(kernels, edges, strict=True)]
        itself = F.pad(torch.ones_like(padded[0][:1, :1, :1, :1]), (EDGE,) * 6)
        return (torch.cat(padded) + itself)[:, None], torch.cat(constants)

    def _layers(self) -> tuple[list[nn.Conv3d], list[nn.Conv3d]]:
        """What mixes the channels for each branch, and the kernels of the first three."""
        mixes, kernels = (list(part) for part in (self.mix, self.kernels))
        return cast("list[nn.Conv3d]", mixes), cast("list[nn.Conv3d]", kernels)

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


def bias_of(layer: nn.Conv3d) -> Tensor:
    """Constants of a layer, which has some."""
    assert layer.bias is not None
    return layer.bias


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
