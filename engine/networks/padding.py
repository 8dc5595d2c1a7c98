"""How a map goes on beyond its edges."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Padding = Literal["circular", "replicate"]
"""What lies beyond a map's edges.

"circular" where opposite edges meet; "replicate" (the edge pixel goes on) where they don't:
unlike zeros it draws no void around the map, unlike a reflection it repeats no halo.
"""


def pad(x: Tensor, edge: int, padding: Padding) -> Tensor:
    """Add `edge` pixels on every side.

    Parameters
    ----------
    x : tensor, (..., ny, nx)
        A batch of maps with channels.
    edge : int
        [pixels], at most a side of the map.
    padding : {"circular", "replicate"}
        What the new pixels hold.

    Returns
    -------
    tensor, (..., ny + 2 edge, nx + 2 edge)
    """
    if padding == "circular" and torch.is_grad_enabled() and x.requires_grad:
        return _Wrap.apply(x, edge)
    return F.pad(x, (edge, edge, edge, edge), mode=padding)


class _Wrap(torch.autograd.Function):
    """Periodic padding whose gradient is one copy of the map and eight thin additions.

    torch's own gradient of it fills and adds several copies; with it a third of a training
    step on a CPU went into padding.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, edge: int) -> Tensor:
        ctx.edge = edge
        return F.pad(x, (edge, edge, edge, edge), mode="circular")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return _Fold.apply(gradient, ctx.edge), None


class _Fold(torch.autograd.Function):
    """What `_Wrap` does to a gradient: every pixel of the margin is added to where it came from.

    The two are each other's gradient, so a penalty on a critic's gradient can be stepped.
    """

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, edge: int) -> Tensor:
        ctx.edge = edge
        inside = slice(edge, -edge)
        # Where a strip of the padded map came from: itself, the far end, the near end.
        strips = (
            (inside, slice(None)),
            (slice(None, edge), slice(-edge, None)),
            (slice(-edge, None), slice(None, edge)),
        )
        result = gradient[..., inside, inside].clone()
        for padded_rows, rows in strips:
            for padded_columns, columns in strips:
                if not (padded_rows is inside and padded_columns is inside):
                    result[..., rows, columns] += gradient[..., padded_rows, padded_columns]
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return pad(gradient, ctx.edge, "circular"), None
