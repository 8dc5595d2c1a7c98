"""The second generation of EMBER's generator, small enough for a test."""

from dataclasses import asdict

import torch

from engine.networks.ember.gated import GatedConfig
from tests.engine.systems import ember_unet
from tests.engine.systems.example import slab_card

CONFIG = GatedConfig(**asdict(ember_unet.CONFIG))


def card():
    return slab_card("ember-wgan", {"network": CONFIG.kind, **asdict(CONFIG)}, stochastic=True)


def weights():
    torch.manual_seed(2)
    network = CONFIG.build()
    with torch.no_grad():
        network.to_map[-1].bias.fill_(0.1)
        for weights in (*network.gates.parameters(), *network.tones.parameters()):
            torch.nn.init.normal_(weights, std=0.1)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}
