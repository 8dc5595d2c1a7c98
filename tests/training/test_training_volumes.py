"""Patches of boxes, the error of cells, and super-resolution's training as a whole."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from typer.testing import CliRunner

from engine.assets import shipped_folder
from engine.cosmology import Cosmology
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.networks.super_resolution.critic import Critic
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.super_resolution import SuperResolution
from engine.systems.weights import read_weights
from training import checkpoint, export, loop
from training.__main__ import app
from training.config import Split
from training.data.volumes import (
    SYMMETRIES,
    TrainingVolumes,
    read_training_triplet,
    read_triplet,
    repeated,
    symmetric,
    wrapped,
)
from training.losses.density import (
    FLOOR,
    LEAST,
    POWER,
    cell_weights,
    emptiness_error,
    weighted_error,
)
from training.losses.wasserstein import gradient_penalty
from training.systems.box_looks import errors
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
QUIJOTE = Cosmology(0.3175, 0.049, 0.6711)
SIDE = 8
"""Of low resolution, [cells]."""
TINY = preset("smoke", "super-resolution", checkpoint_minutes=1e-9)


def write_box(path, seed):
    """A box of the paper's cells whose density is a power of its initial conditions."""
    random = np.random.default_rng(seed)
    delta = np.kron(random.normal(size=(4, 4, 4)), np.ones((4, 4, 4))) + random.normal(
        size=(2 * SIDE,) * 3
    )
    density = 85 * np.exp(0.5 * delta)
    low = density.reshape(SIDE, 2, SIDE, 2, SIDE, 2).mean((1, 3, 5))
    header = SimulationHeader(path.stem, SIDE * 3.90625, 0.0, QUIJOTE, "none", "a test")
    with new_simulation_file(path, header) as file:
        for run, values in ((Run("dmo"), density), (Run("dmo", "MR", "native"), low)):
            create_grid(file, run, len(values), len(values) ** 3, "a test")[:] = values
        write_initial_conditions(file, delta, 127.0, (0.0, 0.0, 0.0), "a test")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("volumes")
    write_box(folder / "quijote-101-z0.hdf5", 1)
    write_box(folder / "quijote-103-z0.hdf5", 2)
    return folder


@pytest.fixture(scope="module")
def triplet(folder):
    return read_triplet(folder / "quijote-101-z0.hdf5", "dmo", "MR")


def drawn(triplet, **changes):
    numbers = {"batch_size": lambda number: 2, "side": 8, "seed": 0} | changes
    return TrainingVolumes([triplet], **numbers)


def test_all_symmetries_of_a_cube_differ_and_are_undone_by_another():
    cube = np.arange(27.0, dtype=np.float32).reshape(3, 3, 3)
    turned = {symmetric(cube, number).tobytes() for number in range(len(SYMMETRIES))}
    assert len(turned) == 48
    for number in range(48):
        back = {symmetric(symmetric(cube, number), other).tobytes() for other in range(48)}
        assert cube.tobytes() in back
        # Neighbours stay neighbours: 54 faces between cells whose numbers differ by 1, 3 or 9.
        steps = [np.abs(np.diff(symmetric(cube, number), axis=axis)) for axis in range(3)]
        assert sorted(float(np.unique(step).item()) for step in steps) == [1, 3, 9]


def test_cubes_wrap_around_the_box():
    box = np.arange(60.0, dtype=np.float32).reshape(3, 4, 5)
    cut = wrapped(box, np.array([-1, 3, 4]), 3)
    assert cut[0, 0].tolist() == [box[2, 3, 4], box[2, 3, 0], box[2, 3, 1]]
    assert cut[1, 1, 0] == box[0, 0, 4]


def test_coarse_cells_stay_the_means_of_their_eight_in_every_patch(triplet):
    """Every patch keeps the parity, and all of it is turned alike."""
    density = triplet.density.values
    low = triplet.low.values
    mean = density.reshape(SIDE, 2, SIDE, 2, SIDE, 2).mean((1, 3, 5))
    np.testing.assert_allclose(low, mean, rtol=1e-4)
    volumes = drawn(triplet, batch_size=lambda number: 20)
    coarse, initial, fine = volumes.batch(3)
    assert coarse.shape == (20, 1, 10, 10, 10)
    assert initial.shape == (20, 1, 20, 20, 20)
    assert fine.shape == (20, 1, 8, 8, 8)
    pooled = torch.nn.functional.avg_pool3d(fine, 2)
    torch.testing.assert_close(pooled, coarse[..., 3:-3, 3:-3, 3:-3], rtol=1e-4, atol=1e-5)
    # The density is a power of the initial conditions, cell by cell.
    inside = initial[..., 6:-6, 6:-6, 6:-6] * volumes.scale
    torch.testing.assert_close(
        fine, 85 * torch.exp(0.5 * inside) / float(density.mean()), rtol=1e-3, atol=1e-5
    )
    assert initial.std() == pytest.approx(1, rel=0.1)


