"""Errors of the waves of patches: how strong they are, and how well they are known.

Patches are parts of a box, and densities stay in units of the box's mean, for a patch's own is
part of its structure. Their edges don't meet, and are not tapered: a twentieth of the cells
would be left to tell of all, and ratios of powers are right to a per cent without.
"""

from math import floor, log10

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.losses.power import BINS_PER_DECADE, EMPTY, wavenumber_bins

HIGHEST = 0.7
"""Of the Nyquist wavenumber, up to which waves of patches count: beyond it most of the power
depends on what no network can know, and would have all the say."""

REMEMBERED = 0.95
"""Share of the powers of earlier updates in their mean: some twenty batches, whose densest cells
are together like those of a box, while a single patch's are not."""

STEEPNESS = 2.0
"""How fast the weight of unknown waves falls with their wavenumber: as fast as even the best
filter of the inputs leaves more of them unknown, so that no scale has all the say."""


class PatchPowers(nn.Module):
    """Squared logarithm of P_painted / P_target, its mean over bins of k, and that of the mass.

    Powers are averaged over the last updates before the ratio is taken, as a score has them of
    a whole box: patches differ a hundredfold in power, and the mean of their ratios is not that
    of a box. The gradient is what it would be if all of them had been painted anew.

    Parameters
    ----------
    side : int
        Of a patch, [cells].
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.updates: Tensor
        self.painted: Tensor
        self.target: Tensor
        self.register_buffer("updates", torch.zeros(()))
        for name in ("painted", "target"):  # the mean density, then the power of each bin
            self.register_buffer(name, torch.zeros(counted_bins(side)))

    def forward(self, painted: Tensor, target: Tensor, fabric: Fabric) -> Tensor:
        """Remember the powers of a batch, and tell how far the mean of all is from the truth's.

        Parameters
        ----------
        painted, target : tensor, (batch, 1, n, n, n)
            Density over the box's mean.
        fabric : Fabric
            Whose processes paint a part each.
        """
        share = REMEMBERED * self.updates / (self.updates + 1)
        ratio = []
        for memory, patches in ((self.painted, painted), (self.target, target)):
            found = torch.cat([patches.mean()[None], binned_power(patches).mean(0)])
            memory.lerp_(_everywhere(found.detach(), fabric), 1 - share)
            ratio.append(memory + (found - found.detach()))
        self.updates += 1
        ours, true = ratio
        logarithm = ((ours + EMPTY * true) / ((1 + EMPTY) * true)).log()
        return (2 * logarithm[0]).square() + logarithm[1:].square().mean()


def _everywhere(values: Tensor, fabric: Fabric) -> Tensor:
    """Mean over all processes."""
    if fabric.world_size == 1:
        return values
    mean = fabric.all_reduce(values, reduce_op="mean")
    assert isinstance(mean, Tensor)
    return mean


def unknown_waves(painted: Tensor, target: Tensor, low: Tensor, margin: int) -> Tensor:
    """Power of the difference of patches, over that of the low resolution, its mean over bins.

    The weights see the input alone, as those of cells do, so that the mean of all densities
    that an input can have is still what has the least error.

    Parameters
    ----------
    painted, target : tensor, (batch, 1, n, n, n)
        Density over the box's mean.
    low : tensor, (batch, 1, n / 2 + 2 margin, ...)
        Density of low resolution, over its mean.
    margin : int
        Cells of low resolution on all sides that surround the patch.
    """
    z, y, x = (slice(margin, side - margin) for side in low.shape[2:])
    coarse = F.interpolate(low[..., z, y, x], scale_factor=2, mode="nearest")
    with torch.no_grad():
        given = binned_power(coarse)
    bins = torch.arange(given.shape[-1], device=low.device)
    weights = 10 ** (-STEEPNESS / BINS_PER_DECADE * bins)
    share = (binned_power(painted - target) / given).mean(0)
    return (weights * share).sum() / weights.sum()


def binned_power(patches: Tensor) -> Tensor:
    """Power of the waves of patches that count, by bins of their wavenumber, (batch, bins).

    Parameters
    ----------
    patches : tensor, (batch, 1, n, ...)
    """
    side, ndim = patches.shape[-1], patches.ndim - 2
    bins, count = wavenumber_bins(side, ndim, patches.device)
    modes = torch.fft.rfftn(patches, dim=tuple(range(2, patches.ndim)), norm="forward")
    squared = modes.abs().square().flatten(1)
    power = torch.zeros(len(squared), count, device=patches.device).index_add(1, bins, squared)
    return power[:, 1 : counted_bins(side)]


def counted_bins(side: int) -> int:
    """Number of the first bin of wavenumbers beyond `HIGHEST`; the zero mode is in bin 0."""
    return 2 + floor(BINS_PER_DECADE * log10(HIGHEST * side / 2))
