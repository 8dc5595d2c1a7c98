"""How far a painted field is from the true one, as JERALD is fitted (Rigo, Trotta & Viel 2025)."""

import torch
from torch import Tensor

from engine.networks.jerald.displacement import Mesh

FAINT = 1e-3
"""Of the mean, below which a field is compressed no further."""


WHOLE = (slice(None),) * 3


def residual(
    painted: Tensor,
    truth: Tensor,
    mesh: Mesh,
    power: float,
    smoothing: float,
    compression: float,
    part: tuple[slice, ...] = WHOLE,
) -> Tensor:
    """Mean power of the difference of two fields.

    Parameters
    ----------
    painted, truth : tensor, (n, n, n)
        Not negative, over the same mean.
    power : float
        1 or 2.
    smoothing : float
        m; waves of the difference are multiplied by 1 + k^-m, k in h/Mpc, which weighs large
        scales up; 0: they are left as they are.
    compression : float
        Power to which both fields are raised before; 1: none.
    part : (z, y, x)
        Cells over which the mean is taken; waves are those of the whole box.

    References
    ----------
    Rigo, Trotta & Viel 2025, equations 10 and 11.
    """
    if compression != 1:
        painted, truth = ((each + FAINT) ** compression for each in (painted, truth))
    difference = painted - truth
    if smoothing:
        kernel = 1 + mesh.k**-smoothing
        none = torch.zeros_like(kernel)
        none[0, 0, 0] = 1
        kernel = kernel * (1 - none) + none
        sides = (mesh.cells,) * 3
        difference = torch.fft.irfftn(kernel * torch.fft.rfftn(difference), sides)
    return (difference[part].abs() ** power).mean()
