"""Each term against a value worked out by hand."""

import math

import numpy as np
import pytest
import torch

from engine.normalization import normalization
from training.losses.pixels import PixelLoss, pyramid
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
    terms = PixelLoss(SCALING, 0.1, 0.01)(normalized_pyramid(target), target)
    assert all(term.item() == pytest.approx(0, abs=1e-9) for term in terms.values())


def test_a_constant_offset_costs_its_square_and_its_size_at_each_scale(target):
    painted = [scale + 0.2 for scale in normalized_pyramid(target)]
    terms = PixelLoss(SCALING, 0.1, 0.0)(painted, target)
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
    terms = PixelLoss(scaling, 0.1, 0.1)(painted, truth)
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
    total = sum(PixelLoss(SCALING, 0.1, 0.01)(painted, target).values())
    total.backward()
    assert total.isfinite()
    assert all(p.grad.isfinite().all() for p in painted)


# In three dimensions.


@pytest.fixture
def cube():
    random = np.random.default_rng(2)
    return torch.from_numpy(random.lognormal(3, 1, (2, 1, 16, 16, 16)).astype(np.float32))


def test_the_pyramid_of_a_grid_keeps_mass_and_halves(cube):
    scales = pyramid(cube, 3)
    assert [tuple(s.shape[2:]) for s in scales] == [(16,) * 3, (8,) * 3, (4,) * 3]
    assert scales[1][0, 0, 0, 0, 0] == pytest.approx(float(cube[0, 0, :2, :2, :2].mean()))
    torch.testing.assert_close(scales[2].mean(), cube.mean())


@pytest.mark.parametrize("factor", [0.5, 1.2])
def test_a_factor_on_a_grid_costs_what_it_costs_on_a_map(cube, factor):
    expected = math.log((factor**2 + 1e-3) / (1 + 1e-3)) ** 2
    assert log_power_error(factor * cube, cube).item() == pytest.approx(expected, rel=1e-4)


def test_power_of_a_grid_is_binned_by_the_length_of_its_waves(cube):
    """Against a loop over single waves."""
    painted = cube**1.1

    def power(grids):
        contrast = (grids / grids.mean((1, 2, 3, 4), keepdims=True))[:, 0]
        modes = (abs(np.fft.rfftn(contrast, axes=(1, 2, 3)) / 16**3) ** 2).mean(axis=0)
        found = {}
        for (z, y, x), mode in np.ndenumerate(modes):
            length = math.sqrt(min(z, 16 - z) ** 2 + min(y, 16 - y) ** 2 + x**2)
            if length:
                place = math.floor(8 * math.log10(min(length, 8)) + 1e-9)
                found[place] = found.get(place, 0.0) + mode
        return np.array([found[place] for place in sorted(found)])

    true, ours = power(cube.double().numpy()), power(painted.double().numpy())
    errors = np.log((ours + 1e-3 * true) / (1.001 * true)) ** 2
    mass = ((painted.mean((1, 2, 3, 4)) / cube.mean()) ** 2).mean()
    unit = ((cube.mean((1, 2, 3, 4)) / cube.mean()) ** 2).mean()
    expected = errors.mean() + math.log((mass + 1e-3 * unit) / (1.001 * unit)) ** 2
    assert log_power_error(painted, cube).item() == pytest.approx(expected, rel=1e-3)
