"""Whether draws are as often much brighter, or darker, than what is around: scores of tails.

Samples may have detail of the right power that is dark pits where the truth has bright knots: what
squares it, or takes it without its sign, sees no difference.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.shaping import by_scale
from training.losses.probability import fair_score
from training.losses.spectra import MASS_CENTRES, TINY, environments

SIZES = 3
"""Of detail, the finest: 1, 2 and 4 pixels."""

POWERS = (1, 3)
"""Of detail, whose means tell of all of it and of what is rare and large."""


def tails_score(
    draws: Sequence[Tensor], target: Tensor, unit: Tensor, dark_matter: Tensor, faint: float
) -> Tensor:
    """Probability score of ln of how much bright and dark detail there is, by environment and size.

    Parameters
    ----------
    draws, target, unit, dark_matter, faint
        See `training.losses.spectra.detail_score`.

    References
    ----------
    Starck & Murtagh 2006, the "a trous" wavelet transform, for detail by size.
    """
    shares = environments(dark_matter, MASS_CENTRES)
    seen = [log_tails(draw, shares, unit, faint) for draw in draws]
    return fair_score(seen, log_tails(target, shares, unit, faint)).mean()


def log_tails(maps: Tensor, shares: Tensor, unit: Tensor, faint: float) -> Tensor:
    """Of each map ln of the means of powers of its detail's bright and dark parts, over the power.

    Parameters
    ----------
    maps : tensor, (n, 1, side, side)
        Normalised.
    shares : tensor, (n, environments, side, side)
        Of each pixel in each environment.
    unit : tensor, (n, 1, side, side)
        In which detail is counted.
    faint : float
        Added to the detail, normalised.

    Returns
    -------
    tensor, (n, environments, 2 SIZES POWERS)
        By power, then bright and dark, then size.
    """
    detail = torch.cat(by_scale(maps, SIZES, "circular")[0], dim=1) / unit
    parts = F.relu(torch.cat((detail, -detail), dim=1)) + faint / unit
    weights = shares / shares.sum((2, 3), keepdim=True).clamp(min=1)
    means = [torch.einsum("neyx,npyx->nep", weights, parts**power) for power in POWERS]
    found = [(mean + TINY).log() / power for mean, power in zip(means, POWERS, strict=True)]
    return torch.cat(found, dim=2)
