"""The network of the gated generator's critic: how real a map's detail looks, place by place."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.shaping import between, by_scale
from engine.networks.ember.unet import PaddedConv, glorot_normal, leaky

SCALES = 6
"""Of detail: what lies between a map and itself smoothed by 1, 2, 4 to 32 pixels."""

WIDTHS = (48, 96, 160, 160)
"""Channels at full size, at half, at a quarter and at an eighth of it: 961 k weights."""

LEAST_UNIT = 2e-3
"""Of the rms of detail that others are counted in: maps may be rounded to seven bits."""

LARGEST = 12.0
"""Detail that is seen, in units of its rms: a few particles in voids are beyond."""

KEPT = 0.98
"""Of the sums that the rms is taken from, with each map more."""

FEW = 30
"""Pixels of all classes, that the rms of a class of as few is half taken from."""

TYPICAL = 14.0
"""ln of a surface density of dark matter, [Msun h / ckpc^2], that is seen as zero."""

BY_DENSITY, LEAST_COUNTED, MOST_COUNTED = 0.5, 0.3, 6.0
"""Power of a place's dark matter, as seen, that it counts by, and between which numbers."""


class DetailNetwork(nn.Module):
    """A number for each place, larger the more real the detail there looks beside its dark matter.

    It sees the detail of ln of the field, scale by scale, in units of the rms of the truth's at
    that dark matter, so that a void's ripples count as a halo's clumps do; how it differs from the
    detail of a painting of the same dark matter, since the truth is as unlike a painting as
    paintings are unlike each other, if they are samples; and dark matter and its detail. Each place
    sees 45 pixels across, beyond what the scales span.

    Parameters
    ----------
    classes : int
        Of dark matter, for each of which the rms is measured.

    References
    ----------
    Adler & Oektem 2018, arXiv:1811.05910, for a discriminator that sees two samples.
    """

    squares: Tensor
    counts: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("squares", torch.zeros(SCALES, classes))
        self.register_buffer("counts", torch.zeros(classes))
        self.convolutions = nn.ModuleList([PaddedConv(3 * SCALES + 1, WIDTHS[0], 3)])
        for above, below in pairwise(WIDTHS):
            halved, same = PaddedConv(above, below, 3, stride=2), PaddedConv(below, below, 3)
            self.convolutions.extend((halved, same))
        # A bias would cancel between paintings and truth, and never learn.
        self.score = nn.Conv2d(WIDTHS[-1], 1, 1, bias=False)
        self.apply(glorot_normal)
        nn.init.xavier_normal_(self.score.weight)

    def forward(self, seen: Tensor, painted: Tensor, dark: Tensor) -> Tensor:
        """Score places.

        Parameters
        ----------
        seen : tensor, (batch, SCALES, ny, nx)
            Detail of the field in its units, of `in_units`.
        painted : tensor, (batch, SCALES, ny, nx)
            The same of another painting.
        dark : tensor, (batch, SCALES + 1, ny, nx)
            Of `beside`.

        Returns
        -------
        tensor, (batch, 1, ny / 8, nx / 8)
        """
        x = torch.cat((seen, seen - painted, dark), dim=1)
        for convolution in self.convolutions:
            x = leaky(convolution(x, "circular"))
        # Full precision, also under autocast: scores are differences of large numbers.
        with torch.autocast(x.device.type, enabled=False):
            scores: Tensor = self.score(x.to(self.score.weight.dtype))
        return scores

    @torch.no_grad()
    def measure(self, found: Tensor, place: Tensor) -> None:
        """Take up the squares of the truth's detail (n, SCALES, ny, nx), forgetting the oldest.

        Places (n, 1, ny, nx) are among the classes.
        """
        nearest, classes = place.round().long().flatten(), len(self.counts)
        squares = found.square().transpose(0, 1).flatten(1)
        self.squares.mul_(KEPT).index_add_(1, nearest, squares)
        self.counts.mul_(KEPT).add_(torch.bincount(nearest, minlength=classes))

    def in_units(self, found: Tensor, place: Tensor) -> Tensor:
        """Detail (n, SCALES, ny, nx) in units of its rms at that class of dark matter."""
        overall = self.squares.sum(1, keepdim=True) / self.counts.sum()
        rms = ((self.squares + FEW * overall) / (self.counts + FEW)).sqrt().clamp(min=LEAST_UNIT)
        unit = torch.cat([between(table, place) for table in rms], dim=1)
        return (found / unit).clamp(-LARGEST, LARGEST)


def details(logarithm: Tensor) -> Tensor:
    """Detail of periodic maps (n, 1, ny, nx) by scale, (n, SCALES, ny, nx).

    References
    ----------
    Starck & Murtagh 2006, the "a trous" wavelet transform.
    """
    found, _ = by_scale(logarithm, SCALES, "circular")
    return torch.cat(found, dim=1)


def beside(surface: Tensor) -> Tensor:
    """What is seen of dark matter [Msun h / ckpc^2], (n, 1, ny, nx) -> (n, SCALES + 1, ny, nx)."""
    logarithm = surface.clamp(min=1.0).log()
    return torch.cat((logarithm - TYPICAL, 2 * details(logarithm)), dim=1)


def counted(dark: Tensor, sides: tuple[int, int]) -> Tensor:
    """How much each place counts, (n, 1, *sides), of a mean of 1, beside dark matter of `beside`.

    That is (n, SCALES + 1, ny, nx). Most of a map is void; filaments and haloes, of which there
    are few, are what eyes go by.
    """
    density = (BY_DENSITY * dark[:, :1]).exp().clamp(LEAST_COUNTED, MOST_COUNTED)
    places = F.adaptive_avg_pool2d(density, sides)
    return places / places.mean((-3, -2, -1), keepdim=True)
