"""Generator and critic by the command line: cards, refusals, kills, several processes."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from engine.files import sha256
from engine.networks.ember import unet
from engine.simulation import open_simulation
from engine.systems.card import TrainingFile, read_card, write_card
from engine.systems.ember import EmberUNet, EmberWGAN
from engine.systems.weights import read_weights
from training import checkpoint, descent
from training.__main__ import app
from training.choice import best_so_far
from training.systems.registry import preset

SCORE = "power_error"


FIT = ["fit", "--system", "ember-wgan", "--preset", "smoke", "--device", "cpu"]


EARLIER = TrainingFile("earlier.hdf5", "xy", "0" * 64)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """The smoke preset by the command line, started from a U-Net's."""
    out = tmp_path_factory.mktemp("run")
    unet_fit = ["fit", "--preset", "smoke", "--data", str(data), "--out", str(out / "unet")]
    card = out / "unet" / "ember-unet-gas-hr.json"
    fit = [*FIT, "--data", str(data), "--out", str(out / "wgan"), "--warm-start", str(card)]
    for command in (unet_fit, fit):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        if command is unet_fit:  # as if it had itself begun with others
            warm = read_card(card)
            write_card(card, replace(warm, training_data=(EARLIER, *warm.training_data)))
    return out


def test_the_card_says_what_was_done(run):
    path = run / "wgan" / "ember-wgan-gas-hr.json"
    card = read_card(path)
    warm = read_card(run / "unet" / "ember-unet-gas-hr.json")
    assert (card.system, card.stochastic, card.title) == ("ember-wgan", True, "EMBER WGAN")
    config = preset("smoke", "ember-wgan", warm_start=warm.weights_sha256)
    expected = json.loads(json.dumps(asdict(config)))
    update, error = best_so_far(run / "wgan" / "best.safetensors", SCORE)
    chosen = {"chosen_update": update, "chosen_power_error": round(error, 4)}
    began = {"recipe": warm.recipe, "hours": warm.hours, "device": warm.device}
    assert card.recipe == expected | chosen | {"began_with": began}
    assert card.training_data == warm.training_data
    assert [file.name for file in card.training_data].count("earlier.hdf5") == 1
    weights = read_weights(path, card)
    kept = load_file(run / "wgan" / "best.safetensors")
    for name, tensor in kept.items():
        np.testing.assert_allclose(weights[name], tensor, atol=1e-3)


def test_the_trained_generator_paints(run, data):
    slab = open_simulation(data / "held-out.hdf5").slab("dm", "z", 0)
    maps = []
    for system, cls in (("unet", EmberUNet), ("wgan", EmberWGAN)):
        path = run / system / f"ember-{system}-gas-hr.json"
        card = read_card(path)
        maps.append(cls(card, read_weights(path, card), "cpu").predict(slab, seed=3))
    assert [m.seed for m in maps] == [None, 3]
    scaled = [np.log1p(m.values / 1e4) for m in maps]
    # A few updates of a warm start: another map, yet close to where it started.
    assert np.abs(scaled[0] - scaled[1]).max() > 0
    assert np.abs(scaled[0] - scaled[1]).mean() < 0.5


def test_every_part_of_smalls_checkpoint_is_below_16_mib(run):
    (last,) = checkpoint.find_all(run / "wgan")
    sizes = {p.name: p.stat().st_size for p in last.iterdir()}
    assert set(sizes) == {
        "state.json",
        *(f"{name}.safetensors" for name in ("network", "average", "critic")),
        *(f"optimizer-{name}.safetensors" for name in ("network", "critic")),
    }
    assert max(sizes.values()) < 16 * 2**20
    assert sizes["critic.safetensors"] > 4 * 2**20


def test_a_dry_run_says_everything_and_writes_nothing(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*FIT, "--data", str(data), "--out", "run", "--dry-run"])
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "Would train on 10 maps of 32 and 48 pixels a side, 8 updates of 2 maps" in words
    for part in ("network: 1.57 M", "critic: 1.32 M", "penalty: 10", "choose_every: 3"):
        assert part in words
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--system", "ember"], "Emulator to train is 'ember', expected one of cluster-unet,"),
        (["--system", "ember-unet"], "--warm-start is for ember-wgan"),
        (["--field", "hi"], "is of ember-unet for gas, expected ember-unet or ember-wgan for hi"),
        (["--field", "stars"], "expected one of gas, hi"),
        (["--level", "XR"], "Input level to train for is 'XR', expected one of HR, MR"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run, tmp_path, arguments, words):
    warm = ["--warm-start", str(run / "unet" / "ember-unet-gas-hr.json")]
    result = CliRunner().invoke(app, [*FIT, "--out", str(tmp_path / "x"), *warm, *arguments])
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def python(*arguments, **options):
    """Start another Python on one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *arguments], env=environment, text=True, **options)


def test_training_imports_no_page_and_nothing_for_pictures():
    code = "import training.__main__, sys; print(*sys.modules)"
    out, _ = python("-c", code, stdout=subprocess.PIPE).communicate()
    loaded = {name.split(".")[0] for name in out.split()}
    assert "lightning_fabric" in loaded
    assert not loaded & {"panel", "holoviews", "bokeh", "param", "explorer", "tensorboard"}


@pytest.mark.slow
def test_a_run_killed_by_the_system_goes_on_to_the_same_weights(data, tmp_path):
    def fit(folder):
        return python("-m", "training", *FIT, "--data", str(data), "--out", str(tmp_path / folder))

    assert fit("whole").wait() == 0
    killed = fit("parts")
    while killed.poll() is None and not checkpoint.find_all(tmp_path / "parts"):
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    (left,) = checkpoint.find_all(tmp_path / "parts")
    assert 0 < int(left.name.split("-")[1]) < preset("smoke", "ember-wgan").updates
    assert fit("parts").wait() == 0
    for name in ("ember-wgan-gas-hr.safetensors", "best.safetensors"):
        assert sha256(tmp_path / "parts" / name) == sha256(tmp_path / "whole" / name)
    for name in ("network", "critic", "optimizer-critic"):
        files = [
            checkpoint.find_all(tmp_path / folder)[-1] / f"{name}.safetensors"
            for folder in ("parts", "whole")
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_two_processes_train_one_network(data, tmp_path):
    command = ["-m", "training", *FIT, "--data", str(data), "--devices", "2", "--out"]
    assert python(*command, str(tmp_path)).wait() == 0
    assert read_card(tmp_path / "ember-wgan-gas-hr.json").recipe["chosen_update"] > 0
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["update"] for line in lines if "critic" in line] == [8]


def test_gradients_are_averaged_over_processes():
    class Two:
        """Two processes, of which the other has the gradient zero."""

        world_size = 2

        def all_reduce(self, tensor, reduce_op):
            assert reduce_op == "mean"
            return tensor / 2

    network = unet.UNetConfig((4, 6, 8), (8, 6)).build()
    sum(m.sum() for m in network(torch.rand(1, 1, 16, 16))).backward()
    before = [p.grad.clone() for p in network.parameters()]
    descent.average_gradients(network, Two())
    for parameter, gradient in zip(network.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.grad, gradient / 2)
