"""JERALD for stars on a box of 8 cells a side."""

import numpy as np
import torch

from engine.mesh import Grid
from engine.networks.jerald.stages import STAGES, chain
from engine.normalization import Identity, Linear
from engine.systems.card import Input, ModelCard, Output
from engine.systems.jerald import parameters_of, stages_of
from tests.engine.systems.example import PLANCK, Example

CELL = 117.0
"""[kpc/h]."""


def card(field="stars") -> ModelCard:
    return ModelCard(
        system="jerald",
        title="for a test",
        paper="none",
        inputs=(Input("initial", "delta", "grid", CELL, 0.0, Identity()),),
        output=Output(field, "grid", CELL, Linear(0.5)),
        architecture={"network": "displacements", "redshift": 2.0},
        cosmology=PLANCK,
        stochastic=False,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
        parameters=parameters_of(stages_of(field, weights(field))),
    )


def weights(field="stars"):
    """Of fresh stages, and a little apart from them."""
    torch.manual_seed(4)
    return {
        f"{name}.{key}": (value * (1 + 0.1 * torch.rand_like(value))).numpy()
        for name in chain(field)
        for key, value in STAGES[name]().state_dict().items()
    }


def initial() -> Grid:
    """A rough linear overdensity today."""
    delta = np.random.default_rng(2).normal(size=(8, 8, 8))
    about = {"box_size": 8 * CELL / 1000, "redshift": 0.0, "cosmology": PLANCK}
    return Grid(delta, "delta", cell_size=CELL, simulation="box", **about)


def example() -> Example:
    regions = ((0, 8, 0, 8, 0, 8), (3, 6, 2, 7, 5, 6), (-3, 4, 6, 11, 0, 8))
    return Example(card(), weights(), {"initial": initial()}, regions)
