"""U-Net of Chadayammuri et al. 2023: batch-normalised, each quantity a map of its own at the end.

A batch of maps goes in as (batch, inputs, ny, nx), dimensionless and normalised. Beyond a map's
edges there is empty sky: zeros.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.fields import one_of

MOMENTUM, EPSILON = 0.01, 1e-3
"""Of batch normalisation as the paper's framework has it; torch counts the momentum the other
way and has other ones by itself."""

UPSAMPLING = ("transposed", "bilinear")
"""Ways up, see `ClusterUNetConfig`."""


@dataclass(frozen=True)
class ClusterUNetConfig:
    """Numbers that fix the network.

    Parameters
    ----------
    widths : tuple of int
        Channels of each level, full size first, the bottom last; between two of them the side
        is halved.
    outputs, inputs : int
        Maps that come out, and that go in.
    added : tuple of int
        Which input goes into each output by itself, so that the network paints what is left;
        none if empty.
    upsampling : {"transposed", "bilinear"}
        How sides are doubled: by transposed convolutions of 2 x 2, as the paper's, whose four
        pixels are painted by weights of their own, which shows as a chequered pattern unless
        training evens them out; or by a convolution of 1 x 1 and interpolation.
    """

    widths: tuple[int, ...]
    outputs: int = 1
    inputs: int = 1
    added: tuple[int, ...] = ()
    upsampling: str = "transposed"

    kind: ClassVar[str] = "batch-normalised unet"
    """What a model card calls the network."""

    def __post_init__(self) -> None:
        """Refuse numbers that make no network."""
        one_of("Upsampling of ClusterUNetConfig", self.upsampling, UPSAMPLING)
        for name in ("widths", "added"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        numbers = (*self.widths, self.outputs, self.inputs)
        if len(self.widths) < 2 or any(not isinstance(n, int) or n < 1 for n in numbers):
            raise ValueError(
                f"ClusterUNetConfig has widths {self.widths}, {self.inputs} inputs and "
                f"{self.outputs} outputs, expected two levels or more of one channel or more."
            )
        if self.added and (
            len(self.added) != self.outputs or not all(0 <= n < self.inputs for n in self.added)
        ):
            raise ValueError(
                f"ClusterUNetConfig adds inputs {self.added}, expected one of {self.inputs} for "
                f"each of {self.outputs} outputs."
            )

    @property
    def multiple(self) -> int:
        """What a map's sides must be multiples of, [pixels]."""
        return int(2 ** (len(self.widths) - 1))

    def build(self) -> "ClusterUNet":
        """Make the network, with fresh weights."""
        return ClusterUNet(self)


PRESETS = {
    "paper": ClusterUNetConfig((64, 128, 256, 512, 1024)),
    "small": ClusterUNetConfig((8, 16, 32, 64), upsampling="bilinear"),
}
"""By the names that configurations have for them."""


class ClusterUNet(nn.Module):
    """Halved by maxima on the way down, doubled as its numbers say on the way up.

    Parameters
    ----------
    config : ClusterUNetConfig
        Its numbers.
    """

    def __init__(self, config: ClusterUNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.down = nn.ModuleList(
            _twice(before, after)
            for before, after in zip((config.inputs, *widths), widths, strict=False)
        )
        self.up = nn.ModuleList(
            _doubled(below, width, config.upsampling)
            for width, below in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.across = nn.ModuleList(_twice(2 * width, width) for width in widths[-2::-1])
        self.last = nn.Conv2d(widths[0], config.outputs, 1)
        self.apply(_initialise)
        if config.added:
            nn.init.zeros_(self.last.weight)  # begins with what is added

    def forward(self, x: Tensor) -> Tensor:
        """Paint a batch of maps, (batch, inputs, ny, nx), as (batch, outputs, ny, nx)."""
        own = x[:, self.config.added] if self.config.added else None
        kept: list[Tensor] = []
        for level in self.down:
            x = level(x if not kept else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        kept.pop()
        for up, across in zip(self.up, self.across, strict=True):
            x = across(torch.cat([kept.pop(), up(x)], 1))
        painted = self.last(x)
        assert isinstance(painted, Tensor)
        return painted if own is None else painted + own

    def folded(self) -> "ClusterUNet":
        """The same network to paint with, its batch normalisations within its convolutions."""
        other = deepcopy(self).eval()
        for twice in (*other.down, *other.across):
            assert isinstance(twice, nn.Sequential)
            for place in (0, 3):
                convolution, normalisation = twice[place], twice[place + 1]
                assert isinstance(convolution, nn.Conv2d)
                assert isinstance(normalisation, nn.BatchNorm2d)
                twice[place] = fuse_conv_bn_eval(convolution, normalisation)
                twice[place + 1] = nn.Identity()
        return other


def _twice(before: int, after: int) -> nn.Sequential:
    """Two convolutions of 3 x 3, each normalised and rectified."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.BatchNorm2d(after, EPSILON, MOMENTUM),
        nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1),
        nn.BatchNorm2d(after, EPSILON, MOMENTUM),
        nn.ReLU(),
    )


def _doubled(before: int, after: int, upsampling: str) -> nn.Module:
    """Other features, on twice the pixels a side."""
    if upsampling == "transposed":
        return nn.ConvTranspose2d(before, after, 2, stride=2)
    # Features first: both are linear and commute, and there are a quarter of the pixels.
    return nn.Sequential(
        nn.Conv2d(before, after, 1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )


def _initialise(module: nn.Module) -> None:
    """Fill in fresh weights as the paper's framework does."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
