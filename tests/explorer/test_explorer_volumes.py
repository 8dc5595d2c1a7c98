"""The scene of boxes, without a browser."""

import asyncio
from dataclasses import replace

import numpy as np
import panel as pn
import pytest

import engine
from engine import statistics
from engine.inference import Worker
from engine.systems.contract import Emulator
from explorer import app, results, threads
from explorer.link import Link
from explorer.scenes.slabs import Slabs
from explorer.scenes.volumes import Volumes
from explorer.state import Display
from explorer.store import Store
from explorer.views.controls import Controls
from explorer.views.cosmologies import Cosmologies
from explorer.views.kernels import NONE, Kernels
from explorer.views.layer_strip import LayerStrip, beam
from explorer.views.maps import Maps
from explorer.views.scene_links import scene_links, with_data
from explorer.views.scope import AboutCurves
from explorer.views.signed_bar import SignedBar
from explorer.volumes import boxes as boxes_module
from explorer.volumes.kernels import first_layers
from tests.engine.systems.super_resolution import card as example_card
from tests.explorer.conftest import write_simulation
from tests.explorer.volumes import LOW, SIDE, write_box, write_emulator

CELL = SIDE / LOW


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder, the only one there is: a box, one of more growth, a run of slabs."""
    simulations = tmp_path / "simulations"
    simulations.mkdir()
    write_box(simulations, "box")
    write_box(simulations, "grown", growth=1.1)
    write_simulation(simulations, "slabs", ("dm", "gas"))
    write_emulator(tmp_path / "weights")
    for place in ("engine.simulation", "engine.systems.registry"):
        monkeypatch.setattr(f"{place}.asset_folders", lambda kind: [tmp_path / kind])
    worker = Worker()
    monkeypatch.setattr(threads, "WORKER", worker)
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()
    yield simulations
    worker.close()
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()


def opened(**link):
    store = Store(Volumes(), {"simulation": "box"} | link)
    store.told = []
    store.param.watch(lambda event: store.told.append(event.new), "error")
    asyncio.run(store.refresh())
    return store


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


def test_what_a_box_is_too_small_for_is_told_and_the_rest_is_there(store):
    assert store.results.curves["void_sizes"] == {}
    words = AboutCurves(store)
    store.param.trigger("results")
    assert "Curves are of the whole box" in words.words.object
    assert "expected radii of voids" in words.words.object
    assert store.told == []
    assert store.results.curves["smoothed_pdf"]["truth"].y.max() > 0


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


def test_the_strip_shows_the_box_from_the_side_and_selects_what_is_dragged_to(store):
    values = np.arange(16.0**3, dtype=np.float32).reshape(16, 16, 16)
    box = store.results.boxes["input"].with_values(values)
    np.testing.assert_array_equal(beam(box, "x"), values[:2, :2].mean(axis=0))
    np.testing.assert_array_equal(beam(box, "y"), values[:2, :, :2].mean(axis=0).T)
    np.testing.assert_array_equal(beam(box, "z"), values[:, :2, :2].mean(axis=1).T)
    view = LayerStrip(store, Display())
    assert view.strip.layer.cells == [3, 2]
    assert view.strip.figure.x_range.end == SIDE
    view.strip.layer.cells = [9, 4]
    assert (store.selection.layer, store.selection.depth) == (9, 4)
    assert store.results.input.start == pytest.approx(9 * CELL)
    store.selection.layer = 1
    assert view.strip.layer.cells == [1, 4]
    assert "z from 13.9 to 69.4 cMpc/h" in view.words.object


def test_the_page_of_boxes_is_built_and_says_what_it_shows(folder, monkeypatch):
    asked = {"scene": "volumes", "simulation": "box"}
    monkeypatch.setattr(Link, "read", lambda self: asked)
    built = app.page()
    assert isinstance(built, pn.viewable.Viewable)
    begun = app.new_store(asked)
    assert begun.begin().result().truth is not None


def test_the_first_layer_is_shown_with_what_it_makes_of_the_layer(store):
    layers = first_layers(store.results)
    assert list(layers) == ["input", "initial"]
    for layer in layers.values():
        assert {side: each.shape for side, each in layer.kernels.items()} == {
            side: (6, side, side) for side in (7, 5, 3)
        }
        assert all(each.shape == (6, 2 * LOW, 2 * LOW) for each in layer.features.values())
    view = Kernels(store)
    assert view.panes["input"].object.count("<img") == view.panes["initial"].object.count("<img")
    assert view.panes["input"].object.count('alt="feature map of kernel') == 18


def test_cards_of_another_cosmology_say_what_to_do_and_then_what_changes(store):
    view = Cosmologies(store, Display())
    assert not view.cards.visible
    assert "Set against simulation" in view.words.object
    store.selection.beside = "grown"
    assert view.cards.visible
    assert "From <b>box</b> to <b>grown</b>" in view.words.object
    x = view.panels["power_spectrum"].sources["truth"].data["x"]
    assert len(x) == len(store.results.changes["power_spectrum"]["truth"].x)
    assert "Super-resolution" in view.headings["power_spectrum"].object


def test_a_painting_tells_how_far_it_is(folder):
    store = Store(Volumes(), {"simulation": "box"})
    busy = []
    store.param.watch(lambda event: busy.append(event.new), "busy")
    asyncio.run(store.refresh())
    assert busy[0] == "Reading box"
    assert "Painting box: 0 %" in busy
    assert busy[-1] == ""


def test_initial_conditions_have_colours_of_their_own_on_both_sides_of_zero(store):
    maps = Maps(store, Display())
    maps.present(store.results)
    bar = maps.bars["initial"]
    assert isinstance(bar, SignedBar)
    mapper = maps.linked.maps["initial"].mapper
    assert mapper.low == -mapper.high < 0
    assert bar.slider.value == (mapper.low, mapper.high)
    assert bar.chosen_limits is None
    again = Maps(store, Display())
    bar = again.bars["initial"]
    bar.choose_limits(-3.0, 3.0)  # as a link does, before there are maps
    again.present(store.results)
    low, high = bar.chosen_limits
    assert high == pytest.approx(3.0, rel=0.02)
    assert low == -high
    bar.reset()
    assert bar.chosen_limits is None


class FromTheStart(Emulator):
    """Paints dark matter where the initial conditions are dense."""

    title = "From the start"
    paper = "none"
    device = "cpu"

    def __init__(self, card):
        self.card = card

    def predict_many(self, inputs, realisations, region=None, parameters=None):
        (start,) = self.named(inputs).values()
        painted = start.with_values(85 * np.exp(start.values), field="dmo", emulator="start")
        return [painted for _ in realisations]


def test_an_emulator_that_begins_at_the_start_alone_needs_no_low_resolution(folder, monkeypatch):
    card = example_card()
    start = replace(card.inputs[1], cell_size=CELL * 500)
    card = replace(card, system="start", inputs=(start,), parameters=(), title="From the start")
    monkeypatch.setattr(engine, "emulators", lambda: [card])
    monkeypatch.setattr(engine, "load_emulator", lambda *_, **__: FromTheStart(card))
    store = opened()
    found = store.results
    assert found.request.emulator == "start"
    assert set(found.boxes) == {"initial", "truth", "prediction"}
    notes = {each.name: (each.slab, each.note) for each in store.scene.pictures(found)}
    assert notes["input"][0] is None
    assert "initial conditions alone" in notes["input"][1]
    assert found.input is found.truth
    assert store.selection.param.conserve.constant
    assert Kernels(store).panes["input"].object == f"<p>{NONE}</p>"
    strip = LayerStrip(store, Display())
    assert strip.strip.layer.cells == [0, 4]


def test_a_switch_is_there_while_the_emulator_has_it(store):
    switch = Controls(store).each["conserve"]
    assert switch.visible
    store.selection.param.conserve.constant = True
    assert not switch.visible


def test_what_ships_opens_with_an_emulator_of_its_cells():
    for name, system in (("quijote-103-z0", "super-resolution"), ("validation-z2", "jerald")):
        store = Store(Volumes(), {"simulation": name})
        assert store.selection.simulation == name
        assert store.selection.emulator == system
