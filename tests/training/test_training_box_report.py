"""The report of an emulator of boxes, and what the emulator is compared with."""

import json

import numpy as np
import pytest
from scipy import fft
from typer.testing import CliRunner

from engine import statistics
from engine.cosmology import Cosmology
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.mesh import Grid
from engine.places import Run
from engine.systems.box_pair import interpolated
from engine.systems.card import read_card
from engine.systems.weights import write_model
from tests.engine.systems import super_resolution as example
from training.__main__ import app
from training.data.volumes import repeated
from training.report.boxes import headline
from training.report.resampled import best_linear

CELL = 1953.125


def grid(values, field="dmo", cell=CELL):
    box = cell * len(values) / 1000
    return Grid(values, field, cell_size=cell, box_size=box, redshift=0.0,
                cosmology=Cosmology(0.3175, 0.049, 0.6711), simulation="box")  # fmt: skip


def waves(side, seed, steepness=3.0):
    """A Gaussian field with most of its power in the largest waves, of unit variance."""
    k = np.sqrt(sum(np.square(axis) for axis in np.ix_(*(fft.fftfreq(side, 1 / side),) * 3)))
    k[0, 0, 0] = np.inf
    white = fft.fftn(np.random.default_rng(seed).normal(size=(side,) * 3))
    values = fft.ifftn(white * k ** (-steepness / 2)).real
    return values / values.std()


def coarse(values):
    n = len(values) // 2
    return values.reshape(n, 2, n, 2, n, 2).mean((1, 3, 5))


def write_box(path, Omega_m=0.3175, contrast=0.5):
    delta = waves(64, 1)
    density = 85 * np.exp(contrast * delta)
    header = SimulationHeader(
        path.stem, 64 * CELL / 1000, 0.0, Cosmology(Omega_m, 0.049, 0.6711), "none", "a test"
    )
    low = coarse(density)
    with new_simulation_file(path, header) as file:
        for run, values in ((Run("dmo"), density), (Run("dmo", "MR", "native"), low)):
            create_grid(file, run, len(values), len(values) ** 3, "a test")[:] = values
        write_initial_conditions(file, delta, 127.0, (0.0, 0.0, 0.0), "a test")
    return path


def test_the_linear_filter_finds_what_is_one_and_beats_either_input():
    """A truth made of both inputs, each on its own scales."""
    first, initial = waves(32, 2, 4.0), waves(32, 3, 2.0)
    low = grid(coarse(1 + 0.1 * first), cell=2 * CELL)
    beside = grid(initial, "delta")
    fine = grid(interpolated(low.values))
    truth = grid(fine.values + 0.05 * initial)
    found = best_linear(low, beside, truth)
    np.testing.assert_array_equal(coarse(repeated(low, truth).values), low.values)
    r = statistics.get("cross_correlation")
    assert np.nanmin(r(truth, found).y) > 0.999
    assert np.nanmin(r(truth, fine).y) < 0.9
    assert found.values.mean() == pytest.approx(truth.values.mean(), rel=1e-5)


def test_the_headline_tells_where_the_claim_ends():
    transfer = {"x": [0.1, 0.4, 0.6, 0.9, 1.2], "a": [1.02, 0.99, 0.95, 1.2, 3.0]}
    transfer["count"] = [6, 90, 200, 500, 900]  # six waves say little
    correlation = {"x": transfer["x"], "a": [1.0, 0.99, 0.98, 0.9, 0.1]}
    found = headline(transfer, correlation, "a")
    assert found["transfer_error"] == pytest.approx({"0.5": 0.02, "0.7": 0.05, "1.0": 0.2})
    assert found["correlation"] == pytest.approx({"0.5": 0.99, "0.7": 0.98, "1.0": 0.9})
    assert found["claim_kept_to_k"] == 0.6


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    path, _ = write_model(tmp_path_factory.mktemp("card"), example.card(), example.weights())
    return path


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    return [write_box(folder / "first.hdf5"), write_box(folder / "other.hdf5", 0.3075, 0.45)]


def score(*words):
    result = CliRunner().invoke(app, ["score", *map(str, words), "--device", "cpu"])
    assert result.exit_code == 0, result.output


def test_the_command_writes_a_page_whose_numbers_are_in_its_json(card, boxes, tmp_path):
    out = tmp_path / "report.html"
    score(card, "--simulation", boxes[0], "--simulation", boxes[1], "--out", out)
    found = json.loads(out.with_suffix(".json").read_text())
    scored = found["scored"]
    assert scored["simulation"] == "first"
    assert scored["mean"]["trilinear"] == pytest.approx(1, rel=1e-4)
    assert set(scored["headline"]) == {"painted", "low", "trilinear", "linear"}
    # The density is a power of the initial conditions: filters do well, repeated cells less so.
    errors = {name: h["correlation"]["1.0"] for name, h in scored["headline"].items()}
    assert errors["linear"] > errors["low"]
    spectrum = scored["curves"]["power_spectrum"]
    assert min(x for x in spectrum["truth"] if x is not None) > 0
    (change,) = found["others"]
    # ln-normal waves of nine tenths the contrast have about four fifths of the power.
    power = change["changes"]["power_spectrum"]["truth"]
    assert -0.25 < power[1] < -0.15
    page = out.read_text()
    assert page.count("<svg") == 9
    assert all(f"figure {number}" in page for number in range(2, 11))
    assert f"{scored['mean']['painted']:.4g}" in page


def test_scores_of_a_box_are_noted_on_the_card(card, boxes):
    score(card, "--simulation", boxes[0])
    score(card, "--simulation", boxes[0])
    (noted,) = read_card(card).scores
    assert noted["simulation"] == "first"
    assert (
        len(noted["box"]["k"]) == len(noted["box"]["transfer"]) == len(noted["box"]["correlation"])
    )


def test_boxes_are_reported_one_card_at_a_time(card, boxes):
    result = CliRunner().invoke(app, ["score", str(card), str(card)])
    assert result.exit_code == 1
    assert "2 cards were given, expected one of an emulator of boxes" in " ".join(
        result.output.split()
    )
