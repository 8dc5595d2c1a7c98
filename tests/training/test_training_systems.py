"""A system that is one file: it is found, trains, goes on where it was stopped, and is kept."""

import sys
from pathlib import Path

import pytest
from lightning_fabric import Fabric
from typer.testing import CliRunner

import training.systems
from engine.systems.card import read_card
from engine.systems.weights import read_weights
from training import checkpoint, loop
from training.__main__ import app
from training.systems import registry
from training.systems.registry import preset, system_for, systems

CPU = Fabric(accelerator="cpu", devices=1)


class KilledError(Exception):
    """Stands for a run that is killed."""


class KilledAt:
    """Examples that kill the run when a batch is asked for."""

    def __init__(self, examples, number):
        self.examples, self.number = examples, number

    def batch(self, number):
        if number == self.number:
            raise KilledError
        return self.examples.batch(number)


@pytest.fixture(autouse=True)
def _another_file(monkeypatch):
    """As if the file lay in training/systems."""
    folder = Path(__file__).with_name("another")
    monkeypatch.setattr(training.systems, "__path__", [*training.systems.__path__, str(folder)])
    monkeypatch.setattr(registry, "CLASSES", dict(registry.CLASSES))
    monkeypatch.delitem(sys.modules, "training.systems.line", raising=False)


def test_every_system_has_its_presets_and_its_name():
    found = systems()
    assert {"ember-unet", "ember-wgan", "line"} <= set(found)
    for name, system in found.items():
        for size in system.presets:
            config = preset(size, name)
            trainings = (system, *system.variants)
            assert isinstance(config, tuple(each.config_class for each in trainings))
            assert isinstance(system_for(config), trainings)
            assert config.system == name


def test_the_command_line_trains_it_and_writes_its_card(data, tmp_path):
    command = [
        "fit",
        "--system",
        "line",
        "--preset",
        "tiny",
        "--data",
        str(data),
        "--device",
        "cpu",
    ]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    path = tmp_path / "line-gas-hr.json"
    weights = read_weights(path, read_card(path))
    assert weights["weight"].shape == (1, 1, 1, 1)
    assert read_card(path).recipe["updates"] == 8


def test_all_its_state_goes_on_where_it_was_stopped(data, tmp_path):
    config = preset("tiny", "line", checkpoint_minutes=1e-9)
    examples = system_for(config).examples(data)

    def fit(folder, drawn=examples):
        return loop.fit(system_for(config), drawn, tmp_path / folder, CPU, lambda *_: None)

    whole = fit("whole")
    for number in (3, 5):
        with pytest.raises(KilledError):
            fit("parts", KilledAt(examples, number))
    resumed = fit("parts")
    assert whole.update == resumed.update == 8
    tensors, states = zip(*(checkpoint._taken_apart(p) for p in (whole, resumed)), strict=True)
    assert states[0] == states[1]
    assert tensors[0].keys() == tensors[1].keys() >= {"network", "mean", "optimizer-network"}
    for part, several in tensors[0].items():
        for name, tensor in several.items():
            assert tensor.equal(tensors[1][part][name]), (part, name)
    # The scheduler has lowered a rate that fresh optimisers have not.
    assert whole.optimizers["mean"].param_groups[0]["lr"] < 0.1
