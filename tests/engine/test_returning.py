"""A bound that a map follows, and comes back to from beyond it in training only."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.returning import LEAST_SLOPE, turned

INSIDE = torch.tensor([-2.0, -0.3, -0.01, 0.0, 0.02, 1.5])


@pytest.mark.parametrize("training", [True, False])
def test_what_is_turned_is_softplus(training):
    assert torch.equal(turned(INSIDE, 60.0, training), F.softplus(INSIDE, beta=60.0))


@pytest.mark.parametrize(("wants_more", "least"), [(True, LEAST_SLOPE), (False, 0.0)])
def test_the_slope_is_softplus_but_for_what_a_loss_wants_back(wants_more, least):
    inside = INSIDE.clone().requires_grad_()
    loss = turned(inside, 60.0, True).sum()
    (-loss if wants_more else loss).backward()
    wanted = torch.sigmoid(60 * INSIDE).clamp(min=least)
    torch.testing.assert_close(inside.grad.abs(), wanted)


def test_a_network_far_beyond_its_bounds_is_brought_back_by_training():
    torch.manual_seed(0)
    config = GatedConfig(widths=(4, 4), decoder_widths=(4,), classes=2)
    network = config.build()
    network.least.fill_(0.2)
    network.most.fill_(0.8)
    dark_matter = torch.rand(1, 1, 16, 16)
    noise = [torch.randn(1, 2, *shape) for shape in config.noise_shapes((16, 16))]
    for beyond, bound in ((-3.0, 0.2), (3.0, 0.8)):
        with torch.no_grad():
            network.to_map[-1].bias.fill_(beyond)
        adam = torch.optim.Adam([network.to_map[-1].bias], lr=0.05)
        (begun,) = network(dark_matter, noise)
        torch.testing.assert_close(begun, torch.full_like(begun, bound), atol=1e-3, rtol=0)
        for _ in range(200):
            adam.zero_grad()
            (painted,) = network(dark_matter, noise)
            (painted - 0.5).square().mean().backward()
            adam.step()
        assert abs(painted.mean().item() - 0.5) < 0.05
