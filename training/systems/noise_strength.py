"""How strong the noise of a generator that has learnt should be: as strong as its errors ask for.

The weights that are kept are a moving average of those that learn. Where these swing about a gate,
their average lets less through than any of them, so that samples are more alike than they should.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch

from engine import calibration
from engine.calibration import Ranking, classes_of, scaled
from engine.networks.ember.gated import GatedGenerator
from training.data.slabs import Pair
from training.systems.gated_step import draw_smooth
from training.systems.looks import paint_slab, spread

STEP = 0.15
"""By how much noise is made stronger or weaker at first, to see what spread does."""

MOST_SCALED = 1.3
"""Factor on the noise, or its inverse, beyond which a network needs training, not this."""


def strengthened(
    network: GatedGenerator, pairs: Sequence[Pair], field: str
) -> tuple[GatedGenerator, dict[str, float]]:
    """Scale a network's gates so that two samples of training slabs differ as their errors do.

    Between two strengths the logarithm of spread over error, the mean over classes of dark matter,
    is taken to be linear in that of the strength.

    Parameters
    ----------
    network : GatedGenerator
        It is not changed.
    pairs : sequence of Pair
        Some of them are painted, four times.
    field : str
        That the network paints.

    Returns
    -------
    GatedGenerator, dict
        A network with the strength found, and what a card says of it by name.
    """
    chosen = spread(pairs)
    before = spread_over_error(network, chosen, field)
    found = {"noise_scaled": 1.0, "spread_unscaled": before}
    if not 0 < before < np.inf:
        return deepcopy(network), found
    trial = 1 + STEP if before < 1 else 1 / (1 + STEP)
    after = spread_over_error(scaled_gates(network, trial), chosen, field)
    # Noise that changes nothing says nothing of how strong it should be.
    rise = np.log(after / before) / np.log(trial) if 0 < after < np.inf else 0.0
    if rise <= 0:
        return deepcopy(network), found
    most = np.log(MOST_SCALED)
    factor = float(np.exp(np.clip(-np.log(before) / rise, -most, most)))
    return scaled_gates(network, factor), found | {"noise_scaled": factor}


def scaled_gates(network: GatedGenerator, factor: float) -> GatedGenerator:
    """Copy a network whose gates let through so many times as much noise."""
    louder = deepcopy(network)
    with torch.no_grad():
        for weights in louder.gates.parameters():
            weights.mul_(factor)
    return louder


def spread_over_error(network: GatedGenerator, pairs: Sequence[Pair], field: str) -> float:
    """Spread over error of two samples of some slabs, the geometric mean over classes."""
    found = []
    for number, pair in enumerate(pairs):
        ranking = Ranking(
            scaled(pair.target), classes_of(pair.dark_matter), len(calibration.CLASSES)
        )
        for i in range(2):
            sample = paint_slab(network, draw_smooth, pair.dark_matter, field, 2 * number + i)
            ranking.add(scaled(sample))
        found.append(ranking.found())
    by_class = sum(found[1:], found[0]).spread_error
    known = by_class[np.isfinite(by_class) & (by_class > 0)]
    return float(np.exp(np.log(known).mean())) if known.size else float("nan")
