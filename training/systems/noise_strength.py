"""How strong the noise of a generator that has learnt should be: as strong as its errors ask for.

The weights that are kept are a moving average of those that learn. Where these swing about a gate,
their average lets less through than any of them, so that samples are more alike than they should;
most so in fine detail, while they may differ too much in what is larger.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from engine.networks.ember.gated import GatedGenerator
from engine.spread_by_scale import SpreadsByScale
from training.data.slabs import Pair
from training.systems.gated_step import draw_smooth
from training.systems.looks import paint_slab, spread

Vector = NDArray[np.float64]

STEP = 0.15
"""By how much noise of a level is made stronger at first, to see what spread does."""

MOST_SCALED = 1.3
"""Factor on the noise, or its inverse, beyond which a network needs training, not this."""

USUAL = 0.15
"""How far the logarithm of a level's factor is expected from 0. Noise of neighbouring levels does
nearly the same: without this one would be raised to lower the other."""

CERTAIN = 0.03
"""Least error of the logarithm of spread over error, be there ever so many slabs."""


def strengthened(
    network: GatedGenerator, pairs: Sequence[Pair], field: str
) -> tuple[GatedGenerator, dict[str, float]]:
    """Scale a network's gates so that two samples of training slabs differ as their errors do.

    So they should in detail of every size; each level of noise has a factor, all are found
    together. Between two strengths the logarithm of spread over error, the mean over classes of
    dark matter, is taken to be linear in that of the strengths.

    Parameters
    ----------
    network : GatedGenerator
        It is not changed.
    pairs : sequence of Pair
        Some of them are painted, twice and twice more for each level.
    field : str
        That the network paints.

    Returns
    -------
    GatedGenerator, dict
        A network with the strengths found, and what a card says of it by name.
    """
    chosen = spread(pairs)
    levels = len(network.gates)
    before, error = log_spread_over_error(network, chosen, field)
    rises = []
    for level in range(levels):
        trial = np.ones(levels)
        trial[level] += STEP
        after, _ = log_spread_over_error(scaled_gates(network, trial), chosen, field)
        rises.append((after - before) / np.log1p(STEP))
    told = np.isfinite([before, error, *rises]).all(0)  # noise that changes nothing tells nothing
    weights = 1 / np.hypot(CERTAIN, error[told])
    found = lsq_linear(
        np.concatenate((weights[:, None] * np.transpose(rises)[told], np.eye(levels) / USUAL)),
        np.concatenate((-weights * before[told], np.zeros(levels))),
        bounds=(-np.log(MOST_SCALED), np.log(MOST_SCALED)),
    )
    factors = np.exp(found.x)
    sides = 2 ** np.arange(network.config.halvings, -1, -1)
    said = {f"noise_scaled_{side}": float(x) for side, x in zip(sides, factors, strict=False)}
    return scaled_gates(network, factors), said | {"spread_unscaled": float(np.exp(before.mean()))}


def scaled_gates(network: GatedGenerator, factors: Sequence[float] | Vector) -> GatedGenerator:
    """Copy a network whose gates let through so many times as much noise, coarsest level first."""
    louder = deepcopy(network)
    with torch.no_grad():
        for gate, factor in zip(louder.gates, factors, strict=True):
            for weights in gate.parameters():
                weights.mul_(factor)
    return louder


def log_spread_over_error(
    network: GatedGenerator, pairs: Sequence[Pair], field: str
) -> tuple[Vector, Vector]:
    """Logarithm of spread over error of two samples of some slabs by size of detail, and its error.

    It is the mean over slabs and classes of dark matter: one heavy halo, about which a network is
    off as about nothing else, would tell for all there is of its class.

    Returns
    -------
    array, array, (sizes,)
        By `engine.spread_by_scale.SIZES`; NaN where samples don't differ. Errors take two slabs.
    """
    found = []
    for number, pair in enumerate(pairs):
        spreads = SpreadsByScale(pair.target, pair.dark_matter)
        for i in range(2):
            sample = paint_slab(network, draw_smooth, pair.dark_matter, field, 2 * number + i)
            spreads.add(sample)
        found.append(spreads.found().spread_error)
    with np.errstate(divide="ignore"):
        known = np.ma.masked_invalid(np.log(found)).mean(2)
    error = known.std(0, ddof=1) / np.sqrt(known.count(0))
    return known.mean(0).filled(np.nan), error.filled(np.nan)
