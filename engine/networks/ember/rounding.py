"""Clumps of a painted map of hydrogen made round, as the discs of the particles they stand for.

A simulated map is a sum of kernels of gas particles: where these are few, its clumps are round and
evenly shaded, whatever a network of 3 x 3 pixels makes of them. As maps of radio interferometers
are restored with a clean beam, the light of each clump that is as wide as a kernel, and no heavier
than a particle, is put back as the kernel nearest to its width; small and heavy ones stay as they
are. Pits far darker than what is around them, which the network leaves beside clumps, are filled
up to a share of it, wherever they are. It has steps, whose gradients say nothing: nothing is
trained through it.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.shaping import ADDED, disc_kernels, smoothed_out
from engine.networks.padding import Padding, pad

SMALL = 1.6, 2.2
"""Radii of kernels whose clumps stay as they are: where in a pixel they lie is seen, [pixels]."""

LARGE = 3.0, 4.0, 5.2
"""Radii of those that clumps are made into, [pixels]."""

PIT, GROUND = 5, 9
"""Sides of the squares that pits and clumps are narrower than, [pixels]."""

DARKEST = 0.5
"""Of the light around a pit, without clumps: no pixel is left darker."""

FAINT = 0.5
"""Of the light without clumps, so much more is ground: thin streams stay as they are."""

STANDS_OUT = 0.5
"""How far a clump rises above its ground, at least, in units of it."""

LEVEL, MOST = 0.3, 8.0
"""Of the ground: light of discs beyond which a pixel's own counts as theirs, and the most that is
counted. More, and the smoothing's square edges would show around bright discs."""

NEAR, AROUND = (1, 2), (1, 2, 4)
"""Steps of the smoothing that tells a clump's width, and of that within which light is kept."""

CORRECTED = 0.2, 3.0
"""Least and most that a disc is corrected by for those that it overlaps with."""

FAINTEST = 1e-30
"""Added to what is divided by."""

REACH = (PIT, PIT, *2 * (GROUND, GROUND, 3, 5, 9), 3, 5, 11, 11, *2 * (3, 5, 9))
"""Sides of the squares that are looked at one after the other, [pixels]."""


@cache
def kernels(radii: tuple[float, ...]) -> NDArray[np.float32]:
    """Discs of some radii, 1 at the centre, (1, radii, 11, 11)."""
    every = disc_kernels((*radii, max(LARGE)))[:-1]
    return every.swapaxes(0, 1)


@cache
def areas(radii: tuple[float, ...]) -> NDArray[np.float32]:
    """Of some discs: brightness times area is what a disc holds, (1, radii, 1, 1)."""
    return kernels(radii).sum((-2, -1), keepdims=True)


@cache
def widths() -> NDArray[np.float32]:
    """Brightness of smoothed discs at their centre by that of the discs: edges between the radii.

    Clumps of less than the first are as the smallest radius, (radii - 1,).
    """
    discs = torch.from_numpy(kernels(SMALL + LARGE)).swapaxes(0, 1)
    wide = smooth(F.pad(discs, (8,) * 4), NEAR, "circular")
    middle = wide.shape[-1] // 2
    found = wide[:, 0, middle, middle].numpy()
    return (found[1:] + found[:-1]) / 2


def smooth(maps: Tensor, steps: tuple[int, ...], padding: Padding) -> Tensor:
    """Smooth by 1, 2, 1 of pixels so many steps apart, one after the other."""
    for step in steps:
        maps = smoothed_out(maps, step, padding)
    return maps


