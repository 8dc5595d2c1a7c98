"""A cluster U-Net of two levels, without batch normalisation as its file holds it."""

import torch

from engine.networks.cluster.unet import ClusterUNetConfig
from tests.engine.systems.cutout_example import EATEN, PAINTED, cutout_card, cutout_example
from tests.engine.systems.example import Example


def card():
    network = {"network": "batch-normalised unet", "widths": [3, 4, 5]}
    return cutout_card("cluster-unet", "hot_gas", network, EATEN, PAINTED)


def weights():
    torch.manual_seed(3)
    network = ClusterUNetConfig((3, 4, 5)).build().folded()
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def example() -> Example:
    return cutout_example(card(), weights())
