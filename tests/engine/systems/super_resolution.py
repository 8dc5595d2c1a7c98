"""Super-resolution of a box of 8 cells a side, with the paper's network."""

import numpy as np
import torch

from engine.mesh import Grid
from engine.networks.super_resolution.generator import Generator, GeneratorConfig
from engine.normalization import Identity, Linear
from engine.systems.card import Input, ModelCard, Output, Parameter
from tests.engine.systems.example import PLANCK, Example

CELL = 3906.25
"""Of low resolution, [kpc/h]."""


def card() -> ModelCard:
    return ModelCard(
        system="super-resolution",
        title="for a test",
        paper="none",
        inputs=(
            Input("low", "dmo", "grid", CELL, 0.0, Identity(), level="MR"),
            Input("initial", "delta", "grid", CELL / 2, 0.0, Linear(2.5)),
        ),
        output=Output("dmo", "grid", CELL / 2, Linear(85.0)),
        architecture={"network": "inception", "filters": 6},
        cosmology=PLANCK,
        stochastic=False,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
        parameters=(Parameter("conserve", "conserve the mean", "", 0.0, 1.0, 0.0),),
    )


def weights():
    """Of a network that paints the mean density to a hundredth and some structure."""
    torch.manual_seed(2)
    network = Generator(GeneratorConfig())
    with torch.no_grad():
        network.density.weight *= 0.001
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def meshes(side: int = 8):
    """Initial conditions, and the density that they grow to on large scales."""
    random = np.random.default_rng(3)
    waves = np.kron(random.normal(size=(4, 4, 4)), np.ones((4, 4, 4)))
    delta = waves[: 2 * side, : 2 * side, : 2 * side] + 0.1
    coarse = delta.reshape(side, 2, side, 2, side, 2).mean((1, 3, 5))
    density = 85.0 * np.exp(0.5 * coarse)
    about = {
        "box_size": side * CELL / 1000,
        "redshift": 0.0,
        "cosmology": PLANCK,
        "simulation": "box",
        "level": "MR",
        "origin": "native",
    }
    low = Grid(density, "dmo", cell_size=CELL, **about)
    return low, Grid(delta, "delta", cell_size=CELL / 2, **about)


def example() -> Example:
    low, initial = meshes()
    regions = ((0, 16, 0, 16, 0, 16), (3, 9, 2, 7, 5, 6), (-3, 4, 9, 19, 0, 16))
    return Example(card(), weights(), {"low": low, "initial": initial}, regions)
