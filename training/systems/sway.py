"""How much a field differs between universes at given dark matter: what seeds should differ by.

A network sees a map and learns by heart what is different about its universe; painted on another
one its samples know nothing of it, and all have the same mass. Scatter between the boxes that
train it is measured instead, and a number of each realisation moves its maps by as much.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.networks.ember.gated import GatedGenerator
from engine.normalization import NORMALIZATIONS, LogNormalization
from training.data.slabs import Pair
from training.systems.gated_step import nearest_class

FEW = 300
"""Pixels that a class must have in a box for its mass there to be compared."""

BRIGHTER = 0.01
"""Relative rise of density by which its normalised value's slope is measured."""

TINY = 1e-30
"""Instead of nothing, where something is divided by it."""


def measure_sway(network: GatedGenerator, pairs: Sequence[Pair], field: str) -> Tensor:
    """Share by which one standard deviation moves a normalised map, by class of dark matter.

    Of each class it is the scatter between boxes of the mean of its normalised values, which a few
    bright clumps hardly move, and at most what moves its mass by the scatter of the mass of all
    classes: what is local to a class in a box, its few haloes, is no scatter of universes.

    Parameters
    ----------
    network : GatedGenerator
        Whose classes they are.
    pairs : sequence of Pair
        Slabs of several boxes, told apart by their simulation's name, so that each shift of one
        counts; with one box nothing is known, and nothing moves.
    field : str
        Of the targets.

    Returns
    -------
    tensor, (classes,)
    """
    scaling, classes = NORMALIZATIONS[field], network.config.classes
    boxes = {name: np.zeros((4, classes)) for name in sorted({p.target.simulation for p in pairs})}
    for pair in pairs:
        boxes[pair.target.simulation] += _sums(network, pair, scaling)
    sums = np.stack(list(boxes.values()), axis=1)
    if len(boxes) < 2:
        return torch.zeros(classes)
    pixels, values, mass, slopes = sums
    # What each box would have, were its pixels those of all boxes.
    even_values, even_mass = (
        pixels * each.sum(0) / np.maximum(pixels.sum(0), 1) for each in (values, mass)
    )
    scatter_of_mass = np.std(np.log(mass.sum(1) / even_mass.sum(1)), ddof=1)
    most = scatter_of_mass * slopes.sum(0) / np.maximum(mass.sum(0), TINY)
    enough = pixels >= FEW
    known = np.flatnonzero(enough.sum(0) > max(1, len(boxes) / 2))
    if not known.size:
        return torch.zeros(classes)
    with np.errstate(invalid="ignore"):
        logarithm = np.where(enough, np.log(values / even_values), np.nan)
    sway = np.minimum(np.nanstd(logarithm[:, known], axis=0, ddof=1), most[known])
    nearest = np.abs(known - np.arange(classes)[:, None]).argmin(axis=1)
    return torch.from_numpy(sway[nearest].astype(np.float32))


@torch.no_grad()
def _sums(network: GatedGenerator, pair: Pair, scaling: LogNormalization) -> NDArray[np.float64]:
    """Of each class of a slab pixels, normalised values, mass and mass times slope, (4, classes).

    The slope is that of the logarithm of a normalised value over that of its density.
    """
    below = torch.tensor(pair.dark_matter.values)[None, None]
    nearest = nearest_class(network, below).flatten().numpy()
    mass = pair.target.values.astype(np.float64).ravel()
    values = scaling.forward(mass)
    slope = np.log(scaling.forward((1 + BRIGHTER) * mass) / np.maximum(values, TINY)) / BRIGHTER
    weights = np.ones_like(mass), values, mass, mass * np.maximum(slope, 0)
    return np.stack([np.bincount(nearest, w, network.config.classes) for w in weights])
