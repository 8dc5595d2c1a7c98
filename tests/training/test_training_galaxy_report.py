"""The report on an emulator of galaxies: what is held, and scores that are the galaxies' own."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cosmology import PLANCK
from engine.galaxies import ADDED, median_relation, spread_at_mass
from engine.mesh import Grid
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.weights import write_model
from tests.engine.systems import dm2gal, hod
from tests.training.test_training_dm2gal import BOX, write_box
from training.__main__ import app
from training.report.correlation_function import correlation_function
from training.report.galaxies import held


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder, with the emulators' tiny examples; a box beside it."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr("engine.assets.shipped_folder", lambda: tmp_path / "shipped")
    monkeypatch.setattr("training.report.held_power.RESAMPLED", 4)
    monkeypatch.setattr("training.report.held_power.CELLS", 16)
    monkeypatch.setattr("training.report.galaxies.CELLS", 16)
    write_model(tmp_path / "weights", dm2gal.card(), dm2gal.weights(), half=False)
    write_model(tmp_path / "weights", hod.card(), hod.weights(), half=False)
    write_box(tmp_path / "validation-z2.hdf5", 3)
    return tmp_path


def test_only_half_of_the_box_that_trains_is_held(folder):
    write_box(folder / "hydro11-z2.hdf5", 4)
    place = np.array([[0.3, 0.5, 0.5], [0.6, 0.01, 0.9], [0.52, 0.5, 0.5], [0.99, 0.5, 0.5]]) * BOX
    half = held(open_simulation(folder / "hydro11-z2.hdf5"), place, 0.05 * BOX)
    assert half.tolist() == [False, True, False, False]
    assert held(open_simulation(folder / "validation-z2.hdf5"), place, 0.05 * BOX).all()


def test_a_report_compares_with_hod_and_the_median(folder):
    card = folder / "weights" / "dm2gal-stars.json"
    out = folder / "report.html"
    box = str(folder / "validation-z2.hdf5")
    done = CliRunner().invoke(app, ["score", str(card), "--simulation", box, "--out", str(out)])
    assert done.exit_code == 0, done.output
    content = json.loads(out.with_suffix(".json").read_text())
    together, one = content["together"], content["boxes"][0]
    galaxies = one["galaxies"]
    assert together["painted"]["mass"] == pytest.approx(
        sum(galaxies["painted"]) / sum(galaxies["truth"]), rel=1e-3
    )
    for other in ("hod", "median", "raised"):
        apart = together["painted"]["scatter"] - together[other]["scatter"]
        assert together[other]["less"] == pytest.approx(apart, abs=1e-3)
        closer = together["painted"]["power_apart"] - together[other]["power_apart"]
        assert together[other]["power_less"] == pytest.approx(closer, abs=1e-4)
        assert together[other]["power_less_error"] > 0
    assert together["median"]["spread"] < together["hod"]["spread"]
    assert one["completeness"]["1e+08"] == [1.0, 1.0]
    assert one["hod"]["power_error_scatter"] > 0
    page = out.read_text()
    assert page.count("<svg") == 3
    assert "None" not in page


def test_a_network_that_was_trained_otherwise_stands_beside(folder):
    """Here the same weights that see no dark matter: named, painted and compared."""
    card = dm2gal.card(**dm2gal.card().architecture, inputs="subhalos")
    other, _ = write_model(folder / "alone", card, dm2gal.weights(), half=False)
    out, box = folder / "report.html", str(folder / "validation-z2.hdf5")
    cards = [str(folder / "weights" / "dm2gal-stars.json"), str(other)]
    done = CliRunner().invoke(app, ["score", *cards, "--simulation", box, "--out", str(out)])
    assert done.exit_code == 0, done.output
    content = json.loads(out.with_suffix(".json").read_text())
    title = dm2gal.card().title
    titles = [title, f"{title} (subhaloes alone)", hod.card().title]
    titles += ["median relation", "median relation, raised"]
    assert list(content["methods"].values()) == titles
    assert content["together"]["other-0"]["scatter"] != content["together"]["painted"]["scatter"]
    assert f"{title} (subhaloes alone)" in out.read_text()
    done = CliRunner().invoke(app, ["score", *cards, "--simulation", box])
    assert "expected one of an emulator of boxes" in " ".join(done.output.split())


def box_of(values):
    return Grid(
        values, "stars", cell_size=1000.0, box_size=float(len(values)), redshift=2.0,
        cosmology=PLANCK, simulation="a test",
    )  # fmt: skip


def test_two_masses_are_correlated_at_their_distance_alone():
    values = np.zeros((32, 32, 32))
    values[3, 4, 5] = values[3, 4, 9] = 1.0
    distance, xi = correlation_function(box_of(values))
    there = np.argmin(abs(distance - 4))
    assert xi[there] > 0
    assert (np.delete(xi, there) < 0).all()
    assert np.delete(xi, there) == pytest.approx(-1, abs=1e-9)


def test_clustering_is_the_same_wherever_the_box_begins_and_however_much_there_is():
    values = np.random.default_rng(2).lognormal(size=(16, 16, 16))
    _, first = correlation_function(box_of(values))
    _, second = correlation_function(box_of(7 * np.roll(values, (3, 5, 9), (0, 1, 2))))
    assert second == pytest.approx(first, abs=1e-6)


def test_the_spread_at_a_mass_is_that_of_the_galaxies_there():
    random = np.random.default_rng(3)
    mass = 10 ** random.uniform(10, 12, 6000)
    stars = 10 ** (9 + random.normal(0, 0.2, 6000)) - ADDED
    assert spread_at_mass(mass, stars, 1e11) == pytest.approx(0.2, rel=0.05)
    assert np.isnan(spread_at_mass(mass, stars, 1e13))


def test_scores_are_noted_on_the_card(folder):
    card = folder / "weights" / "hod-stars.json"
    box = str(folder / "validation-z2.hdf5")
    done = CliRunner().invoke(app, ["score", str(card), "--simulation", box])
    assert done.exit_code == 0, done.output
    (score,) = read_card(card).scores
    assert score["simulation"] == "validation-z2"
    assert score["box"]["mass"] > 0


def test_a_box_without_galaxies_is_refused_in_a_sentence(folder):
    import h5py

    with h5py.File(folder / "validation-z2.hdf5", "r+") as file:
        del file["galaxies"]
    card = folder / "weights" / "dm2gal-stars.json"
    command = ["score", str(card), "--simulation", str(folder / "validation-z2.hdf5")]
    done = CliRunner().invoke(app, [*command, "--out", str(folder / "report.html")])
    assert done.exit_code == 1
    assert "has no galaxies to score with" in " ".join(done.output.split())


def test_the_median_relation_never_falls():
    mass = 10 ** np.array([10.05, 10.1, 10.15, 11.0, 12.0])
    x, y = median_relation(mass, np.array([1e7, 2e7, 3e7, 1e9, 0.0]))
    assert x == pytest.approx([10.1, 11.0, 12.0])
    assert y == pytest.approx(np.log10([3e7, 1.01e9, 1.01e9]), abs=1e-5)
