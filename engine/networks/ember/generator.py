"""EMBER's generator: the U-Net with noise at every level of the way up."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.networks.ember import unet
from engine.networks.padding import Padding
from engine.noise import Realisation, normals


@dataclass(frozen=True)
class GeneratorConfig(unet.UNetConfig):
    """Numbers that fix the network: those of its U-Net."""

    kind = "generator"

    @property
    def noise_maps(self) -> int:
        """Number of noise maps of each scale."""
        return 1

    def build(self) -> "Generator":
        """Make the network, with fresh weights from torch's random state."""
        return Generator(self)

    def noise_shapes(self, shape: tuple[int, int]) -> list[tuple[int, int]]:
        """Sides of the noise maps that a map of (ny, nx) needs, coarsest first."""
        ny, nx = shape
        return [(ny >> level, nx >> level) for level in range(self.halvings - 1, -1, -1)]

    def noise_part(
        self,
        which: Realisation,
        scale: int,
        region: tuple[int, int, int, int],
        shape: tuple[int, int],
    ) -> NDArray[np.float32]:
        """Normal numbers of one scale on a region. See `UNetConfig.noise_part`."""
        return np.float32(which.strength(scale)) * normals(which.seed, scale, region, shape)[None]


PRESETS = {name: GeneratorConfig(**asdict(config)) for name, config in unet.PRESETS.items()}
"""The U-Net's presets, with one more parameter for each level of the way up."""


class Generator(unet.UNet):
    """EMBER's stochastic network.

    At each level of the way up one map of standard normal numbers, the same for all
    channels, times a learned strength is added after the doubling and before the skip.
    The strengths begin at zero: untrained, or trained without noise, it is the U-Net.

    Parameters
    ----------
    config : GeneratorConfig
        Its numbers.

    References
    ----------
    Bernardini et al. 2022, section 4.6 and equation 6.
    """

    config: GeneratorConfig

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        self.noise_strength = nn.Parameter(torch.zeros(config.halvings))

    def forward(  # type: ignore[override]
        self, x: Tensor, noise: Sequence[Tensor], padding: Padding = "circular"
    ) -> list[Tensor]:
        """Map at every scale; linear in training, cut at zero in evaluation.

        Parameters
        ----------
        x : tensor, (batch, in_channels, ny, nx)
            Normalised, sides multiples of 2^halvings.
        noise : sequence of tensor, (batch, 1, ny / 2^i, nx / 2^i)
            Standard normal numbers for each level, coarsest first, full size last. There may
            be several of each for every map, one after the other: that many realisations.
        padding : {"circular", "replicate"}
            How the map goes on beyond its edges.

        Returns
        -------
        list of tensor, (batch, out_channels, ny / 2^i, nx / 2^i)
            Full size first, down to the bottleneck's.

        Raises
        ------
        ValueError
            If a side can't be halved often enough or the noise has other sides.
        """
        self.config.check_sides(x.shape[-2:])
        self.check_noise(noise, x)
        features, skips = self.encode(x, padding)
        realisations = len(noise[0]) // len(features)
        if realisations > 1:  # the way down is the same for all of them
            features, *skips = (
                f.repeat_interleave(realisations, dim=0) for f in (features, *skips)
            )
        added = [strength * n for strength, n in zip(self.noise_strength, noise, strict=True)]
        return self.decode(features, skips, padding, added)

    def level(
        self,
        i: int,
        features: Tensor,
        skip: Tensor,
        noise: Sequence[Tensor],
        padding: Padding,
    ) -> Tensor:
        """Features of the next finer level; the noise is one map."""
        added = [self.noise_strength[i] * one for one in noise]
        return super().level(i, features, skip, added, padding)
