"""Super-resolution of whole boxes, regions and tiles, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.networks.super_resolution.generator import Generator, GeneratorConfig
from engine.systems import super_resolution
from engine.systems.super_resolution import SuperResolution, phase_correlation, tiles
from tests.engine.systems import super_resolution as example


@pytest.fixture
def emulator():
    return SuperResolution(example.card(), example.weights(), "cpu")


@pytest.fixture
def meshes():
    low, initial = example.meshes()
    return {"low": low, "initial": initial}


def test_the_painting_is_the_networks_on_the_wrapped_box(emulator, meshes):
    low, initial = (torch.from_numpy(meshes[name].values.copy()) for name in ("low", "initial"))
    network = Generator(GeneratorConfig())
    network.load_state_dict({n: torch.from_numpy(a) for n, a in example.weights().items()})
    wrapped = [
        torch.nn.functional.pad(x[None, None], (edge,) * 6, mode="circular")
        for x, edge in ((low / low.mean(), 3), (initial / 2.5, 6))
    ]
    with torch.no_grad():
        expected = network(*wrapped)[0, 0].clamp(min=0) * low.mean()
    painted = emulator.predict(meshes)
    np.testing.assert_allclose(painted.values, expected.numpy(), rtol=1e-5)
    assert (painted.cell_size, painted.field, painted.shape) == (1953.125, "dmo", (16, 16, 16))


@pytest.mark.parametrize("side", [2, 6, 10, 64])
def test_tiles_of_any_size_paint_the_same(emulator, meshes, side, monkeypatch):
    expected = emulator.predict(meshes).values
    monkeypatch.setattr(super_resolution, "TILE", side)
    np.testing.assert_allclose(emulator.predict(meshes).values, expected, rtol=1e-5)


def test_tiles_cover_a_region_and_begin_with_coarse_cells():
    covered = np.zeros((12, 12, 12), int)
    for tile in tiles([(1, 8), (2, 11), (0, 12)], 4):
        assert all(a % 2 == 0 and b % 2 == 0 and b - a <= 4 for a, b in tile)
        covered[tuple(slice(a, b) for a, b in tile)] += 1
    assert (covered[1:8, 2:11] == 1).all()


def test_a_shift_of_the_box_by_coarse_cells_shifts_the_painting(emulator, meshes):
    by = {"low": (1, -2, 3), "initial": (2, -4, 6)}
    moved = {
        name: mesh.with_values(np.roll(mesh.values, by[name], (0, 1, 2)))
        for name, mesh in meshes.items()
    }
    expected = np.roll(emulator.predict(meshes).values, by["initial"], (0, 1, 2))
    np.testing.assert_allclose(emulator.predict(moved).values, expected, rtol=1e-5)


def test_the_mean_is_kept_on_request_also_in_a_region(emulator, meshes):
    mean = meshes["low"].values.mean(dtype=np.float64)
    plain = emulator.predict(meshes)
    assert plain.values.mean(dtype=np.float64) != pytest.approx(mean, rel=1e-5)
    kept = emulator.predict(meshes, parameters={"conserve": 1.0})
    assert kept.values.mean(dtype=np.float64) == pytest.approx(mean, rel=1e-6)
    region = (1, 5, 0, 16, -2, 3)
    part = emulator.predict(meshes, region=region, parameters={"conserve": 1.0})
    np.testing.assert_allclose(part.values, kept.cut(region).values, rtol=1e-6)


def test_a_mean_that_is_off_is_said(meshes):
    weights = example.weights()
    weights["density.bias"] = weights["density.bias"] * 1.1
    (warning,) = SuperResolution(example.card(), weights, "cpu").predict(meshes).warnings
    assert "mean density is 1.1" in warning


def test_other_phases_are_refused_with_their_correlation(emulator, meshes):
    other = np.random.default_rng(9).normal(size=(16, 16, 16))
    found = phase_correlation(meshes["low"].values, other.astype(np.float32))
    assert abs(found) < 0.5 < phase_correlation(meshes["low"].values, meshes["initial"].values)
    with pytest.raises(ValueError, match=rf"doesn't belong to .* waves is {found:.2f}, expected"):
        emulator.predict(meshes | {"initial": meshes["initial"].with_values(other)})


def test_boxes_that_do_not_fit_and_pieces_are_refused(emulator, meshes):
    smaller = meshes["initial"].with_values(meshes["initial"].values[:15])
    with pytest.raises(ValueError, match=r"\(15, 16, 16\) cells .*expected twice as many"):
        emulator.predict(meshes | {"initial": smaller})
    with pytest.raises(ValueError, match="is a piece of a box"):
        emulator.predict(meshes | {"low": replace(meshes["low"], periodic=False)})


def test_weights_and_architectures_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"dmo-mr\.safetensors doesn't hold the network"):
        SuperResolution(example.card(), {"density.bias": np.ones(1, np.float32)}, "cpu")
    card = replace(example.card(), architecture={"network": "inception", "depth": 3})
    with pytest.raises(ValueError, match=r"dmo-mr\.json describes no super-resolution"):
        SuperResolution(card, example.weights(), "cpu")
