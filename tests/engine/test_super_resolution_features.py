"""Kernels of the first layer and the features they make, against the blocks themselves."""

import numpy as np
import torch

from engine.networks.super_resolution.features import first_features, first_kernels
from engine.networks.super_resolution.generator import Generator, GeneratorConfig
from engine.networks.super_resolution.inception import EDGE


def networks():
    torch.manual_seed(4)
    network = Generator(GeneratorConfig())
    torch.manual_seed(4)
    return network, Generator(GeneratorConfig()).with_merged_kernels()


def test_a_kernel_is_what_its_branch_does_to_a_single_cell():
    network, merged = networks()
    block = network.low
    kernels = first_kernels(merged, "low")
    assert {side: each.shape for side, each in kernels.items()} == {
        side: (6, side, side, side) for side in (7, 5, 3)
    }
    # A convolution turns its kernel about: a single cell shows it mirrored.
    cell = torch.zeros(1, 1, 7, 7, 7)
    cell[0, 0, 3, 3, 3] = 1
    nothing = torch.zeros_like(cell)
    for number, side in enumerate((7, 5, 3)):
        with torch.no_grad():
            branch = torch.nn.Sequential(block.mix[number], block.kernels[number])
            padded = [torch.nn.functional.pad(each, (3,) * 6) for each in (cell, nothing)]
            seen = (branch(padded[0]) - branch(padded[1]))[0].numpy()
        middle, half = seen.shape[-1] // 2, side // 2
        part = slice(middle - half, middle + half + 1)
        mirrored = seen[:, part, part, part][:, ::-1, ::-1, ::-1]
        np.testing.assert_allclose(kernels[side], mirrored, atol=1e-6)


def test_features_of_a_plane_are_the_kernels_on_the_periodic_box():
    _, merged = networks()
    values = np.random.default_rng(2).normal(size=(8, 8, 8)).astype(np.float32)
    bias = merged.initial.bias.numpy()
    kernels = first_kernels(merged, "initial")
    for axis, index in ((0, 0), (1, 5), (2, 7)):
        found = first_features(merged, "initial", values, axis, index)
        assert list(found) == [7, 5, 3]
        assert all(each.shape == (6, 8, 8) for each in found.values())
        place = [2, 6]
        place.insert(axis, index)
        around = [np.arange(n - EDGE, n + EDGE + 1) % 8 for n in place]
        near = values[np.ix_(*around)]
        for number, side in enumerate((7, 5, 3)):
            part = slice(EDGE - side // 2, EDGE + side // 2 + 1)
            expected = (kernels[side] * near[part, part, part]).sum((1, 2, 3))
            expected = expected + bias[6 * number : 6 * number + 6]
            np.testing.assert_allclose(found[side][:, 2, 6], expected, atol=1e-4)
