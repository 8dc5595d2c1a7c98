"""Similarity and logarithms against direct sums and values worked out by hand."""

import math

import numpy as np
import pytest
import torch

from training.losses.pixels import pyramid
from training.losses.structure import WINDOWS, dssim, mean_dssim, mean_msle, msle


@pytest.fixture
def maps():
    random = np.random.default_rng(0)
    target = torch.from_numpy(random.lognormal(-1, 1, (2, 1, 16, 16)).astype(np.float32))
    noise = torch.from_numpy(random.normal(0, 0.1, target.shape).astype(np.float32))
    return target + noise, target


def direct_ssim(a, b, window, dynamic_range):
    """Wang et al. 2004, equation 13, one window after the other."""
    offset = np.arange(window) - window // 2
    w = np.exp(-(offset[:, None] ** 2 + offset**2) / (2 * 1.5**2))
    w /= w.sum()
    c1, c2 = (0.01 * dynamic_range) ** 2, (0.03 * dynamic_range) ** 2
    found = []
    for y, x in np.ndindex(*(side - window + 1 for side in a.shape)):
        p, q = (m[y : y + window, x : x + window].astype(np.float64) for m in (a, b))
        mean_p, mean_q = (w * p).sum(), (w * q).sum()
        var_p, var_q = (w * (p - mean_p) ** 2).sum(), (w * (q - mean_q) ** 2).sum()
        both = (w * (p - mean_p) * (q - mean_q)).sum()
        found.append(
            (2 * mean_p * mean_q + c1)
            * (2 * both + c2)
            / ((mean_p**2 + mean_q**2 + c1) * (var_p + var_q + c2))
        )
    return np.mean(found)


@pytest.mark.parametrize("window", sorted(set(WINDOWS)))
def test_similarity_is_the_papers_with_each_samples_own_range(maps, window):
    painted, target = (m[:, 0].numpy() for m in maps)
    target[1] *= 3
    expected = [direct_ssim(p, t, window, t.max()) for p, t in zip(painted, target, strict=True)]
    found = dssim(*maps, window)
    assert found.item() == pytest.approx(1 - np.mean(expected), abs=1e-4)


def test_the_truth_costs_nothing_and_a_scaled_map_pair_the_same(maps):
    painted, target = maps
    assert dssim(target, target, 7).item() == pytest.approx(0, abs=1e-5)
    assert msle(target, target, 16).item() == 0
    torch.testing.assert_close(dssim(5 * painted, 5 * target, 7), dssim(painted, target, 7))


@pytest.mark.parametrize(("side", "used"), [(2, 1), (3, 3), (4, 3), (9, 9), (10, 9)])
def test_a_window_larger_than_the_map_is_cut(side, used):
    torch.manual_seed(0)
    painted, target = torch.rand(2, 1, side, side), torch.rand(2, 1, side, side)
    expected = [
        direct_ssim(p, t, used, t.max())
        for p, t in zip(painted[:, 0].numpy(), target[:, 0].numpy(), strict=True)
    ]
    assert dssim(painted, target, 11).item() == pytest.approx(1 - np.mean(expected), abs=1e-4)


def test_an_empty_map_has_a_finite_cost_and_gradient():
    painted = torch.rand(1, 1, 16, 16, requires_grad=True)
    cost = dssim(painted, torch.zeros(1, 1, 16, 16), 11)
    cost.backward()
    assert cost.isfinite()
    assert painted.grad.isfinite().all()


@pytest.mark.parametrize(("side", "factor"), [(512, 1.0), (256, 4.0), (384, 16 / 9)])
def test_the_logarithms_squares_are_summed_as_on_a_tile_of_512(side, factor):
    target = torch.tensor([[[[0.0, math.e - 1]]], [[[0.0, 0.0]]]])
    painted = torch.tensor([[[[math.e - 1, math.e**3 - 1]]], [[[0.0, 1.0]]]])
    expected = factor * ((1 + 4) + math.log(2) ** 2) / 2
    assert msle(painted, target, side).item() == pytest.approx(expected, rel=1e-5)


def test_a_painting_below_zero_is_pulled_back():
    painted = torch.tensor([[[[-3.0, -0.1]]]], requires_grad=True)
    cost = msle(painted, torch.zeros(1, 1, 1, 2), 512)
    assert cost.item() == pytest.approx(math.log(4) ** 2 + math.log(1.1) ** 2, rel=1e-5)
    cost.backward()
    assert (painted.grad < 0).all()


def test_terms_are_means_over_scales(maps):
    painted, target = (pyramid(m, 3) for m in maps)
    pairs = list(zip(painted, target, strict=True))
    similar = [dssim(p, t, w).item() for (p, t), w in zip(pairs, (11, 9, 7), strict=True)]
    squares = [msle(p, t, 16).item() for p, t in pairs]
    assert mean_dssim(painted, target).item() == pytest.approx(np.mean(similar), rel=1e-5)
    assert mean_msle(painted, target).item() == pytest.approx(np.mean(squares), rel=1e-5)


def test_a_cube_of_equal_layers_is_as_similar_as_a_layer(maps):
    painted, target = maps
    cubes = [m[:, :, None].expand(-1, -1, 16, -1, -1) for m in maps]
    torch.testing.assert_close(dssim(*cubes, 7), dssim(painted, target, 7))
    # Summed over pixels as on 512^2 and 512^3: a layer's logarithms count 512 times.
    torch.testing.assert_close(msle(*cubes, 16), 512 * msle(painted, target, 16))
