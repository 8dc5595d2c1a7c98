"""Noise that is made as strong as what a network gets wrong asks for."""

import numpy as np
import pytest
import torch

from engine.networks.ember import gated
from training.data.slabs import Pair
from training.systems.gated_step import draw_smooth
from training.systems.looks import paint_slab
from training.systems.noise_strength import log_spread_over_error, scaled_gates, strengthened


@pytest.fixture
def toy():
    """A generator of noise about 1, normalised."""
    torch.manual_seed(1)
    config = gated.GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6))
    network = config.build().eval().requires_grad_(False)
    for weights in network.gates.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    next(p for n, p in network.to_map[-1].named_parameters() if n.endswith("bias")).fill_(1.0)
    for parameters in network.tones.parameters():
        parameters.zero_()
    return network


def painted(network, slabs, first=1000):
    """Slabs with one sample of a network each as their truth."""
    return [
        Pair(slab, paint_slab(network, draw_smooth, slab, "gas", first + i))
        for i, slab in enumerate(slabs)
    ]


@pytest.mark.parametrize("wanted", [(0.8, 0.8, 0.8), (1.0, 1.0, 1.0), (1.2, 1.2, 0.85)])
def test_the_strengths_of_the_truth_are_found(toy, slabs, wanted):
    before = {name: tensor.clone() for name, tensor in toy.state_dict().items()}
    truth = painted(scaled_gates(toy, wanted), slabs * 6)
    found, said = strengthened(toy, truth, "gas")
    factors = [said[f"noise_scaled_{side}"] for side in (4, 2, 1)]
    spreads, error = log_spread_over_error(toy, truth, "gas")
    assert said["spread_unscaled"] == pytest.approx(np.exp(spreads.mean()))
    after, _ = log_spread_over_error(found, truth, "gas")
    fine = error < 0.05  # of tiny maps a few waves are all there is of what is larger
    assert fine.sum() >= 3
    np.testing.assert_allclose(after[fine], 0, atol=0.07)
    assert all(tensor.equal(before[name]) for name, tensor in toy.state_dict().items())
    for name, tensor in found.state_dict().items():
        factor = factors[int(name.split(".")[1])] if name.startswith("gates.") else 1.0
        torch.testing.assert_close(tensor, factor * before[name])


def test_a_network_without_noise_stays_as_it_is(toy, slabs):
    truth = painted(toy, slabs)
    silent = scaled_gates(toy, (0, 0, 0))
    found, said = strengthened(silent, truth, "gas")
    assert [said[f"noise_scaled_{side}"] for side in (4, 2, 1)] == [1, 1, 1]
    assert all(t.equal(found.state_dict()[n]) for n, t in silent.state_dict().items())
