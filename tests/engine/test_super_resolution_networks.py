"""The super-resolution networks: their numbers, what they see, and their merged kernels."""

import pytest
import torch

from engine.networks.super_resolution.critic import SIDE, Critic
from engine.networks.super_resolution.folding import (
    doubled_convolution,
    fold,
    folded_convolution,
    unfold,
)
from engine.networks.super_resolution.generator import MARGIN, Generator, GeneratorConfig
from engine.networks.super_resolution.inception import Inception, trimmed


def count(module):
    return sum(p.numel() for p in module.parameters())


def inputs(side=8, batch=1):
    torch.manual_seed(1)
    low = torch.rand(batch, 1, *[side // 2 + MARGIN] * 3) * 3
    return low, torch.randn(batch, 1, *[side + 2 * MARGIN] * 3)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator(GeneratorConfig())


def test_parameters_are_those_of_the_paper_and_the_projected_residual():
    assert count(Inception(1, 6)) == 17_886
    assert count(Inception(48, 6)) == 19_014 + 48 * 24
    assert count(Generator(GeneratorConfig())) == 54_811 + 48 * 24
    assert count(Critic()) == 39_209


def test_a_patch_comes_out_without_its_margin(generator):
    low, initial = inputs(side=10, batch=2)
    assert generator(low, initial).shape == (2, 1, 10, 10, 10)


def test_a_fresh_network_is_alive_and_begins_at_the_mean(generator):
    painted = generator(*inputs(side=12))
    assert painted.std() > 0.01
    assert abs(painted.mean() - 1) < 2
    painted.square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in generator.parameters())


def test_a_cell_sees_six_cells_of_the_initial_conditions_around_it_and_no_more(generator):
    low, initial = inputs(side=2)
    initial.requires_grad_(True)
    low.requires_grad_(True)
    generator(low, initial)[0, 0, 0, 0, 0].backward()
    seen = initial.grad[0, 0].abs() > 0
    assert seen[:13, :13, :13].any(dim=(0, 1))[[0, 12]].all()
    assert not seen[13:].any()
    # Nearest neighbours: fine cells -6 to 6 around the first one are coarse cells -3 to 3.
    assert (low.grad[0, 0].abs() > 0).all()


def test_merged_kernels_paint_the_same(generator):
    low, initial = inputs(side=12)
    with torch.inference_mode():
        expected = generator(low, initial)
        merged = generator.with_merged_kernels()
        assert merged.with_merged_kernels() is merged
        torch.testing.assert_close(merged(low, initial), expected, rtol=1e-5, atol=1e-5)


def described(block, x):
    """A block as the paper describes it: branches of 7, 5, 3 and 1 cells beside one another."""
    branches = [kernel(mix(x)) for kernel, mix in zip(block.kernels, block.mix, strict=False)]
    branches.append(block.mix[-1](x))
    side = x.shape[-1] - 6
    itself = x if block.projection is None else block.projection(x)
    return torch.cat([trimmed(each, side) for each in branches], 1) + trimmed(itself, side)


def test_folded_blocks_are_those_of_the_paper(generator):
    """With biases, which fresh blocks have none of, and their slopes."""
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    low, initial = inputs(side=4, batch=2)
    coarse = torch.nn.functional.interpolate(low, scale_factor=2.0, mode="nearest")
    features = [described(generator.low, coarse), described(generator.initial, initial)]
    both = described(generator.both, torch.nn.functional.leaky_relu(torch.cat(features, 1), 0.1))
    expected = generator.density(torch.relu(both))
    painted = generator(low, initial)
    torch.testing.assert_close(painted, expected, rtol=1e-5, atol=1e-5)
    parameters = list(generator.parameters())
    ours, theirs = (
        torch.autograd.grad(found.square().sum(), parameters) for found in (painted, expected)
    )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


@pytest.mark.parametrize("side", [1, 3, 5, 7])
def test_a_folded_convolution_is_the_convolution(side):
    torch.manual_seed(4)
    x, coarse = torch.randn(2, 3, 12, 10, 14), torch.randn(1, 3, 5, 6, 4)
    weight, bias = torch.randn(4, 3, side, side, side), torch.randn(4)
    plain = torch.nn.functional.conv3d
    torch.testing.assert_close(unfold(fold(x)), x)
    found = unfold(folded_convolution(fold(x), weight, bias))
    torch.testing.assert_close(found, plain(x, weight, bias), rtol=1e-4, atol=1e-4)
    doubled = torch.nn.functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
    found = unfold(doubled_convolution(coarse, weight, bias))
    torch.testing.assert_close(found, plain(doubled, weight, bias), rtol=1e-4, atol=1e-4)


def test_a_block_of_one_channel_adds_it_to_the_middle_of_its_kernels():
    block = Inception(1, 6)
    torch.nn.utils.vector_to_parameters(torch.zeros(count(block)), block.parameters())
    kernel, constant = block.whole_kernel()
    assert not constant.any()
    expected = torch.zeros(24, 1, 7, 7, 7)
    expected[:, :, 3, 3, 3] = 1
    assert kernel.equal(expected)


def test_the_critic_gives_each_patch_one_number_of_its_own():
    torch.manual_seed(0)
    critic = Critic()
    density, initial = torch.rand(2, 3, 1, SIDE, SIDE, SIDE)
    scores = critic(density, initial)
    assert scores.shape == (3,)
    torch.testing.assert_close(critic(density[1:2], initial[1:2]), scores[1:2])


def test_a_network_without_filters_is_refused():
    with pytest.raises(ValueError, match="filters is 0, expected 1 or more"):
        GeneratorConfig(0)
