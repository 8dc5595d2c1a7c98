"""What a system brings to the contract test: a tiny card, weights and inputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.cosmology import Cosmology
from engine.mesh import Mesh, Slab
from engine.normalization import normalization
from engine.systems.card import DARK_MATTER, Input, ModelCard, Output, TrainingFile

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)


@dataclass(frozen=True)
class Example:
    """A system small enough for a test.

    Parameters
    ----------
    card : ModelCard
        Its card.
    weights : dict of str to array
        As its file holds them.
    inputs : dict of str to Mesh
        What it can paint on, by the names of the card's inputs.
    regions : tuple of regions
        Of its output, one of them across an edge if that is periodic.
    """

    card: ModelCard
    weights: dict[str, Any]
    inputs: dict[str, Mesh]
    regions: tuple[tuple[int, ...], ...]


def slab_card(system, architecture, stochastic=False, paints="gas") -> ModelCard:
    """Card of an emulator from a slab of dark matter to another field."""
    mesh = {"kind": "slab", "cell_size": 29.3, "depth": 1.4}
    eaten = normalization("dm")
    return ModelCard(
        system=system,
        title="for a test",
        paper="none",
        inputs=(Input(DARK_MATTER, "dm", redshift=2.0, normalization=eaten, level="HR", **mesh),),
        output=Output(paints, normalization=normalization(paints), **mesh),
        architecture=architecture,
        cosmology=PLANCK,
        stochastic=stochastic,
        training_data=(TrainingFile("a.hdf5", "xy", "0" * 64),),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
    )


def dark_matter() -> Slab:
    """A slab of dark matter, (16, 24), periodic."""
    values = 1e5 * np.random.default_rng(5).lognormal(size=(16, 24))
    return Slab(
        values,
        "dm",
        cell_size=29.3,
        depth=1.4,
        box_size=0.7,
        redshift=2.0,
        cosmology=PLANCK,
        simulation="box",
        axis="y",
        index=3,
        particles=64,
        origin="native",
    )


def slab_example(card: ModelCard, weights: dict[str, Any]) -> Example:
    """A system that eats a slab of dark matter alone."""
    regions = ((0, 16, 0, 24), (3, 9, 2, 20), (12, 20, -5, 4))
    return Example(card, weights, {DARK_MATTER: dark_matter()}, regions)
