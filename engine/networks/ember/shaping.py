"""What shapes a map last: detail by scale, pits and discs, as each pixel's features say.

For `gated`, whose noise left voids mottled and clumps ragged, with dark rims.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.padding import Padding, pad

SHUT = 3.0
"""Of a fresh network's pits so little is filled: sigmoid(-3), a twentieth."""


RADII = 1.6, 2.6, 3.8, 5.4
"""Of discs, [pixels]: kernels of single gas particles, three to six pixels far from haloes."""

RARE = 3.5
"""Of the numbers that a fresh network's discs are drawn by, so large must one be: one of 4300."""

ADDED = 6
"""Power of normalised HI that adds up nearly as its density does: that turns from a power of
1/0.2 to an exponential."""

WITHIN = 4
"""Sub-pixels a side, over which a disc's kernel is averaged."""


class PerPixel(nn.Module):
    """Numbers for each pixel: w h + table(class), of its last features h and its dark matter.

    All are 0 for a fresh one.

    Parameters
    ----------
    channels, classes, count : int
        Last features, classes of dark matter, numbers.
    """

    def __init__(self, channels: int, classes: int, count: int) -> None:
        super().__init__()
        self.of_features = nn.Conv2d(channels, count, 1, bias=False)
        self.of_class = nn.Parameter(torch.zeros(count, classes))
        nn.init.zeros_(self.of_features.weight)

    def numbers(self, features: Tensor, place: Tensor) -> Tensor:
        """(batch, channels, ny, nx), (n, 1, ny, nx) -> (batch, count, ny, nx)."""
        classed = torch.cat([between(table, place) for table in self.of_class], dim=1)
        return self.of_features(features) + repeated(classed, len(features) // len(place))


class Kept(PerPixel):
    """How much of each scale of detail a map keeps, pixel by pixel.

    Gas is drawn with kernels that are wide where it is thin: a void is smooth, a halo is not. A
    map m_0 is smoothed again and again, by 1, 2, 1 of every 2^j-th pixel, and its details are put
    back as the numbers a_j of each pixel say,

        m_J + sum_j 2 sigmoid(a_j) (m_j - m_{j + 1}),

    which leaves a map as it is where they are 0.

    References
    ----------
    Starck & Murtagh 2006, the "a trous" wavelet transform.
    """

    def forward(self, maps: Tensor, features: Tensor, place: Tensor, padding: Padding) -> Tensor:
        """Maps (batch, 1, ny, nx), normalised, each pixel with as much detail as is kept.

        Last features (batch, channels, ny, nx); places (n, 1, ny, nx) among the classes, of
        which `batch` is a multiple.
        """
        shares = (2 * torch.sigmoid(self.numbers(features, place))).split(1, dim=1)
        found, rest = by_scale(maps, len(shares), padding)
        details = torch.zeros_like(maps)
        for share, each in zip(shares, found, strict=True):
            details = details + share * each
        return rest + details


class Filled(PerPixel):
    """How far pits are filled that are narrower than a square, pixel by pixel.

    Discs of gas add up, and leave no dark rim around a clump. What is filled is what the closing
    of a map (the most within a square, then the least of that) adds to it; of that a share of
    sigmoid(a - `SHUT`) as each pixel's number a says, nearly none where it is 0.

    Parameters
    ----------
    channels, classes : int
        Last features, classes of dark matter.
    side : int
        Of the square, odd, [pixels].

    References
    ----------
    Serra 1982, chapter 2, for closing.
    """

    def __init__(self, channels: int, classes: int, side: int) -> None:
        super().__init__(channels, classes, 1)
        self.side = side

    def forward(self, maps: Tensor, features: Tensor, place: Tensor, padding: Padding) -> Tensor:
        """Maps (batch, 1, ny, nx), normalised, with their pits filled. See `Kept`."""
        edge = self.side // 2
        most = F.max_pool2d(pad(maps, edge, padding), self.side, 1)
        closed = -F.max_pool2d(pad(-most, edge, padding), self.side, 1)
        share = torch.sigmoid(self.numbers(features, place) - SHUT)
        return maps + share * (closed - maps)


class Stamped(PerPixel):
    """Discs of gas particles, added where a realisation's numbers and a pixel's features say.

    What is thin and dense, as a particle blown out of a galaxy, is drawn as a disc: round, and
    evenly shaded, which layers of 3 x 3 pixels don't make of noise. About a pixel of a map u whose
    number n exceeds a threshold the map is raised by

        a = exp(s) max(n + t - `RARE`, 0)

    at the disc's centre, with the numbers s and t of that pixel, up to v, which is u + a within
    that pixel's bound; discs and map add up as powers,

        (u^p + sum_discs (v^p - u^p at the centre) (1 - (d/r)^2)^4)^(1/p),

    p = `ADDED`. What a disc adds at its centre is at most b^p (r_0 / r)^2, b being the brightest
    that any class allows and r_0 the smallest radius: a wide kernel spreads a particle's mass.
    There may be discs of two radii for each map of numbers: of one where they are large, of the
    other where they are small.

    Parameters
    ----------
    channels, classes : int
        Last features, classes of dark matter.
    radii : sequence of float
        Of the discs, [pixels].
    """

    kernel: Tensor
    brightness: Tensor

    def __init__(self, channels: int, classes: int, radii: Sequence[float]) -> None:
        super().__init__(channels, classes, 2 * len(radii))
        kernel = torch.from_numpy(disc_kernels(radii))
        self.register_buffer("kernel", kernel, persistent=False)
        brightness = torch.from_numpy(disc_brightness(radii))
        self.register_buffer("brightness", brightness, persistent=False)
        self.side = kernel.shape[-1]

    def rises(self, noise: Tensor, features: Tensor, place: Tensor) -> Tensor:
        """By how much each pixel is raised as the centre of a disc, (batch, radii, ny, nx).

        The noise, (batch, maps, ny, nx), is uncorrelated: normal numbers of unit variance.
        """
        heights, thresholds = self.numbers(features, place).chunk(2, dim=1)
        numbers = torch.cat((noise, -noise), dim=1)[:, : heights.shape[1]]
        return heights.exp() * F.relu(numbers + thresholds - RARE)

    def forward(self, maps: Tensor, raised: Tensor, brightest: Tensor, padding: Padding) -> Tensor:
        """Maps (batch, 1, ny, nx), normalised, positive, with discs that are `raised` so high.

        That is (batch, radii, ny, nx), of pixels without a disc the map or less. The brightest is
        one number.
        """
        below = maps**ADDED
        added = torch.minimum(F.relu(raised**ADDED - below), brightest**ADDED * self.brightness)
        # Each radius by itself, then their sum: four times as fast backwards as both at once.
        discs = F.conv2d(pad(added, self.side // 2, padding), self.kernel, groups=len(self.kernel))
        return (below + discs.sum(1, keepdim=True)) ** (1 / ADDED)


def disc_kernels(radii: Sequence[float]) -> NDArray[np.float32]:
    """Shapes of discs of some radii [pixels], 1 at the centre: (radii, 1, side, side), odd."""
    edge = int(max(radii) + 0.5)
    pixels = np.arange(-edge, edge + 1)[:, None] + (np.arange(WITHIN) + 0.5) / WITHIN - 0.5
    squared = pixels[:, None, :, None] ** 2 + pixels[:, None, :] ** 2
    inside = [np.clip(1 - squared / radius**2, 0, None) ** 4 for radius in radii]
    kernels = np.stack(inside).mean((-1, -2))
    return (kernels / kernels.max((1, 2), keepdims=True))[:, None].astype(np.float32)


def disc_brightness(radii: Sequence[float]) -> NDArray[np.float32]:
    """At the centre of discs of one mass and some radii, the first's being 1: (1, radii, 1, 1)."""
    return ((radii[0] / np.asarray(radii)) ** 2)[None, :, None, None].astype(np.float32)


def by_scale(maps: Tensor, scales: int, padding: Padding) -> tuple[list[Tensor], Tensor]:
    """Details of maps (..., ny, nx), finest first, and what is left: they add up to the maps.

    Each is what `smoothed_out` by 1, 2, 4, ... pixels takes away.
    """
    found = []
    for scale in range(scales):
        smooth = smoothed_out(maps, 2**scale, padding)
        found.append(maps - smooth)
        maps = smooth
    return found, maps


def smoothed_out(maps: Tensor, step: int, padding: Padding) -> Tensor:
    """Maps (..., ny, nx) averaged by 1, 2, 1 along both axes, of pixels `step` apart."""
    padded = pad(maps, step, padding)
    rows = (padded[..., : -2 * step, :] + padded[..., 2 * step :, :]) / 4
    rows = rows + padded[..., step:-step, :] / 2
    return (rows[..., : -2 * step] + rows[..., 2 * step :]) / 4 + rows[..., step:-step] / 2


def repeated(features: Tensor, count: int) -> Tensor:
    """Each of a batch so many times, one after the other.

    Not by `repeat_interleave`, whose gradient, a sum in bfloat16, took a quarter of an update.
    """
    return features if count == 1 else torch.stack([features] * count, dim=1).flatten(0, 1)


def between(table: Tensor, place: Tensor) -> Tensor:
    """Linear interpolation of a table (classes,) at places from 0 to classes - 1."""
    if table.is_cuda and table.requires_grad and torch.is_grad_enabled():
        return weighed(table, place)
    below = place.floor().long().clamp(max=len(table) - 2)
    return torch.lerp(table[below], table[below + 1], place - below)


def weighed(table: Tensor, place: Tensor) -> Tensor:
    """Interpolate as `between` does, by weights of all classes at each place.

    The gradient of indexing adds up pixel after pixel on a GPU: two thirds of an update there.
    """
    classes = torch.arange(len(table), device=place.device, dtype=place.dtype)
    return (1 - (place.unsqueeze(-1) - classes).abs()).clamp(min=0) @ table
