"""The shipped networks do what their cards say."""

import numpy as np
import pytest

from engine.assets import shipped_folder
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from training import validation
from training.config import HELD_OUT, Split
from training.report import volumes

CARDS = [
    path
    for path in sorted((shipped_folder() / "weights").glob("*.json"))
    if emulator_class(read_card(path).system).baseline  # a baseline is scored in reports alone
]

BOXES = shipped_folder() / "weights" / "super-resolution-dmo-mr.json"


def test_ten_networks_ship():
    cards = [read_card(path) for path in CARDS]
    expected = {("ember-unet", field, "HR") for field in ("gas", "hi")} | {
        ("ember-wgan", field, level)
        for field in ("gas", "hi")
        for level in ("HR", "MR", "LR", "VLR")
    }
    assert {(card.system, card.field, card.level) for card in cards} == expected


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_no_network_has_seen_what_it_is_scored_on(path):
    card = read_card(path)
    held_out = {(part.pattern.rstrip("*"), part.axes) for part in HELD_OUT if "z2" in part.pattern}
    assert {(score["simulation"], score["axes"]) for score in card.scores} == held_out
    assert len(card.training_data) >= 6
    for file in card.training_data:
        for part in HELD_OUT:
            assert not Split(file.name, file.axes).overlaps(file.name, part)


@pytest.mark.slow
@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_s_score_is_what_its_weights_reach(path):
    card = read_card(path)
    emulator = emulator_class(card.system)(card, read_weights(path, card), "cpu")
    simulation = open_simulation(shipped_folder() / "simulations" / "hydro11-z2.hdf5")
    found = validation.score(emulator, simulation, "z")
    (claimed,) = [s for s in card.scores if s["simulation"] == simulation.name]
    for part in ("all", "without_heaviest_halo"):
        assert found[part]["mass"] == pytest.approx(claimed[part]["mass"], abs=1e-3)
        assert found[part]["power"] == pytest.approx(claimed[part]["power"], rel=5e-3)


def test_super_resolution_was_trained_on_one_box_and_scored_on_another():
    """Its validation box ships, smaller than the files that train."""
    card = read_card(BOXES)
    assert [file.name for file in card.training_data] == ["quijote-101-z0.hdf5"]
    (score,) = card.scores
    assert score["simulation"] == "quijote-103-z0"
    k, transfer, correlation = (
        np.array(score["box"][name]) for name in ("k", "transfer", "correlation")
    )
    for highest, error in ((0.5, 0.03), (0.7, 0.05), (1.0, 0.1)):
        assert np.abs(transfer[k < highest] - 1).max() < error
    assert correlation[k < 1].min() > 0.85
    assert score["box"]["mass"] == pytest.approx(1, abs=0.01)
    simulation = open_simulation("quijote-103-z0")
    assert simulation.path.stat().st_size < 9e6
    assert simulation.has_initial_conditions
    assert sorted(set(simulation.grids().values())) == [64, 128]


@pytest.mark.slow
def test_super_resolution_reaches_what_its_card_says():
    card = read_card(BOXES)
    emulator = emulator_class(card.system)(card, read_weights(BOXES, card), "cpu")
    (claimed,) = card.scores
    found = volumes.score(emulator, open_simulation("quijote-103-z0"))
    assert found["box"]["mass"] == pytest.approx(claimed["box"]["mass"], rel=1e-4)
    assert found["box"]["transfer"] == pytest.approx(claimed["box"]["transfer"], rel=1e-3)
    assert found["box"]["correlation"] == pytest.approx(claimed["box"]["correlation"], rel=1e-3)
