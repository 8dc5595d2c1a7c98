"""EMBER's generator, version 2: noise through gates, and a painting within bounds.

The paper's generator gives every channel of a level the same noise everywhere. Trained with
it, voids were speckled, haloes hardly changed from seed to seed, and dark holes stood beside
them. Here the features decide, pixel by pixel and channel by channel, how much of the noise
they take; and no pixel is fainter or brighter than training maps are at its dark matter, but for
rims of discs, and where clumps are made round at last.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember import unet
from engine.networks.ember.returning import turned
from engine.networks.ember.rounding import rounded
from engine.networks.ember.shaping import RADII, Filled, Kept, Stamped, between, repeated
from engine.networks.padding import Padding, pad
from engine.noise import Realisation, normals, smooth_normals


@dataclass(frozen=True)
class GatedConfig(unet.UNetConfig):
    """Numbers that fix the network.

    Parameters
    ----------
    noise_maps : int
        Of each scale: numbers of a realisation, maps at the bottleneck and at each level.
    sharpness : float
        How sharply the output turns to follow a bound: the inverse of the width, normalised.
    compression : float
        Of the input's normalisation, its `k`.
    classes : int
        Of dark matter, for each of which there are bounds.
    lowest, highest : float
        Of the first and of the last class: log10 of dark matter, averaged over `WINDOW`
        pixels, in units of its normalisation's turn-over `x0`.
    toned : int, optional
        Levels of features, coarsest first, that a realisation's numbers act on; all if left out.
    silent : int
        Finest levels without noise.
    details : int
        Scales of detail, finest first, of which the network says how much is kept.
    pits : int
        Side of the squares that pits are narrower than, of which the network says how far each is
        filled, odd, [pixels]; 0: none is.
    sways : bool
        Whether a realisation's first number also moves the map by a share that training boxes
        differ by at each dark matter.
    discs : int
        Of how many radii, the first of `shaping.RADII`, discs are stamped: two for each noise map
        at most, and the finest level must be silent, whose noise tells where.
    rounded : bool
        Whether clumps of what is painted are made round at last, see `rounding`; not in training.
    grainy : bool
        Whether the noise of single pixels is uncorrelated, not smooth over them; with discs, which
        it places, it always is.
    """

    noise_maps: int = 2
    sharpness: float = 60.0
    compression: float = 3.0
    classes: int = 13
    lowest: float = -1.6033
    highest: float = 1.9967
    toned: int | None = None
    silent: int = 0
    details: int = 0
    pits: int = 0
    sways: bool = False
    discs: int = 0
    rounded: bool = False
    grainy: bool = False

    kind = "gated generator"

    def __post_init__(self) -> None:
        """Refuse numbers that make no network."""
        super().__post_init__()
        if self.noise_maps < 1 or self.classes < 2 or not self.highest > self.lowest:
            raise ValueError(
                f"GatedConfig has {self.noise_maps} noise maps and {self.classes} classes from "
                f"{self.lowest} to {self.highest}, expected at least one and two, rising."
            )
        if not (self.sharpness > 0 and self.compression > 0):
            raise ValueError(
                f"GatedConfig has sharpness {self.sharpness} and compression {self.compression}, "
                "expected positive numbers."
            )
        if self.toned is not None and not 0 <= self.toned <= self.halvings + 1:
            raise ValueError(
                f"GatedConfig tones {self.toned} levels, expected 0 to {self.halvings + 1}."
            )
        if not 0 <= self.silent <= self.halvings:
            raise ValueError(
                f"GatedConfig leaves {self.silent} levels without noise, expected 0 to "
                f"{self.halvings}."
            )
        if self.details < 0:
            raise ValueError(
                f"GatedConfig keeps {self.details} scales of detail, expected none or more."
            )
        if self.pits < 0 or (self.pits and not self.pits % 2):
            raise ValueError(
                f"GatedConfig fills pits narrower than {self.pits} pixels, expected an odd number, "
                "or 0 for none."
            )
        most = min(2 * self.noise_maps, len(RADII)) if self.silent else 0
        if not 0 <= self.discs <= most:
            raise ValueError(
                f"GatedConfig stamps discs of {self.discs} radii, expected 0 to {most} with "
                f"{self.noise_maps} noise maps and {self.silent} levels without noise."
            )
        if self.grainy and self.silent:
            raise ValueError(
                f"GatedConfig has grainy noise of single pixels and leaves {self.silent} levels "
                "without noise, expected none of them."
            )

    def build(self) -> "GatedGenerator":
        """Make the network, with fresh weights from torch's random state."""
        return GatedGenerator(self)

    @property
    def uncorrelated(self) -> bool:
        """Whether the finest noise is."""
        return self.grainy or self.discs > 0

    def noise_shapes(self, shape: tuple[int, int]) -> list[tuple[int, int]]:
        """Sides of the noise that a map of (ny, nx) needs: a realisation's, then coarsest first."""
        ny, nx = shape
        return [(1, 1), *((ny >> level, nx >> level) for level in range(self.halvings, -1, -1))]

    def noise_part(
        self,
        which: Realisation,
        scale: int,
        region: tuple[int, int, int, int],
        shape: tuple[int, int],
    ) -> NDArray[np.float32]:
        """Numbers of one scale on a region. See `UNetConfig.noise_part`.

        The first belong to the whole realisation: they are the same for every slab and pixel.
        """
        finest = scale == self.halvings + 1
        if scale > self.halvings + 1 - self.silent and not (finest and self.discs):
            y0, y1, x0, x1 = region
            return np.zeros((self.noise_maps, y1 - y0, x1 - x0), np.float32)
        draw = normals if not scale or (finest and self.uncorrelated) else smooth_normals
        drawn = [draw(which.seed, scale, region, shape, i) for i in range(self.noise_maps)]
        return np.float32(which.strength(scale)) * np.stack(drawn)


