"""The upper bound that is lowered until samples have the mass and the power of their truth."""

import json
from copy import deepcopy

import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from engine import statistics
from engine.networks.ember import gated, unet
from engine.normalization import normalization
from engine.systems.card import read_card
from training import export, loop
from training.choice import noted
from training.config import Split
from training.data.slabs import Pair, TrainingMaps, read_pairs
from training.systems.gated_step import draw_smooth
from training.systems.looks import paint_slab
from training.systems.registry import preset, system_for
from training.systems.upper_bound import MOST_LOWERED, lowered, lowered_table

CPU = Fabric(accelerator="cpu", devices=1)
NUMBERS = {"widths": (4, 6, 8), "decoder_widths": (8, 6)}
GAS = normalization("gas")
MASS = statistics.get("total_mass")
BRIGHT = 3.0
"""Normalised, above every bound of the toys."""


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    monkeypatch.setitem(gated.PRESETS, "tiny", gated.GatedConfig(**NUMBERS))
    monkeypatch.setitem(unet.PRESETS, "tiny", unet.UNetConfig(**NUMBERS))


@pytest.fixture(scope="module")
def pairs(data):
    return read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")


@pytest.fixture(scope="module")
def dense(pairs):
    """The same slabs of so much dark matter that every class of it is there."""
    return [Pair(p.dark_matter.with_values(40 * p.dark_matter.values), p.target) for p in pairs]


@pytest.fixture
def toy():
    """A generator that everywhere draws more than its bound lets through, but for some noise."""
    torch.manual_seed(1)
    network = gated.PRESETS["tiny"].build().eval().requires_grad_(False)
    network.most.copy_(torch.linspace(0.4, 1.6, len(network.most)))
    last = network.to_map[-1]
    last.load_state_dict({n: 0.01 * t for n, t in last.state_dict().items()})
    next(p for n, p in last.named_parameters() if n.endswith("bias")).fill_(BRIGHT)
    return network


def painted(network, pairs):
    """Slabs with one sample of a network each as their truth."""
    return [
        Pair(pair.dark_matter, paint_slab(network, draw_smooth, pair.dark_matter, "gas", 2 * i))
        for i, pair in enumerate(pairs)
    ]


def with_table(network, table):
    other = deepcopy(network)
    other.most.copy_(table)
    return other


@pytest.mark.parametrize(("classes", "offset"), [(8, 0.08), (3, 0.3)])
def test_a_bound_that_gives_too_much_mass_comes_down_to_the_truths(toy, dense, classes, offset):
    right = with_table(toy, lowered_table(toy, classes, offset))
    truth = painted(right, dense)
    before = toy.most.clone()
    found, said = lowered(toy, truth, "gas")
    assert (said["lowered_classes"], said["lowered"]) == (classes, offset)
    assert said["mass_unlowered"] > 1.01
    assert said["mass_lowered"] == pytest.approx(1, abs=1e-4)
    assert said["power_error_lowered"] < 1e-3 < said["power_error_unlowered"]
    torch.testing.assert_close(found.most, right.most)
    assert toy.most.equal(before)
    # What was told is what the network paints that is kept.
    samples = [pair.target for pair in painted(found, truth)]
    ratio = MASS(samples) / MASS([pair.target for pair in truth])
    assert ratio == pytest.approx(said["mass_lowered"], rel=1e-5)
    assert lowered(toy, truth, "gas")[0].most.equal(found.most)


def test_discs_come_down_as_the_network_then_paints_them(dense):
    torch.manual_seed(1)
    config = gated.GatedConfig(**NUMBERS, silent=1, discs=3)
    network = config.build().eval().requires_grad_(False)
    network.most.copy_(torch.linspace(0.4, 1.6, len(network.most)))
    network.stamped.of_class += 1.5
    network.to_map[-1].load_state_dict(
        {n: 0.1 * t + 0.3 * n.endswith("bias") for n, t in network.to_map[-1].state_dict().items()}
    )
    truth = painted(with_table(network, lowered_table(network, 8, 0.1)), dense)
    found, said = lowered(network, truth, "gas")
    assert (said["lowered_classes"], said["lowered"]) == (8, 0.1)
    samples = [pair.target for pair in painted(found, truth)]
    ratio = MASS(samples) / MASS([pair.target for pair in truth])
    assert ratio == pytest.approx(said["mass_lowered"], rel=1e-5) == pytest.approx(1, rel=1e-5)
    assert said["mass_unlowered"] > 1.005


def test_a_bound_that_is_right_stays_and_one_that_is_too_low_is_not_raised(toy, dense):
    for factor in (0, 0.1):
        truth = painted(with_table(toy, toy.most + factor), dense)
        found, said = lowered(toy, truth, "gas")
        assert (said["lowered"], said["lowered_classes"]) == (0, 0)
        assert said["mass_lowered"] == said["mass_unlowered"] <= 1 + 1e-6
        for name, tensor in toy.state_dict().items():
            assert tensor.equal(found.state_dict()[name]), name


def test_a_denser_class_may_hold_at_least_as_much_as_the_next(toy):
    table = lowered_table(toy, 3, MOST_LOWERED)
    assert table[-3:].eq(toy.most[-4]).all()
    slightly = lowered_table(toy, 3, 0.02)
    torch.testing.assert_close(slightly[-3:], toy.most[-3:] - 0.02)


def test_a_bound_stays_above_what_is_least(toy):
    toy.least.fill_(1.3)
    table = lowered_table(toy, 4, MOST_LOWERED)
    assert table[:-4].equal(toy.most[:-4])
    assert (table[-4:] > 1.3).all()
    assert (table[-4:] <= toy.most[-4:]).all()


def test_a_run_keeps_the_lowered_bound_and_its_card_says_so(pairs, tmp_path):
    warm = preset("small", "ember-wgan", network="tiny", updates=2, rising=1, checkpoint_minutes=9)
    system, maps = system_for(warm), TrainingMaps(pairs, 1, 0)
    progress = loop.fit(system, maps, tmp_path, CPU, lambda update, losses: None)
    card_path = export.export(tmp_path, system, system.card(maps, 0.1, "cpu"), progress)
    recipe, settings = read_card(card_path).recipe, noted(tmp_path / "best.safetensors")["settings"]
    measured, kept = progress.extra["tables"].most, load_file(tmp_path / "best.safetensors")["most"]
    assert float((measured - kept).max()) == pytest.approx(settings["lowered"], abs=1e-6)
    assert "`lowered`" in recipe["bounds"]
    assert {name: recipe[name] for name in settings} == {
        name: round(value, 4) for name, value in settings.items()
    }
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    look = next(line for line in lines if "misfit" in line)
    # The first sample of each slab is the one that was looked at.
    assert look["mass"] == pytest.approx(look["mass_lowered"], rel=1e-5)
    assert look["power_error"] == pytest.approx(look["power_error_lowered"], rel=1e-3)
