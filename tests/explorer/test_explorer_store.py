import asyncio
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

import engine
from explorer import app, painting
from explorer.scenes import slabs
from tests.explorer.slab_store import computed, opened

pytestmark = pytest.mark.usefixtures("emulator", "folder")


def test_a_slab_is_read_painted_and_summarised():
    store = computed(simulation="with-gas", axis="z", slab="2")
    results = store.results
    assert (results.input.field, results.input.index) == ("dm", 2)
    assert (results.truth.field, results.prediction.field) == ("gas", "gas")
    np.testing.assert_allclose(results.prediction.values, 1.1 * results.truth.values, rtol=1e-5)
    true, painted = (results.masses[name] for name in ("truth", "prediction"))
    assert painted == pytest.approx(1.1 * true, rel=1e-5)
    for name in ("power_spectrum", "pdf"):
        truth, prediction = results.curves[name].values()
        assert truth.name == prediction.name
        np.testing.assert_allclose(truth.x, prediction.x)
    assert results.device.startswith("CPU, ")
    assert results.seconds > 0
    assert results.prediction.warnings
    assert (store.busy, store.error) == ("", "")


def test_a_dark_matter_only_run_is_painted_and_has_no_truth():
    results = computed(simulation="dark-only").results
    assert results.input.field == "dmo"
    assert results.prediction.field == "gas"
    assert results.truth is None
    assert "dark-only has no" in results.no_truth
    assert set(results.masses) == {"prediction"}
    assert set(results.curves["pdf"]) == {"prediction"}
    assert results.curves["pdf"]["prediction"].y.any()


def test_the_first_simulation_is_open_without_a_link():
    assert opened().selection.simulation == engine.simulations()[0]


def test_without_a_link_the_page_shows_what_it_is_for_and_any_link_what_it_did(monkeypatch):
    (share,) = engine.emulators()
    both = [
        replace(card, system=system, title=system, stochastic=system == "ember-wgan")
        for system in ("ember-unet", "ember-wgan")
        for card in (share, replace(share, output=replace(share.output, field="hi")))
    ]
    monkeypatch.setattr(engine, "emulators", lambda: both)
    bare, named = opened(), opened(simulation="with-gas")
    assert (bare.selection.field, bare.selection.emulator) == ("hi", "ember-wgan")
    assert bare.card.stochastic
    assert (named.selection.field, named.selection.emulator) == ("gas", "ember-unet")
    only_looks = opened(dark="no")
    assert (only_looks.selection.field, only_looks.selection.emulator) == ("gas", "ember-unet")


def test_a_change_of_the_selection_is_computed():
    store = computed(simulation="with-gas")
    store.selection.slab = 3
    assert store.results.request.place.index == 3
    assert store.results.input.index == 3


def test_the_same_slab_is_painted_once(emulator):
    store = computed(simulation="with-gas")
    store.selection.slab = 1
    store.selection.slab = 0
    assert store.results.request.place.index == 0
    assert store.results.seconds is None
    assert emulator.painted == 2


def test_what_is_on_show_is_not_computed_again(emulator):
    store = computed(simulation="with-gas")
    before = store.results
    asyncio.run(store.refresh())
    assert store.results is before


def test_what_was_begun_has_all_but_the_painting(emulator):
    store = opened(simulation="with-gas")
    begun = store.begin()
    begun.result()
    store.take()
    assert store.results.truth is not None
    assert store.results.prediction is None
    assert store.results.no_prediction == "Painting …"
    asyncio.run(store.refresh())
    again = opened(simulation="with-gas").begin().result()
    assert again.prediction is store.results.prediction
    assert emulator.painted == 1


class Session:
    """A visitor's, as the server's hook gets it."""

    def __init__(self, **link):
        arguments = {name: [value.encode()] for name, value in link.items()}
        self.request = SimpleNamespace(arguments=arguments)


def test_maps_are_waited_for_before_a_page_is_built_and_others_are_served_meanwhile(monkeypatch):
    link = {"simulation": "with-gas", "slab": "2"}
    session, others_turn = Session(**link), threading.Event()

    begin = painting.Painting.begin

    def read_when_others_had_their_turn(*asked):
        assert others_turn.wait(30)
        return begin(*asked)

    monkeypatch.setattr(painting.Painting, "begin", read_when_others_had_their_turn)

    async def serve():
        waiting = asyncio.ensure_future(app.begin(session))
        await asyncio.sleep(0)
        assert not waiting.done()
        others_turn.set()
        await waiting

    asyncio.run(serve())
    document = Document()
    document._session_context = lambda: session
    with set_curdoc(document):
        store = app.begun_for(link)
        assert app.begun_for(link) is not store, "it is of one page"
    document._session_context = None
    store.take()
    assert store.results.request.place.index == 2
    assert store.results.truth is not None


def test_a_page_is_built_without_maps_that_are_not_read_yet(monkeypatch):
    built = threading.Event()

    begin = painting.Painting.begin

    def read_when_the_page_is_built(*asked):
        assert built.wait(30)
        return begin(*asked)

    monkeypatch.setattr(painting.Painting, "begin", read_when_the_page_is_built)
    store = opened(simulation="with-gas")
    begun = store.begin()
    store.take()
    assert store.results is None
    built.set()
    assert begun.result().truth is not None


def test_a_slab_the_emulator_refuses_keeps_its_truth(emulator):
    emulator.refuses = "Pixels are 60 kpc/h, expected 29.3 kpc/h; project again."
    store = computed(simulation="with-gas")
    assert store.error == emulator.refuses
    assert store.results.truth is not None
    assert store.results.prediction is None
    assert "can't paint" in store.results.no_prediction
    emulator.refuses = ""
    store.selection.slab = 1
    assert store.error == ""
    assert store.results.prediction is not None


