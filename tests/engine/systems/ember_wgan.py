"""EMBER's generator, small enough for a test."""

from dataclasses import asdict

from engine.networks.ember.generator import GeneratorConfig
from tests.engine.systems import ember_gated, ember_unet
from tests.engine.systems.example import Example, slab_card, slab_example

CONFIG = GeneratorConfig(**asdict(ember_unet.CONFIG))


def card():
    return slab_card("ember-wgan", {"network": "generator", **asdict(CONFIG)}, stochastic=True)


def weights(noise_strength=0.1):
    return ember_unet.weights(CONFIG, noise_strength)


def example() -> Example:
    """Of the generation that ships; the first one's card and weights are above."""
    return slab_example(ember_gated.card(), ember_gated.weights())
