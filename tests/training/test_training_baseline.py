"""A local map has the field's histogram, whatever stands where."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from engine import statistics
from engine.cosmology import Cosmology
from engine.fields import LEVELS, OF_HOT_GAS
from engine.mesh import Slab
from engine.systems.card import read_card, write_card
from engine.systems.local_map import LocalMap
from engine.systems.particle_mesh import ParticleMesh
from engine.systems.registry import emulators
from engine.systems.weights import read_weights
from tests.engine.systems import jerald
from training import baseline
from training.__main__ import app
from training.config import Split
from training.data.slabs import Pair, read_pairs

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)


def slab(values, field="dm"):
    return Slab(
        values, field, cell_size=29.3, depth=1.4, box_size=3.75, redshift=2.0, cosmology=PLANCK
    )


@pytest.fixture(scope="module")
def scattered():
    """Gas that follows dark matter with a scatter: no local map can be exact."""
    random = np.random.default_rng(3)
    pairs = []
    for _ in range(3):
        dark_matter = 1e5 * random.lognormal(0, 1.5, (128, 128))
        gas = 2e4 * (dark_matter / 1e5) ** 0.8 * random.lognormal(0, 0.7, (128, 128))
        pairs.append(Pair(slab(dark_matter), slab(gas, "gas")))
    return pairs


def fitted(pairs):
    """The local map of some pairs, ready to paint."""
    return LocalMap(*baseline.fit(pairs))


def test_the_painted_histogram_and_mass_are_the_truths(scattered):
    table = fitted(scattered)
    painted = [table.predict(pair.dark_matter) for pair in scattered]
    truth = [pair.target for pair in scattered]
    pdf, mass = statistics.get("pdf"), statistics.get("total_mass")
    true, found = pdf(truth), pdf(painted)
    many = true.count > 1000
    # Of n pixels in a bin, interpolation may move a few of a step's width.
    np.testing.assert_allclose(found.y[many], true.y[many], rtol=0.1)
    assert mass(painted) == pytest.approx(mass(truth), rel=0.02)


def test_it_knows_nothing_of_places_and_never_decreases(scattered):
    table = fitted(scattered)
    dark_matter = scattered[0].dark_matter
    shuffled = np.random.default_rng(0).permutation(dark_matter.values.ravel())
    painted = table.predict(dark_matter).values.ravel()
    again = table.predict(dark_matter.with_values(shuffled.reshape(128, 128))).values.ravel()
    np.testing.assert_array_equal(np.sort(painted), np.sort(again))
    assert (np.diff(painted[np.argsort(dark_matter.values, axis=None)]) >= 0).all()


def test_without_scatter_it_is_the_relation_itself(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    painted = fitted(pairs).predict(pairs[0].dark_matter)
    np.testing.assert_allclose(painted.values, pairs[0].target.values, rtol=0.02)


def test_the_other_run_carries_the_mass_of_the_baryons(scattered):
    table = fitted(scattered)
    dark_matter = scattered[0].dark_matter
    heavier = dark_matter.values / np.float32(PLANCK.dark_matter_fraction)
    twin = dark_matter.with_values(heavier, field="dmo")
    np.testing.assert_allclose(
        table.predict(twin).values, table.predict(dark_matter).values, rtol=1e-5
    )


def test_pixels_of_another_size_are_refused(scattered):
    table = fitted(scattered)
    with pytest.raises(ValueError, match=r"pixels of 40 kpc/h, 37 % more"):
        table.predict(replace(scattered[0].dark_matter, cell_size=40.0))


def test_a_table_that_does_not_increase_is_refused(scattered):
    card, table = baseline.fit(scattered)
    with pytest.raises(ValueError, match="doesn't hold a table of two or more rising values"):
        LocalMap(card, {"dark_matter": table["dark_matter"][::-1], "painted": table["painted"]})
    with pytest.raises(ValueError, match="doesn't hold a relation that increases"):
        LocalMap(card, {"dark_matter": table["dark_matter"], "painted": table["painted"][::-1]})
    with pytest.raises(ValueError, match="doesn't hold a table"):
        LocalMap(card, {})


def test_the_command_fits_what_the_data_folder_holds(data, tmp_path):
    asked = ["--fields", "gas", "--levels", "HR", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, ["baseline", "--data", str(data), *asked])
    assert result.exit_code == 0, result.output
    path = tmp_path / "local-map-gas-hr.json"
    card = read_card(path)
    assert (card.field, card.level, card.stochastic) == ("gas", "HR", False)
    assert [(f.name, f.axes) for f in card.training_data] == [
        ("hydro11-z2-xy.hdf5", "xy"),
        ("training-05-z2.hdf5", "xyz"),
    ]
    assert LocalMap(card, read_weights(path, card)).card.system == "local-map"


def test_what_ships_was_fitted_on_no_held_out_map():
    every = [card for card in emulators() if card.system == "local-map"]
    cards = [card for card in every if card.output.kind == "slab"]
    assert {(c.field, c.level) for c in cards} == {(f, n) for f in ("gas", "hi") for n in LEVELS}
    for card in cards:
        files = [(file.name, file.axes) for file in card.training_data]
        assert ("hydro11-z2.hdf5", "xy") in files
        assert not any(name.startswith("validation") for name, _ in files)
    around = {card.field: card for card in every if card.output.kind == "cutout"}
    assert set(around) == set(OF_HOT_GAS)
    for card in around.values():
        assert {file.name for file in card.training_data} == {
            "groups-201-z0.hdf5",
            "groups-201-z1.hdf5",
        }


def test_the_mesh_alone_is_written_for_a_card_of_dark_matter(tmp_path):
    write_card(tmp_path / "jerald-dm.json", jerald.card("dm"))
    write_card(tmp_path / "jerald-stars.json", jerald.card("stars"))
    command = ["mesh", str(tmp_path / "jerald-dm.json"), "--out", str(tmp_path)]
    assert CliRunner().invoke(app, command).exit_code == 0
    path = tmp_path / "particle-mesh-dm.json"
    card = read_card(path)
    assert card.parameters == ()
    painted = ParticleMesh(card, read_weights(path, card), "cpu").predict(jerald.initial())
    assert painted.values.mean() == pytest.approx(card.output.normalization.inverse(1.0), rel=1e-5)
    refused = CliRunner().invoke(app, ["mesh", str(tmp_path / "jerald-stars.json")])
    assert "jerald-stars paints stars, expected a card for dm" in " ".join(refused.output.split())
