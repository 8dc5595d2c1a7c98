"""What a deterministic painter is fitted by.

All terms are differences in logarithms of surface density (a normalised map is one above
x0) or of power, so that a field's unit and mean don't enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.normalization import LogNormalization

EMPTY = 1e-3
"""Least mean of a painted map and least power, in units of the truth's: early on a painting may be
empty, and the logarithm must not be infinite then."""

BINS_PER_DECADE = 8
"""Of the power-spectrum term: fine enough to hold a slope, coarse enough to average modes."""


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


def log_power_error(painted: Tensor, target: Tensor) -> Tensor:
    """Squared logarithm of P_painted / P_target, its mean over bins of k, and that of the mass.

    A map of conditional means is too smooth; this asks for the right contrast at every
    scale, and for the right mass (squared, as power). Powers, each of a map over its own
    mean as a score has them, are averaged over the batch before the ratio.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, n, n)
        Surface density of periodic maps.
    """
    bins, count = _bins(target.shape[-1], target.device)
    unit = target.mean()

    def binned(maps: Tensor) -> Tensor:
        means = maps.mean(dim=(2, 3), keepdim=True) / unit
        contrast = maps / (unit * means.clamp(min=EMPTY))
        modes = torch.fft.rfft2(contrast, norm="forward").abs().square().mean(dim=(0, 1))
        power = torch.zeros(count, device=maps.device).index_add(0, bins, modes.flatten())
        return torch.cat([means.square().mean()[None], power[1:]])

    true = binned(target)
    squared = ((binned(painted) + EMPTY * true) / ((1 + EMPTY) * true)).log().square()
    return squared[0] + squared[1:].mean()


@cache
def _bins(side: int, device: torch.device) -> tuple[Tensor, int]:
    """Bin number of each mode of rfft2, zero mode first, and how many bins hold modes."""
    rows = torch.fft.fftfreq(side, 1 / side)
    columns = torch.fft.rfftfreq(side, 1 / side)
    wavenumber = torch.hypot(rows[:, None], columns[None, :]).clamp(max=side / 2)
    raw = torch.where(wavenumber < 0.5, -1.0, (BINS_PER_DECADE * wavenumber.log10()).floor())
    used, number = raw.flatten().unique(return_inverse=True)
    return number.to(device), len(used)
