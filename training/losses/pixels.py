"""What a deterministic painter is fitted by.

All terms are differences in logarithms of surface density (a normalised map is one above
x0) or of power, so that a field's unit and mean don't enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.normalization import LogNormalization
from training.losses.power import log_power_error


@dataclass(frozen=True)
class PaintLoss:
    """Pixels at every scale, and the power spectrum of the full-size map.

    Parameters
    ----------
    normalization : LogNormalization
        Of the painted field.
    absolute, power : float
        Weights of the absolute difference of normalised maps and of the power-spectrum
        term; the squared difference has weight 1.
    """

    normalization: LogNormalization
    absolute: float
    power: float

    def __call__(self, painted: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """Weighted terms by name; their sum is the loss.

        Parameters
        ----------
        painted : sequence of tensor, (batch, 1, n / 2^i, n / 2^i)
            Normalised, full size first.
        target : tensor, (batch, 1, n, n)
            Surface density, [Msun h / ckpc^2].
        """
        scales = [self.normalization.forward(scale) for scale in pyramid(target, len(painted))]
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


def pyramid(maps: Tensor, scales: int) -> list[Tensor]:
    """Area means of a map on ever coarser grids, which keep its mass.

    Parameters
    ----------
    maps : tensor, (batch, 1, n, n)
        Surface density.
    scales : int
        Number of grids, the map's own included.

    Returns
    -------
    list of tensor, (batch, 1, n / 2^i, n / 2^i)
    """
    result = [maps]
    for _ in range(scales - 1):
        result.append(F.avg_pool2d(result[-1], 2))
    return result
