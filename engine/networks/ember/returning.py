"""How a map is turned to follow a bound, such that training can bring it back from beyond it."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

LEAST_SLOPE = 0.1
"""Of what is turned, backwards, in training: as where a pixel is 2.2 / sharpness beyond a bound."""


class Returning(torch.autograd.Function):
    """Softplus with a slope of at least `LEAST_SLOPE` for a loss that wants more of it.

    Far beyond a bound softplus has none, and no loss would ever bring a pixel back: maps from LR
    and VLR kept flat black patches.
    """

    @staticmethod
    def forward(ctx: Any, inside: Tensor, sharpness: float) -> Tensor:
        """Softplus, of width 1 / sharpness."""
        ctx.save_for_backward(inside)
        ctx.sharpness = sharpness
        return F.softplus(inside, beta=sharpness)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Gradient by how far maps are inside."""
        (inside,) = ctx.saved_tensors
        slope = torch.sigmoid(ctx.sharpness * inside)
        least = torch.where(gradient < 0, LEAST_SLOPE, 0.0)
        return gradient * torch.maximum(slope, least), None


def turned(inside: Tensor, sharpness: float, training: bool) -> Tensor:
    """How far maps are inside of a bound, turned to stay positive where they are beyond it."""
    if training:
        return Returning.apply(inside, sharpness)
    return F.softplus(inside, beta=sharpness)
