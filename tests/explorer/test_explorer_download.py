import asyncio
import csv
import io
import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from engine.formats.map_file import read_map_file
from engine.recipe import Recipe
from explorer import exports
from explorer.display import Display
from explorer.exports import EXPORTS, Shown, file_name, outcome
from explorer.results import of_maps
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.download import Download
from explorer.views.maps import Maps
from tests.explorer.downloads import LOOK, export, painted

pytestmark = pytest.mark.usefixtures("weights")


def offered(store):
    return Download(store, Display(), Maps(store, Display()))


def test_every_file_can_be_made_and_is_what_it_says():
    results = painted(seed="5").results
    made = {what: export(Shown(results, LOOK), what) for what in EXPORTS}
    assert made["Figure (PDF)"].startswith(b"%PDF")
    assert Image.open(io.BytesIO(made["Figure (PNG)"])).width == pytest.approx(7.1 * 400, abs=1)
    with zipfile.ZipFile(io.BytesIO(made["Curves (CSV, zipped)"])) as archive:
        found = {*of_maps("gas"), "halo_median", "halo_scatter", "haloes"}
        assert set(archive.namelist()) == {f"{name}.csv" for name in found}
    with fits.open(io.BytesIO(made["Maps (FITS)"])) as file:
        assert [hdu.name for hdu in file][1:-1] == ["INPUT", "TRUTH", "PREDICTION"]
    assert json.loads(made["Notebook"])["nbformat"] == 4


def test_the_recipe_names_what_was_painted():
    results = painted(seed="5", other="share", other_seed="6").results
    recipe = Recipe.from_json(export(Shown(results, LOOK), "Recipe (JSON)").decode())
    assert (recipe.source.simulation, recipe.source.axis, recipe.source.index) == (
        "with-gas",
        "z",
        2,
    )
    assert (recipe.painting.seed, recipe.other.seed) == (5, 6)
    assert recipe.painting.weights_sha256 == "a" * 64
    assert recipe.statistics == tuple(of_maps("gas"))


def test_the_map_file_holds_the_pages_numbers(tmp_path):
    results = painted(seed="5").results
    path = tmp_path / "a.hdf5"
    path.write_bytes(export(Shown(results, LOOK), "Maps and curves (HDF5)"))
    found, _ = read_map_file(path)
    np.testing.assert_array_equal(found.maps["prediction"].values, results.prediction.values)
    np.testing.assert_array_equal(found.curves["pdf"]["truth"].y, results.curves["pdf"]["truth"].y)


