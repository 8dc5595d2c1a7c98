"""From a density of low resolution and the initial conditions to a density of high resolution."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.super_resolution.folding import (
    doubled_convolution,
    fold,
    folded_convolution,
)
from engine.networks.super_resolution.inception import EDGE, Inception, bias_of, glorot

LEAK = 0.1
"""Slope of the first blocks' activation below zero."""

MARGIN = 2 * EDGE
"""Cells of high resolution around a patch that its painting sees: two blocks one after another."""


@dataclass(frozen=True)
class GeneratorConfig:
    """What fixes the network.

    Parameters
    ----------
    filters : int
        Features of each kernel in every block; the paper's are 6.
    """

    filters: int = 6

    def __post_init__(self) -> None:
        """Refuse a network of nothing."""
        if self.filters < 1:
            raise ValueError(f"filters is {self.filters}, expected 1 or more.")

    def build(self) -> "Generator":
        """Make the network, freshly initialised."""
        return Generator(self)


class Generator(nn.Module):
    """Two blocks, of the density and of the initial conditions, and one of both together.

    Parameters
    ----------
    config : GeneratorConfig
        Its number of filters.

    References
    ----------
    Kodi Ramanah et al. 2020, section 3 and figure 1. Unlike there, the last layer is linear
    while training (negative densities are cut at inference): a last ReLU can die.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.low: nn.Module = Inception(1, config.filters)
        self.initial: nn.Module = Inception(1, config.filters)
        features = 2 * Inception(1, config.filters).features
        self.both = Inception(features, config.filters)
        self.density = nn.Conv3d(features // 2, 1, 1)
        glorot(list(self.modules()))
        # Begins as the mean density everywhere.
        self.density.bias = nn.Parameter(torch.ones(1))

    def forward(self, low: Tensor, initial: Tensor) -> Tensor:
        """Paint a patch.

        Parameters
        ----------
        low : tensor, (batch, 1, nz / 2 + 6, ny / 2 + 6, nx / 2 + 6)
            Density over its mean, with 3 cells of low resolution around the patch.
        initial : tensor, (batch, 1, nz + 12, ny + 12, nx + 12)
            Scaled linear overdensity, with 6 cells of high resolution around it.

        Returns
        -------
        tensor, (batch, 1, nz, ny, nx)
            Density over its mean; it may fall below zero.
        """
        features = torch.cat(
            (
                doubled_convolution(low, *kernel_of(self.low)),
                folded_convolution(fold(initial), *kernel_of(self.initial)),
            ),
            dim=2,
        )
        return self.density(F.relu(self.both(F.leaky_relu(features, LEAK))))

    def with_merged_kernels(self) -> Self:
        """The same function, the first blocks as plain convolutions, merged once and for all."""
        for name in ("low", "initial"):
            block = getattr(self, name)
            if isinstance(block, Inception):
                setattr(self, name, block.merged())
        return self


def kernel_of(block: nn.Module) -> tuple[Tensor, Tensor]:
    """Kernels and constants of the one convolution that a first block is, merged or not."""
    if isinstance(block, Inception):
        return block.whole_kernel()
    assert isinstance(block, nn.Conv3d)
    return block.weight, bias_of(block)
