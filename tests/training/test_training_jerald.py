"""JERALD's fit: its loss, its boxes, and a run as a whole."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from typer.testing import CliRunner

from engine.cosmology import PLANCK
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.nbody.cloud import paint
from engine.networks.jerald.displacement import mesh_of
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.jerald import Jerald, mesh_particles
from engine.systems.weights import read_weights
from training import checkpoint, export, loop
from training.__main__ import app
from training.data.universes import TrainingUniverses, read_universe
from training.losses.residuals import FAINT, residual
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
SIDE, CELL = 8, 0.117
TINY = preset("smoke", "jerald", checkpoint_minutes=1e-9)


def write_box(path, seed):
    """A box whose dark matter is that of the particle mesh, squared."""
    delta = np.random.default_rng(seed).normal(size=(SIDE,) * 3)
    header = SimulationHeader(path.stem, SIDE * CELL, 2.0, PLANCK, "none", "a test")
    with new_simulation_file(path, header) as file:
        write_initial_conditions(file, delta, 49.0, (0.5, 0.5, 0.5), "a test")
    initial = open_simulation(path).initial_conditions()
    density = paint(mesh_particles(initial, 2.0), SIDE * CELL, SIDE)[0].numpy()
    header = SimulationHeader(path.stem, SIDE * CELL, 2.0, PLANCK, "none", "a test")
    with new_simulation_file(path, header) as file:
        write_initial_conditions(file, delta, 49.0, (0.5, 0.5, 0.5), "a test")
        for field in ("dm", "stars"):
            create_grid(file, Run(field), SIDE, SIDE**3, "a test")[:] = 70 * density**2
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("universes")
    for seed, name in enumerate(("training-05-z2", "hydro11-z2", "validation-z2")):
        write_box(folder / f"{name}.hdf5", seed)
    return folder


# --- the loss


def field(seed):
    return torch.rand(SIDE, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def test_the_residual_without_smoothing_is_the_mean_of_differences():
    mesh, (one, other) = mesh_of(2.0, SIDE), (field(1), field(2))
    for power in (1.0, 2.0):
        expected = ((one - other).abs() ** power).mean().item()
        assert residual(one, other, mesh, power, 0.0, 1.0).item() == pytest.approx(expected)


def test_smoothing_weighs_a_wave_by_its_length_and_leaves_the_mean():
    mesh = mesh_of(2.0, SIDE)
    x = (torch.arange(SIDE) + 0.5) / SIDE
    for waves in (1, 3):
        k = 2 * np.pi * waves / 2.0
        wave = torch.cos(2 * torch.pi * waves * x).expand(SIDE, SIDE, SIDE) + 5
        found = residual(wave, torch.full_like(wave, 5), mesh, 2.0, 1.0, 1.0).item()
        assert found == pytest.approx(0.5 * (1 + 1 / k) ** 2, rel=1e-4)
    one, two = torch.ones(SIDE, SIDE, SIDE), torch.full((SIDE,) * 3, 3.0)
    assert residual(two, one, mesh, 1.0, 1.0, 1.0).item() == pytest.approx(2)


def test_compression_takes_powers_before_the_difference():
    mesh, (one, other) = mesh_of(2.0, SIDE), (field(1), field(2))
    expected = ((one + FAINT) ** 0.25 - (other + FAINT) ** 0.25).abs().mean().item()
    assert residual(one, other, mesh, 1.0, 0.0, 0.25).item() == pytest.approx(expected)


# --- boxes


def test_boxes_come_in_turn_over_their_common_mean(folder):
    boxes = [
        read_universe(folder / f"{name}.hdf5", "dm") for name in ("training-05-z2", "hydro11-z2")
    ]
    examples = TrainingUniverses(boxes, boxes[0])
    drawn = [examples.batch(number) for number in range(3)]
    assert [int(number) for number, *_ in drawn] == [0, 1, 0]
    assert torch.stack([target for *_, target in drawn[:2]]).mean() == pytest.approx(1, rel=1e-5)


def test_boxes_of_other_cells_or_without_a_field_are_refused(folder):
    box = read_universe(folder / "hydro11-z2.hdf5", "dm")
    coarse = type(box)("other", 2 * box.box_size, 2.0, PLANCK, box.position, box.target)
    with pytest.raises(ValueError, match="other has cells of 234 kpc/h at redshift 2, expected"):
        TrainingUniverses([box, coarse], box)
    with pytest.raises(ValueError, match=r"has no grid of hi, expected one of 8 cells a side"):
        read_universe(folder / "hydro11-z2.hdf5", "hi")


# --- a run


def fit(folder, out, config=TINY, weights=None, examples=None):
    system = system_for(config, weights)
    examples = examples or system.examples(folder)
    return system, loop.fit(system, examples, out, CPU, lambda update, terms: None)


class KilledError(Exception):
    """Stands for a run that is killed."""


def test_a_run_goes_on_to_the_same_numbers_and_the_next_stage_begins_with_it(
    folder, tmp_path, monkeypatch
):
    system, whole = fit(folder, tmp_path / "whole")
    examples = system.examples(folder)
    draw = examples.batch

    def until(number):
        if number == 2:
            raise KilledError
        return draw(number)

    monkeypatch.setattr(examples, "batch", until)
    with pytest.raises(KilledError):
        fit(folder, tmp_path / "parts", examples=examples)
    _, resumed = fit(folder, tmp_path / "parts")
    first, second = (checkpoint._taken_apart(progress)[0] for progress in (whole, resumed))
    assert first.keys() == second.keys()
    for part, several in first.items():
        assert all(tensor.equal(second[part][name]) for name, tensor in several.items()), part

    path = export.export(tmp_path / "whole", system, system.card(examples, 0.1, "cpu"), whole)
    card = read_card(path)
    assert path.name == "jerald-dm.json"
    assert len(card.parameters) == 10
    initial = open_simulation(folder / "validation-z2.hdf5").initial_conditions()
    painted = Jerald(card, read_weights(path, card), "cpu").predict(initial)
    assert painted.redshift == pytest.approx(2)

    command = ["fit", "--system", "jerald", "--field", "stars", "--data", str(folder)]
    command += ["--preset", "smoke", "--device", "cpu", "--out", str(tmp_path / "stars")]
    without = CliRunner().invoke(app, command)
    assert without.exit_code != 0
    assert "expected its card by --warm-start" in " ".join(without.output.split())
    with_dm = CliRunner().invoke(app, [*command, "--warm-start", str(path)])
    assert with_dm.exit_code == 0, with_dm.output
    stars = read_card(tmp_path / "stars" / "jerald-stars.json")
    same = [each for each in stars.parameters if each.name.startswith("dm ")]
    assert same == list(card.parameters)
    assert len(stars.parameters) == 23


def test_a_fit_lowers_the_residual(folder):
    system = system_for(preset("smoke", "jerald", updates=20, learning_rate=0.2))
    examples, progress = system.examples(folder), system.start(CPU.device)
    step, losses = system.step(progress, CPU), []
    for _ in range(system.config.updates):
        losses.append(float(step(examples.batch)["residual"].detach()))
        progress.update += 1
    assert losses[-1] < 0.8 * losses[1]
