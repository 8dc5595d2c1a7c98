"""What is painted while the page is looked at: the newest request, samples, a second painting."""

import asyncio
import threading

import numpy as np
import param
import pytest

from explorer import painting
from tests.explorer.slab_store import computed, opened

pytestmark = pytest.mark.usefixtures("emulator", "folder")


@pytest.mark.usefixtures("stochastic")
def test_an_ensemble_of_all_slabs_has_the_band_of_their_sums(emulator):
    store = computed(simulation="with-gas", scope="axis")
    asyncio.run(store.sample(4))
    assert emulator.painted == 4 * 4  # seed 0 was on show
    found = store.ensemble.bands["power_spectrum"]
    true = store.results.curves["power_spectrum"]["truth"].y
    powers = [emulator.contrast(seed) ** 2 for seed in range(4)]
    np.testing.assert_allclose(found.median / true, np.median(powers), rtol=1e-3)


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


def shown(store):
    """Number of the slab on show; what is to be painted on it may still come."""
    return store.results and store.results.request.place.index


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
            await until(lambda slab=slab: shown(store) == slab)
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
