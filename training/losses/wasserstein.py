"""The game between generator and critic: Wasserstein distance with a gradient penalty."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Maps = Sequence[Tensor]
"""(batch, 1, n / 2^i, ...), normalised, full size first."""

Score = Callable[[Maps, Maps], Tensor]
"""A critic: painting and dark matter to a number for each sample."""

EPSILON = 1e-12
"""Under the root of the norm, whose slope is infinite at zero."""


def critic_loss(critic: Score, real: Maps, fake: Maps, dark_matter: Maps) -> Tensor:
    """Mean score of paintings less that of the truth; its negative estimates the distance.

    Each is scored as a batch of its own, since the critic sees how samples differ.

    References
    ----------
    Bernardini et al. 2022, equation 2.
    """
    return critic(fake, dark_matter).mean() - critic(real, dark_matter).mean()


def generator_loss(critic: Score, fake: Maps, dark_matter: Maps) -> Tensor:
    """Less the mean score of paintings.

    References
    ----------
    Bernardini et al. 2022, equation 3.
    """
    return -critic(fake, dark_matter).mean()


def gradient_penalty(
    critic: Score, real: Maps, fake: Maps, dark_matter: Maps, share: Tensor
) -> Tensor:
    """Mean of (|gradient| - 1)^2 between truth and painting of the same dark matter.

    Only the painted field's maps are mixed and only their gradient counts; there is one
    norm for each sample, over its maps of all scales together.

    Parameters
    ----------
    critic : callable
        Scores a batch.
    real, fake, dark_matter : sequence of tensor
        At every scale.
    share : tensor, (batch,)
        Of the painting in the mixture, from 0 to 1; the same at every scale.

    References
    ----------
    Gulrajani et al. 2017, section 4; Bernardini et al. 2022, equation 5.
    """
    share = share.view(-1, *[1] * (real[0].ndim - 1))
    mixed = [
        torch.lerp(r, f.detach(), share).requires_grad_() for r, f in zip(real, fake, strict=True)
    ]
    score = critic(mixed, dark_matter).sum()
    gradients = torch.autograd.grad(score, mixed, create_graph=True)
    squared = torch.stack([g.square().sum(tuple(range(1, g.ndim))) for g in gradients]).sum(dim=0)
    return ((squared + EPSILON).sqrt() - 1).square().mean()
