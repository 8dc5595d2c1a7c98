import asyncio
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import param
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

import engine
from engine.statistics.cddf import whole_box
from engine.units import column_density
from explorer import app, painting
from explorer import results as results_module
from explorer.results import widened
from explorer.scenes import slabs
from explorer.scenes.slabs import Slabs
from explorer.state import WHOLE_BOX
from explorer.store import Store

pytestmark = pytest.mark.usefixtures("emulator", "folder")


def opened(**link):
    return Store(Slabs(), link)


def computed(**link):
    store = opened(**link)
    asyncio.run(store.refresh())
    return store


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


def test_curves_are_summed_over_all_slabs_of_the_axis(emulator):
    store = computed(simulation="with-gas")
    store.selection.scope = "axis"
    assert emulator.painted == 4
    truth, prediction = store.results.curves["power_spectrum"].values()
    simulation = engine.open_simulation("with-gas")
    slabs = [simulation.slab("gas", axis="x", index=index) for index in range(4)]
    np.testing.assert_array_equal(truth.y, engine.statistics.power_spectrum(slabs).y)
    np.testing.assert_allclose(prediction.y, truth.y, rtol=1e-4)
    true, painted = store.results.masses.values()
    assert true == pytest.approx(engine.statistics.total_mass(slabs))
    assert painted == pytest.approx(1.1 * true, rel=1e-5)
    maps = store.results
    store.selection.scope = "slab"
    assert store.results.prediction is maps.prediction
    assert store.results.masses["truth"] < true / 2


def test_cancelling_the_slabs_of_an_axis_paints_no_more_of_them(emulator, monkeypatch):
    store = computed(simulation="with-gas")
    shown, paint = store.results, emulator.predict

    def predict(painter, eaten, seed=0, **_):
        if eaten["dark matter"].index == 2:
            store.cancel()
        return paint(painter, eaten, seed)

    monkeypatch.setattr(emulator, "predict", predict)
    store.selection.scope = "axis"
    assert emulator.painted == 3
    assert store.results is shown
    assert store.busy == ""


def test_another_halo_reads_no_slab_of_the_axis_again(monkeypatch):
    store = computed(simulation="with-gas", scope="axis")
    along = store.results.along
    monkeypatch.setattr(slabs, "read", lambda *_: pytest.fail("read again"))
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    assert store.results.along is along
    assert store.error == ""


def test_another_halo_changes_its_profile_alone(emulator):
    store = computed(simulation="with-gas")
    before = store.results
    halo = int(before.halos["truth"].columns["number"][0])
    store.selection.halo = halo
    after = store.results
    assert after.request.halo == halo
    assert emulator.painted == 1
    for name in ("power_spectrum", "halo_median", "pdf"):
        assert before.curves[name] is after.curves[name]
    measure = engine.statistics.get("halo_profile", halos=after.catalogue, numbers=(halo,))
    for name, drawn in after.curves["halo_profile"].items():
        np.testing.assert_array_equal(drawn.y, measure(getattr(after, name)).y)
    anew = computed(simulation="with-gas", halo=str(halo)).results
    np.testing.assert_array_equal(
        anew.curves["halo_profile"]["prediction"].y, after.curves["halo_profile"]["prediction"].y
    )


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_of_all_slabs_has_the_band_of_their_sums(emulator):
    store = computed(simulation="with-gas", scope="axis")
    asyncio.run(store.sample(4))
    assert emulator.painted == 4 * 4  # seed 0 was on show
    found = store.ensemble.bands["power_spectrum"]
    true = store.results.curves["power_spectrum"]["truth"].y
    powers = [emulator.contrast(seed) ** 2 for seed in range(4)]
    np.testing.assert_allclose(found.median / true, np.median(powers), rtol=1e-3)


