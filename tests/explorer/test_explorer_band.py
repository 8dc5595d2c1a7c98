import asyncio
import threading

import numpy as np
import param
import pytest
from bokeh.events import DoubleTap, SelectionGeometry
from scipy import fft

from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.places import SlabPlace
from explorer.band import WIDTH, band_maps
from explorer.display import Display
from explorer.plots.maps import linked_maps
from explorer.results import Results
from explorer.scenes.slabs import Slabs
from explorer.state import Request
from explorer.store import Store
from explorer.viewport import MAPS
from explorer.views.band_card import BandCard
from explorer.views.curves import CurveCard
from explorer.views.pictures import Published

PIXEL = 29.3
SIDE = 64
FUNDAMENTAL = 2 * np.pi / (SIDE * PIXEL / 1000)
REQUEST = Request("made-up", SlabPlace(), "gas", "share")


def slab(contrast, **options):
    return Slab(
        values=(1e4 * (1 + contrast)).astype(np.float32),
        field="gas",
        cell_size=PIXEL,
        depth=1.4,
        box_size=SIDE * PIXEL / 1000,
        redshift=2.0,
        cosmology=Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774),
        **options,
    )


def wave(waves_a_side, amplitude):
    """A plane wave along the columns, (ny, nx)."""
    x = np.arange(SIDE) / SIDE
    return np.tile(amplitude * np.cos(2 * np.pi * waves_a_side * x), (SIDE, 1))


def around(waves_a_side):
    return (waves_a_side - 0.5) * FUNDAMENTAL, (waves_a_side + 0.5) * FUNDAMENTAL


def test_two_plane_waves_are_told_apart_with_their_variance():
    long, short = wave(3, 0.3), wave(9, 0.1)
    truth, prediction = slab(long + short), slab(long - short)
    results = Results(REQUEST, truth, truth, prediction)
    first, second = band_maps(results, around(3)), band_maps(results, around(9))
    assert first.share == pytest.approx(0.9, abs=1e-4)
    assert second.share == pytest.approx(0.1, abs=1e-4)
    assert first.alike["prediction"] == pytest.approx(1, abs=1e-4)
    assert second.alike["prediction"] == pytest.approx(-1, abs=1e-4)
    assert second.limit == pytest.approx(WIDTH * 0.1 / np.sqrt(2), rel=1e-4)
    np.testing.assert_allclose(second.contrasts["residual"], -2 * short, atol=1e-4)
    np.testing.assert_allclose(first.contrasts["residual"], 0, atol=1e-4)


def test_the_correlation_in_a_band_is_that_of_the_modes_in_it():
    rng = np.random.default_rng(0)
    one = 0.1 * rng.standard_normal((SIDE, SIDE))
    two = 0.5 * one + 0.05 * rng.standard_normal((SIDE, SIDE))
    low, high = 5 * FUNDAMENTAL, 9 * FUNDAMENTAL
    k = np.hypot(*np.meshgrid(*2 * [2 * np.pi * fft.fftfreq(SIDE, PIXEL / 1000)]))
    a, b = (fft.fft2(each)[(k >= low) & (k < high)] for each in (one, two))
    expected = np.vdot(a, b).real / np.sqrt(np.vdot(a, a).real * np.vdot(b, b).real)
    truth, prediction = slab(one - one.mean()), slab(two - two.mean())
    found = band_maps(Results(REQUEST, truth, truth, prediction), (low, high))
    assert found.alike["prediction"] == pytest.approx(expected, abs=1e-4)


def test_without_a_truth_the_prediction_gives_colours_and_variance():
    prediction = slab(wave(3, 0.3))
    found = band_maps(Results(REQUEST, prediction, None, prediction), around(3))
    assert set(found.contrasts) == {"prediction"}
    assert found.alike == {}
    assert found.share == pytest.approx(1, abs=1e-4)


def test_a_map_without_waves_in_the_band_is_refused_in_a_sentence():
    flat = slab(np.zeros((SIDE, SIDE)))
    with pytest.raises(ValueError, match=r"no waves of .* pick a wider one"):
        band_maps(Results(REQUEST, flat, flat), around(9))


@pytest.fixture
def filtered_in_a_thread(monkeypatch):
    """Run what a change starts to its end also where an event loop runs already."""

    def run(task):
        thread = threading.Thread(target=lambda: asyncio.run(task()))
        thread.start()
        thread.join()

    monkeypatch.setattr(param.parameterized, "async_executor", run)


