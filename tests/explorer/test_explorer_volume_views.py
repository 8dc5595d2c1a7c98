"""The views of the scene of boxes, without a browser."""

from dataclasses import replace
from types import SimpleNamespace

import h5py
import numpy as np
import panel as pn
import param
import pytest
from bokeh.document import Document
from panel.io.server import async_execute

import engine
from engine.systems.contract import Emulator
from engine.systems.weights import write_model
from explorer import app
from explorer.display import Display
from explorer.link import Link
from explorer.views import prompt_slider
from explorer.views.controls import Controls
from explorer.views.cosmologies import Cosmologies
from explorer.views.facts import about_emulator
from explorer.views.kernels import NONE, Kernels
from explorer.views.layer_strip import LayerStrip, beam
from explorer.views.maps import Maps
from explorer.views.prompt_slider import PromptSlider
from explorer.views.scope import AboutCurves
from explorer.views.signed_bar import SignedBar
from explorer.volumes.kernels import first_layers
from tests.engine.systems import trilinear
from tests.engine.systems.super_resolution import card as example_card
from tests.explorer.box_store import of_boxes, opened
from tests.explorer.volumes import LOW, SIDE

CELL = SIDE / LOW


folder = pytest.fixture(of_boxes)


@pytest.fixture
def store(folder):
    return opened(layer="3", depth="2")


def test_what_a_box_is_too_small_for_is_told_and_the_rest_is_there(store):
    assert store.results.curves["void_sizes"] == {}
    words = AboutCurves(store)
    store.param.trigger("results")
    assert "Curves are of the whole box" in words.words.object
    assert "expected radii of voids" in words.words.object
    assert store.told == []
    assert store.results.curves["smoothed_pdf"]["truth"].y.max() > 0


def test_the_strip_shows_the_box_from_the_side_and_selects_what_is_dragged_to(store):
    values = np.arange(16.0**3, dtype=np.float32).reshape(16, 16, 16)
    box = store.results.boxes["input"].with_values(values)
    np.testing.assert_array_equal(beam(box, "x"), values[:2, :2].mean(axis=0))
    np.testing.assert_array_equal(beam(box, "y"), values[:2, :, :2].mean(axis=0).T)
    np.testing.assert_array_equal(beam(box, "z"), values[:, :2, :2].mean(axis=1).T)
    view = LayerStrip(store, Display())
    assert view.strip.layer.cells == [3, 2]
    assert view.strip.figure.x_range.end == SIDE
    assert view.strip.figure.below[0].axis_label == "z [cMpc/h]"
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


def test_initial_conditions_are_shown_whatever_eats_them_or_said_to_be_none(folder):
    eaten = replace(example_card().inputs[0], cell_size=CELL * 1000)
    card = replace(trilinear.card(), inputs=(eaten,))
    card = replace(card, output=replace(card.output, cell_size=CELL * 500))
    write_model(folder.parent / "weights", card, {})
    store = opened(emulator="trilinear")
    assert store.results.prediction is not None
    assert set(store.results.eaten) == {"low"}
    assert store.results.initial is not None
    with h5py.File(folder / "box.hdf5", "a") as file:
        del file["initial_conditions"]
    bare = opened(emulator="trilinear")
    maps = Maps(bare, Display())
    maps.present(bare.results)
    assert maps.bars["initial"].slider.label == "Initial conditions: none"
    notes = {each.name: each.note for each in bare.scene.pictures(bare.results)}
    assert notes["initial"] == "no initial conditions"


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
    maps = Maps(store, Display())
    maps.present(found)
    places = {name: column.visible for name, column in maps.columns.items()}
    assert not places["input"]
    assert all(places[name] for name in ("initial", "truth", "prediction"))
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


def test_what_an_emulator_reached_on_a_box_is_told_with_its_card():
    (card,) = [each for each in engine.emulators() if each.system == "super-resolution"]
    rows = about_emulator(card)
    told = dict(rows)
    assert told["Paints"] == "dark matter from dark matter at level MR and linear overdensity"
    box = card.scores[0]["box"]
    assert told["Held out: quijote-103-z0"] == f"mass {box['mass']:.3f} of the truth's"
    seen = [k <= 0.5 * max(box["k"]) for k in box["k"]]
    least = min(r for r, some in zip(box["correlation"], seen, strict=True) if some)
    half = [text for _, text in rows if "to k = 0.73 h/Mpc" in text]
    assert f"correlation r at least {least:.2f}" in half[0]
    amplitude = [t for t, some in zip(box["transfer"], seen, strict=True) if some]
    assert f"amplitude T {min(amplitude):.2f} to {max(amplitude):.2f}" in half[0]
    (bare,) = [each for each in engine.emulators() if each.system == "trilinear"]
    assert dict(about_emulator(bare))["Trained on"] == "nothing: it has no weights"


def kinds_of_waiting(slider, doc, value):
    """By which callbacks a value that the browser tells is acted on."""
    before = list(doc.session_callbacks)
    slider._server_change(doc, "", None, "value", slider.value, value)
    return [type(each).__name__ for each in doc.session_callbacks if each not in before]


def test_a_single_step_of_a_slider_is_acted_on_at_once_and_a_drag_as_panel_has_it(monkeypatch):
    now, doc = [100.0], Document()
    monkeypatch.setattr(prompt_slider.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(param.parameterized, "async_executor", async_execute)
    slider = PromptSlider(label="Layer", start=0, end=9, value=3)
    session = SimpleNamespace(id="session", destroyed=False, server_context=None)
    doc._session_context = lambda: session
    now[0] += 1
    assert kinds_of_waiting(slider, doc, 4) == ["NextTickCallback"]
    slider._change_event(doc)
    assert slider.value == 4
    now[0] += 0.02
    assert kinds_of_waiting(slider, doc, 5) == ["TimeoutCallback"]
    slider._change_event(doc)
    now[0] += 1
    assert kinds_of_waiting(slider, doc, 6) == ["NextTickCallback"]