def test_batches_are_a_function_of_seed_and_number_and_grow(triplet):
    volumes = drawn(triplet, batch_size=lambda number: 1 + number)
    first, again = volumes.batch(2), drawn(triplet, batch_size=lambda number: 3).batch(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], drawn(triplet, batch_size=lambda n: 3, seed=1).batch(2)[0])
    assert len(volumes.batch(0)[0]) == 1
    paper = preset("paper", "super-resolution")
    assert [paper.batch_at(n) for n in (0, 99_999, 100_000, 250_000, 499_999)] == [1, 1, 2, 4, 16]


def test_boxes_that_are_held_out_or_cut_are_refused(folder):
    with pytest.raises(ValueError, match="'quijote-103-z0' is held out"):
        read_training_triplet(folder / "quijote-103-z0.hdf5", Split("quijote*"), "dmo", "MR")
    half = Split("quijote-101-z0", volume=((0.0, 0.5), (0.0, 1.0), (0.0, 1.0)))
    with pytest.raises(ValueError, match=r"sub-volume .* expected the whole box"):
        read_training_triplet(folder / "quijote-101-z0.hdf5", half, "dmo", "MR")


@pytest.mark.parametrize("name", ["density", "initial"])
def test_boxes_of_another_universe_are_refused_with_their_correlation(tmp_path, triplet, name):
    path = write_box(tmp_path / "quijote-101-z0.hdf5", 1)
    other = np.random.default_rng(8).permutation(triplet.density.values.ravel())
    with h5py.File(path, "r+") as file:
        stored = file["initial_conditions" if name == "initial" else "grids/dmo/HR/native"]
        stored[:] = other.reshape(stored.shape)
    what = "initial conditions" if name == "initial" else "high resolution"
    with pytest.raises(ValueError, match=rf"largest waves is -?0\.\d\d.* take the {what} of the"):
        read_triplet(path, "dmo", "MR")


