"""Each term against a value worked out by hand."""

import math

import numpy as np
import pytest
import torch

from engine.normalization import normalization
from training.losses.pixels import PaintLoss, pyramid
from training.losses.power import log_power_error

SCALING = normalization("gas")


@pytest.fixture
def target():
    random = np.random.default_rng(0)
    return torch.from_numpy(random.lognormal(10, 1, (2, 1, 32, 32)).astype(np.float32))


def normalized_pyramid(target):
    return [SCALING.forward(scale) for scale in pyramid(target, 5)]


def test_the_pyramid_keeps_mass_and_halves(target):
    scales = pyramid(target, 4)
    assert [s.shape[-1] for s in scales] == [32, 16, 8, 4]
    for scale in scales:
        torch.testing.assert_close(scale.mean((-2, -1)), target.mean((-2, -1)))
    assert scales[1][0, 0, 0, 0] == pytest.approx(float(target[0, 0, :2, :2].mean()))


def test_the_truth_costs_nothing(target):
    terms = PaintLoss(SCALING, 0.1, 0.01)(normalized_pyramid(target), target)
    assert all(term.item() == pytest.approx(0, abs=1e-9) for term in terms.values())


def test_a_constant_offset_costs_its_square_and_its_size_at_each_scale(target):
    painted = [scale + 0.2 for scale in normalized_pyramid(target)]
    terms = PaintLoss(SCALING, 0.1, 0.0)(painted, target)
    assert terms["squared"].item() == pytest.approx(5 * 0.04, rel=1e-4)
    assert terms["absolute"].item() == pytest.approx(5 * 0.1 * 0.2, rel=1e-4)
    assert terms["power"].item() == 0


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.2, 3.0])
def test_a_factor_costs_the_squared_logarithm_of_its_square(target, factor):
    # A thousandth of the true power is the floor of the logarithm.
    expected = math.log((factor**2 + 1e-3) / (1 + 1e-3)) ** 2
    assert log_power_error(factor * target, target).item() == pytest.approx(expected, rel=1e-4)


def test_a_map_counts_by_its_contrast_however_little_mass_it_has(target):
    light = 0.01 * target[:1]
    exaggerated = light.mean() + 2 * (light - light.mean())
    error = log_power_error(torch.cat([target[:1], exaggerated]), torch.cat([target[:1], light]))
    expected = math.log(((1 + 2**2) / 2 + 1e-3) / (1 + 1e-3)) ** 2
    assert error.item() == pytest.approx(expected, rel=1e-4)


def test_a_painting_that_overshoots_beyond_all_numbers_still_has_a_slope():
    # HI's inverse is a fifth power of an exponential: squared it overflows from 10 on.
    scaling = normalization("hi")
    truth = torch.from_numpy(
        np.random.default_rng(1).lognormal(5, 2, (1, 1, 32, 32)).astype(np.float32)
    )
    painted = [scaling.forward(scale) for scale in pyramid(truth, 2)]
    painted[0] = (painted[0] + 30 * (painted[0] > 1)).requires_grad_()
    terms = PaintLoss(scaling, 0.1, 0.1)(painted, truth)
    sum(terms.values()).backward()
    assert all(term.isfinite() for term in terms.values())
    assert painted[0].grad.isfinite().all()


def test_power_does_not_see_a_periodic_shift_or_a_unit(target):
    painted = target**1.05
    before = log_power_error(painted, target)
    moved = log_power_error(1e3 * painted.roll((3, 5), (-2, -1)), 1e3 * target)
    torch.testing.assert_close(before, moved, rtol=1e-4, atol=0)


def test_a_smooth_painting_is_asked_for_more_contrast_at_small_scales(target):
    wrapped = torch.nn.functional.pad(target, (1, 1, 1, 1), mode="circular")
    smooth = torch.nn.functional.avg_pool2d(wrapped, 3, stride=1)
    errors = [log_power_error(torch.lerp(smooth, target, a), target) for a in (0, 0.5, 0.8, 1)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.5
    assert errors[-1].item() == pytest.approx(0, abs=1e-9)


def test_an_empty_painting_has_a_finite_cost_and_gradient(target):
    painted = [torch.zeros_like(s).requires_grad_() for s in normalized_pyramid(target)]
    total = sum(PaintLoss(SCALING, 0.1, 0.01)(painted, target).values())
    total.backward()
    assert total.isfinite()
    assert all(p.grad.isfinite().all() for p in painted)