PRESETS = {
    # 1.7 M parameters; 4 halvings of 29.3 ckpc/h pixels: 470 ckpc/h at the bottleneck. Classes
    # reach below the emptiest pixels of training maps. A realisation's numbers act on the two
    # coarsest levels: finer ones move voids, which no universe does, more than haloes.
    "small": GatedConfig(
        widths=(16, 32, 64, 128, 128),
        decoder_widths=(128, 64, 32, 16),
        classes=16,
        lowest=-2.5033,
        toned=2,
    ),
}

UNBOUNDED = 10.0
"""Normalised, brighter than any map: a fresh network's bound, until it is given its tables."""

WINDOW = 5
"""Side of the square over which dark matter is averaged before its class is told, [pixels]."""

GATE_SPREAD = 0.02
"""Of a fresh network's gates, for features of unit size: enough noise to learn from."""

TONE_SPREAD = 0.002
"""Of a fresh network's tones. All channels of all pixels move together with these: at ten
times as much the mass of a map doubled or halved from seed to seed."""


class GatedGenerator(unet.UNet):
    """EMBER's stochastic network, version 2.

    The way down is the U-Net's. At the bottleneck and at every level of the way up, doubled
    features h, with the skip s beside them, become

        h + sum_i noise_i gate_i(h, s),

    each gate a 1x1 convolution, each noise map smooth over its own pixels; but for the finest
    levels, where some are `silent`. After the bottleneck and after the block of every level, or
    of the coarsest ones (`toned`),

        h (1 + scale(c)) + shift(c)

    by channel, linear in the few numbers c that a realisation has for all of its slabs: by them
    the mass of a box can differ from seed to seed. The map is the last features' z, with as much of
    its details as is `Kept` and its pits `Filled`, between bounds that the dark matter sets, with
    a = sharpness:

        u = least + softplus_a(z - least);  most - softplus_a(most - u),

    on which discs are `Stamped` and, outside of training, clumps `rounded`.

    Bounds are part of the weights: buffers `least` and `most`, one number a class. So is the
    share `sway` by which the first of the numbers c moves u where the network `sways`,

        u (1 + sway c_1),

    and `heaviest`, the most that a disc holds where the network has `rounded` clumps.

    Parameters
    ----------
    config : GatedConfig
        Its numbers.

    References
    ----------
    Bernardini et al. 2022, section 4.6, for what noise is there for; Perez et al. 2018
    (FiLM) for the tones.
    """

    config: GatedConfig
    least: Tensor
    most: Tensor
    sway: Tensor
    heaviest: Tensor

    def __init__(self, config: GatedConfig) -> None:
        super().__init__(config)
        del self.to_map[:-1]  # only the full size is drawn
        maps, bottom = config.noise_maps, config.widths[-1]
        # What enters each level: the bottleneck, then its doubled features beside each skip.
        channels = (bottom, bottom, *config.decoder_widths[:-1])
        skips = (0, *config.widths[-2::-1])
        sides = list(zip(channels, skips, strict=True))[: len(channels) - config.silent]
        self.gates = nn.ModuleList(Gate(c, s, maps) for c, s in sides)
        self.tones = nn.ModuleList(
            nn.Linear(maps, 2 * c, bias=False)
            for c in (bottom, *config.decoder_widths)[: config.toned]
        )
        for weight in self.tones.parameters():
            nn.init.normal_(weight, std=TONE_SPREAD)
        last = config.decoder_widths[-1], config.classes
        if config.details:
            self.kept = Kept(*last, config.details)
        if config.pits:
            self.filled = Filled(*last, config.pits)
        if config.discs:
            self.stamped = Stamped(*last, RADII[: config.discs])
        self.register_buffer("least", torch.zeros(config.classes))
        self.register_buffer("most", torch.full((config.classes,), UNBOUNDED))
        if config.sways:
            self.register_buffer("sway", torch.zeros(config.classes))
        if config.rounded:
            self.register_buffer("heaviest", torch.zeros(1))

    def forward(  # type: ignore[override]
        self, x: Tensor, noise: Sequence[Tensor], padding: Padding = "circular"
    ) -> list[Tensor]:
        """Full-size map within its bounds.

        Parameters
        ----------
        x : tensor, (batch, in_channels, ny, nx)
            Normalised, sides multiples of 2^halvings; dark matter in the first channel.
        noise : sequence of tensor, (batch, noise_maps, ny / 2^i, nx / 2^i)
            Normal numbers of unit variance: one of a kind for the realisation (sides of 1),
            then maps of the bottleneck and of each level, full size last, smooth over their own
            pixels. There may be several of each for every map, one after the other: that many
            realisations.
        padding : {"circular", "replicate"}
            How the map goes on beyond its edges.

        Returns
        -------
        list of tensor, (batch, out_channels, ny, nx)
            One map.

        Raises
        ------
        ValueError
            If a side can't be halved often enough or the noise has other sides.
        """
        features = self.last_features(x, noise, padding)
        return [self.drawn(features, x, noise, padding)]

    def last_features(self, x: Tensor, noise: Sequence[Tensor], padding: Padding) -> Tensor:
        """What the map is drawn from, (batch, channels, ny, nx). See `forward`."""
        self.config.check_sides(x.shape[-2:])
        self.check_noise(noise, x)
        common, bottom, *levels = noise
        features, skips = self.encode(x, padding)
        features = self.bottom(repeated(features, len(common) // len(x)), (common, bottom))
        for i, (skip, maps) in enumerate(zip(skips, levels, strict=True)):
            features = self.level(i, features, skip, (common, maps), padding)
        return features

    def bottom(self, features: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """Features of the bottleneck with their noise: the realisation's, and maps."""
        common, maps = noise
        features = self.toned(features, common, 0)
        return added(features, self.gates[0](features), maps)

    def level(
        self,
        i: int,
        features: Tensor,
        skip: Tensor,
        noise: Sequence[Tensor],
        padding: Padding,
    ) -> Tensor:
        """Features of the next finer level; the noise is the realisation's, and maps."""
        common, maps = noise
        up = self.up[i]
        assert isinstance(up, unet.Up)
        doubled = unet.double(features)
        if i + 1 < len(self.gates):
            doubled = added(doubled, self.gates[i + 1](features, skip), maps)
        skip = repeated(skip, len(features) // len(skip))
        both = torch.cat((doubled, skip), dim=1)
        return self.toned(up.block(both, padding), common, i + 1)

    def toned(self, features: Tensor, common: Tensor, level: int) -> Tensor:
        """Features (batch, c, ny, nx) scaled and shifted by channel, where the numbers act."""
        if level >= len(self.tones):
            return features
        tone = self.tones[level](common[:, :, 0, 0]).to(features.dtype)
        scale, shift = tone[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(features + shift, features, scale)

    def drawn(
        self, features: Tensor, x: Tensor, noise: Sequence[Tensor], padding: Padding
    ) -> Tensor:
        """Map within its bounds, from the last features; the last noise places its discs."""
        # Full precision, also under autocast: see `unet`.
        with torch.autocast(x.device.type, enabled=False):
            above, rises, place = self.unbounded(features.float(), x, noise, padding)
            most = repeated(between(self.most, place), len(above) // len(place))
            return self.bounded(above, rises, most, padding)

    def unbounded(
        self, features: Tensor, x: Tensor, noise: Sequence[Tensor], padding: Padding
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Map above its lower bound, how far discs rise above it, and places among the classes."""
        free = self.to_map[-1](features, padding)
        place = self.place(x[:, :1].float(), padding)
        if self.config.details:
            free = self.kept(free, features, place, padding)
        if self.config.pits:
            free = self.filled(free, features, place, padding)
        count = len(free) // len(place)
        least = repeated(between(self.least, place), count)
        above = least + turned(free - least, self.config.sharpness, self.training)
        if self.config.sways:
            above = above * (1 + noise[0][:, :1] * repeated(between(self.sway, place), count))
        rises = self.stamped.rises(noise[-1], features, place) if self.config.discs else None
        return above, rises, place

    def bounded(
        self, above: Tensor, rises: Tensor | None, most: Tensor, padding: Padding
    ) -> Tensor:
        """Map below what is most, (batch, 1, ny, nx), and its discs at their centres."""
        maps = self.capped(above, most)
        if rises is not None:
            raised = self.capped(above + rises, most)
            maps = self.stamped(maps, raised, self.most.max(), padding)
        if self.config.rounded and not self.training:
            maps = rounded(maps, self.heaviest, padding)
        return maps

    def capped(self, maps: Tensor, most: Tensor) -> Tensor:
        """Normalised maps, turned to follow what is most where they exceed it."""
        return most - turned(most - maps, self.config.sharpness, self.training)

    def place(self, dark_matter: Tensor, padding: Padding) -> Tensor:
        """Among the classes, from 0 to classes - 1, of normalised dark matter (n, 1, ny, nx)."""
        config = self.config
        surface = torch.expm1(config.compression * dark_matter)
        mean = F.avg_pool2d(pad(surface, WINDOW // 2, padding), WINDOW, 1)
        step = (config.highest - config.lowest) / (config.classes - 1)
        place = (mean.clamp(min=10**config.lowest).log10() - config.lowest) / step
        return place.clamp(0, config.classes - 1)


class Gate(nn.Conv2d):
    """How much of each noise map each doubled channel takes: a 1x1 convolution.

    Of the doubled features and the skip together, but a convolution of single pixels commutes
    with doubling: done before it, it costs a quarter.
    """

    def __init__(self, channels: int, skip_channels: int, noise_maps: int) -> None:
        super().__init__(channels + skip_channels, noise_maps * channels, 1)
        self.channels = channels
        nn.init.normal_(self.weight, std=GATE_SPREAD / math.sqrt(self.in_channels))
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor, skip: Tensor | None = None) -> Tensor:
        """(batch, c, ny/2, nx/2), (batch, s, ny, nx) -> (batch, noise_maps c, ny, nx).

        Without a skip, as at the bottleneck, nothing is doubled.
        """
        coarse = F.conv2d(features, self.weight[:, : self.channels], self.bias)
        if skip is None:
            return coarse
        fine = F.conv2d(skip, self.weight[:, self.channels :])
        return unet.double(coarse) + repeated(fine, len(coarse) // len(fine))


def added(features: Tensor, gates: Tensor, noise: Tensor) -> Tensor:
    """Features and, channel by channel, every noise map times its gate."""
    maps = noise.to(gates.dtype).split(1, dim=1)
    for gate, one in zip(gates.chunk(len(maps), dim=1), maps, strict=True):
        features = torch.addcmul(features, gate, one)
    return features


def smoothed(noise: Tensor) -> Tensor:
    """White noise (..., ny, nx) as `engine.noise.smooth_normals` has it, for training."""
    for axis in (-2, -1):
        noise = (noise.roll(1, axis) + 2 * noise + noise.roll(-1, axis)) / math.sqrt(6)
    return noise
