"""What can be downloaded of a box, and that it can be made again."""

import io
import json
import zipfile

import matplotlib as mpl
import numpy as np
import pytest
from astropy.io import fits
from matplotlib.colors import to_hex

from engine.box_recipe import BoxRecipe, rerun
from engine.formats.map_file import read_map_file
from engine.reruns import read_recipe
from explorer import box_exports
from explorer.box_exports import EXPORTS, file_name, outcome
from explorer.display import Display
from explorer.exports import Shown
from explorer.names import colours_of
from explorer.style import DIVERGING
from explorer.views.download import Download
from explorer.views.looks import look_of
from explorer.views.maps import Maps
from tests.explorer.box_store import of_boxes, opened

folder = pytest.fixture(of_boxes)


@pytest.fixture
def store(folder):
    return opened(layer="3", depth="2", axis="y", conserve="yes", other="super-resolution")


def shown(store, **how):
    display = Display(**how)
    maps = Maps(store, display)
    maps.present(store.results)
    return Shown(store.results, look_of(store.results, display, maps))


def made(store, what):
    return EXPORTS[what][1](shown(store))


def test_a_rerun_of_the_recipe_gives_the_pages_bits(store, tmp_path):
    path = tmp_path / "box.hdf5"
    path.write_bytes(made(store, "Painted box, layers, curves (HDF5)"))
    kept, text = read_map_file(path)
    recipe, again = read_recipe(text)
    assert isinstance(recipe, BoxRecipe)
    assert {each.name: each.value for each in recipe.parameters} == {"conserve": 1.0}
    found = again()
    assert set(found.maps) == {"initial", "input", "truth", "prediction", "other"}
    assert set(found.boxes) == {"prediction", "other"}
    mine, theirs = found.arrays(), kept.arrays()
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    painted = kept.boxes["prediction"]
    np.testing.assert_array_equal(painted.values, store.results.boxes["prediction"].values)
    assert painted.values.mean() == pytest.approx(kept.boxes["other"].values.mean(), rel=0.2)
    layer = kept.maps["prediction"]
    np.testing.assert_array_equal(layer.values, painted.slab("y", layer.start, layer.depth).values)
    error = kept.curves["power_spectrum"]["truth"].error_kind
    assert error == "scatter of the box's 8 octants"
    assert "reduced_bispectrum" in kept.curves


def test_the_notebook_makes_the_same_boxes_and_curves(store, capsys):
    mpl.use("Agg")
    names = {}
    for cell in json.loads(made(store, "Notebook"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    expected = rerun(BoxRecipe.from_json(made(store, "Recipe (JSON)").decode()))
    for name, box in expected.boxes.items():
        np.testing.assert_array_equal(names["boxes"][name].values, box.values)
    for name, layer in expected.maps.items():
        np.testing.assert_array_equal(names["maps"][name].values, layer.values)
    for name, curves in expected.curves.items():
        for of, curve in curves.items():
            np.testing.assert_array_equal(names["curves"][name][of].y, curve.y)
    assert "Msun/h" in capsys.readouterr().out
    names["plt"].close("all")


def test_the_figure_has_the_layers_the_pages_colours_and_each_emulators_line(store, monkeypatch):
    figures = []
    monkeypatch.setattr(box_exports, "as_file", lambda figure, _: figures.append(figure) or b"")
    look = shown(store, stretch="linear", field_colours="Ice")
    EXPORTS["Figure (PDF)"][1](look)
    (figure,) = figures
    images = [image for ax in figure.axes for image in ax.get_images()]
    titles = [ax.get_title() for ax in figure.axes if ax.get_images()]
    assert [title.split("\n")[0] for title in titles[:3]] == [
        "Initial conditions",
        "Low resolution",
        "True dark matter",
    ]
    assert all("Super-resolution" in title for title in titles[3:])
    results = store.results
    np.testing.assert_allclose(images[0].get_array(), results.initial.values, rtol=1e-6)
    low, high = images[0].get_clim()
    assert low == -high
    assert to_hex(images[0].cmap(0.0)) == to_hex(DIVERGING[0])
    np.testing.assert_allclose(images[3].get_array(), results.prediction.values, rtol=1e-6)
    assert len({image.get_clim() for image in images[1:]}) == 1
    labels = [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()]
    assert "Linear overdensity" in labels
    lines = [line for ax in figure.axes for line in ax.lines if "Super" in line.get_label()]
    assert {line.get_color() for line in lines} == {colours_of("super-resolution")[1]}
    assert len(lines) == 4


def test_arrays_layers_and_curves_are_the_pages(store):
    with np.load(io.BytesIO(made(store, "Painted box (NumPy)"))) as file:
        np.testing.assert_array_equal(file["prediction"], store.results.boxes["prediction"].values)
        assert file["cell_size_ckpc_h"] == store.results.boxes["prediction"].cell_size
        assert str(file["unit"]) == "Msun h^2 / ckpc^3"
        assert BoxRecipe.from_json(str(file["recipe"])).layer.axis == "y"
    with fits.open(io.BytesIO(made(store, "Layers (FITS)"))) as file:
        names = [hdu.name for hdu in file][1:-1]
        assert names == ["INITIAL", "INPUT", "TRUTH", "PREDICTION", "OTHER"]
        np.testing.assert_array_equal(file["INITIAL"].data, store.results.initial.values)
        assert file["INITIAL"].header["BUNIT"] == "1"
    with zipfile.ZipFile(io.BytesIO(made(store, "Curves (CSV, zipped)"))) as archive:
        there = {name for name, of_it in store.results.curves.items() if of_it}
        assert set(archive.namelist()) == {f"{name}.csv" for name in there}


def test_how_another_cosmology_changes_curves_is_taken_too_beside_the_recipe(folder):
    store = opened(beside="grown")
    curve = outcome(store.results).beside["change_of_power_spectrum"]["truth"]
    assert curve.note.startswith("From box to grown.")
    assert "rerun" in curve.note
    assert (
        "change_of_power_spectrum.csv"
        in zipfile.ZipFile(io.BytesIO(made(store, "Curves (CSV, zipped)"))).namelist()
    )


def test_files_are_named_after_what_they_hold_and_offered_in_the_scene(store):
    results = store.results
    ends = f"y{results.request.start:.4g}-{results.request.start + results.request.depth:.4g}"
    same = "dmo_super-resolution_super-resolution"
    assert file_name(results, "Figure (PDF)") == f"box_{ends}_{same}.pdf"
    assert file_name(results, "Painted box (NumPy)") == f"box_{same}.npz"
    taken = Download(store, Display(), Maps(store, Display()))
    assert list(taken.what.options) == list(EXPORTS)
    assert not taken.button.disabled
    assert "Download" in store.scene.views


def test_a_recipe_that_names_no_box_is_refused(store):
    content = json.loads(made(store, "Recipe (JSON)"))
    wrong = content | {"layer": content["layer"] | {"depth": "deep"}}
    with pytest.raises(ValueError, match=r'entry layer.depth is "deep", expected a number'):
        read_recipe(json.dumps(wrong))
    wrong = content | {"source": content["source"] | {"field": "hi"}}
    with pytest.raises(ValueError, match=r"source\.field is 'hi', expected one of dm, dmo"):
        read_recipe(json.dumps(wrong))
