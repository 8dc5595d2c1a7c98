"""The upper bound of a generator that has learnt, lowered to where its samples fit best.

While it learns, no pixel is brighter than the brightest of the training maps at its dark matter.
A network that reaches that bound too often has haloes that are all as bright as the brightest:
too much mass, and too much power. A lower bound needs no other weights.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine import statistics
from engine.mesh import Slab
from engine.networks.ember.gated import GatedGenerator
from engine.networks.ember.shaping import between
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair
from training.losses.tables import ABOVE
from training.systems.close_look import WANTED, Wanted
from training.systems.gated_step import draw_smooth
from training.systems.looks import spread
from training.validation import log_distance, long_waves

DENSEST = (1, 3, 8)
"""Classes of dark matter whose bound may be lowered together: the core of the heaviest halo, of
the heavy ones, or all that is denser than about the mean."""

STEP = 0.02
"""By which the bound is lowered at a time, normalised."""

MOST_LOWERED = 0.5
"""Normalised; further down nothing is left of a halo."""

SAID = (
    "; then `lowered`, normalised, in the `lowered_classes` densest, to where the mass and P(k) of "
    "samples of training slabs fit best"
)
"""What follows on a card after how its bounds were measured."""


@dataclass(frozen=True)
class Offset:
    """By how much the upper bound is lowered, and how samples then compare with their truth.

    Parameters
    ----------
    classes : int
        How many of the densest are lowered.
    lowered : float
        Normalised.
    mass : float
        Of samples over the truth's.
    power_error : float
        See `training.validation.power_error`.
    """

    classes: int
    lowered: float
    mass: float
    power_error: float

    def misfit(self, wanted: Wanted) -> float:
        """How many times what is wanted mass and P(k) are off, together."""
        # An empty painting has no mass, and its logarithm must still compare.
        mass = abs(np.log(max(self.mass, 1e-6)))
        return float(mass / wanted.mass + self.power_error / wanted.power)


def lowered(
    network: GatedGenerator, pairs: Sequence[Pair], field: str
) -> tuple[GatedGenerator, dict[str, float]]:
    """Lower the upper bound of a network's densest classes on slabs that train it.

    For each number of classes of `DENSEST` the bound goes down step by step as long as the
    samples, of the same noise at every step, come nearer to the truth; the best is taken.

    Parameters
    ----------
    network : GatedGenerator
        It is not changed.
    pairs : sequence of Pair
        Some of them are painted, once.
    field : str
        That the network paints.

    Returns
    -------
    GatedGenerator, dict
        A network with the bound found, and what a card says of it by name.
    """
    samples, wanted = _Samples(network, spread(pairs), field), WANTED[field]
    as_it_is = samples.compare(0, 0.0)
    best = as_it_is
    for classes in DENSEST:
        last = as_it_is
        for found in _steps(samples, classes):
            if found.misfit(wanted) >= last.misfit(wanted):
                break
            last = found
        best = min(best, last, key=lambda offset: offset.misfit(wanted))
    bounded = deepcopy(network)
    bounded.most.copy_(lowered_table(network, best.classes, best.lowered))
    return bounded, {
        "lowered": best.lowered,
        "lowered_classes": best.classes,
        "mass_unlowered": as_it_is.mass,
        "mass_lowered": best.mass,
        "power_error_unlowered": as_it_is.power_error,
        "power_error_lowered": best.power_error,
    }


def lowered_table(network: GatedGenerator, classes: int, offset: float) -> Tensor:
    """Upper bounds (classes,) of a network with those of some densest classes lowered."""
    table = network.most.clone()
    first = len(table) - classes
    densest = table[first:]
    # What is denser may hold at least as much as what is less dense: else haloes had holes. And
    # between the two bounds there must be room for what the noise draws.
    lowest = torch.maximum(network.least[first:] + ABOVE, table[first - 1])
    densest.copy_(torch.maximum(densest - offset, torch.minimum(lowest, densest)))
    return table


class _Samples:
    """One sample of each of some slabs, painted once without an upper bound.

    Parameters
    ----------
    network : GatedGenerator
        That paints.
    pairs : sequence of Pair
        The slabs.
    field : str
        That is painted.
    """

    def __init__(self, network: GatedGenerator, pairs: Sequence[Pair], field: str) -> None:
        self.network, self.scaling = network, NORMALIZATIONS[field]
        # In training clumps aren't made round, which keeps mass and P(k).
        self.painter = deepcopy(network).cpu().train()
        self.truth = [pair.target for pair in pairs]
        self.mass = statistics.get("total_mass")
        self.true_mass, self.true_power = self.mass(self.truth), long_waves(self.truth)
        # The noise is that of the first sample which `close_look` judges.
        self.free = [_paint(network, pair.dark_matter, 2 * i) for i, pair in enumerate(pairs)]

    def compare(self, classes: int, offset: float) -> Offset:
        """Mass and power with the bound of some densest classes lowered."""
        painted = list(self._bounded(lowered_table(self.network, classes, offset).cpu()))
        power_error = log_distance(long_waves(painted), self.true_power)
        return Offset(classes, offset, self.mass(painted) / self.true_mass, power_error)

    def _bounded(self, table: Tensor) -> Iterator[Slab]:
        self.painter.most.copy_(table)
        for truth, (above, rises, place) in zip(self.truth, self.free, strict=True):
            with torch.inference_mode():
                maps = self.painter.bounded(above, rises, between(table, place), "circular")
            yield truth.with_values(self.scaling.inverse(maps)[0, 0].numpy())


@torch.inference_mode()
def _paint(
    network: GatedGenerator, slab: Slab, number: int
) -> tuple[Tensor, Tensor | None, Tensor]:
    """What `GatedGenerator.unbounded` makes of a slab."""
    device = network.most.device
    random = torch.Generator(device).manual_seed(number)
    x = NORMALIZATIONS["dm"].forward(torch.tensor(slab.values, device=device)[None, None])
    noise = draw_smooth(network, x, random)
    features = network.last_features(x, noise, "circular")
    above, rises, place = network.unbounded(features, x, noise, "circular")
    return above.cpu(), None if rises is None else rises.cpu(), place.cpu()


def _steps(samples: _Samples, classes: int) -> Iterator[Offset]:
    """Comparisons with a lower and lower bound."""
    for step in range(1, round(MOST_LOWERED / STEP) + 1):
        yield samples.compare(classes, round(step * STEP, 4))