@pytest.mark.usefixtures("hydrogen")
def test_columns_through_the_whole_box_are_there_for_all_slabs_of_hydrogen(monkeypatch):
    threads = []

    def noted(slabs):
        threads.append(threading.current_thread().name)
        return whole_box(slabs)

    monkeypatch.setattr(results_module, "whole_box", noted)
    store = computed(simulation="with-hi", axis="z")
    assert "truth" in store.results.curves["cddf"]
    assert WHOLE_BOX not in store.results.curves["cddf"]
    assert threads == []
    store.selection.scope = "axis"
    assert [name.startswith("explorer") for name in threads] == [True]
    found = store.results.curves["cddf"][WHOLE_BOX]
    simulation = engine.open_simulation("with-hi")
    through = sum(simulation.slab("hi", "z", i).values.astype(float) for i in range(4))
    columns = column_density(through, 2.0, store.results.input.cosmology.h)
    expected, _ = np.histogram(columns, found.edges)
    assert expected.sum() == through.size
    # The bins' edges are rounded to the maps' 24 bits.
    np.testing.assert_allclose(found.count, expected, atol=2)
    assert found.x[found.count > 0].min() > store.results.curves["cddf"]["truth"].x[0]
    store.selection.param.update(scope="region", region=(0, 64, 0, 64))
    assert WHOLE_BOX not in store.results.curves["cddf"]


def test_there_are_no_columns_through_a_box_of_gas():
    curves = computed(simulation="with-gas", scope="axis").results.curves
    assert not any(WHOLE_BOX in found for found in curves.values())


def test_curves_of_a_region_are_windowed_and_their_maps_stay():
    store = computed(simulation="with-gas", scope="region", region="0,64,10,64")
    shown = store.results
    truth = shown.curves["power_spectrum"]["truth"]
    assert "Hann window" in truth.note
    mass = engine.statistics.total_mass(shown.truth)
    assert shown.masses["truth"] == pytest.approx(mass), "64 pixels are the least"
    store.selection.region = None
    assert store.results.truth is shown.truth
    assert "window" not in store.results.curves["power_spectrum"]["truth"].note


@pytest.mark.parametrize(
    ("region", "shape", "expected"),
    [
        ((0, 100, 20, 384), (384, 384), (0, 100, 20, 384)),
        ((10, 20, 100, 200), (384, 384), (0, 64, 100, 200)),
        ((200, 210, 380, 384), (384, 384), (173, 237, 320, 384)),
        ((10, 20, 10, 20), (32, 48), (0, 32, 0, 48)),
    ],
)
def test_a_small_region_is_widened_within_the_map(region, shape, expected):
    assert widened(region, shape) == expected


class SlowPainter:
    """Holds paintings back until it is told to go on."""

    def __init__(self, emulator, monkeypatch):
        self.go_on = threading.Event()
        paint = emulator.predict

        def predict(painter, slab, seed=0, **_):
            assert self.go_on.wait(10)
            return paint(painter, slab)

        monkeypatch.setattr(emulator, "predict", predict)
        monkeypatch.setattr(painting, "PATIENCE", 0.01)


@pytest.fixture
def slow(emulator, monkeypatch):
    painter = SlowPainter(emulator, monkeypatch)
    yield painter
    painter.go_on.set()


async def until(true):
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


def test_a_slow_painting_shows_its_slab_first_and_says_so(slow):
    async def session():
        store = opened(simulation="with-gas")
        running = asyncio.ensure_future(store.refresh())
        await until(lambda: store.results is not None)
        assert store.results.truth is not None
        assert store.results.no_prediction == "Painting …"
        assert store.busy == "Painting gas"
        slow.go_on.set()
        await running
        assert store.results.prediction is not None
        assert store.busy == ""

    asyncio.run(session())


def test_the_newest_request_wins(slow):
    async def session():
        store = opened(simulation="with-gas")
        seen = []
        store.param.watch(lambda event: seen.append(event.new), "results")
        running = []
        for slab in (1, 2, 3):
            with param.parameterized.discard_events(store.selection):
                store.selection.slab = slab  # asked for below, where it can be awaited
            running.append(asyncio.ensure_future(store.refresh()))
            await asyncio.sleep(0.05)
        slow.go_on.set()
        await asyncio.gather(*running)
        painted = [each.request.place.index for each in seen if each.prediction is not None]
        assert painted == [3]
        assert store.results.request.place.index == 3
        assert store.busy == ""

    asyncio.run(session())


