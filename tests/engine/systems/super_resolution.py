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

ABOUT = {"box_size": 8 * CELL / 1000, "redshift": 0.0, "cosmology": PLANCK, "simulation": "box"}


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


def meshes():
    """Initial conditions, and the density that they grow to on large scales."""
    random = np.random.default_rng(3)
    delta = np.kron(random.normal(size=(4, 4, 4)), np.ones((4, 4, 4))) + 0.1
    coarse = delta.reshape(8, 2, 8, 2, 8, 2).mean((1, 3, 5))
    density = 85.0 * np.exp(0.5 * coarse)
    low = Grid(density, "dmo", cell_size=CELL, level="MR", origin="native", **ABOUT)
    return low, Grid(delta, "delta", cell_size=CELL / 2, level="MR", origin="native", **ABOUT)


def example() -> Example:
    low, initial = meshes()
    regions = ((0, 16, 0, 16, 0, 16), (3, 9, 2, 7, 5, 6), (-3, 4, 9, 19, 0, 16))
    return Example(card(), weights(), {"low": low, "initial": initial}, regions)
