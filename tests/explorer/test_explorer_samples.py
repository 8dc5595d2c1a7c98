import asyncio

import pytest

from explorer.display import Display
from explorer.plots.curve_columns import sample_band, sample_ratio
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.curves import CurveCard
from explorer.views.samples import Samples

pytestmark = pytest.mark.usefixtures("emulator", "folder")


def opened():
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z"})
    asyncio.run(store.refresh())
    return store


def click(button):
    button.param.trigger("clicks")


@pytest.mark.usefixtures("stochastic")
def test_a_new_sample_is_drawn_and_the_way_back_is_kept():
    store = opened()
    samples = Samples(store)
    assert samples.back.disabled
    click(samples.new)
    first = store.selection.seed
    click(samples.new)
    second = store.selection.seed
    assert len({0, first, second}) == 3
    assert store.results.prediction.seed == second
    click(samples.back)
    assert store.selection.seed == first
    click(samples.back)
    assert store.selection.seed == 0
    assert samples.back.disabled
    assert not samples.forward.disabled
    click(samples.forward)
    assert store.selection.seed == first
    samples.seed.value = 5
    assert store.results.prediction.seed == 5
    assert samples.forward.disabled, "a new way forgets what lay ahead"
    click(samples.back)
    assert store.selection.seed == first


def test_a_deterministic_emulator_has_one_sample():
    samples = Samples(opened())
    controls = (
        samples.seed,
        samples.new,
        samples.back,
        samples.forward,
        samples.count,
        samples.many,
    )
    assert all(control.disabled for control in controls)


@pytest.mark.usefixtures("stochastic")
def test_curves_show_the_band_of_an_ensemble_and_drop_it_with_the_slab():
    store = opened()
    curves = CurveCard("power_spectrum", store, Display())
    assert not len(sample_band(curves.samples)[0])
    asyncio.run(store.sample(8))
    x, low, high = sample_band(curves.samples)
    assert len(x) > 5
    assert (high > low).all()
    _, low, high = sample_ratio(curves.curves["truth"], curves.samples)
    assert (low > 0.63).all()
    assert (high < 1).all()
    assert "8 samples" in curves.heading.object
    store.selection.slab = 2
    assert not len(sample_band(curves.samples)[0])
    assert "samples" not in curves.heading.object
