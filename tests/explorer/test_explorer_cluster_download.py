"""What can be downloaded of clusters, and that it can be made again."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from astropy.io import fits

from engine.cluster_recipe import ClusterRecipe, rerun
from engine.formats.map_file import read_map_file
from engine.reruns import read_recipe
from explorer import cluster_exports
from explorer.cluster_exports import EXPORTS, file_name
from explorer.clusters.objects import QUANTITIES
from explorer.display import Display
from explorer.exports import Shown
from explorer.names import colours_of
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.download import Download
from explorer.views.looks import look_of_cluster
from tests.explorer.cluster_store import of_clusters, opened

folder = pytest.fixture(of_clusters)


@pytest.fixture
def store(folder):
    """Of the third heaviest, among those heavier than 10^13.6."""
    return opened(number="3", mass="13.6,14.6", axis="x")


def shown(store, **how):
    display = Display(rings=True, **how)
    maps = ClusterMaps(store, display)
    maps.present(store.results)
    return Shown(store.results, look_of_cluster(store.results, display, maps))


def made(store, what):
    return EXPORTS[what][1](shown(store))


def test_a_rerun_of_the_recipe_gives_the_pages_bits(store, tmp_path):
    path = tmp_path / "clusters.hdf5"
    path.write_bytes(made(store, "Maps, curves, table (HDF5)"))
    kept, text = read_map_file(path)
    recipe, again = read_recipe(text)
    assert isinstance(recipe, ClusterRecipe)
    assert recipe.shown == store.results.shown
    assert 3 < len(recipe.shown) < 24
    found = again()
    expected = {f"{field}_{name}" for field in QUANTITIES for name in ("truth", "prediction")}
    assert set(found.maps) == {"input"} | expected
    mine, theirs = found.arrays(), kept.arrays()
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    for name, column in found.tables["clusters"].columns.items():
        np.testing.assert_array_equal(column, kept.tables["clusters"].columns[name], err_msg=name)
    truth = kept.maps["xray_truth"]
    np.testing.assert_array_equal(truth.values, store.results.maps["xray"]["truth"].values)
    profile = kept.curves["xray_profile"]["prediction"]
    np.testing.assert_array_equal(profile.y, store.results.curves["radial_profile"]["prediction"].y)
    assert "xray_profiles_of_all" in kept.beside


def test_the_table_has_a_row_for_each_cluster_that_is_shown(store):
    with zipfile.ZipFile(io.BytesIO(made(store, "Curves and table (CSV, zipped)"))) as archive:
        names = set(archive.namelist())
        text = archive.read("clusters.csv").decode()
    assert {"xray_profile.csv", "clusters.csv"} <= names
    # Bins are where there are clusters: two tables where these differ.
    functions = {"xray_function.csv"}, {"xray_function_truth.csv", "xray_function_prediction.csv"}
    assert any(each <= names for each in functions)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    assert [int(row["number"]) for row in rows] == list(store.results.shown)
    every = store.results.every["prediction"]["xray"]
    painted = [float(row["xray_prediction"]) for row in rows]
    assert painted == pytest.approx([every[n].total for n in store.results.shown])
    assert "m500c of the catalogue [Msun/h]" in text


def test_maps_are_images_around_the_cluster(store):
    with fits.open(io.BytesIO(made(store, "Maps (FITS)"))) as file:
        names = {each.name for each in file}
        header = file["HOT_GAS_PREDICTION"].header
        recipe = ClusterRecipe.from_json(str(file["RECIPE"].data["JSON"][0]))
    assert {"INPUT", "XRAY_TRUTH", "TEMPERATURE_SL_PREDICTION"} <= names
    assert (header["OBJNO"], header["EMULATOR"], header["LOSAXIS"]) == (3, "local-map", "x")
    assert recipe.source.number == 3


def test_the_notebook_makes_the_same_maps_and_curves(store):
    mpl.use("Agg")
    names = {}
    for cell in json.loads(made(store, "Notebook"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    expected = rerun(ClusterRecipe.from_json(made(store, "Recipe (JSON)").decode()))
    for (field, name), cutout in names["here"].items():
        np.testing.assert_array_equal(cutout.values, expected.maps[f"{field}_{name}"].values)
    for name, curves in expected.curves.items():
        for of, curve in curves.items():
            np.testing.assert_array_equal(names["curves"][name][of].y, curve.y)
    names["plt"].close("all")


def test_the_figure_has_the_pages_maps_circles_and_relation(store, monkeypatch):
    figures = []
    monkeypatch.setattr(cluster_exports, "as_file", lambda figure, _: figures.append(figure) or b"")
    EXPORTS["Figure (PDF)"][1](shown(store, stretch="linear"))
    (figure,) = figures
    maps = [ax for ax in figure.axes if ax.get_images()]
    assert len(maps) == 1 + 3 * 3  # dark matter; truth, painting and error of each
    titles = [ax.get_title() for ax in maps]
    assert titles[0] == "Dark matter"
    assert titles[1].startswith("Hot gas")
    assert titles.count("Error") == 3
    radius = store.results.table.radius[3] / 1000
    assert all(ax.patches[0].radius == pytest.approx(radius) for ax in maps)
    truth = store.results.maps["hot_gas"]["truth"]
    np.testing.assert_allclose(maps[1].get_images()[0].get_array(), truth.values, rtol=1e-5)
    lines = [line for ax in figure.axes for line in ax.lines if "Local map" in line.get_label()]
    assert {line.get_color() for line in lines} == {colours_of("local-map")[1]}
    words = " ".join(text.get_text() for text in figure.texts)
    assert "Cluster 3\nIn groups, z = 0.3" in words


def test_clusters_without_truth_are_downloaded_too(folder):
    store = opened(simulation="dark", axis="z")
    assert made(store, "Figure (PNG)").startswith(b"\x89PNG")
    kept = rerun(ClusterRecipe.from_json(made(store, "Recipe (JSON)").decode()))
    assert set(kept.maps) == {"input", *(f"{field}_prediction" for field in QUANTITIES)}
    assert kept.maps["input"].field == "dmo"


def test_the_button_names_the_file_and_waits_for_the_paintings(store):
    display = Display()
    download = Download(store, display, ClusterMaps(store, display))
    assert not download.button.disabled
    assert download.button.filename == "groups_clusters_x3_local-map.pdf"
    table = file_name(store.results, "Curves and table (CSV, zipped)")
    assert table == "groups_clusters_local-map_curves.zip"
    bare = replace(store.results, maps={field: {} for field in QUANTITIES})
    with pytest.raises(ValueError, match="There is no painting to download"):
        cluster_exports.recipe(bare)
