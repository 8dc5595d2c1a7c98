"""Whether draws lean: more power along one direction than along another, which no universe has."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

WAVELENGTHS = 5.4, 14.3
"""Of the waves that are looked at, [pixels]: those of `engine.statistics.texture.BAND`."""

REMEMBERED = 25
"""Updates over which leanings are averaged: one map's own is chance."""


def leanings(maps: Tensor) -> Tensor:
    """Of each map ln of the power along one diagonal over the other, and along x over y.

    Parameters
    ----------
    maps : tensor, (n, 1, side, side)
        Periodic; logarithms of what spans decades.

    Returns
    -------
    tensor, (n, 2)
    """
    modes = torch.fft.rfft2(maps[:, 0]).abs().square()
    shares = modes.flatten(1) @ _sides(maps.shape[-1], maps.device)
    first, second = shares.log().unflatten(1, (2, 2)).unbind(2)
    return first - second


def leaning_of(draws: Sequence[Tensor], target: Tensor) -> Tensor:
    """Mean leanings of the differences of draws, and by how much draws lean more than the truth.

    Parameters
    ----------
    draws : sequence of tensor, (n, 1, side, side)
        Two paintings or more.
    target : tensor, (n, 1, side, side)
        The truth.

    Returns
    -------
    tensor, (4,)
        Zero for the truth's law in the mean over many maps, each of them turned at random.
    """
    differences = torch.cat([a - b for a, b in pairwise(draws)])
    own = leanings(torch.cat(list(draws))).mean(0) - leanings(target).mean(0)
    return torch.cat((leanings(differences).mean(0), own))


def isotropy_loss(now: Tensor, before: Tensor) -> Tensor:
    """What pulls at the mean leaning of many updates: its product with this update's.

    In the mean its gradient is that of half the squared mean; a square of one map's own would
    ask for draws whose leaning never differs, and the truth's does.

    Parameters
    ----------
    now : tensor, (4,)
        Of this update's draws.
    before : tensor, (4,)
        Mean of the updates so far, which takes this one in.
    """
    before.lerp_(now.detach(), 1 / REMEMBERED)
    return (before * now).sum()


@cache
def _sides(side: int, device: torch.device) -> Tensor:
    """Mean over modes of rfft2 of either side: rising, falling; along x, along y. (modes, 4)."""
    ky = torch.fft.fftfreq(side)[:, None].expand(-1, side // 2 + 1)
    kx = torch.fft.rfftfreq(side)[None].expand(side, -1)
    wavenumber = torch.hypot(ky, kx)
    inside = (wavenumber > 1 / WAVELENGTHS[1]) & (wavenumber < 1 / WAVELENGTHS[0]) & (kx * ky != 0)
    parts = kx * ky > 0, kx * ky < 0, kx > ky.abs(), kx < ky.abs()
    chosen = torch.stack([(inside & part).flatten() for part in parts], dim=1).float()
    return (chosen / chosen.sum(0)).to(device)
