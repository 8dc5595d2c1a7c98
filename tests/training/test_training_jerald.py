"""JERALD's fit: its loss, its boxes, and a run as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from typer.testing import CliRunner

from engine.cosmology import PLANCK
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.mesh import Grid
from engine.nbody.cloud import paint
from engine.networks.jerald.displacement import mesh_of
from engine.networks.jerald.stages import Stars
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.jerald import Jerald
from engine.systems.particle_mesh import mesh_particles
from engine.systems.weights import read_weights
from training import checkpoint, export, loop
from training.__main__ import app
from training.box_powers import power_off
from training.config import Split
from training.data.universes import TrainingUniverses, read_universe, slices
from training.losses.residuals import FAINT, residual
from training.stage_search import numbers_of, place_of, put_numbers, search, slope_at
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
SIDE, CELL = 8, 0.117
TINY = preset("smoke", "jerald", checkpoint_minutes=1e-9)
SEARCH = preset("rest", "jerald", checkpoint_minutes=1e-9)


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
        read_universe(folder / f"{name}.hdf5", "dm", Split(name))
        for name in ("training-05-z2", "hydro11-z2")
    ]
    examples = TrainingUniverses(boxes, boxes[0])
    drawn = [examples.batch(number) for number in range(3)]
    assert [int(number) for number, *_ in drawn] == [0, 1, 0]
    assert torch.stack([target for *_, target, _ in drawn[:2]]).mean() == pytest.approx(1, rel=1e-5)


def test_boxes_of_other_cells_or_without_a_field_are_refused(folder):
    whole = Split("hydro11-z2")
    box = read_universe(folder / "hydro11-z2.hdf5", "dm", whole)
    coarse = replace(box, name="other", box_size=2 * box.box_size)
    with pytest.raises(ValueError, match="other has cells of 234 kpc/h at redshift 2, expected"):
        TrainingUniverses([box, coarse], box)
    with pytest.raises(ValueError, match=r"has no grid of hi, expected one of 8 cells a side"):
        read_universe(folder / "hydro11-z2.hdf5", "hi", whole)


def test_a_part_of_a_box_is_all_that_counts(folder):
    lower = Split("hydro11-z2", volume=((0, 1), (0, 1), (0, 0.5)))
    box = read_universe(folder / "hydro11-z2.hdf5", "dm", lower)
    *_, target, part = TrainingUniverses([box], box).batch(0)
    assert target.mean() == pytest.approx(1, rel=1e-5)
    mesh, painted = mesh_of(2.0, SIDE), field(3)
    found = residual(painted, target, mesh, 2.0, 0.0, 1.0, part=slices(part))
    expected = ((painted - target)[: SIDE // 2] ** 2).mean().item()
    assert found.item() == pytest.approx(expected)


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
    killed_at(examples, 2, monkeypatch)
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


def killed_at(examples, number, monkeypatch):
    draw = examples.batch

    def until(place):
        if place == number:
            raise KilledError
        return draw(place)

    monkeypatch.setattr(examples, "batch", until)


def test_a_search_goes_on_with_the_same_bits_and_down(folder, tmp_path, monkeypatch):
    config = replace(SEARCH, updates=3, gradients=4, boxes=2)
    system, whole = fit(folder, tmp_path / "whole", config)
    examples = system.examples(folder)
    killed_at(examples, 4, monkeypatch)
    with pytest.raises(KilledError):
        fit(folder, tmp_path / "parts", config, examples=examples)
    _, resumed = fit(folder, tmp_path / "parts", config)
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert one.equal(other)
    step = system.step(system.start(CPU.device), CPU)
    boxes = [system.examples(folder).batch(number) for number in range(2)]
    stages = step.progress.network, whole.network
    before, after = (sum(float(step._loss(each, box).detach()) for box in boxes) for each in stages)
    assert after < 0.98 * before


def test_a_search_finds_numbers_that_differ_by_decades():
    stage, wanted = Stars(), Stars()
    with torch.no_grad():
        for values, _, _ in numbers_of(wanted):
            values.mul_(0.9)
        wanted.map["w"].mul_(1e-3)

    def loss():
        pairs = zip(numbers_of(stage), numbers_of(wanted), strict=True)
        off = sum(
            (((one - other) / other) ** 2).sum()
            for (one, *_), (other, *_) in pairs
            if other.abs().max() > 0
        )
        off.backward()
        for values, _, _ in numbers_of(stage):
            values.grad = torch.zeros_like(values) if values.grad is None else values.grad
        return float(off.detach())

    assert search(stage, loss, 60) < 1e-6
    assert stage.map["w"].item() == pytest.approx(wanted.map["w"].item(), rel=1e-3)
    logarithmic = {round(bounds[0], 5) for _, bounds, log in numbers_of(stage) if log}
    assert logarithmic == {0.03, 1e-5}  # of wavenumbers and w


def test_slopes_are_those_by_the_place_of_a_search():
    stage = Stars()
    place = place_of(stage)
    put_numbers(stage, place)
    assert place_of(stage) == pytest.approx(place, abs=1e-6)
    sum((values**2).sum() for values, _, _ in numbers_of(stage)).backward()
    expected = [2 * v.detach() ** (2 if log else 1) for v, _, log in numbers_of(stage)]
    assert slope_at(stage) == pytest.approx(torch.cat(expected).numpy(), rel=1e-6)


def test_what_chooses_counts_powers_beside_the_residual():
    truth = Grid(
        field(1).numpy() + 0.1,
        "stars",
        cell_size=1000 * CELL,
        box_size=SIDE * CELL,
        redshift=2.0,
        cosmology=PLANCK,
    )
    contrast = truth.values / truth.values.mean() - 1
    louder = truth.with_values(5 * (1 + 1.1 * contrast))
    assert power_off(truth, truth) == pytest.approx(0, abs=1e-6)
    # Its mean doesn't matter, and there are no powers beyond the finest wave that counts.
    assert power_off(truth, louder) == pytest.approx(2 * np.log(1.1), rel=1e-3)


def test_a_fit_lowers_the_residual(folder):
    system = system_for(preset("smoke", "jerald", updates=20, learning_rate=0.2))
    examples, progress = system.examples(folder), system.start(CPU.device)
    step, losses = system.step(progress, CPU), []
    for _ in range(system.config.updates):
        losses.append(float(step(examples.batch)["residual"].detach()))
        progress.update += 1
    assert losses[-1] < 0.8 * losses[1]
