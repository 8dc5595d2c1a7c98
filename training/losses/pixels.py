"""What a deterministic emulator is fitted by.

All terms are differences in logarithms of density (a normalised map is one above x0) or of
power, so that a field's unit and mean don't enter. Maps and grids alike: n stands for the
sides of either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.normalization import Normalization
from training.losses.power import log_power_error

HALVED = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
"""Means over neighbours by number of dimensions."""


@dataclass(frozen=True)
class PixelLoss:
    """Pixels at every scale, and the power spectrum of the full-size mesh.

    Parameters
    ----------
    normalization : Normalization
        Of the painted field.
    absolute, power : float
        Weights of the absolute difference of normalised meshes and of the power-spectrum
        term; the squared difference has weight 1.
    """

    normalization: Normalization
    absolute: float
    power: float

    def __call__(self, painted: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """Weighted terms by name; their sum is the loss.

        Parameters
        ----------
        painted : sequence of tensor, (batch, 1, n / 2^i, ...)
            Normalised, full size first.
        target : tensor, (batch, 1, n, ...)
            Density, [Msun h / ckpc^2] or [Msun h^2 / ckpc^3].
        """
        scales = normalized_pyramid(target, self.normalization, len(painted))
        pairs = list(zip(painted, scales, strict=True))
        squared = torch.stack([F.mse_loss(p, t) for p, t in pairs]).sum()
        absolute = torch.stack([F.l1_loss(p, t) for p, t in pairs]).sum()
        # Early on a painting may overshoot by so much that its power would overflow.
        bounded = painted[0].clamp(max=scales[0].max() + 1)
        power = log_power_error(self.normalization.inverse(bounded), target)
        return {
            "squared": squared,
            "absolute": self.absolute * absolute,
            "power": self.power * power,
        }


def pyramid(meshes: Tensor, scales: int) -> list[Tensor]:
    """Means of a mesh on ever coarser ones, which keep its mass.

    Parameters
    ----------
    meshes : tensor, (batch, 1, n, ...)
        Density.
    scales : int
        Number of meshes, the given one included.

    Returns
    -------
    list of tensor, (batch, 1, n / 2^i, ...)
    """
    result = [meshes]
    for _ in range(scales - 1):
        result.append(HALVED[meshes.ndim - 2](result[-1], 2))
    return result


def normalized_pyramid(meshes: Tensor, scaling: Normalization, scales: int) -> list[Tensor]:
    """Means of a density at every scale, see `pyramid`, then normalised."""
    return [scaling.forward(scale) for scale in pyramid(meshes, scales)]
