"""Where a generator that has learnt stamps no discs: in voids emptier than any with bright spots.

So few pixels of a void have a disc that no loss sees it, and anyone does.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.gated import GatedGenerator
from engine.networks.padding import pad
from engine.normalization import NORMALIZATIONS, LogNormalization
from training.data.slabs import Pair
from training.losses.responses import FAINTEST
from training.systems.gated_step import draw_smooth, nearest_class
from training.systems.looks import paint_slab

BRIGHTER = 2.0
"""Than the geometric mean of the square around it, of `AROUND` pixels, is a spot."""

ALONE, AROUND = 5, 9
"""Sides of the square that a spot is the brightest pixel of, and of the one around it, [pixels]."""

FEWEST = 3
"""Spots that training maps must have of a class: one may be chance."""

NEVER = -20.0
"""Added to normal numbers, of which none exceeds a disc's threshold then."""


def without_lone_discs(
    network: GatedGenerator, pairs: Sequence[Pair], field: str
) -> tuple[GatedGenerator, dict[str, float]]:
    """Leave out discs in the emptiest classes, where samples have more spots than true maps.

    That is, in all below the first class of which training maps have half as many, and a few;
    where there is no such class all stay.

    Parameters
    ----------
    network : GatedGenerator
        With discs, or it is left as it is. It is not changed.
    pairs : sequence of Pair
        All of them are painted, once: spots in voids are rare.
    field : str
        That the network paints.

    Returns
    -------
    GatedGenerator, dict
        A network without these discs, and what a card says of it by name.
    """
    sparing = deepcopy(network)
    if not network.config.discs:
        return sparing, {}
    true, painted = np.zeros((2, network.config.classes), int)
    for number, pair in enumerate(pairs):
        sample = paint_slab(network, draw_smooth, pair.dark_matter, field, number)
        below = torch.tensor(pair.dark_matter.values)[None, None]
        place = nearest_class(network, below)[0, 0].numpy()
        true += spots(pair.target.values, place, len(true), NORMALIZATIONS[field])
        painted += spots(sample.values, place, len(true), NORMALIZATIONS[field])
    enough = (true >= FEWEST) & (2 * true >= painted)
    emptiest = int(enough.argmax()) if enough.any() else 0
    with torch.no_grad():
        sparing.stamped.of_class[network.config.discs :, :emptiest] = NEVER
    return sparing, {"classes_without_discs": float(emptiest)}


def spots(
    values: NDArray[np.float32],
    place: NDArray[np.intp],
    classes: int,
    scaling: LogNormalization,
) -> NDArray[np.intp]:
    """Count bright spots of a map (ny, nx), [Msun h / ckpc^2], by the classes of its pixels."""
    logarithm = torch.tensor(values).clamp(min=FAINTEST * scaling.x0).log()[None, None]
    brightest = F.max_pool2d(_padded(logarithm, ALONE), ALONE, 1)
    around = F.avg_pool2d(_padded(logarithm, AROUND), AROUND, 1)
    spot = (logarithm == brightest) & (logarithm - around > np.log(BRIGHTER))
    return np.bincount(place[spot[0, 0].numpy()], minlength=classes)


def _padded(maps: Tensor, side: int) -> Tensor:
    return pad(maps, side // 2, "circular")