def test_cancelling_keeps_what_is_on_show(slow):
    async def session():
        store = opened(simulation="with-gas")
        running = asyncio.ensure_future(store.refresh())
        await until(lambda: store.results is not None)
        store.cancel()
        assert store.busy == ""
        slow.go_on.set()
        await running
        assert store.results.prediction is None

    asyncio.run(session())


@pytest.mark.usefixtures("stochastic")
def test_another_seed_is_painted_and_told_in_the_request():
    store = opened(simulation="with-gas", seed="7")
    asyncio.run(store.refresh())
    first = store.results
    assert first.request.seed == first.prediction.seed == 7
    store.selection.seed = 8
    assert store.results.prediction.seed == 8
    assert (store.results.prediction.values != first.prediction.values).any()
    np.testing.assert_array_equal(store.results.truth.values, first.truth.values)


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_gives_the_quantiles_of_its_curves(emulator):
    store = opened(simulation="with-gas", seed="99")
    asyncio.run(store.refresh())
    asyncio.run(store.sample(16))
    assert store.ensemble.count == 16
    assert emulator.painted == 17
    assert store.busy == ""
    found = store.ensemble.bands["power_spectrum"]
    powers = [emulator.contrast(seed) ** 2 for seed in range(16)]
    true = store.results.curves["power_spectrum"]["truth"].y
    for band, percent in zip((found.low, found.median, found.high), (16, 50, 84), strict=True):
        np.testing.assert_allclose(band / true, np.percentile(powers, percent), rtol=1e-4)


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_has_the_band_of_any_halos_profile(emulator):
    store = computed(simulation="with-gas")
    asyncio.run(store.sample(8))
    assert "halo_profile" not in store.ensemble.bands
    first, second = store.results.halos["truth"].columns["number"][[0, 5]]
    for halo in (first, second):
        store.selection.halo = int(halo)
        found = store.ensemble.bands["halo_profile"]
        predicted = store.results.curves["halo_profile"]["prediction"]
        np.testing.assert_allclose(found.x, predicted.x)
        assert (found.low < found.high).all()
    assert emulator.painted == 8
    assert store.ensemble.count == 8


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_stays_for_other_seeds_and_goes_with_its_slab():
    store = opened(simulation="with-gas")
    asyncio.run(store.refresh())
    asyncio.run(store.sample(4))
    store.selection.seed = 3
    assert store.ensemble.count == 4
    store.selection.slab = 1
    assert store.ensemble is None


@pytest.mark.usefixtures("stochastic")
def test_a_cancelled_ensemble_keeps_the_samples_it_has(monkeypatch, emulator):
    store = opened(simulation="with-gas")
    asyncio.run(store.refresh())
    paint = emulator.predict

    def predict(painter, slab, seed=0, **_):
        if seed == 6:
            store.cancel()
        return paint(painter, slab, seed)

    monkeypatch.setattr(emulator, "predict", predict)
    asyncio.run(store.sample(64))
    assert store.ensemble.count == 4
    assert store.busy == ""
    assert emulator.painted < 10


@pytest.mark.usefixtures("stochastic")
def test_samples_that_are_refused_are_told_in_the_emulators_words(emulator):
    store = opened(simulation="with-gas")
    asyncio.run(store.refresh())
    emulator.refuses = "It can't be painted."
    asyncio.run(store.sample(4))
    assert (store.error, store.busy) == ("It can't be painted.", "")
    assert store.ensemble is None


@pytest.mark.usefixtures("stochastic")
def test_a_second_painting_stands_beside_the_first():
    store = opened(simulation="with-gas", seed="1", other="share", other_seed="2")
    asyncio.run(store.refresh())
    shown = store.results
    assert (shown.prediction.seed, shown.other.seed) == (1, 2)
    curves = shown.curves["power_spectrum"]
    assert (curves["prediction"].y != curves["other"].y).all()
    store.selection.other_seed = 1
    np.testing.assert_array_equal(store.results.other.values, store.results.prediction.values)
    store.selection.other = "none"
    assert store.results.other is None
    assert "other" not in store.results.curves["power_spectrum"]


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_outlives_a_comparison():
    store = opened(simulation="with-gas")
    asyncio.run(store.refresh())
    asyncio.run(store.sample(4))
    store.selection.other = "share"
    assert store.ensemble.count == 4
    assert store.results.other.seed == 1
