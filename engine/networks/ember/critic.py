"""EMBER's critic: how real a painting looks beside its dark matter, at all scales at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.networks.ember.unet import PaddedConv, glorot_normal, leaky
from engine.networks.padding import Padding

EPSILON = 1e-8
"""Under the root of a variance, whose slope is infinite at zero."""


@dataclass(frozen=True)
class CriticConfig:
    """Numbers that fix the network.

    Parameters
    ----------
    stem : (int, int)
        Channels of the full size's two convolutions.
    widths : tuple of int
        Channels at each coarser scale, and after the last: level i convolves to
        widths[i] channels and halves to widths[i + 1]. As many as there are scales.
    """

    stem: tuple[int, int]
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse numbers that make no network."""
        for name in ("stem", "widths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.stem) != 2 or len(self.widths) < 2 or min(*self.stem, *self.widths) < 1:
            raise ValueError(
                f"CriticConfig has stem {self.stem} and widths {self.widths}, expected two and at "
                "least two channel numbers > 0."
            )

    @property
    def scales(self) -> int:
        """Number of maps it takes of a painting, full size included."""
        return len(self.widths)

    def build(self) -> "Critic":
        """Make the network, with fresh weights from torch's random state."""
        return Critic(self)


PRESETS = {
    # 84.9 M parameters, for the eight scales of the paper's generator.
    "paper": CriticConfig(stem=(32, 64), widths=(128, 256, 512, 1024, 1024, 1024, 1024, 1024)),
    # 1.3 M parameters, for five scales: about as many as its generator.
    "small": CriticConfig(stem=(16, 32), widths=(64, 96, 128, 192, 192)),
}


class Critic(nn.Module):
    """A number for each painting, larger the more real it looks beside its dark matter.

    The paper flattens the last features of a 512^2 tile into one dense neuron, which fixes
    the side and knows where on the tile it looks. Here the neuron sees their mean: it takes
    maps of any side, a periodic shift by 2^(scales) pixels changes nothing, and a map's
    score is the mean over places that each see some 125 pixels across (`small`; 3.7 Mpc/h
    of 29 kpc/h pixels, twice the paper's tile).

    Parameters
    ----------
    config : CriticConfig
        Its numbers.

    References
    ----------
    Bernardini et al. 2022, section 4.6 and figure 2.
    """

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.config = config
        first, second = config.stem
        self.stem = nn.ModuleList(
            [PaddedConv(2, first, 3), PaddedConv(first, second, 3, stride=2)],
        )
        self.levels = nn.ModuleList(
            map(Level, (second, *config.widths[1:-1]), config.widths, config.widths[1:])
        )
        # A bias would cancel between paintings and truth, and never learn.
        self.score = nn.Linear(config.widths[-1], 1, bias=False)
        self.apply(glorot_normal)
        nn.init.xavier_normal_(self.score.weight)

    def forward(
        self,
        painting: Sequence[Tensor],
        dark_matter: Sequence[Tensor],
        padding: Padding = "circular",
    ) -> Tensor:
        """Score a batch of paintings.

        Parameters
        ----------
        painting, dark_matter : sequence of tensor, (batch, 1, ny / 2^i, nx / 2^i)
            Normalised, at every scale, full size first.
        padding : {"circular", "replicate"}
            How the maps go on beyond their edges.

        Returns
        -------
        tensor, (batch,)

        Raises
        ------
        ValueError
            If there are not as many maps as the network has scales.
        """
        for name, maps in (("painting", painting), ("dark matter", dark_matter)):
            if len(maps) != self.config.scales:
                raise ValueError(
                    f"The critic got {len(maps)} scales of the {name}, expected "
                    f"{self.config.scales}."
                )
        features = torch.cat((painting[0], dark_matter[0]), dim=1)
        for conv in self.stem:
            features = leaky(conv(features, padding))
        for level, target, dm in zip(self.levels, painting[1:], dark_matter[1:], strict=True):
            features = level(features, target, dm, padding)
        # Full precision, also under autocast: scores are differences of large numbers.
        with torch.autocast(features.device.type, enabled=False):
            return self.score(features.to(self.score.weight.dtype).mean((-2, -1)))[:, 0]


class Level(nn.Module):
    """Put a scale's maps beside the features, then a block that halves them.

    Dark matter joins after the batch's spread is measured, whose meaning it would blur
    (section 4.6).
    """

    def __init__(self, in_channels: int, channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolve = PaddedConv(in_channels + 3, channels, 3)
        self.halve = PaddedConv(channels, out_channels, 3, stride=2)

    def forward(self, x: Tensor, target: Tensor, dark_matter: Tensor, padding: Padding) -> Tensor:
        """(batch, in, ny, nx), twice (batch, 1, ny, nx) -> (batch, out, ny/2, nx/2)."""
        seen = torch.cat((x, target.to(x.dtype)), dim=1)
        spread = batch_spread(seen).expand(len(x), 1, *x.shape[-2:])
        features = torch.cat((seen, spread, dark_matter.to(x.dtype)), dim=1)
        return leaky(self.halve(leaky(self.convolve(features, padding)), padding))


def batch_spread(x: Tensor) -> Tensor:
    """Minibatch standard deviation: how much the samples of a batch differ.

    Parameters
    ----------
    x : tensor, (batch, channels, ny, nx)

    Returns
    -------
    tensor, ()
        Standard deviation over the batch of every pixel and channel, averaged over those.

    References
    ----------
    Karras et al. 2017, section 3.
    """
    x = x.float() if x.dtype == torch.bfloat16 else x  # the mean of like numbers needs digits
    # Not torch's variance: over so few samples it took a fifth of a training step.
    variance = (x - x.mean(dim=0)).square().mean(dim=0)
    return (variance + EPSILON).sqrt().mean()
