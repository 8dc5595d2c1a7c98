"""Super-resolution of whole boxes, regions and tiles, and what is refused."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from engine.networks.super_resolution.generator import Generator, GeneratorConfig
from engine.systems import super_resolution
from engine.systems.box_pair import LARGEST, largest_waves, phase_correlation
from engine.systems.super_resolution import SuperResolution
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


def test_it_tells_how_many_tiles_are_done(emulator, meshes, monkeypatch):
    told = []
    monkeypatch.setattr(super_resolution, "TILE", 8)
    monkeypatch.setattr(emulator, "progress", lambda done, of: told.append((done, of)))
    emulator.predict(meshes)
    assert told == [(done, 8) for done in range(1, 9)]


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


def test_the_largest_waves_are_those_of_the_whole_transform():
    """About the mean, with the phase of cells whose centres are half a cell from the edge."""
    values = np.random.default_rng(2).lognormal(size=(9, 10, 12)).astype(np.float32)
    modes = np.fft.rfftn(values)
    expected = {}
    for z, y, x in product(range(-LARGEST, LARGEST + 1), range(-LARGEST, LARGEST + 1), range(4)):
        if 0 < np.sqrt(z**2 + y**2 + x**2) <= LARGEST:
            phase = np.exp(-1j * np.pi * (z / 9 + y / 10 + x / 12))
            expected[z, y, x] = modes[z, y, x] * phase
    np.testing.assert_allclose(largest_waves(values), list(expected.values()), rtol=1e-4, atol=1e-3)


def test_boxes_that_do_not_fit_and_pieces_are_refused(emulator, meshes):
    smaller = meshes["initial"].with_values(meshes["initial"].values[:15])
    with pytest.raises(ValueError, match=r"\(15, 16, 16\) cells .*expected twice as many"):
        emulator.predict(meshes | {"initial": smaller})
    with pytest.raises(ValueError, match="is a piece of a box"):
        emulator.predict(meshes | {"low": replace(meshes["low"], periodic=False)})


def test_boxes_of_two_sizes_are_refused_with_both(emulator, meshes):
    """Of cells that may differ by a few per cent, so that only the sides tell."""
    wider = replace(meshes["initial"], box_size=1.04 * meshes["initial"].box_size)
    wider = replace(wider, cell_size=1.04 * wider.cell_size)
    words = r"is of a box of 32\.5 Mpc/h and the low-resolution density of one of 31\.25"
    with pytest.raises(ValueError, match=words):
        emulator.predict(meshes | {"initial": wider})


@pytest.mark.parametrize("name", ["low", "initial"])
def test_cells_of_another_size_are_refused_with_both(emulator, meshes, name):
    mesh = meshes[name]
    other = replace(mesh, cell_size=1.3 * mesh.cell_size, box_size=1.3 * mesh.box_size)
    trained = f"{mesh.cell_size:.4g}"
    with pytest.raises(ValueError, match=rf"30 % more than the {trained} kpc/h of the training"):
        emulator.predict(meshes | {name: other})


def test_low_resolution_of_an_odd_side_is_painted_and_shifts_alike(emulator):
    """Tiles begin at even cells, whatever the side."""
    low, initial = example.meshes(side=7)
    assert low.shape == (7, 7, 7)
    painted = emulator.predict({"low": low, "initial": initial})
    assert painted.shape == (14, 14, 14)
    moved = {
        "low": low.with_values(np.roll(low.values, 1, 0)),
        "initial": initial.with_values(np.roll(initial.values, 2, 0)),
    }
    expected = np.roll(painted.values, 2, 0)
    np.testing.assert_allclose(emulator.predict(moved).values, expected, rtol=1e-5)


def test_weights_and_architectures_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"dmo-mr\.safetensors doesn't hold the network"):
        SuperResolution(example.card(), {"density.bias": np.ones(1, np.float32)}, "cpu")
    card = replace(example.card(), architecture={"network": "inception", "depth": 3})
    with pytest.raises(ValueError, match=r"dmo-mr\.json describes no super-resolution"):
        SuperResolution(card, example.weights(), "cpu")
