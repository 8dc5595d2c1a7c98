"""Errors of painted clusters: of their scaled pixels, their rings, and what a whole map holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.normalization import Normalization

FAINTEST = 0.01
"""Scaled, of a pixel that is the least sum: less than that is nothing, which has no logarithm."""

BRIGHTEST = 1.5
"""Scaled, of pixels that are summed: a fresh network paints beyond what numbers can hold."""

LEAST_VARIANCE = 1e-8
"""Of logarithms about a fit, [dex^2]: a root of zero has no slope."""


@dataclass(frozen=True)
class TermWeights:
    """How much the terms beside that of pixels weigh.

    Parameters
    ----------
    total : float
        Of the error of each map's sum.
    rings : float
        Of the errors of the sums of its rings.
    scatter : float
        Of how much narrower or wider sums scatter at fixed mass and redshift than true ones.
    """

    total: float
    rings: float = 0.0
    scatter: float = 0.0


def pixel_error(painted: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Mean squared error of scaled pixels, weighted.

    Parameters
    ----------
    painted, truth : tensor, (batch, ny, nx)
    weight : tensor, (batch, ny, nx)
        Zero where there is nothing to be learned.
    """
    return (weight * (painted - truth) ** 2).sum() / weight.sum().clamp(min=1.0)


def ring_sums(values: Tensor, scaling: Normalization, known: Tensor, rings: Tensor) -> Tensor:
    """What rings around the middle of maps hold, (batch, rings), in the field's unit.

    Parameters
    ----------
    values : tensor, (batch, ny, nx)
        Scaled.
    known : tensor, (batch, ny, nx)
        One where pixels count, else zero.
    rings : tensor of int, (batch, ny, nx)
        That pixels lie in, from zero on.
    """
    physical = (known * scaling.inverse(values.clamp(0, BRIGHTEST))).flatten(1)
    empty = physical.new_zeros(len(physical), int(rings.max()) + 1)
    return empty.scatter_add(1, rings.flatten(1), physical)


def log_error(mine: Tensor, theirs: Tensor, least: float) -> Tensor:
    """Mean squared error of log10 of sums, of those that truly hold more than the least.

    The mean of logarithms of pixels is below the logarithm of their mean, so that errors of
    pixels alone leave sums too low.
    """
    there = theirs > least
    logs = [each.clamp(min=least).log10() for each in (mine, theirs)]
    return (there * (logs[0] - logs[1]) ** 2).sum() / there.sum().clamp(min=1)


def scatter_error(mine: Tensor, theirs: Tensor, traits: Tensor, least: float) -> Tensor:
    """Squared difference of how far log10 of sums lie from what traits tell of them.

    The mean of what is possible scatters less than the truth, by as much as is not known; one
    that scatters alike is hardly further from it, map by map.

    Parameters
    ----------
    mine, theirs : tensor, (batch,)
        Sums, painted and true.
    traits : tensor, (batch, k)
        Of the clusters; both are fitted by them.
    least : float
        Sums that are less than it are left out.

    Returns
    -------
    tensor
        Zero of batches too few for a fit, [dex^2].
    """
    there = (theirs > least).to(mine.dtype)
    free = int(there.sum()) - traits.shape[1]
    if free < 1:
        return mine.sum() * 0
    fitted = traits * there[:, None]
    # In float64: traits of clusters of about one mass are nearly alike.
    onto = (fitted.double() @ torch.linalg.pinv(fitted.double())).to(mine.dtype)
    widths = []
    for sums in (mine, theirs):
        logs = there * sums.clamp(min=least).log10()
        variance = (logs - onto @ logs).square().sum() / free
        widths.append((variance + LEAST_VARIANCE).sqrt())
    return (widths[0] - widths[1]) ** 2


def cluster_terms(
    painted: Tensor,
    truth: Tensor,
    weight: Tensor,
    rings: Tensor,
    traits: Tensor,
    scalings: Sequence[Normalization],
    needs_gas: Sequence[bool],
    weights: TermWeights,
) -> dict[str, Tensor]:
    """All terms of the loss.

    Parameters
    ----------
    painted, truth : tensor, (batch, fields, ny, nx)
        Scaled.
    weight : tensor, (batch, 1, ny, nx)
        Of pixels; zero beyond the map. In sums those with any count alike.
    rings : tensor of int, (batch, 1, ny, nx)
        That pixels lie in.
    traits : tensor, (batch, k)
        Of the clusters, for their scatter.
    scalings : sequence of Normalization
        Of the fields.
    needs_gas : sequence of bool
        Whether a field is unknown, and not zero, where its truth is zero.
    weights : TermWeights
        Of the terms.

    Returns
    -------
    dict of str to tensor
        `pixels`, and `sums`, `rings` and `scatter` if they weigh anything; means over the fields.
    """
    found: dict[str, list[Tensor]] = {"pixels": [], "sums": [], "rings": [], "scatter": []}
    for number, (scaling, masked) in enumerate(zip(scalings, needs_gas, strict=True)):
        mine, theirs = painted[:, number], truth[:, number]
        known = weight[:, 0] * (theirs > 0) if masked else weight[:, 0]
        found["pixels"].append(pixel_error(mine, theirs, known))
        counted = (known > 0).to(mine.dtype)
        own, true = (ring_sums(each, scaling, counted, rings[:, 0]) for each in (mine, theirs))
        sums, least = (own.sum(1), true.sum(1)), float(scaling.inverse(torch.tensor(FAINTEST)))
        found["sums"].append(log_error(*sums, least))
        found["rings"].append(log_error(own, true, least))
        found["scatter"].append(scatter_error(*sums, traits, least))
    share = {"pixels": 1.0, "sums": weights.total, "rings": weights.rings}
    share["scatter"] = weights.scatter
    return {n: share[n] * torch.stack(each).mean() for n, each in found.items() if share[n]}
