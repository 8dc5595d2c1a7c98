"""Whether draws have the truth's texture: energy scores of responses, counted in whitened units.

All are proper: least, in the mean, for the law that the truth has.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.losses.probability import fair_score
from training.losses.responses import responses

ROUNDED = 1e-8
"""Added to the mean square in a norm, whose slope is infinite at zero."""

WINDOW = 8
"""Side of the windows of texture, which overlap by half, [pixels]."""

FAINT = 0.1
"""Contrast, in whitened units, below which windows are alike."""


def energy_score(
    draws: Sequence[Sequence[Tensor]],
    target: Sequence[Tensor],
    units: Sequence[Tensor],
    weights: Sequence[Tensor],
) -> Tensor:
    """Energy score of a pixel's value and differences, the mean over pixels and scales.

    Half of it takes each response by itself, half all of them as one vector, which sees how
    they hang together.

    Parameters
    ----------
    draws : sequence of sequence of tensor, (n, 1, ny / 2^i, nx / 2^i)
        Two paintings or more of the same maps, normalised (or the logarithm of that), each at
        every scale.
    target : sequence of tensor, of the same shapes
        The truth.
    units : sequence of tensor, (n, 6, ny / 2^i, nx / 2^i)
        See `training.losses.whitening`.
    weights : sequence of tensor, (n, 1, ny / 2^i, nx / 2^i)
        Of the pixels.

    References
    ----------
    Gneiting & Raftery 2007, section 4.3.
    """
    scores = []
    for scale, (truth, unit, weight) in enumerate(zip(target, units, weights, strict=True)):
        seen = [responses(draw[scale]) / unit for draw in draws]
        true = responses(truth) / unit
        alone = fair_score(seen, true).mean(dim=1, keepdim=True)
        together = fair_score(seen, true, _norm)
        scores.append((weight * (alone + together) / 2).mean())
    return torch.stack(scores).mean()


def texture_score(
    draws: Sequence[Sequence[Tensor]],
    target: Sequence[Tensor],
    units: Sequence[Tensor],
    weights: Sequence[Tensor],
) -> Tensor:
    """Energy score of how much contrast of each direction there is in windows.

    Takes what `energy_score` takes, of the finest scales. A draw may have its contrast at other
    places than the truth, as long as there is as much of it.
    """
    scores = []
    for scale, (truth, unit, weight) in enumerate(zip(target, units, weights, strict=True)):
        seen = [contrasts(responses(draw[scale]) / unit) for draw in draws]
        score = fair_score(seen, contrasts(responses(truth) / unit), _norm)
        scores.append((windowed(weight) * score).mean())
    return torch.stack(scores).mean()


def contrasts(whitened: Tensor) -> Tensor:
    """Logarithms of mean and rms of the five differences in windows.

    Parameters
    ----------
    whitened : tensor, (n, 6, ny, nx)
        Responses in their units.

    Returns
    -------
    tensor, (n, 10, ny / 4, nx / 4)
    """
    differences = whitened[:, 1:]
    mean = windowed(differences.abs())
    square = windowed(differences.square())
    return torch.cat(((mean + FAINT).log(), (square + FAINT**2).log() / 2), dim=1)


def windowed(maps: Tensor) -> Tensor:
    """Means of periodic maps (n, c, ny, nx) over windows; a smaller map is one window wide."""
    side = min(WINDOW, maps.shape[-1])
    return F.avg_pool2d(F.pad(maps, (0, side // 2) * 2, mode="circular"), side, side // 2)


def _norm(difference: Tensor) -> Tensor:
    """Root of the mean square along the responses, which keeps their axis."""
    return (difference.square().mean(dim=1, keepdim=True) + ROUNDED).sqrt()
