"""How well the spread of paintings says how far off they are."""

from collections.abc import Sequence

import torch
from torch import Tensor


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
    one, other, target : sequence of tensor, (batch, 1, n / 2^i, n / 2^i)
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
