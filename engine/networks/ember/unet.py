"""EMBER's generator without noise: a U-Net with an output at every scale.

A batch of maps goes in as (batch, channels, ny, nx), dimensionless and normalised; units
and files are others' business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.padding import Padding, pad
from engine.noise import Realisation

LEAK = 0.2
"""Slope of every LeakyReLU below zero."""


@dataclass(frozen=True)
class UNetConfig:
    """Numbers that fix the network.

    Parameters
    ----------
    widths : tuple of int
        Channels of each level on the way down, full size first, bottleneck last; between
        two of them the side is halved.
    decoder_widths : tuple of int
        Channels of each level on the way up, one fewer, full size last.
    in_channels, out_channels : int
        Maps that go in and come out.
    """

    widths: tuple[int, ...]
    decoder_widths: tuple[int, ...]
    in_channels: int = 1
    out_channels: int = 1

    kind: ClassVar[str] = "unet"
    """What a model card calls the network."""

    def __post_init__(self) -> None:
        """Refuse numbers that make no network."""
        for name in ("widths", "decoder_widths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.decoder_widths) != len(self.widths) - 1 or not self.decoder_widths:
            raise ValueError(
                f"UNetConfig decoder_widths has {len(self.decoder_widths)} levels, expected one "
                f"fewer than the {len(self.widths)} of widths and at least one."
            )
        channels = (*self.widths, *self.decoder_widths, self.in_channels, self.out_channels)
        if any(not isinstance(n, int) or n < 1 for n in channels):
            raise ValueError(f"UNetConfig has channel numbers {channels}, expected whole ones > 0.")

    @property
    def halvings(self) -> int:
        """How often the network halves a map."""
        return len(self.decoder_widths)

    @property
    def multiple(self) -> int:
        """What a map's sides must be multiples of, [pixels]."""
        return 2**self.halvings

    @property
    def noise_maps(self) -> int:
        """Number of noise maps of each scale."""
        return 0

    def check_sides(self, shape: Sequence[int]) -> None:
        """Refuse a map that can't be halved often enough.

        Raises
        ------
        ValueError
            In one sentence, if a side of (ny, nx) is not a multiple of 2^halvings.
        """
        for side in shape:
            if side % self.multiple:
                raise ValueError(
                    f"The map's side is {side} pixels, expected a multiple of {self.multiple}: the "
                    f"network halves it {self.halvings} times."
                )

    def noise_shapes(self, shape: tuple[int, int]) -> list[tuple[int, int]]:  # noqa: ARG002
        """Sides of the noise maps that a map of (ny, nx) needs, coarsest first; here none."""
        return []

    def noise(self, which: Realisation, shape: tuple[int, int]) -> list[NDArray[np.float32]]:
        """Noise of a realisation, as the network takes it for a map of (ny, nx)."""
        return [
            self.noise_part(which, scale, (0, ny, 0, nx), (ny, nx))[None]
            for scale, (ny, nx) in enumerate(self.noise_shapes(shape))
        ]

    def noise_part(
        self,
        which: Realisation,
        scale: int,
        region: tuple[int, int, int, int],
        shape: tuple[int, int],
    ) -> NDArray[np.float32]:
        """Noise of one scale on a region of its map of (ny, nx): the same as of the whole.

        Parameters
        ----------
        scale : int
            Place among `noise_shapes`.
        region : (y0, y1, x0, x1)
            In pixels of that scale, taken modulo its sides.

        Returns
        -------
        array, (noise_maps, y1 - y0, x1 - x0)
        """
        raise NotImplementedError(f"{type(self).__name__} has no noise.")

    def build(self) -> "UNet":
        """Make the network, with fresh weights from torch's random state."""
        return UNet(self)


PRESETS = {
    # 30.68 M parameters; 7 halvings of 3.66 ckpc/h pixels: 470 ckpc/h at the bottleneck.
    "paper": UNetConfig(
        widths=(8, 16, 32, 64, 128, 256, 512, 512),
        decoder_widths=(512, 512, 256, 128, 64, 32, 16),
    ),
    # 1.6 M parameters; 4 halvings of 29.3 ckpc/h pixels come to the same 470 ckpc/h.
    "small": UNetConfig(widths=(16, 32, 64, 128, 128), decoder_widths=(128, 64, 32, 16)),
}


class PaddedConv(nn.Conv2d):
    """A convolution that is told at each call how the map goes on beyond its edges."""

    def forward(self, x: Tensor, padding: Padding = "circular") -> Tensor:
        """Pad by the half-width of the kernel, then convolve.

        With stride 2, output pixel i is centred on input pixel 2i at every level, so a
        periodic shift by 2^halvings pixels shifts the result.
        """
        edge = self.kernel_size[0] // 2
        if edge:
            x = pad(x, edge, padding)
        return F.conv2d(x, self.weight, self.bias, self.stride)


class ConvBlock(nn.Module):
    """Two 3x3 convolutions, each followed by LeakyReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = PaddedConv(in_channels, out_channels, 3)
        self.second = PaddedConv(out_channels, out_channels, 3)

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(batch, in, ny, nx) -> (batch, out, ny, nx)."""
        return leaky(self.second(leaky(self.first(x, padding)), padding))


class Down(nn.Module):
    """Halve the map by a stride-2 convolution, then a block."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.halve = PaddedConv(in_channels, out_channels, 3, stride=2)
        self.block = ConvBlock(out_channels, out_channels)

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(batch, in, ny, nx) -> (batch, out, ny/2, nx/2)."""
        return self.block(leaky(self.halve(x, padding)), padding)


