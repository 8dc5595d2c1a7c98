"""Errors of the waves of patches: their powers over many updates, and what stays unknown."""

import math

import pytest
import torch
from lightning_fabric import Fabric
from torch.nn import functional as F  # noqa: N812

from training.losses.power import EMPTY
from training.losses.waves import REMEMBERED, PatchPowers, unknown_waves

CPU = Fabric(accelerator="cpu", devices=1)
SIDE, EDGE = 8, 3


def patches(seed, strength=1.0, number=1):
    """Densities over a mean of about one, of which the strong are a power of the weak."""
    random = torch.Generator().manual_seed(seed)
    return 1 + strength * torch.randn(number, 1, SIDE, SIDE, SIDE, generator=random)


@pytest.mark.parametrize("factor", [0.5, 1.2, 3.0])
def test_patches_keep_the_boxs_unit_and_count_by_their_power(factor):
    """Of two patches one is a hundred times as strong: its power decides."""
    truth = torch.cat((patches(0, 10), patches(1, 0.1)))
    painted = torch.cat((factor * truth[:1], 5 * truth[1:]))
    mass = float(painted.mean() / truth.mean())
    expected = math.log((factor**2 + EMPTY) / (1 + EMPTY)) ** 2
    expected += (2 * math.log((mass + EMPTY) / (1 + EMPTY))) ** 2
    found = PatchPowers(SIDE)(painted, truth, CPU).item()
    assert found == pytest.approx(expected, rel=0.05)
    assert PatchPowers(SIDE)(truth, truth, CPU).item() == pytest.approx(0, abs=1e-9)


def test_a_weak_patch_does_not_outweigh_the_strong_one_before_it():
    """A patch of a box's dense part is right, one of its voids five times too strong."""
    strong, weak = patches(0, 10), patches(1, 0.1)
    painted = weak.mean() + 5 * (weak - weak.mean())
    powers = PatchPowers(SIDE)
    assert powers(strong, strong, CPU).item() == pytest.approx(0, abs=1e-9)
    after = powers(painted, weak, CPU).item()
    alone = PatchPowers(SIDE)(painted, weak, CPU).item()
    assert after < 1e-3 * alone


def test_what_is_remembered_fades_and_there_is_less_of_it_at_first():
    powers, weak = PatchPowers(SIDE), patches(1)
    for _ in range(3):
        powers(2 * weak, weak, CPU)
    assert powers.painted[0].item() == pytest.approx(float(2 * weak.mean()), rel=1e-5)
    shares = []
    for _ in range(80):
        powers(3 * weak, weak, CPU)
        shares.append(float(3 - powers.painted[0] / weak.mean()))
    assert shares[0] == pytest.approx(REMEMBERED * 3 / 4, rel=1e-3)
    assert shares[-1] / shares[-2] == pytest.approx(REMEMBERED, rel=0.02)


def test_the_slope_is_that_of_a_painting_that_was_like_it_all_along():
    truth, painted = patches(0), 1.3 * patches(0)
    powers, slopes = PatchPowers(SIDE), []
    for _ in range(2):
        given = painted.clone().requires_grad_()
        powers(given, truth, CPU).backward()
        slopes.append(given.grad)
    torch.testing.assert_close(slopes[1], slopes[0])


def test_what_is_remembered_goes_on_from_a_checkpoint():
    first, second = PatchPowers(SIDE), PatchPowers(SIDE)
    first(patches(0), patches(1), CPU)
    second.load_state_dict(first.state_dict())
    found = [each(patches(2), patches(3), CPU).item() for each in (first, second)]
    assert found[0] == found[1]


def low_of(density):
    """Low resolution around patches: their own, and the mean density outside."""
    return F.pad(F.avg_pool3d(density, 2) - 1, (EDGE,) * 6) + 1


def test_unknown_waves_are_none_for_the_truth_and_grow_with_the_square_of_what_is_off():
    truth = patches(0, 2)
    low, off = low_of(truth), patches(1) - 1
    assert unknown_waves(truth, truth, low, EDGE).item() == 0
    one, two = (unknown_waves(truth + f * off, truth, low, EDGE).item() for f in (1, 2))
    assert two == pytest.approx(4 * one, rel=1e-4)
    # A patch whose low resolution is ten times as strong may be ten times as far off.
    strong = unknown_waves(
        1 + 10 * (truth - 1) + 10 * off, 1 + 10 * (truth - 1), low_of(1 + 10 * (truth - 1)), EDGE
    )
    assert strong.item() == pytest.approx(one, rel=1e-4)


def test_long_waves_count_more_than_short_ones_of_the_same_share():
    truth = patches(0)
    low = low_of(truth)
    place = torch.arange(SIDE) * 2 * math.pi / SIDE
    long, short = (torch.cos(n * place).expand(1, 1, SIDE, SIDE, SIDE) for n in (1, 2))
    assert unknown_waves(truth + long, truth, low, EDGE) > 2 * unknown_waves(
        truth + short, truth, low, EDGE
    )


def test_the_mean_of_what_can_be_leaves_the_least_unknown():
    """Of all densities that a low resolution can have; so no contrast is lost or won."""
    low = torch.rand(1, 1, SIDE // 2 + 2 * EDGE, SIDE // 2 + 2 * EDGE, SIDE // 2 + 2 * EDGE)
    chances = torch.rand(200, 1, SIDE, SIDE, SIDE) ** 4 * 20
    mean, given = chances.mean(0, keepdim=True), low.expand(200, -1, -1, -1, -1)

    def unknown(painted):
        return unknown_waves(painted.expand_as(chances), chances, given, EDGE)

    assert all(unknown(mean) < unknown(mean * factor) for factor in (0.97, 1.03))