def test_without_emulators_the_truth_is_shown(monkeypatch):
    monkeypatch.setattr(engine, "emulators", list)
    results = computed(simulation="with-gas").results
    assert results.truth is not None
    assert results.no_prediction == "No trained emulator was found"


def test_an_unexpected_failure_is_told_and_logged(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("out of luck")

    store = computed(simulation="with-gas")
    monkeypatch.setattr(slabs, "read", fail)
    store.selection.slab = 1
    assert "unexpectedly" in store.error
    assert "out of luck" in caplog.text
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"simulation": "nowhere"}, ["Simulation", "'nowhere'", "dark-only, with-gas"]),
        ({"axis": "y"}, ["Axis", "'y'", "x, z"]),
        ({"slab": "99"}, ["Slab", "'99'", "0 to 3"]),
        ({"field": "gold"}, ["Field", "'gold'", "gas"]),
        ({"emulator": "magic"}, ["Emulator", "'magic'", "share"]),
        ({"level": "LR"}, ["Level", "'LR'", "HR"]),
        ({"scope": "box"}, ["Scope", "'box'", "slab, axis, region"]),
        ({"region": "4,2,0,9"}, ["Region", "'4,2,0,9'", "y0,y1,x0,x1"]),
        ({"other_levels": "maybe"}, ["Other levels", "'maybe'", "yes or no", "showing no"]),
    ],
)
def test_an_unknown_name_in_the_link_is_told_and_the_app_goes_on(link, words):
    store = computed(**link)
    assert all(word in store.error for word in words)
    assert store.results.prediction is not None


def test_a_broken_file_is_told_when_it_is_asked_for(folder):
    (folder / "broken.hdf5").write_bytes(b"not HDF5 at all")
    assert computed().error == ""
    store = computed(simulation="broken")
    assert store.error.startswith("broken.hdf5")
    assert store.error.count("broken.hdf5") == 1
    assert store.selection.simulation == "dark-only"
    assert store.results is not None
    store.selection.simulation = "broken"
    assert store.error.startswith("broken.hdf5")
    assert store.selection.simulation == "dark-only"
    store.selection.simulation = "with-gas"
    assert store.error == ""
    assert store.results.request.simulation == "with-gas"


def test_nothing_to_show_is_told(folder):
    for path in folder.iterdir():
        path.unlink()
    store = computed()
    assert store.error.startswith("No simulation was found")
    assert store.results is None
    assert store.begin() is None


def test_a_file_without_dark_matter_is_refused(folder, monkeypatch):
    monkeypatch.setattr("engine.simulation.Simulation.has", lambda *_, **__: False)
    store = opened()
    assert "no dm or dmo map" in store.error
    assert store.selection.simulation is None


def test_an_emulator_is_offered_to_runs_of_its_separation_whatever_they_are_called(
    monkeypatch, emulator
):
    here = 1e3 * 1.875 / 16  # of the 16^3 particles that "with-gas" calls HR, [kpc/h]
    for apart, offered in ((here, True), (here / 2, False)):
        inputs = (replace(emulator.card.inputs[0], level="MR", separation=apart),)
        monkeypatch.setattr(
            engine, "emulators", lambda i=inputs: [replace(emulator.card, inputs=i)]
        )
        store = opened(simulation="with-gas")
        assert (store.selection.emulator == "share:MR") is offered
        assert (store.card is not None) is offered


def test_cards_of_other_levels_are_not_offered(monkeypatch, emulator):
    lower = (replace(emulator.card.inputs[0], level="LR"),)
    other = replace(emulator.card, inputs=lower, title="From few particles")
    monkeypatch.setattr(engine, "emulators", lambda: [emulator.card, other])
    assert opened().card is emulator.card


def test_levels_tell_their_particles_and_separation():
    store = opened(simulation="with-gas")
    names = list(store.selection.param.level.names)
    assert names == ["HR: 16³, 117 ckpc/h", "MR: 8³, 234 ckpc/h"]
    assert list(store.selection.param.source.objects) == ["dm/ds"]
    store.selection.simulation = "dark-only"
    assert store.selection.source == "dmo/ds"


def test_a_level_nobody_was_trained_for_is_painted_on_request_and_said(emulator):
    store = computed(simulation="with-gas", level="MR")
    assert store.results.input.level == "MR"
    assert store.results.truth.level == "HR"
    assert store.selection.emulator is None
    assert "No emulator was trained for MR" in store.results.no_prediction
    assert "truth" in store.results.curves["pdf"]
    store.selection.other_levels = True
    assert list(store.selection.param.emulator.names) == ["Cosmic share for HR"]
    assert store.selection.emulator == "share:HR"
    assert store.card is emulator.card
    assert store.results.prediction is not None
    store.selection.level = "HR"
    assert store.selection.emulator == "share"


def test_a_choice_is_answered_in_its_own_turn_by_what_it_has_to_wait_for(emulator):
    store = opened(simulation="with-gas")
    asyncio.run(store.refresh())
    said = []
    for name in ("slab", "scope"):  # before anything is asked for
        store.selection.param.watch(lambda _: said.append(store.busy), name, precedence=1)
    store.selection.slab = 1
    store.selection.scope = "axis"
    assert said == ["Reading slab 1", ""], "the maps of other curves are there"
    assert store.busy == ""
