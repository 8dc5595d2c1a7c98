"""dm2gal on a box of 12 cells a side with a few haloes."""

import numpy as np
import torch

from engine.catalogue_grids import SubhaloGrid, density
from engine.halos import Subhalos
from engine.mesh import Grid
from engine.networks.dm2gal.network import Dm2GalConfig
from engine.normalization import StandardLog
from engine.systems.card import Input, ModelCard, Output
from tests.engine.systems.example import PLANCK, Example

CELL = 73.5
"""[kpc/h]."""

CELLS = 12
BOX = CELLS * CELL / 1000

CONFIG = Dm2GalConfig("small", 2, 4)

ABOUT = {
    "cell_size": CELL,
    "box_size": BOX,
    "redshift": 2.0,
    "cosmology": PLANCK,
    "simulation": "box",
}


def scaling(offset, mean, deviation):
    return StandardLog(CELL**3, offset, mean, deviation)


SUBHALOS = Input("subhalos", "subhalos", "grid", CELL, 2.0, scaling(1.0, 0.4, 1.7))


def card(system="dm2gal", eaten=None, stochastic=False, **architecture) -> ModelCard:
    dark_matter = Input("dark matter", "dmo", "grid", CELL, 2.0, scaling(1.0, 7.0, 0.5))
    network = {"layers": CONFIG.layers, "channels": CONFIG.channels, "hidden": CONFIG.hidden}
    return ModelCard(
        system=system,
        title="for a test",
        paper="none",
        inputs=eaten or (dark_matter, SUBHALOS),
        output=Output("stars", "grid", CELL, scaling(1e7, 8.0, 0.6)),
        architecture=architecture or {**network, "least_mass": 2e9},
        cosmology=PLANCK,
        stochastic=stochastic,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
    )


def weights():
    """Of a network whose batch normalisation has seen the box."""
    torch.manual_seed(3)
    network = CONFIG.build()
    for each in network.modules():
        if isinstance(each, torch.nn.BatchNorm3d):
            each.momentum = 1.0
    with torch.no_grad():
        network(torch.randn(4, 2, *3 * (CONFIG.side,)))
        network.last.bias.fill_(0.5)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def halos() -> Subhalos:
    """Nine, of which two share a cell, one lies at the edge and the last is too light."""
    random = np.random.default_rng(6)
    position = random.uniform(0, BOX, (9, 3))
    position[1] = position[0] + 0.001
    position[2] = [0.0, BOX - 1e-4, 0.3]
    mass = 10 ** random.uniform(9.8, 12, 9)
    mass[-1] = 1e9
    host = np.full(9, -1)
    host[1] = 0
    return Subhalos(position, mass, np.full(9, 90), np.full(9, 90), host, "dmo", "for a test")


def dark_matter() -> Grid:
    """Dense where the haloes are."""
    found = halos()
    values = 1e2 + density(found.position, found.mvir, CELLS, BOX)
    return Grid(values, "dmo", level="HR", particles=64, **ABOUT)


def subhalos() -> SubhaloGrid:
    found = halos()
    values = density(found.position, found.mvir, CELLS, BOX)
    return SubhaloGrid(values, "subhalos", subhalos=found, **ABOUT)


REGIONS = ((0, 12, 0, 12, 0, 12), (3, 9, 2, 7, 5, 6), (-3, 4, 9, 15, 0, 12))


def example() -> Example:
    return Example(
        card(), weights(), {"dark matter": dark_matter(), "subhalos": subhalos()}, REGIONS
    )
