"""Curves of more than a slab, or of less: all slabs of an axis, the whole box, a region."""

import threading

import h5py
import numpy as np
import pytest

import engine
from engine.statistics.cddf import whole_box
from engine.units import column_density
from explorer import results as results_module
from explorer.results import widened
from explorer.scenes import slabs
from explorer.state import WHOLE_BOX
from tests.explorer.slab_store import computed

pytestmark = pytest.mark.usefixtures("emulator", "folder")


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


def test_another_halo_opens_no_file(monkeypatch):
    store = computed(simulation="with-gas")
    halo = int(store.results.halos["truth"].columns["number"][0])
    monkeypatch.setattr(h5py, "File", lambda *_, **__: pytest.fail("a file was opened"))
    store.selection.halo = halo
    assert store.results.request.halo == halo
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