def test_a_cells_weight_sees_the_coarse_density_around_it_alone():
    low = torch.rand(2, 1, 10, 10, 10) * 5
    weights = cell_weights(low, 3)
    assert weights.shape == (2, 1, 8, 8, 8)
    for z, y, x in ((0, 0, 0), (7, 3, 4)):
        one = low[1, 0, 3 + z // 2, 3 + y // 2, 3 + x // 2]
        assert weights[1, 0, z, y, x] == pytest.approx(float((one + FLOOR) ** -POWER), rel=1e-5)


def test_the_mean_of_what_can_be_has_the_least_error():
    """As no error with weights that see the truth has it."""
    low, chances = torch.rand(1, 1, 7, 7, 7), torch.rand(1000, 1, 2, 2, 2) ** 4 * 20
    weights = cell_weights(low, 3)

    def error(painted):
        return weighted_error(painted, chances, weights)

    mean = chances.mean(0, keepdim=True)
    assert all(error(mean) < error(mean * factor) for factor in (0.97, 1.03))
    shift = 0.5 * torch.ones_like(mean)
    expected = error(mean) + (weights * shift**2).mean()
    torch.testing.assert_close(error(mean + shift), expected)


def test_voids_that_are_too_full_are_told_by_cubes_and_dense_cells_hardly():
    """The same mass too much in every cell counts by how empty the cubes around it are."""
    empty, dense = (torch.full((1, 1, 10, 10, 10), density) for density in (0.2, 5.0))
    truth = torch.full((1, 1, 8, 8, 8), 0.2)
    found = [emptiness_error(truth + 0.03, truth, low, 3).item() for low in (empty, dense)]
    assert found == pytest.approx([(0.03 / (d + LEAST)) ** 2 for d in (0.2, 5.0)], rel=1e-4)
    moved = truth.clone()
    moved[..., ::2] += 0.1  # what is only moved within a cube leaves it as full as it was
    moved[..., 1::2] -= 0.1
    assert emptiness_error(moved, truth, empty, 3).item() == pytest.approx(0, abs=1e-9)
    chances = torch.rand(400, 1, 8, 8, 8) ** 4
    mean, given = chances.mean(0, keepdim=True), (0.1 + torch.rand(1, 1, 10, 10, 10))

    def error(painted):
        every = given.expand(400, -1, -1, -1, -1)
        return emptiness_error(painted.expand_as(chances), chances, every, 3)

    assert all(error(mean) < error(mean * factor) for factor in (0.97, 1.03))


def test_the_penalty_has_one_norm_for_each_patch():
    torch.manual_seed(3)
    critic = Critic()
    real, fake, initial = torch.rand(3, 3, 1, 28, 28, 28)
    share = torch.tensor([0.1, 0.5, 0.8])
    found = gradient_penalty(lambda d, i: critic(d[0], i[0]), [real], [fake], [initial], share)
    norms = []
    for i in range(3):
        mixed = (real[i : i + 1] + share[i] * (fake[i : i + 1] - real[i : i + 1])).requires_grad_()
        (slope,) = torch.autograd.grad(critic(mixed, initial[i : i + 1]).sum(), mixed)
        norms.append(float(slope.square().sum().sqrt()))
    assert found.item() == pytest.approx(np.mean((np.array(norms) - 1) ** 2), rel=1e-4)


def test_what_chooses_tells_amplitude_place_and_mean_in_units_of_what_is_asked_for(triplet):
    truth, low = triplet.density, triplet.low
    assert errors(truth, truth, low)["furthest"] == pytest.approx(0, abs=1e-3)
    mean = truth.values.mean()
    # The largest waves of so small a box are 0.2 h/Mpc: 3 % are asked for there.
    weaker = errors(truth, truth.with_values(mean + 0.8 * (truth.values - mean)), low)
    assert weaker["transfer_0.5"] == pytest.approx(0.2, rel=1e-3)
    assert weaker["least_correlation"] == pytest.approx(1, rel=1e-3)
    assert weaker["furthest"] == pytest.approx(0.2 / 0.03, rel=1e-3)
    heavier = errors(truth, truth.with_values(1.05 * truth.values), low)
    assert heavier["mean"] == pytest.approx(1.05, rel=1e-3)
    assert heavier["furthest"] == pytest.approx(0.05 / 0.01, rel=1e-3)
    moved = errors(truth, truth.with_values(np.roll(truth.values, 3, 0)), low)
    assert moved["transfer_0.5"] == pytest.approx(0, abs=1e-3)
    assert moved["least_correlation"] < 0.9
    assert moved["furthest"] > (1 - moved["least_correlation"]) / 0.1
    assert moved["behind"] > 0.01
    assert errors(truth, repeated(low, truth), low)["behind"] == pytest.approx(0, abs=1e-6)
    empty = errors(truth, truth.with_values(np.zeros_like(truth.values)), low)
    assert empty["furthest"] == 100


def test_looks_are_rarer_before_the_critic_enters():
    numbers = {"updates": 36, "warm_up": 32, "head_start": 0, "choose_every": 1}
    system = system_for(replace(TINY, **numbers))
    due = [update for update in range(1, 37) if system.is_due(update)]
    assert due == [10, 20, 30, 33, 34, 35, 36]


def fit(folder, out, config=TINY, examples=None):
    system = system_for(config)
    progress = loop.fit(
        system, examples or system.examples(folder), out, CPU, lambda update, terms: None
    )
    return system, progress


class KilledError(Exception):
    """Stands for a run that is killed."""


def test_a_run_goes_on_to_the_same_numbers_and_ends_in_a_card(folder, tmp_path, monkeypatch):
    """Killed before the critic enters, and after."""
    system, whole = fit(folder, tmp_path / "whole")
    examples = system.examples(folder)
    draw = examples.batch
    for stop in (2, 4):

        def until(number, stop=stop):
            if number == stop:
                raise KilledError
            return draw(number)

        monkeypatch.setattr(examples, "batch", until)
        with pytest.raises(KilledError):
            fit(folder, tmp_path / "parts", examples=examples)
    _, resumed = fit(folder, tmp_path / "parts")
    tensors = [checkpoint._taken_apart(progress)[0] for progress in (whole, resumed)]
    assert tensors[0].keys() == tensors[1].keys() >= {"critic", "average", "extra-powers"}
    for part, several in tensors[0].items():
        for name, tensor in several.items():
            assert tensor.equal(tensors[1][part][name]), (part, name)

    card = system.card(system.examples(folder), 0.1, "cpu")
    path = export.export(tmp_path / "whole", system, card, whole)
    assert path.name == "super-resolution-dmo-mr.json"
    read = read_card(path)
    assert [each.field for each in read.inputs] == ["dmo", "delta"]
    emulator = SuperResolution(read, read_weights(path, read), "cpu")
    box = open_simulation(folder / "quijote-103-z0.hdf5")
    given = {
        "low": box.grid("dmo", level="MR", origin="native"),
        "initial": box.initial_conditions(),
    }
    assert emulator.predict(given).shape == (16, 16, 16)


def test_a_run_without_a_critic_lowers_the_error_of_cells(folder):
    config = replace(TINY, updates=25, warm_up=25, side=12, learning_rate=1e-2, batch_size=4)
    system = system_for(config)
    examples, progress = system.examples(folder), system.start(CPU.device)
    assert "critic" not in progress.modules
    step, errors = system.step(progress, CPU), []
    for _ in range(config.updates):
        errors.append(float(step(examples.batch)["error"].detach()))
        progress.update += 1
    assert np.mean(errors[-5:]) < 0.7 * np.mean(errors[:5])


def test_the_critic_steps_alone_during_its_head_start(folder):
    system = system_for(replace(TINY, warm_up=0, head_start=1))
    examples, progress = system.examples(folder), system.start(CPU.device)
    step = system.step(progress, CPU)
    changed = []
    for progress.update in range(2):
        before = {
            name: torch.nn.utils.parameters_to_vector(module.parameters()).detach().clone()
            for name, module in progress.modules.items()
        }
        step(examples.batch)
        changed.append(
            {
                name: not before[name].equal(torch.nn.utils.parameters_to_vector(m.parameters()))
                for name, m in progress.modules.items()
            }
        )
    assert changed[0] == {"network": False, "average": False, "critic": True}
    assert changed[1] == {"network": True, "average": False, "critic": True}


def test_networks_start_from_given_weights_of_their_own_kind():
    system = system_for(TINY)
    given = {name: t + 1 for name, t in system.start(CPU.device).network.state_dict().items()}
    begun = system_for(TINY, given).start(CPU.device)
    assert all(begun.kept.state_dict()[name].equal(tensor) for name, tensor in given.items())
    with pytest.raises(ValueError, match="network of 1 parameters, expected this run's 55963"):
        system_for(TINY, {"density.bias": torch.ones(1)}).start(CPU.device)


def test_the_command_line_knows_what_it_paints_and_sets_numbers_together(folder, tmp_path):
    """Ten updates of a preset with thousands before its critic enters."""
    command = ["fit", "--system", "super-resolution", "--data", str(folder), "--device", "cpu"]
    command += ["--updates", "10", "--set", "warm_up=10", "--out", str(tmp_path), "--dry-run"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "super-resolution for dmo from MR" in result.output
    assert "1 boxes of 16 cells a side, 10 updates" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warm_up": 9}, "9 updates before the critic enters"),
        ({"head_start": 5}, "head start of 5 updates, expected no more than the 4"),
        ({"critic_batches": 3}, "draws 3 batches for 2 critic steps"),
        ({"side": 12}, "patches of 12 cells, expected the critic's 28"),
        (
            {"side": 13, "warm_up": 6, "head_start": 0},
            "patches of 13 cells, expected an even number",
        ),
        ({"choose_every": 0}, "looks every 0 updates"),
    ],
)
def test_what_can_not_be_trained_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)


def test_scores_of_boxes_are_told_and_noted_on_the_card(tmp_path):
    for ending in (".json", ".safetensors"):
        source = shipped_folder() / "weights" / f"jerald-dm{ending}"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    card = tmp_path / "jerald-dm.json"
    result = CliRunner().invoke(app, ["score", str(card), "--device", "cpu"])
    assert result.exit_code == 0, result.output
    assert "validation-z2: mass 1.000" in result.output
    (score,) = (each for each in read_card(card).scores if each["simulation"] == "validation-z2")
    assert min(score["box"]["correlation"]) > 0.9


def test_a_baseline_has_no_report_of_its_own(tmp_path):
    card = shipped_folder() / "weights" / "trilinear-dmo-mr.json"
    report = CliRunner().invoke(app, ["score", str(card), "--out", str(tmp_path / "r.html")])
    assert report.exit_code != 0
    assert "is of trilinear, of which there is no report" in " ".join(report.output.split())
