"""Cut-outs of clusters for the contract's test."""

import numpy as np

from engine.mesh import Cutout
from engine.normalization import Decades
from engine.systems.card import DARK_MATTER, Input, ModelCard, Output
from tests.engine.systems.example import PLANCK, Example

SIZE = {"cell_size": 62.5 * 0.6774, "depth": 24 * 0.0625 * 0.6774}


def cutout_card(system, paints, architecture, eaten, painted) -> ModelCard:
    """Card of an emulator from a cut-out of dark matter at z = 0 to another field."""
    return ModelCard(
        system=system,
        title="for a test",
        paper="none",
        inputs=(Input(DARK_MATTER, "dm", "cutout", SIZE["cell_size"], 0.0, eaten, SIZE["depth"]),),
        output=Output(paints, "cutout", SIZE["cell_size"], painted, SIZE["depth"]),
        architecture=architecture,
        cosmology=PLANCK,
        stochastic=False,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
    )


def dark_matter(redshift=0.0) -> Cutout:
    """A cluster of some structure, (16, 24), 1e14 Msun/h heavy."""
    y, x = np.mgrid[-7.5:8.5, -11.5:12.5]
    lumps = np.random.default_rng(5).lognormal(sigma=0.5, size=(16, 24))
    values = lumps / (1 + (x**2 + y**2) / 4) * (1 + redshift) ** -2
    grown = {name: (1 + redshift) * length for name, length in SIZE.items()}
    area = grown["cell_size"] ** 2
    return Cutout(
        1e14 / area * values / values.sum(),
        "dm",
        box_size=64.0,
        redshift=redshift,
        cosmology=PLANCK,
        simulation="box",
        axis="y",
        number=3,
        particles=96**3,
        **grown,
    )


def cutout_example(card, weights) -> Example:
    """A system that eats a cut-out of dark matter alone."""
    regions = ((0, 16, 0, 24), (3, 9, 2, 20))
    return Example(card, weights, {DARK_MATTER: dark_matter()}, regions)


EATEN, PAINTED = Decades(5.0, 9.5), Decades(2.0, 8.0)
