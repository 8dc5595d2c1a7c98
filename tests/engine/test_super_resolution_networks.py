"""The super-resolution networks: their numbers, what they see, and their merged kernels."""

import pytest
import torch

from engine.networks.super_resolution.critic import SIDE, Critic
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


def test_residuals_and_branches_are_centred_on_the_same_cell():
    """A block that only adds its input gives it back, without its edges."""
    block = Inception(1, 6)
    torch.nn.utils.vector_to_parameters(torch.zeros(count(block)), block.parameters())
    x = torch.randn(1, 1, 9, 9, 9)
    torch.testing.assert_close(block(x), trimmed(x, 3).expand(1, 24, 3, 3, 3))
    with torch.no_grad():
        for mix in block.mix:
            mix.weight.fill_(1 / 6)
        for kernel in block.kernels:
            middle = kernel.kernel_size[0] // 2
            kernel.weight[:, :, middle, middle, middle] = 1
    mixed = torch.cat((torch.full((18,), 2.0), torch.full((6,), 1 + 1 / 6)))[:, None, None, None]
    torch.testing.assert_close(block(x)[0], mixed * trimmed(x, 3)[0])


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
