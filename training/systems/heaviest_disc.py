"""The most that a single disc holds: what tells a clump of one particle from a heavy one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.networks.ember.rounding import LARGE, areas, clumps
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair

COMMON = 0.998
"""Share of the widest discs of training maps that are no heavier: the others are of several
particles."""


def heaviest_disc(pairs: Sequence[Pair], field: str) -> Tensor:
    """Most light, see `rounding.rounded`, that a clump as wide as the widest disc holds, (1,).

    What is as wide and stands alone is one particle, and these are equal; faint ones are in part
    ionised.

    Parameters
    ----------
    pairs : sequence of Pair
        Whose targets are looked at.
    field : str
        Of the targets.
    """
    scaling, area = NORMALIZATIONS[field], float(areas(LARGE)[0, -1, 0, 0])
    found = [
        clumps(scaling.forward(torch.tensor(pair.target.values)[None, None]), "circular").peaks[-1]
        for pair in pairs
    ]
    widest = torch.cat([peaks[peaks > 0] for peaks in found])
    if not widest.numel():
        return torch.zeros(1)
    return area * torch.quantile(widest, COMMON)[None]
