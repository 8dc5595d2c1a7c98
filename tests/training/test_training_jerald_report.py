"""JERALD's report: halves of it by hand, and a page of tiny boxes as a whole."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cosmology import PLANCK
from engine.formats.catalogues import write_halos
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Halos
from engine.mesh import Grid
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.card import TrainingFile
from engine.systems.weights import write_model
from tests.engine.systems import jerald
from training.__main__ import app
from training.report import costs, universes
from training.report.costs import cost
from training.report.universes import curves, heaviest, without

CELLS = 16
SIDE = CELLS * jerald.CELL / 1000


def write_box(path, seed=1, fields=("dm", "stars"), halos=True):
    """A box whose heaviest halo is at its corner."""
    draw = np.random.default_rng(seed)
    header = SimulationHeader(path.stem, SIDE, 2.0, PLANCK, "none", "a test")
    with new_simulation_file(path, header) as file:
        for field in fields:
            values = draw.lognormal(size=(CELLS,) * 3)
            values[0, 0, 0] = 1000.0
            create_grid(file, Run(field), CELLS, CELLS**3, "a test")[:] = values
        write_initial_conditions(file, draw.normal(size=(CELLS,) * 3), 49.0, (0.5,) * 3, "a test")
        if halos:
            position = np.array([[0.05, 0.0, SIDE - 0.01], [1.0, 1.0, 1.0]])
            mass = np.array([1e12, 1e10])
            write_halos(file, Halos(position, mass, np.full(2, 80.0), mass, "hydro"))
    return path


def test_without_its_heaviest_halo_a_box_keeps_the_mean_of_the_rest(tmp_path):
    simulation = open_simulation(write_box(tmp_path / "box.hdf5"))
    centre, radius = heaviest(simulation)
    assert centre == pytest.approx((0.05, 0.0, SIDE - 0.01), abs=1e-6)
    assert radius == universes.RADIUS  # its own is smaller
    box = simulation.grid("stars")
    cut = without(box, centre, 0.4)
    inside = cut.values != box.values
    # Across the box's edges, as large as the sphere, and flat.
    assert inside[[0, -1, -1], [0, -1, 0], [0, -1, 0]].all()
    volume = inside.sum() * (jerald.CELL / 1000) ** 3
    assert volume == pytest.approx(4 / 3 * np.pi * 0.4**3, rel=0.1)
    assert cut.values[inside] == pytest.approx(box.values[~inside].mean(), rel=1e-5)
    assert heaviest(open_simulation(write_box(tmp_path / "none.hdf5", halos=False))) is None


def test_a_painting_of_half_again_the_contrast_has_its_square_of_the_power():
    values = np.random.default_rng(2).uniform(0.5, 1.5, (CELLS,) * 3)
    values /= values.mean()
    about = {"cell_size": 100.0, "box_size": 1.6, "redshift": 2.0, "cosmology": PLANCK}
    truth, painted = (Grid(1 + by * (values - 1), "dm", **about) for by in (1, 1.5))
    found = curves(truth, {"painted": painted})
    assert found["painted"]["ratio"] == pytest.approx([2.25] * len(found["k"]), rel=1e-4)
    assert found["painted"]["correlation"] == pytest.approx([1.0] * len(found["k"]), abs=1e-5)
    assert set(found["painted"]["told"]) == {"5", "10"}  # the box has no longer waves
    assert found["painted"]["told"]["5"]["ratio"] == pytest.approx(2.25, rel=1e-4)


def test_what_a_box_costs_is_measured():
    both, alone = cost(8), cost(8, mesh=False)
    for found in (both["mesh"], both["layer"], alone["layer"]):
        assert found["seconds"] > 0
        assert 0 <= found["memory"] < 1
    assert alone["mesh"] is None


def test_memory_is_what_is_taken_beside_what_there_was():
    with costs.most_memory() as most:
        taken = np.ones(25_000_000)
        time.sleep(4 * costs.LOOK)
        assert taken[0] == 1
    assert most[0] == pytest.approx(0.2, rel=0.2)


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    folder, paths = tmp_path_factory.mktemp("cards"), []
    trained = (TrainingFile("first.hdf5", "xyz", "0" * 64),)
    for field in ("dm", "stars"):
        card = replace(jerald.card(field), title="JERALD", training_data=trained)
        paths.append(write_model(folder, card, jerald.weights(field), half=False)[0])
    return paths


def run(*words):
    return CliRunner().invoke(app, ["score", *map(str, words), "--device", "cpu"])


def test_the_page_tells_of_every_field_on_every_box(cards, tmp_path, monkeypatch):
    monkeypatch.setattr(universes, "costs", lambda: [costs.cost(8)])
    first = write_box(tmp_path / "first.hdf5")
    other = write_box(tmp_path / "other.hdf5", seed=4, fields=("dm",), halos=False)
    out = tmp_path / "report.html"
    result = run(*cards, "--simulation", first, "--simulation", other, "--out", out)
    assert result.exit_code == 0, result.output
    found = json.loads(out.with_suffix(".json").read_text())
    pairs = [(each["field"], each["simulation"], each["part"]) for each in found["results"]]
    assert pairs == [
        ("dm", "first", "fitted to it"),
        ("dm", "other", "not fitted to it"),
        ("stars", "first", "fitted to it"),
    ]
    dark, lone, stars = found["results"]
    assert set(dark["mass"]) == {"painted", "mesh"}
    assert set(stars["mass"]) == {"painted"}
    assert "without_heaviest_halo" in dark
    assert "without_heaviest_halo" not in lone
    page = out.read_text()
    assert page.count("<svg") == 3 + 3 + 1 + 1  # of two boxes, of both seeds, of costs
    assert f"{dark['mass']['painted']:.3g}" in page
    assert "particle mesh alone" in page


def test_a_box_that_suits_no_card_is_told(cards, tmp_path):
    bare = write_box(tmp_path / "bare.hdf5", fields=("dm",))
    result = run(*cards, "--simulation", bare, "--out", tmp_path / "report.html")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "jerald-stars paints stars at redshift 2 in cells of 117 kpc/h, and bare has no" in words
    assert not (tmp_path / "report.html").exists()
