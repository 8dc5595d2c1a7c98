"""EMBER's U-Net, small enough for a test."""

from dataclasses import asdict

import torch

from engine.networks.ember.unet import UNetConfig
from tests.engine.systems.example import Example, slab_card, slab_example

CONFIG = UNetConfig(widths=(4, 6, 8), decoder_widths=(8, 6))


def card():
    return slab_card("ember-unet", {"network": "unet", **asdict(CONFIG)})


def weights(config=CONFIG, noise_strength=0.1):
    torch.manual_seed(2)
    network = config.build()
    with torch.no_grad():
        network.to_map[-1].bias.fill_(0.1)
        for name, values in network.named_parameters():
            if name == "noise_strength":
                values.fill_(noise_strength)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def example() -> Example:
    return slab_example(card(), weights())
