"""How well the spread of paintings says how far off they are."""

from collections.abc import Callable, Sequence
from itertools import combinations

import torch
from torch import Tensor

from engine.normalization import LogNormalization
from training.losses.pixels import normalized_pyramid

EMPTY = 1e-3
"""Added to a painting, in units of its scaling's x0, before means are scaled: HI's scaling is
infinitely steep where there is nothing."""


def probability_score(
    one: Sequence[Tensor],
    other: Sequence[Tensor],
    target: Sequence[Tensor],
    weights: Sequence[Tensor] | None = None,
) -> Tensor:
    """Continuous ranked probability score of two draws, the mean over pixels and scales.

    Its expectation is least when the draws have the distribution that the truth has, given
    the dark matter: paintings that are all alike, however good, score worse than ones that
    differ as the truth may. A squared difference would pull every one to the mean.

    Parameters
    ----------
    one, other, target : sequence of tensor, (batch, 1, n / 2^i, ...)
        Two paintings with other noise, and the truth; normalised, at every scale.
    weights : sequence of tensor, of the same shapes, optional
        Of the pixels, with a mean of one at every scale. The score stays a proper one as
        long as they don't depend on the truth.

    References
    ----------
    Gneiting & Raftery 2007, equation 21; Ferro 2014 (unbiased for two draws).
    """
    scores = [
        ((a - t).abs() + (b - t).abs() - (a - b).abs()) / 2
        for a, b, t in zip(one, other, target, strict=True)
    ]
    if weights is not None:
        scores = [score * weight for score, weight in zip(scores, weights, strict=True)]
    return torch.stack([score.mean() for score in scores]).mean()


def mass_weighted_score(
    painted: Sequence[Tensor],
    real: Sequence[Tensor],
    dark_matter: Sequence[Tensor],
    scaling: LogNormalization,
    dark_scaling: LogNormalization,
) -> Tensor:
    """Probability score of two paintings' means, each pixel weighted by its dark matter.

    Parameters
    ----------
    painted : two of tensor, (batch, 1, n, ...)
        Density, [Msun h / ckpc^2] or [Msun h^2 / ckpc^3].
    real, dark_matter : sequence of tensor, (batch, 1, n / 2^i, ...)
        Normalised, full size first.
    scaling, dark_scaling : LogNormalization
        Of the painted field and of dark matter.
    """
    one, other = (
        normalized_pyramid(meshes + EMPTY * scaling.x0, scaling, len(real)) for meshes in painted
    )
    mass = [dark_scaling.inverse(scale) for scale in dark_matter]
    return probability_score(one, other, real, [m / m.mean() for m in mass])


def fair_score(
    draws: Sequence[Tensor], target: Tensor, distance: Callable[[Tensor], Tensor] = torch.abs
) -> Tensor:
    """Energy score of a few draws: their distance from the truth less half that between them.

    Its expectation is least when the draws have the law that the truth has, whatever is
    measured and however few they are.

    Parameters
    ----------
    draws : sequence of tensor, (...)
        What is measured of two paintings or more, with other noise.
    target : tensor, (...)
        Of the truth.
    distance : callable
        Of a difference: the absolute value (then it is the continuous ranked probability
        score, number by number) or a norm along an axis.

    References
    ----------
    Gneiting & Raftery 2007, section 4.2; Ferro 2014 (unbiased for few draws).
    """
    pairs = list(combinations(draws, 2))
    if not pairs:
        raise ValueError(f"A score of spread got {len(draws)} draws, expected at least two.")
    off = torch.stack([distance(draw - target) for draw in draws]).mean(dim=0)
    apart = torch.stack([distance(one - other) for one, other in pairs]).mean(dim=0)
    return off - apart / 2
