"""The game's losses for critics whose gradient is known."""

import pytest
import torch

from engine.networks.ember.critic import CriticConfig
from training.losses.pixels import pyramid
from training.losses.wasserstein import critic_loss, generator_loss, gradient_penalty


@pytest.fixture
def maps():
    """Real, fake and dark matter at two scales, 4^2 and 2^2 pixels."""
    torch.manual_seed(0)
    return tuple(pyramid(torch.rand(3, 1, 4, 4), 2) for _ in range(3))


def total(maps):
    return maps.sum((-3, -2, -1))


def test_losses_are_differences_of_mean_scores(maps):
    real, fake, dark_matter = maps

    def critic(painting, dm):
        return total(painting[0]) + 10 * total(dm[1])

    expected = total(fake[0]).mean() - total(real[0]).mean()
    assert critic_loss(critic, *maps).item() == pytest.approx(expected.item(), abs=1e-5)
    expected = -(total(fake[0]) + 10 * total(dark_matter[1])).mean()
    assert generator_loss(critic, fake, dark_matter).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 2.0), (0.25, 0.0), (0.5, 0.7)])
def test_one_norm_a_sample_over_all_scales(maps, weights):
    fine, coarse = weights

    def critic(painting, dm):
        return fine * total(painting[0]) + coarse * total(painting[1]) + 100 * total(dm[0])

    norm = (16 * fine**2 + 4 * coarse**2) ** 0.5
    found = gradient_penalty(critic, *maps, torch.rand(3))
    assert found.item() == pytest.approx((norm - 1) ** 2, rel=1e-5)


def test_each_sample_has_its_own_norm(maps):
    slopes = torch.tensor([0.25, 0.5, 1.0])
    found = gradient_penalty(
        lambda p, dm: slopes * total(p[0]) + 0 * total(p[1]), *maps, torch.rand(3)
    )
    assert found.item() == pytest.approx((0 + 1 + 9) / 3, rel=1e-5)


def test_target_maps_are_mixed_and_dark_matter_is_held(maps):
    real, fake, dark_matter = maps
    share = torch.tensor([0.0, 0.25, 1.0])
    seen = []

    def critic(painting, dm):
        seen.append((painting, dm))
        return sum(total(p.square()) for p in painting) / 2  # its gradient is the painting

    found = gradient_penalty(critic, *maps, share)
    ((mixed, dm),) = seen
    assert all(a is b for a, b in zip(dm, dark_matter, strict=True))
    squared = torch.zeros(3)
    for m, r, f in zip(mixed, real, fake, strict=True):
        torch.testing.assert_close(m[0], r[0])
        torch.testing.assert_close(m[1], 0.75 * r[1] + 0.25 * f[1])
        torch.testing.assert_close(m[2], f[2])
        squared += total(m.detach().square())
    assert found.item() == pytest.approx((squared.sqrt() - 1).square().mean().item(), rel=1e-5)


def test_a_flat_critic_costs_one_and_has_a_finite_gradient(maps):
    weight = torch.zeros((), requires_grad=True)
    penalty = gradient_penalty(
        lambda p, dm: weight * total(p[0]) + 0 * total(p[1]), *maps, torch.rand(3)
    )
    penalty.backward()
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    assert weight.grad.isfinite()


def test_the_penalty_reaches_the_critic_but_not_the_generator(maps):
    torch.manual_seed(0)
    critic = CriticConfig((4, 4), (4, 4)).build()
    fake = [m.requires_grad_() for m in maps[1]]
    gradient_penalty(critic, maps[0], fake, maps[2], torch.rand(3)).backward()
    assert all(m.grad is None for m in fake)
    assert all(p.grad.any() for p in critic.parameters() if p.ndim == 4)


def test_stepping_the_penalty_brings_the_slope_to_one(maps):
    torch.manual_seed(0)
    critic = CriticConfig((4, 4), (4, 4)).build()
    optimizer = torch.optim.Adam(critic.parameters(), 1e-2)
    for _ in range(150):
        penalty = gradient_penalty(critic, *maps, torch.rand(3))
        optimizer.zero_grad()
        penalty.backward()
        optimizer.step()
    assert penalty < 0.05


def test_a_grid_has_one_norm_a_sample_over_all_its_scales():
    torch.manual_seed(0)
    real, fake, dark_matter = (pyramid(torch.rand(3, 1, 4, 4, 4), 2) for _ in range(3))

    def critic(painting, dm):
        return sum(
            weight * m.flatten(1).sum(1) for weight, m in zip((0.5, 0.7), painting, strict=True)
        )

    norm = (64 * 0.5**2 + 8 * 0.7**2) ** 0.5
    found = gradient_penalty(critic, real, fake, dark_matter, torch.rand(3))
    assert found.item() == pytest.approx((norm - 1) ** 2, rel=1e-5)
