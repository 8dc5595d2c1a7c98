"""Whether draws spread about the truth's spectra and masses: scores of ln power, of ln mass.

A squared logarithm of the mean of draws' power asks only for the right mean: it makes draws
alike. A score of every draw's own power asks for the right spread too.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from engine.normalization import LogNormalization
from training.losses.power import EMPTY, wavenumber_bins
from training.losses.probability import fair_score
from training.losses.responses import box_mean
from training.losses.whitening import REFERENCE

ENVIRONMENTS = (-0.45, -0.1, 0.35, 1.0)
"""Centres of void, sheet, filament and halo: log10 of smoothed dark matter / `REFERENCE`."""

MASS_CENTRES = (0.0, 0.4, 0.8, 1.2, 1.6)
"""The same, of the environments whose masses are scored: what is densest holds most HI."""

SMOOTHING = 5
"""Side of the square, applied twice, whose dark matter tells the environment, [pixels]."""

COARSE = 9
"""Side of the square whose mean is no detail, [pixels]."""

WAVENUMBERS, DIRECTIONS = 5, 4
"""Logarithmic bins of detail's wavenumber, and sectors of its direction (along x, a diagonal,
along y, the other diagonal)."""

LONGEST = 25.6
"""Wavelength where the bins begin, [pixels]."""

STEEPEST = 2e-2
"""Most of a gradient that one pixel gets. The brightest pixel of a map has 95 % of what a
logarithm of power pulls at, and would have the network to itself."""

TINY = 1e-12
"""Added to powers: the logarithm of one must not be infinite, as of haloes where a map has none."""


def mass_and_power_score(
    draws: Sequence[Tensor], target: Tensor, normalization: LogNormalization
) -> Tensor:
    """Probability score of ln of the squared mass, and the mean over bins of k of that of ln P(k).

    Parameters
    ----------
    draws : sequence of tensor, (n, 1, side, side)
        Two paintings or more, normalised.
    target : tensor, (n, 1, side, side)
        Surface density, [Msun h / ckpc^2].
    normalization : LogNormalization
        Of the field.
    """
    unit = target.mean()
    seen = [log_mass_and_power(maps, unit) for maps in _densities(draws, target, normalization)]
    score = fair_score(seen, log_mass_and_power(target, unit))
    return score[:, 0].mean() + score[:, 1:].mean()


def masses_score(
    draws: Sequence[Tensor],
    target: Tensor,
    normalization: LogNormalization,
    dark_matter: Tensor,
) -> Tensor:
    """Probability score of ln of the squared mass in each environment, the mean over them.

    The mass of all may be right with too much of it in filaments and too little in haloes.

    Parameters
    ----------
    draws, target, normalization
        See `mass_and_power_score`.
    dark_matter : tensor, (n, 1, side, side)
        [Msun h / ckpc^2].
    """
    unit, shares = target.mean(), environments(dark_matter, MASS_CENTRES)
    seen = [log_masses(maps, shares, unit) for maps in _densities(draws, target, normalization)]
    return fair_score(seen, log_masses(target, shares, unit)).mean()


def log_masses(maps: Tensor, shares: Tensor, unit: Tensor) -> Tensor:
    """Of each map ln of the square of its mean in each environment, in a unit.

    Parameters
    ----------
    maps : tensor, (n, 1, side, side)
        Surface density.
    shares : tensor, (n, environments, side, side)
        Of each pixel in each environment.
    unit : tensor, ()
        Of surface density.

    Returns
    -------
    tensor, (n, environments)
        That of `EMPTY` where a map has nothing of an environment.
    """
    total = (shares * maps / unit).sum((2, 3))
    return 2 * (total / shares.sum((2, 3)).clamp(min=1)).clamp(min=EMPTY).log()


def log_mass_and_power(maps: Tensor, unit: Tensor) -> Tensor:
    """Of each map ln of its squared mean, in a unit, and of the power of its contrast in bins.

    Parameters
    ----------
    maps : tensor, (n, 1, side, side)
        Surface density of periodic maps.
    unit : tensor, ()
        Of the same.

    Returns
    -------
    tensor, (n, 1 + bins)
    """
    bins, count = wavenumber_bins(maps.shape[-1], 2, maps.device)
    means = (maps.mean((1, 2, 3)) / unit).clamp(min=EMPTY)
    contrast = maps / (unit * means)[:, None, None, None]
    modes = torch.fft.rfft2(contrast, norm="forward").abs().square().flatten(1)
    power = modes.new_zeros(len(maps), count).index_add(1, bins.flatten(), modes)
    return torch.cat((2 * means.log()[:, None], (power[:, 1:] + TINY).log()), dim=1)


def detail_score(
    draws: Sequence[Tensor], target: Tensor, unit: Tensor, dark_matter: Tensor, faint: float
) -> Tensor:
    """Probability score of ln power of whitened detail, by environment, wavenumber and direction.

    Parameters
    ----------
    draws : sequence of tensor, (n, 1, side, side)
        Two paintings or more, normalised.
    target : tensor, (n, 1, side, side)
        Normalised.
    unit : tensor, (n, 1, side, side)
        Of a pixel's value, see `training.losses.whitening`.
    dark_matter : tensor, (n, 1, side, side)
        [Msun h / ckpc^2].
    faint : float
        Detail that precision hides, normalised: differences below it don't count.
    """
    windows = environments(dark_matter) / unit
    seen = [log_detail_power(draw, windows, faint) for draw in draws]
    return fair_score(seen, log_detail_power(target, windows, faint)).mean()


def log_detail_power(maps: Tensor, windows: Tensor, faint: float) -> Tensor:
    """Of each map ln power of what is finer than `COARSE`, seen through each of the windows.

    Parameters
    ----------
    maps : tensor, (n, 1, side, side)
        Normalised.
    windows : tensor, (n, environments, side, side)
        What a pixel's detail is multiplied by.
    faint : float
        Rms of white noise whose power is added, before the windows.

    Returns
    -------
    tensor, (n, environments, WAVENUMBERS * DIRECTIONS)
    """
    bins, modes_in = _sectors(maps.shape[-1], maps.device)
    detail = (maps - box_mean(maps, COARSE)) * windows
    modes = torch.fft.rfft2(detail, norm="ortho").abs().square().flatten(2)
    power = modes.new_zeros(*modes.shape[:2], len(modes_in) + 1).index_add(2, bins, modes)
    floor = (faint * windows).square().mean((-1, -2))[:, :, None]
    return (power[..., :-1] / modes_in + floor + TINY).log()


def environments(dark_matter: Tensor, centres: Sequence[float] = ENVIRONMENTS) -> Tensor:
    """Share of each pixel in void, sheet, filament and halo, or others; they add up to one.

    Parameters
    ----------
    dark_matter : tensor, (n, 1, ny, nx)
        [Msun h / ckpc^2].
    centres : sequence of float
        Of the environments: log10 of smoothed dark matter / `REFERENCE`, rising.

    Returns
    -------
    tensor, (n, environments, ny, nx)
    """
    smooth = box_mean(box_mean(dark_matter, SMOOTHING), SMOOTHING)
    place = (smooth / REFERENCE).log10()
    # How far on the way from one centre to the next; what lies before the first is the first's.
    steps = [((place - low) / (high - low)).clamp(0, 1) for low, high in pairwise(centres)]
    edges = [torch.ones_like(place), *steps, torch.zeros_like(place)]
    return torch.cat([a - b for a, b in pairwise(edges)], dim=1)


def _densities(
    draws: Sequence[Tensor], target: Tensor, normalization: LogNormalization
) -> list[Tensor]:
    """Surface densities of draws whose gradient is bounded pixel by pixel."""
    # Early on a painting may overshoot by so much that its power would overflow.
    top = normalization.forward(target.max()) + 1
    return [normalization.inverse(_gentle(draw).clamp(max=top)) for draw in draws]


def _gentle(painted: Tensor) -> Tensor:
    """The same map, whose gradient is bounded pixel by pixel."""
    if not painted.requires_grad:
        return painted
    painted = painted.view_as(painted)
    painted.register_hook(lambda gradient: gradient.clamp(-STEEPEST, STEEPEST))
    return painted


@cache
def _sectors(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Bin of each mode of rfft2 (the last: none), and how many modes each of the others has."""
    ky = torch.fft.fftfreq(side, 1 / side)[:, None].expand(-1, side // 2 + 1)
    kx = torch.fft.rfftfreq(side, 1 / side)[None].expand(side, -1)
    wavenumber, lowest, highest = torch.hypot(ky, kx), side / LONGEST, side / 2
    decade = (wavenumber.clamp(min=1e-3) / lowest).log() / math.log(highest / lowest)
    direction = (torch.atan2(ky, kx) / (math.pi / DIRECTIONS)).round().long() % DIRECTIONS
    bins = (decade * WAVENUMBERS).floor().long().clamp(0, WAVENUMBERS - 1) * DIRECTIONS + direction
    wanted = (wavenumber >= lowest) & (wavenumber < highest)
    last = WAVENUMBERS * DIRECTIONS
    bins = torch.where(wanted, bins, last).flatten()
    return bins.to(device), torch.bincount(bins, minlength=last + 1)[:last].clamp(min=1).to(device)