def brightest(maps: Tensor, side: int, padding: Padding) -> Tensor:
    """Most within a square about each pixel."""
    rows = F.max_pool2d(pad(maps, side // 2, padding), (side, 1), 1)
    return F.max_pool2d(rows, (1, side), 1)


def opened(light: Tensor, padding: Padding) -> Tensor:
    """Light without its clumps, smoothed a little."""
    darkest = -brightest(-light, GROUND, padding)
    return smooth(brightest(darkest, GROUND, padding), AROUND, padding)


@dataclass(frozen=True)
class Clumps:
    """What stands out of a map's light.

    Parameters
    ----------
    ground, above : tensor, (n, 1, ny, nx)
        Light without clumps, and of the clumps.
    peaks : list of tensor, (n, 1, ny, nx)
        For each radius, `SMALL` then `LARGE`, what is above at the peaks of clumps as wide.
    """

    ground: Tensor
    above: Tensor
    peaks: list[Tensor]


def clumps(maps: Tensor, padding: Padding) -> Clumps:
    """Tell the clumps of normalised maps (n, 1, ny, nx), positive, from their ground."""
    light = maps**ADDED
    pitless = -brightest(-brightest(light, PIT, padding), PIT, padding)
    # No brighter than without pits: smoothing reaches beyond what is bright, with square edges.
    filled = torch.minimum(DARKEST * opened(pitless, padding), pitless)
    light = torch.maximum(light, filled)
    ground = torch.minimum((1 + FAINT) * opened(light, padding), light)
    above = light - ground
    even = smooth(above, NEAR[:1], padding)
    peak = (brightest(even, 3, padding) == even) & (above > STANDS_OUT * ground)
    wide = smooth(even, NEAR[1:], padding) / (above + FAINTEST)
    edges = [-np.inf, *widths().tolist(), np.inf]
    peaks = [
        torch.where(peak & (wide >= low) & (wide < high), above, 0.0)
        for low, high in pairwise(edges)
    ]
    return Clumps(ground, above, peaks)


def rounded(maps: Tensor, heaviest: Tensor, padding: Padding) -> Tensor:
    """Normalised maps with discs instead of wide clumps, and without their darkest pits.

    Parameters
    ----------
    maps : tensor, (n, 1, ny, nx)
        Positive.
    heaviest : tensor, (1,)
        Most light that a disc holds, brightness times area [pixels].
    padding : {"circular", "replicate"}
        How the map goes on beyond its edges.

    Returns
    -------
    tensor, (n, 1, ny, nx)

    References
    ----------
    Högbom 1974, A&AS 15, 417, for restoring with a clean beam.
    """
    found = clumps(maps, padding)
    peaks = torch.cat(found.peaks, 1)
    held = peaks * torch.from_numpy(areas(SMALL + LARGE)).to(peaks.device)
    wide = torch.arange(peaks.shape[1], device=peaks.device)[:, None, None] >= len(SMALL)
    made_round = wide & (held <= heaviest)
    others = torch.where(made_round, 0.0, held).sum(1, keepdim=True)
    peaks = torch.where(made_round, peaks, 0.0)[:, len(SMALL) :]
    share = (found.above / (stamped(peaks, LARGE, padding) + FAINTEST)).clamp(*CORRECTED)
    discs = stamped(share * peaks, LARGE, padding)
    of_discs = smooth(torch.minimum(discs, MOST * found.ground), AROUND, padding)
    rest = smooth(others + LEVEL * found.ground, AROUND, padding)
    theirs = of_discs / (of_discs + rest + FAINTEST)
    taken = theirs * found.above
    kept = smooth(taken, AROUND, padding) / (smooth(discs, AROUND, padding) + FAINTEST)
    restored = kept.clamp(1 / CORRECTED[1], CORRECTED[1]) * discs
    light_now = found.ground + restored + found.above - taken
    return light_now ** (1 / ADDED)


def stamped(peaks: Tensor, radii: tuple[float, ...], padding: Padding) -> Tensor:
    """Discs about peaks (n, radii, ny, nx), their sum (n, 1, ny, nx)."""
    discs = torch.from_numpy(kernels(radii)).to(peaks.device)
    return F.conv2d(pad(peaks, discs.shape[-1] // 2, padding), discs)
