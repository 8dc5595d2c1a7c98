"""A run learns, goes on where it was stopped to the same numbers, and ends in a usable card."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from typer.testing import CliRunner

from engine.files import sha256
from engine.networks.ember import unet
from engine.systems.card import read_card
from training import checkpoint, loop
from training.__main__ import app
from training.config import Split, linear_rate
from training.data.slabs import TrainingMaps, read_pairs
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
TINY = preset("smoke", network="tiny", updates=6, checkpoint_minutes=1e-9)


@pytest.fixture(autouse=True)
def _tiny_network(monkeypatch):
    monkeypatch.setitem(unet.PRESETS, "tiny", unet.UNetConfig((4, 6, 8), (8, 6)))


@pytest.fixture(scope="module")
def maps(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return TrainingMaps(pairs, 2, 0)


def silent(update, losses):
    pass


def fit(config, maps, folder, report=silent):
    return loop.fit(system_for(config), maps, folder, CPU, report)


def weights(progress):
    return {name: t.clone() for name, t in progress.kept.state_dict().items()}


class KilledError(Exception):
    """Stands for a run that is killed."""


class KilledAt:
    """Maps that kill the run when a batch is asked for."""

    def __init__(self, maps, update):
        self.maps, self.update = maps, update

    def batch(self, update):
        if update == self.update:
            raise KilledError
        return self.maps.batch(update)


def test_the_loss_falls(maps, tmp_path):
    lines = []
    config = replace(TINY, updates=100, checkpoint_minutes=10)
    fit(config, maps, tmp_path, lambda update, losses: lines.append(losses))
    totals = [sum(losses.values()) for losses in lines]
    assert len(totals) == 5
    assert totals[-1] < 0.5 * totals[0]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_run_goes_on_to_the_same_numbers(maps, tmp_path, precision):
    config = replace(TINY, precision=precision)
    whole = fit(config, maps, tmp_path / "whole")
    with pytest.raises(KilledError):
        fit(config, KilledAt(maps, 4), tmp_path / "parts")
    resumed = fit(config, maps, tmp_path / "parts")
    assert resumed.update == 6
    assert resumed.seconds > 0
    for name, expected in weights(whole).items():
        assert torch.equal(weights(resumed)[name], expected), name


def test_a_finished_run_is_not_trained_again(maps, tmp_path):
    first = fit(TINY, maps, tmp_path)
    second = fit(TINY, KilledAt(maps, 0), tmp_path)
    for name, expected in weights(first).items():
        assert torch.equal(weights(second)[name], expected)


def test_one_whole_checkpoint_is_kept(maps, tmp_path):
    fit(TINY, maps, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint-00000006",
        "log.jsonl",
        "tensorboard",
    ]


def test_a_checkpoint_that_fails_half_way_leaves_the_older_one(maps, tmp_path, monkeypatch):
    progress = fit(TINY, maps, tmp_path)

    def fail(tensors, path):
        path.write_bytes(b"half of it")
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint, "save_file", fail)
    progress.update = 7
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(tmp_path, progress, {})
    again = system_for(TINY).start(CPU.device)
    assert checkpoint.resume(tmp_path, again, json.loads(json.dumps(asdict(TINY))))
    assert again.update == 6


def test_another_configuration_does_not_go_on_in_the_same_folder(maps, tmp_path):
    fit(TINY, maps, tmp_path)
    with pytest.raises(ValueError, match="holds a run with other seed"):
        fit(replace(TINY, seed=1), maps, tmp_path)


def test_the_learning_rate_falls_linearly_and_the_average_starts_young():
    config = replace(TINY, updates=101, learning_rate=1e-3, final_learning_rate=1e-5)
    rates = [linear_rate(config, update) for update in (0, 50, 100)]
    assert rates == pytest.approx([1e-3, 5.05e-4, 1e-5])
    assert loop.decay(config, 1) < 0.1
    assert loop.decay(config, 100000) == config.average


def test_a_loss_that_is_not_finite_stops_the_run(maps, tmp_path):
    config = replace(TINY, updates=40, learning_rate=1e12, checkpoint_minutes=10)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(config, maps, tmp_path)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """The smoke preset by the command line, scored on held-out maps."""
    out = tmp_path_factory.mktemp("run")
    fitted = CliRunner().invoke(
        app, ["fit", "--preset", "smoke", "--data", str(data), "--out", str(out)]
    )
    assert fitted.exit_code == 0, fitted.output
    card = out / "ember-unet-gas-hr.json"
    for _ in range(2):  # the second score replaces the first
        scored = CliRunner().invoke(
            app, ["score", str(card), "--simulation", str(data / "held-out.hdf5"), "--axes", "z"]
        )
        assert scored.exit_code == 0, scored.output
    return card, scored.output


def test_the_command_line_writes_a_card_that_says_what_was_done(run, data):
    card = read_card(run[0])
    assert (card.system, card.field, card.level) == ("ember-unet", "gas", "HR")
    assert card.pixel_size == pytest.approx(29.3)
    assert {(f.name, f.axes) for f in card.training_data} == {
        ("hydro11-z2-xy.hdf5", "xy"),
        ("training-05-z2.hdf5", "xyz"),
    }
    assert all(f.sha256 == sha256(data / f.name) for f in card.training_data)
    assert card.recipe == json.loads(json.dumps(asdict(preset("smoke"))))
    depths = [4 * 48 * 0.0293 / 2, 6 * 32 * 0.0293 / 2]
    assert card.depth == pytest.approx(sum(depths) / 10)
    assert card.hours > 0


def test_the_score_is_on_the_card_and_told(run):
    (score,) = read_card(run[0]).scores
    assert (score["simulation"], score["axes"]) == ("held-out", "z")
    assert score["all"]["slabs"] == 3
    assert score["without_heaviest_halo"]["slabs"] == 2
    assert score["heaviest_halo"] == pytest.approx(1e13)
    assert len(score["all"]["k"]) == len(score["all"]["power"]) > 10
    assert np.isfinite(score["all"]["power"]).all()
    assert "P/P_true" in run[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "--preset", "huge", "--out", "x"], "expected one of paper, small, smoke"),
        (["fit", "--data", "nowhere", "--out", "x"], "nowhere holds no file"),
        (["fit", "--device", "abacus", "--out", "x"], "expected one of auto, cpu, cuda"),
        (["score", "none.json"], "Model card none.json can't be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_traceback(
    arguments, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())