def read_csv(content, name):
    """Comments, and columns of numbers by name, of one of the zipped tables."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read(f"{name}.csv").decode().splitlines()
    comments = [line for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(lines[len(comments) :]))
    return comments, {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def files(store):
    """What the page gives: zipped curves, and the outcome that the map file holds."""
    shown = offered(store)._shown(store.results)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.hdf5"
        path.write_bytes(export(shown, "Maps and curves (HDF5)"))
        return export(shown, "Curves (CSV, zipped)"), read_map_file(path)[0]


@pytest.mark.parametrize("scope", ["slab", "axis"])
def test_the_haloes_are_taken_away_as_they_were_measured(scope):
    store = painted(seed="5", scope=scope)
    truth, prediction = store.results.halos.values()
    catalogue = store.results.catalogue
    content, found = files(store)
    comments, columns = read_csv(content, "haloes")
    number = columns["number"].astype(int)
    assert len(number) == len(catalogue if scope == "axis" else truth)
    np.testing.assert_array_equal(columns["mvir"], catalogue.mvir[number])
    np.testing.assert_array_equal(columns["rvir"], catalogue.rvir[number])
    np.testing.assert_array_equal(columns["dark_matter"], truth.x)
    np.testing.assert_array_equal(columns["truth"], truth.y)
    np.testing.assert_array_equal(columns["prediction"], prediction.y)
    np.testing.assert_array_equal(columns["environment"], truth.columns["environment"])
    assert set(columns["resolved"]) == {0, 1}
    pixel = store.results.input.pixel_size
    np.testing.assert_array_equal(columns["resolved"], columns["rvir"] / pixel >= 3)
    height = catalogue.position[number, 2] / store.results.input.depth
    np.testing.assert_array_equal(columns["slab"], height.astype(int))
    assert "# rvir: virial radius of the catalogue, comoving [kpc/h]" in comments
    assert "# truth: gas mass within projected R_vir [Msun/h]" in comments
    assert json.loads(comments[-1].removeprefix("# recipe: "))["source"]["simulation"] == "with-gas"
    for name, values in found.tables["haloes"].columns.items():
        np.testing.assert_array_equal(values, columns[name])


def test_the_curves_of_haloes_are_taken_away_and_say_that_no_rerun_makes_them():
    store = painted(seed="5")
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    content, found = files(store)
    for name in ("halo_median", "halo_scatter", "halo_profile"):
        comments, columns = read_csv(content, name)
        for of, curve in store.results.curves[name].items():
            np.testing.assert_array_equal(columns[of], curve.y)
            np.testing.assert_array_equal(columns[f"{of}_error"], curve.error)
            np.testing.assert_array_equal(found.beside[name][of].y, curve.y)
        assert sum("doesn't make it again" in line for line in comments) == 2
    assert not set(found.beside) & set(found.curves)
    recipe_arrays = {path.split("/")[1] for path in found.arrays()}
    assert not recipe_arrays & set(found.beside)


def test_the_bands_of_an_ensemble_are_taken_away_with_their_seeds(emulator):
    store = painted(seed="5")
    asyncio.run(store.sample(8))
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    content, found = files(store)
    comments, columns = read_csv(content, "power_spectrum")
    powers = [emulator.contrast(seed) ** 2 for seed in range(8)]
    for percent in (16, 50, 84):
        ratio = columns[f"samples_{percent}"] / columns["truth"]
        np.testing.assert_allclose(ratio, np.percentile(powers, percent), rtol=1e-4)
        (note,) = (line for line in comments if f"note on samples_{percent}" in line)
        assert f"{percent} % quantile of 8 samples" in note
        assert "seeds 0 to 7" in note
        curve = found.beside["power_spectrum"][f"samples_{percent}"]
        np.testing.assert_array_equal(curve.y, columns[f"samples_{percent}"])
        assert (curve.error, curve.error_kind) == (None, "")
    band = store.ensemble.bands["halo_profile"]
    np.testing.assert_array_equal(read_csv(content, "halo_profile")[1]["samples_50"], band.median)


def test_bands_of_another_slab_halo_or_of_forgotten_samples_are_not_passed_off():
    store = painted(seed="5")
    asyncio.run(store.sample(4))
    one, two = (int(number) for number in store.results.halos["truth"].columns["number"][:2])
    store.selection.halo = one
    results, many = store.results, store.ensemble
    assert "samples_50" in outcome(results, many).beside["halo_profile"]
    store.selection.halo = two
    assert "samples_50" not in outcome(store.results, many).beside["halo_profile"]
    fewer = replace(many.bands["pdf"], count=3)
    note = outcome(results, replace(many, bands={"pdf": fewer})).beside["pdf"]["samples_16"].note
    assert "3 samples" in note
    assert "those of seeds 0 to 3 that are still remembered" in note
    store.selection.slab = 3
    assert "pdf" not in outcome(store.results, many).beside


def test_a_painting_without_truth_can_be_taken_away(folder):
    store = painted(simulation="dark-only", slab="1")
    with zipfile.ZipFile(io.BytesIO(files(store)[0])) as archive:
        assert sorted(archive.namelist()) == ["bispectrum.csv", "pdf.csv", "power_spectrum.csv"]


def test_a_files_name_tells_simulation_slab_field_emulator_and_seed():
    results = painted(seed="5").results
    assert file_name(results, "Maps (FITS)") == "with-gas_z2_gas_share_seed5.fits"
    both = painted(seed="5", other="share", other_seed="6").results
    assert file_name(both, "Notebook") == "with-gas_z2_gas_share_seed5_share_seed6.ipynb"


def test_nothing_can_be_taken_before_there_is_a_painting(emulator):
    store = Store(Slabs(), {"simulation": "with-gas"})
    take_away = offered(store)
    assert take_away.button.disabled
    emulator.refuses = "This slab can't be painted."
    asyncio.run(store.refresh())
    assert take_away.button.disabled
    emulator.refuses = ""
    store.selection.slab = 1
    assert not take_away.button.disabled
    take_away.what.value = "Recipe (JSON)"
    assert take_away.button.filename == "with-gas_x1_gas_share_seed0.json"


def test_the_button_hands_over_the_file():
    take_away = offered(painted())
    take_away.what.value = "Recipe (JSON)"
    Recipe.from_json(asyncio.run(take_away.make()).read().decode())
    assert take_away.store.error == ""


def test_what_goes_wrong_is_told_in_a_sentence(folder, monkeypatch):
    take_away = offered(painted())
    (folder / "with-gas.hdf5").unlink()
    take_away.what.value = "Recipe (JSON)"
    assert asyncio.run(take_away.make()) is None
    assert "simulation is 'with-gas', expected one of" in take_away.store.error
    monkeypatch.setitem(exports.EXPORTS, "Notebook", (".ipynb", lambda shown: 1 / 0))
    take_away.what.value = "Notebook"
    assert asyncio.run(take_away.make()) is None
    assert "failed unexpectedly" in take_away.store.error
