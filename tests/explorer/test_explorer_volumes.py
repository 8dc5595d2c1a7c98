"""The scene of boxes, without a browser: what is selected, read, cut and measured."""

import asyncio
import re

import numpy as np
import pytest

import engine
from engine import statistics
from explorer import app, threads
from explorer.scenes.slabs import Slabs
from explorer.scenes.volumes import Volumes
from explorer.store import Store
from explorer.views.scene_links import scene_links, with_data
from explorer.volumes import boxes as boxes_module
from tests.explorer.box_store import of_boxes, opened
from tests.explorer.volumes import LOW, SIDE, write_box

CELL = SIDE / LOW


folder = pytest.fixture(of_boxes)


@pytest.fixture
def store(folder):
    return opened(layer="3", depth="2")


def test_the_scene_is_offered_where_there_are_boxes_only(folder):
    assert [scene.name for scene in with_data()] == ["slabs", "volumes"]
    assert 'href="?scene=volumes"' in scene_links(Slabs(), with_data())
    for name in ("box", "grown"):
        (folder / f"{name}.hdf5").unlink()
    assert [scene.name for scene in with_data()] == ["slabs"]
    store = Store(Volumes(), {"scene": "volumes"})
    assert store.simulation is None
    assert "slabs has no dark matter in cells" in store.error


def test_links_of_before_open_slabs_and_those_of_boxes_the_boxes(folder):
    assert app.new_store({}).scene.name == "slabs"
    assert app.new_store({"simulation": "slabs", "slab": "2"}).scene.name == "slabs"
    store = app.new_store({"scene": "volumes", "simulation": "box"})
    assert store.scene.name == "volumes"
    assert store.error == ""


def test_pictures_are_layers_of_the_boxes(store):
    found = store.results
    assert {name: len(box.values) for name, box in found.boxes.items()} == {
        "input": LOW,
        "initial": 2 * LOW,
        "truth": 2 * LOW,
        "prediction": 2 * LOW,
    }
    pictures = {each.name: each for each in store.scene.pictures(found)}
    assert list(pictures) == list(store.scene.maps)
    for name, box in found.boxes.items():
        layer = pictures[name].slab
        expected = box.slab("z", 3 * CELL, 2 * CELL)
        np.testing.assert_array_equal(layer.values, expected.values)
    assert pictures["initial"].slab.about.signed
    assert pictures["truth"].group == pictures["input"].group != pictures["initial"].group
    assert pictures["other"].slab is None


def test_another_layer_is_cut_and_nothing_read_painted_or_measured_again(store, monkeypatch):
    before = store.results
    monkeypatch.setattr(boxes_module, "read_boxes", None)
    monkeypatch.setattr(threads.WORKER, "submit", None)
    store.selection.layer = 7
    found = store.results
    assert all(found.boxes[name] is before.boxes[name] for name in before.boxes)
    assert found.curves == before.curves
    assert found.is_whole
    assert found.input.start == pytest.approx(7 * CELL)
    store.selection.axis = "x"
    truth = store.results.boxes["truth"].values
    # An overdensity-free sum: the layer's mass per area is its mean density times its depth.
    depth = 2 * CELL * 1000
    layer = truth[:, :, 14:18].mean(axis=2) * depth
    np.testing.assert_allclose(store.results.truth.values, layer, rtol=1e-5)


def test_a_layer_stays_within_the_box(store):
    store.selection.layer = LOW - 2
    store.selection.depth = 6
    assert store.selection.layer == LOW - 6
    assert store.selection.param.layer.bounds == (0, LOW - 6)
    store.selection.depth = LOW
    assert store.selection.layer == 0
    assert store.results.truth.depth == pytest.approx(SIDE)


def test_curves_are_of_the_whole_box_with_the_scatter_of_octants(store):
    found = store.results
    truth, painted = found.boxes["truth"], found.boxes["prediction"]
    curve = found.curves["power_spectrum"]["truth"]
    np.testing.assert_array_equal(curve.y, statistics.power_spectrum(truth).y)
    assert "octants" in curve.error_kind
    assert np.isfinite(curve.error[-3:]).all()
    r = found.curves["cross_correlation"]
    np.testing.assert_array_equal(r["prediction"].y, statistics.cross_correlation(truth, painted).y)
    assert set(r) == {"prediction"}
    q = found.curves["reduced_bispectrum"]["truth"]
    assert q.y_label == "Q [1]"
    assert set(found.masses) == {"truth", "prediction"}


def test_the_mean_is_kept_where_it_is_asked_for(store):
    mean = store.results.boxes["input"].values.mean(dtype=float)
    assert store.selection.param.conserve.constant is False
    free = store.results.boxes["prediction"].values.mean(dtype=float)
    assert free != pytest.approx(mean, rel=1e-4)
    store.selection.conserve = True
    kept = store.results.boxes["prediction"].values.mean(dtype=float)
    assert kept == pytest.approx(mean, rel=1e-5)
    assert store.selection.to_query()["conserve"] == "yes"


