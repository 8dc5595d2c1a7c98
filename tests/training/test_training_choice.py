"""Which weights of a run are kept, and what is shown of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from lightning_fabric import Fabric

from engine.networks.ember import critic, generator
from engine.simulation import open_simulation
from training import loop
from training.choice import Choice, best_so_far
from training.config import Split
from training.data.slabs import TrainingMaps, read_pairs
from training.systems.ember import side_by_side
from training.systems.looks import SLABS, spread
from training.systems.registry import preset, system_for
from training.validation import compare, power_error

CPU = Fabric(accelerator="cpu", devices=1)
TINY = preset("smoke", "ember-wgan", network="tiny", updates=6, checkpoint_minutes=1e-9)
SCORE = "power_error"


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    numbers = {"widths": (4, 6, 8), "decoder_widths": (8, 6)}
    monkeypatch.setitem(generator.PRESETS, "tiny", generator.GeneratorConfig(**numbers))
    monkeypatch.setitem(critic.PRESETS, "tiny", critic.CriticConfig((4, 6), (6, 8, 8)))


@pytest.fixture(scope="module")
def maps(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return TrainingMaps(pairs, 2, 0)


def test_a_picture_shows_truth_and_painting_in_one_scale(maps):
    pair = maps.pairs[0]
    double = pair.target.with_values(2 * pair.target.values)
    picture = side_by_side(pair.dark_matter, double, pair.target)
    side = pair.target.shape[0]
    assert picture.shape == (side, 3 * side)
    parts = np.split(picture, 3, axis=1)
    assert [p.max() for p in parts[:2]] == [255, 255]
    assert parts[2].max() < 255


def test_the_weights_with_the_best_power_spectrum_are_kept(maps, tmp_path):
    config = replace(TINY, updates=24, learning_rate=1e-2, choose_every=4)
    loop.fit(system_for(config), maps, tmp_path, CPU, lambda update, losses: None)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    looks = {line["update"]: line["power_error"] for line in lines if "power_error" in line}
    assert sorted(looks) == [4, 8, 12, 16, 20, 24]
    update, error = best_so_far(tmp_path / "best.safetensors", SCORE)
    assert looks[update] == error == min(looks.values())


def test_a_perfect_emulator_has_no_error(maps, tmp_path, monkeypatch):
    system = system_for(TINY)
    choice = Choice(system, maps, tmp_path)
    truth = iter([pair.target for pair in spread(maps.pairs)])
    monkeypatch.setattr(system, "paint", lambda *_: next(truth))
    progress = system.start(CPU.device)
    progress.update = 3
    scores, _ = choice.look(progress)
    assert scores == {"power_error": 0, "mass": 1}
    assert best_so_far(tmp_path / "best.safetensors", SCORE) == (3, 0)


def test_the_error_is_the_mean_over_boxes_of_the_logarithms_of_power(data):
    pairs = [
        (target, target.with_values(factor * target.values + offset))
        for path, factor, offset in (("training-05-z2", 1.0, 0.0), ("hydro11-z2-xy", 1.0, 1e4))
        for target in [open_simulation(data / f"{path}.hdf5").slab("gas", "x", 0)]
    ]
    # A constant on top of a map lowers its contrast, and so its power, at all scales alike.
    (_, _), (truth, painting) = pairs
    ratio = 2 * np.log(truth.values.mean() / painting.values.mean())
    bins = [len(compare([pair])["k"]) for pair in pairs]
    shown = [
        np.count_nonzero(np.array(compare([pair])["k"]) < 0.4 * np.pi / 0.0293) for pair in pairs
    ]
    assert 0 < shown[0] < bins[0]
    expected = abs(ratio) * np.sqrt(shown[1] / sum(shown))
    assert power_error(pairs) == pytest.approx(expected, rel=1e-3)


def test_a_worse_network_does_not_replace_a_better_one(maps, tmp_path, monkeypatch):
    system = system_for(TINY)
    choice = Choice(system, maps, tmp_path)
    progress = system.start(CPU.device)
    for update, factor in ((1, 1.5), (2, 1.2), (3, 1.3)):
        progress.update = update
        monkeypatch.setattr(
            system, "paint", lambda _, slab, i, f=factor: painted(maps.pairs[i].target, f)
        )
        choice.look(progress)
    assert best_so_far(choice.path, SCORE)[0] == 2


def painted(truth, power):
    return truth.with_values(truth.values**power)


def test_slabs_to_look_at_are_spread_over_all(maps):
    chosen = spread(maps.pairs * 9)
    assert len(chosen) == SLABS < 9 * len(maps.pairs)
    assert {(p.target.axis, p.target.index) for p in chosen} == {
        (p.target.axis, p.target.index) for p in maps.pairs
    }


def test_weights_are_chosen_only_once_the_critic_has_had_a_say():
    for warm_up, looks in ((4, [6, 8, 9]), (9, [2, 4, 6, 8, 9])):  # the second has no critic
        system = system_for(replace(TINY, warm_up=warm_up, choose_every=2, updates=9))
        assert [update for update in range(1, 10) if system.is_due(update)] == looks
