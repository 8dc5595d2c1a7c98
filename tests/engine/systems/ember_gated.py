"""The second generation of EMBER's generator, small enough for a test."""

from dataclasses import asdict

import torch

from engine.networks.ember.gated import GatedConfig
from tests.engine.systems import ember_unet
from tests.engine.systems.example import slab_card

CONFIG = GatedConfig(**asdict(ember_unet.CONFIG))


def card(config=CONFIG):
    return slab_card("ember-wgan", {"network": config.kind, **asdict(config)}, stochastic=True)


def weights(config=CONFIG):
    torch.manual_seed(2)
    network = config.build()
    with torch.no_grad():
        network.to_map[-1].bias.fill_(0.1)
        for weights in (*network.gates.parameters(), *network.tones.parameters()):
            torch.nn.init.normal_(weights, std=0.1)
        for name, weights in network.named_parameters():
            if name.startswith(("kept.", "filled.")):
                torch.nn.init.normal_(weights, std=2)
            if name.startswith("stamped."):
                torch.nn.init.normal_(weights, mean=0.4, std=0.2)
        if config.sways:
            network.sway.fill_(0.05)
        if config.rounded:
            network.heaviest.fill_(1e-4)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}