def test_a_second_painting_stands_beside_the_first(store):
    store.selection.other = "super-resolution"
    found = store.results
    assert found.other is not None
    np.testing.assert_array_equal(found.other.values, found.prediction.values)
    assert set(found.curves["power_spectrum"]) == {"truth", "prediction", "other"}


def test_another_cosmology_of_the_same_phases_changes_the_curves(store):
    assert list(store.selection.param.beside.objects) == ["none", "grown"]
    store.selection.beside = "grown"
    change = store.results.changes["power_spectrum"]
    here, there = (engine.open_simulation(name).grid("dmo") for name in ("box", "grown"))
    ratio = statistics.power_spectrum(there).y / statistics.power_spectrum(here).y
    some = np.isfinite(change["truth"].y)
    np.testing.assert_allclose(change["truth"].y[some], ratio[some] - 1)
    assert some.sum() > 3
    assert set(change) == {"truth", "prediction"}
    store.selection.layer = 5
    assert store.results.changes["power_spectrum"] is change


def test_a_box_of_other_phases_is_not_set_against_this(folder):
    write_box(folder, "stranger", seed=5)
    store = opened(beside="stranger")
    assert store.results.changes == {}
    assert any("stranger has other phases than box" in told for told in store.told)


@pytest.mark.parametrize(
    ("name", "what", "words"),
    [
        ("coarse", {"side": 400.0}, "cell"),
        ("mixed", {"start": 6}, "doesn't belong to the low-resolution density"),
    ],
)
def test_what_an_emulator_refuses_is_told_in_a_sentence(folder, name, what, words):
    write_box(folder, name, **what)
    store = opened(simulation=name)
    assert any(words in told for told in store.told)
    assert store.results.prediction is None
    assert store.results.no_prediction == "The emulator can't paint this box"
    assert store.results.truth is not None


def test_a_box_without_truth_is_painted_all_the_same(folder):
    write_box(folder, "alone", truth=False)
    store = opened(simulation="alone")
    assert store.results.truth is None
    assert "no box of" in store.results.no_truth
    assert set(store.results.curves["power_spectrum"]) == {"prediction"}
    assert store.results.curves["transfer_function"] == {}


def test_a_truth_of_another_universe_is_not_compared_with_and_it_is_told_why(folder):
    write_box(folder, "mismatched", fine=6)
    store = opened(simulation="mismatched")
    assert store.results.truth is None
    assert store.results.prediction is not None
    found = re.search(r"largest waves have r = (-?0\.\d\d)$", store.results.no_truth)
    assert abs(float(found[1])) < 0.5
    assert set(store.results.curves["power_spectrum"]) == {"prediction"}


def test_a_link_reproduces_what_is_selected(folder):
    link = {
        "simulation": "grown",
        "axis": "y",
        "depth": "5",
        "layer": "13",
        "field": "dmo",
        "emulator": "super-resolution",
        "conserve": "yes",
        "other": "none",
        "beside": "box",
    }
    store = opened(**link)
    assert store.error == ""
    assert store.selection.to_query() == link


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("layer", "99", "a number of cells from 0 to 14; showing 0"),
        ("depth", "0", f"a number of cells from 1 to {LOW}"),
        ("axis", "w", "one of x, y, z; showing z"),
        ("conserve", "perhaps", "yes or no"),
        ("beside", "slabs", "one of none, grown"),
        ("emulator", "ember-unet", "one of super-resolution"),
        ("field", "gas", "one of dmo"),
        ("simulation", "slabs", "slabs has no dark matter in cells"),
    ],
)
def test_a_link_that_asks_for_what_cannot_be_had_is_told(folder, name, value, words):
    store = Store(Volumes(), {"simulation": "box", name: value})
    assert words in store.error


def test_a_painting_tells_how_far_it_is(folder):
    store = Store(Volumes(), {"simulation": "box"})
    busy = []
    store.param.watch(lambda event: busy.append(event.new), "busy")
    asyncio.run(store.refresh())
    assert busy[0] == "Reading box"
    assert "Painting box: 100 %" in busy
    assert busy[-1] == ""


def test_what_ships_opens_with_an_emulator_of_its_cells():
    for name, system in (("quijote-103-z0", "super-resolution"), ("validation-z2", "jerald")):
        store = Store(Volumes(), {"simulation": name})
        assert store.selection.simulation == name
        assert store.selection.emulator == system


def test_baselines_are_offered_behind_what_has_to_beat_them():
    store = Store(Volumes(), {"simulation": "quijote-103-z0", "other": "trilinear"})
    names = list(store.selection.param.emulator.objects)
    assert names.index("super-resolution") < names.index("linear-filter")
    assert {"linear-filter", "trilinear"} <= set(store.selection.param.other.objects)
    assert store.selection.other == "trilinear"
    assert store.error == ""