@pytest.fixture
def shown(filtered_in_a_thread, emulator, folder):
    """Store, display, card of the spectrum and row of maps, of a slab with a truth."""
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z"})
    asyncio.run(store.refresh())
    display = Display()
    spectrum = CurveCard("power_spectrum", store, display)
    linked = linked_maps({"input": "input", "truth": "field"})
    return store, display, spectrum, BandCard(store, display, linked, Published())


def sent(row, name):
    """What the browser gets of a map, (ny, nx); None for none."""
    token = dict(zip(row.maps.maps, row.maps.state.tokens, strict=True))[name]
    return MAPS.get(token).values if token else None


def drag(figure, x0, x1):
    figure._trigger_event(SelectionGeometry(figure, {"type": "rect", "x0": x0, "x1": x1}, True))


def test_a_drag_on_either_panel_picks_a_band_and_marks_both(shown):
    _, display, spectrum, _ = shown
    for figure in spectrum.panels.figures:
        drag(figure, 30.0, 10.0)
        assert display.band == (10.0, 30.0)
        for each in spectrum.panels.figures:
            marks = [part for part in each.center if getattr(part, "left", None) == 10.0]
            assert [(mark.visible, mark.right) for mark in marks] == [(True, 30.0)]
        figure._trigger_event(DoubleTap(figure))
        assert display.band == ()
        assert not marks[0].visible
    drag(figure, 10.0, 30.0)
    drag(figure, 10.0, 10.2)
    assert display.band == (), "less than a bin is a slip of the hand"


def test_the_row_is_there_while_a_band_is_picked_and_follows_the_slab(shown):
    store, display, spectrum, row = shown
    assert not row.card.visible
    assert not row.card.objects
    drag(spectrum.panels.figures[0], 10.0, 30.0)
    assert row.card.visible
    assert not row.columns["other"].visible
    assert "10 &lt; k &lt; 30 h/Mpc" in row.heading.object
    assert "r = 1.000 of truth and Cosmic share" in row.heading.object
    before = sent(row, "truth")
    found = band_maps(store.results, (10.0, 30.0))
    np.testing.assert_array_equal(before, found.contrasts["truth"])
    assert (row.mapper.low, row.mapper.high) == (-found.limit, found.limit)
    np.testing.assert_allclose(sent(row, "residual"), 0, atol=1e-5)
    assert sent(row, "other") is None
    store.selection.slab = 2
    assert (sent(row, "truth") != before).any()
    row.clear.param.trigger("clicks")
    assert display.band == ()
    assert not row.card.visible


def test_maps_are_not_filtered_again_when_only_the_curves_change(shown, monkeypatch):
    store, display, _, row = shown
    display.band = (10.0, 30.0)
    before = list(row.maps.state.tokens)
    monkeypatch.setattr("explorer.views.band_card.band_maps", None)  # to call it would fail
    store.selection.param.update(scope="region", region=(0, 64, 0, 64))
    assert store.results.request.scope == "region"
    assert row.maps.state.tokens == before


def test_an_older_answer_does_not_replace_a_newer_one(shown, monkeypatch):
    _, display, _, row = shown
    tasks = []
    monkeypatch.setattr(param.parameterized, "async_executor", tasks.append)
    display.band = (10.0, 30.0)
    display.band = (30.0, 60.0)
    for task in reversed(tasks):
        asyncio.run(task())
    assert len(tasks) == 2
    assert "30 &lt; k &lt; 60" in row.heading.object


def test_without_a_truth_the_row_says_why(shown):
    store, display, _, row = shown
    store.selection.simulation = "dark-only"
    display.band = (10.0, 30.0)
    assert not row.columns["truth"].visible
    assert not row.columns["residual"].visible
    assert "dark-only has no gas" in row.heading.object.lower()
    assert sent(row, "prediction") is not None


def test_ranges_are_those_of_the_maps():
    linked = linked_maps({"input": "input", "truth": "field"})
    for each in linked_maps({"truth": "band"}, linked.axes, "band").each:
        assert each.figure.x_range is linked.x_range
        assert each.figure.y_range is linked.y_range


def test_the_state_of_the_maps_still_tells_the_server_what_is_in_view():
    linked = linked_maps({"input": "input", "truth": "field"})
    drawn = linked_maps({"truth": "band"}, linked.axes, "band")
    assert linked.state.syncable
    assert drawn.state.syncable
    assert not any(each.figure.syncable for each in drawn.each)