class Up(nn.Module):
    """Double the map, put the encoder's features of that size beside it, then a block."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int) -> None:
        super().__init__()
        self.block = ConvBlock(in_channels + skip_channels, out_channels)

    def forward(
        self, x: Tensor, skip: Tensor, padding: Padding, noise: Tensor | None = None
    ) -> Tensor:
        """(batch, in, ny/2, nx/2), (batch, skip, ny, nx) -> (batch, out, ny, nx).

        Noise (batch, 1, ny, nx), if there is any, is added to every doubled channel.
        """
        doubled = double(x)
        if noise is not None:
            doubled = doubled + noise.to(doubled.dtype)
        return self.block(torch.cat((doubled, skip), dim=1), padding)


class UNet(nn.Module):
    """EMBER's generator without noise.

    Parameters
    ----------
    config : UNetConfig
        Its numbers.

    References
    ----------
    Bernardini et al. 2022, section 4.1 and figure 2.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, decoder = config.widths, config.decoder_widths
        self.entry = ConvBlock(config.in_channels, widths[0])
        self.down = nn.ModuleList(map(Down, widths[:-1], widths[1:]))
        self.up = nn.ModuleList(map(Up, (widths[-1], *decoder), widths[-2::-1], decoder))
        # Coarse to fine: a 1x1 convolution at each scale but the last, which gets a 3x3 one.
        self.to_map = nn.ModuleList(
            PaddedConv(channels, config.out_channels, 1) for channels in (widths[-1], *decoder[:-1])
        )
        self.to_map.append(PaddedConv(decoder[-1], config.out_channels, 3))
        self.apply(glorot_normal)

    def forward(self, x: Tensor, padding: Padding = "circular") -> list[Tensor]:
        """Map at every scale.

        In training the maps are linear in the last features: a final ReLU with a pixel
        loss dies at once, every output zero. In evaluation they are cut at zero.

        Parameters
        ----------
        x : tensor, (batch, in_channels, ny, nx)
            Normalised, sides multiples of 2^halvings.
        padding : {"circular", "replicate"}
            How the map goes on beyond its edges.

        Returns
        -------
        list of tensor, (batch, out_channels, ny / 2^i, nx / 2^i)
            Full size first, down to the bottleneck's.

        Raises
        ------
        ValueError
            If a side can't be halved often enough.
        """
        self.config.check_sides(x.shape[-2:])
        return self.decode(*self.encode(x, padding), padding)

    def encode(self, x: Tensor, padding: Padding) -> tuple[Tensor, list[Tensor]]:
        """Features of the bottleneck, and those of every finer level, coarsest first."""
        features = self.entry(x, padding)
        skips = []
        for down in self.down:
            skips.append(features)
            features = down(features, padding)
        return features, skips[::-1]

    def decode(
        self,
        features: Tensor,
        skips: Sequence[Tensor],
        padding: Padding,
        noise: Sequence[Tensor | None] = (),
    ) -> list[Tensor]:
        """Map at every scale, full size first, from what `encode` gives.

        Noise, if there is any, is one map for each of the skips.
        """
        maps = [_draw(self.to_map[0], features, padding)]
        levels = zip(self.up, skips, self.to_map[1:], noise or (None,) * len(skips), strict=True)
        for up, skip, to_map, added in levels:
            features = up(features, skip, padding, added)
            maps.append(_draw(to_map, features, padding))
        maps.reverse()
        return maps if self.training else [F.relu(scale) for scale in maps]

    def level(
        self,
        i: int,
        features: Tensor,
        skip: Tensor,
        noise: Sequence[Tensor],
        padding: Padding,
    ) -> Tensor:
        """Features of the next finer level; the noise is one map, or none."""
        return self.up[i](features, skip, padding, *noise)

    def check_noise(self, noise: Sequence[Tensor], x: Tensor) -> None:
        """Refuse noise that isn't of the shapes that a map needs.

        Raises
        ------
        ValueError
            In one sentence.
        """
        ny, nx = x.shape[-2:]
        maps = self.config.noise_maps
        expected = [(maps, *sides) for sides in self.config.noise_shapes((ny, nx))]
        found = [tuple(n.shape[-3:]) for n in noise]
        if found != expected:
            raise ValueError(f"Noise has the shapes {found}, expected {expected}, coarsest first.")

    def drawn(
        self,
        features: Tensor,
        x: Tensor,  # noqa: ARG002
        noise: Sequence[Tensor],  # noqa: ARG002
        padding: Padding,
    ) -> Tensor:
        """Full-size map from the last features; another network asks for more."""
        return F.relu(_draw(self.to_map[-1], features, padding))


def _draw(to_map: nn.Module, features: Tensor, padding: Padding) -> Tensor:
    # Full precision, also under autocast: a peak is the exponential of what comes out here,
    # and bfloat16 would round it by per cents.
    with torch.autocast(features.device.type, enabled=False):
        return to_map(features.float(), padding)


def double(features: Tensor) -> Tensor:
    """Every pixel four times."""
    return F.interpolate(features, scale_factor=2, mode="nearest")


def leaky(x: Tensor) -> Tensor:
    """LeakyReLU of slope 0.2 below zero."""
    return F.leaky_relu(x, LEAK)


def glorot_normal(module: nn.Module) -> None:
    """Fresh weights of a convolution, to be applied to every module of a network."""
    if isinstance(module, PaddedConv):
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
