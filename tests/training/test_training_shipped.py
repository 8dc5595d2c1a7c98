"""The shipped networks do what their cards say."""

import pytest

from engine.assets import shipped_folder
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from training import validation
from training.config import HELD_OUT, Split

CARDS = [
    path
    for path in sorted((shipped_folder() / "weights").glob("*.json"))
    if emulator_class(read_card(path).system).baseline  # a baseline is scored in reports alone
]


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
    held_out = {(part.pattern.rstrip("*"), part.axes) for part in HELD_OUT}
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
