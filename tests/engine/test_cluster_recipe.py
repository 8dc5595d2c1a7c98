"""Recipes of clusters: written, read, refused, made again, and the notebook that does it too."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

import engine
from engine import outcome_words
from engine.cluster_notebook import notebook
from engine.cluster_recipe import ClusterRecipe, ClusterSource, Quantity, check, rerun
from engine.fields import OF_HOT_GAS
from engine.formats.curve_table import object_table
from engine.formats.fits_maps import write_fits
from engine.formats.map_file import read_map_file, write_map_file
from engine.recipe_file import Painting
from engine.reruns import read_recipe
from engine.statistics.object_totals import total
from engine.surroundings import Surroundings

SHOWN = (0, 2, 5, 8)


@pytest.fixture(scope="module")
def recipe():
    simulation = engine.open_simulation("groups-202-z0")
    painters = {
        (system, field): engine.load_emulator(system, field, device="cpu")
        for system in ("cluster-unet", "mean-profile")
        for field in OF_HOT_GAS
    }
    return ClusterRecipe(
        source=ClusterSource.of(simulation, simulation.cutout("dmo", 2, "y")),
        quantities=tuple(
            Quantity(
                field,
                Painting.of(painters["cluster-unet", field], None),
                Painting.of(painters["mean-profile", field], None) if field == "xray" else None,
            )
            for field in OF_HOT_GAS
        ),
        shown=SHOWN,
        made_with=Surroundings.here("cpu"),
    )


@pytest.fixture(scope="module")
def again(recipe):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return rerun(recipe)


def test_it_is_read_as_it_was_written(recipe):
    assert ClusterRecipe.from_json(recipe.to_json()) == recipe
    read, _ = read_recipe(recipe.to_json())
    assert read == recipe
    assert check(recipe) == ()


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("shown", [-1], "recipe entry shown is -1, expected 0 or more"),
        ("shown", ["a"], r"recipe entry shown\[0\] is \"a\", expected a whole number"),
        ("quantities", [], "expected one or more fields, each once"),
        ("source", {}, "expected the entries simulation"),
    ],
)
def test_what_is_no_recipe_is_refused(recipe, entry, value, words):
    content = json.loads(recipe.to_json()) | {entry: value}
    with pytest.raises(ValueError, match=words):
        ClusterRecipe.from_json(json.dumps(content))


def test_other_weights_are_refused(recipe):
    first = recipe.quantities[0]
    other = replace(first, painting=replace(first.painting, weights_sha256="0" * 64))
    with pytest.raises(ValueError, match="is not the file the recipe was made with"):
        rerun(replace(recipe, quantities=(other, *recipe.quantities[1:])))


def test_a_rerun_paints_the_cluster_and_measures_all_that_were_shown(again):
    simulation = engine.open_simulation("groups-202-z0")
    dark = simulation.cutout("dmo", 2, "y")
    np.testing.assert_array_equal(again.maps["input"].values, dark.values)
    for field in OF_HOT_GAS:
        painter = engine.load_emulator("cluster-unet", field, device="cpu")
        painted = again.maps[f"{field}_prediction"]
        np.testing.assert_allclose(painted.values, painter.predict(dark).values, rtol=1e-4)
        assert again.maps[f"{field}_truth"].number == 2
    assert set(again.curves["xray_profile"]) == {"truth", "prediction", "other"}
    assert set(again.curves["hot_gas_function"]) == {"truth", "prediction"}
    assert "temperature_sl_function" not in again.curves
    table = again.tables["clusters"]
    assert table.columns["number"].tolist() == list(SHOWN)
    truth = simulation.cutout("xray", 5, "y")
    assert table.columns["xray_truth"][2] == pytest.approx(total(truth))
    # Three axes of one cluster have the same hot gas: the catalogue's within R500 is less.
    assert (table.columns["hot_gas_truth"] > table.columns["hot_gas"]).all()
    assert "X-ray luminosity, 0.5-2 keV [erg/s], truth" in object_table(table, "{}")


def test_its_files_can_be_read_again(again, recipe, tmp_path):
    from astropy.io import fits

    write_map_file(tmp_path / "a.hdf5", again, recipe.to_json())
    read, text = read_map_file(tmp_path / "a.hdf5")
    assert ClusterRecipe.from_json(text) == recipe
    painted, same = (each.maps["xray_prediction"] for each in (again, read))
    np.testing.assert_array_equal(painted.values, same.values)
    assert (same.number, same.centre, same.emulator) == (2, painted.centre, "cluster-unet")
    assert outcome_words.comparison(read, again, "itself").startswith("The same bits as itself")
    assert "xray_prediction" in outcome_words.table(read)
    write_fits(tmp_path / "a.fits", again.maps, recipe.to_json())
    with fits.open(tmp_path / "a.fits") as file:
        header = file["XRAY_TRUTH"].header
    assert header["OBJNO"] == 2
    assert header["CRPIX1"] == 32.5  # the middle of 64 pixels is the object
    assert header["CENTREX"] == pytest.approx(painted.centre[0] / painted.cosmology.h)
    assert "erg" in header["BUNIT"]


def test_the_notebook_finds_the_same_numbers(recipe, again):
    import matplotlib

    matplotlib.use("Agg")
    found = {}
    cells = json.loads(notebook(recipe))["cells"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # figures that nobody shows
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), found)
    for name, column in again.tables["clusters"].columns.items():
        np.testing.assert_allclose(found["table"].columns[name], column, rtol=1e-4)
    for name, of_it in again.curves.items():
        for map_name, curve in of_it.items():
            np.testing.assert_allclose(found["curves"][name][map_name].y, curve.y, rtol=1e-3)
