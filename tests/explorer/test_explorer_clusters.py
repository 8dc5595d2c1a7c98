"""The scene of clusters, without a page."""

import asyncio

import numpy as np
import pytest

import engine
from engine import statistics
from engine.places import ObjectPlace
from engine.statistics.scaling_fit import fit
from explorer import app, results, threads
from explorer.clusters import objects
from explorer.clusters.objects import QUANTITIES, table_of
from explorer.clusters.painting import ClusterPainting
from explorer.clusters.results import fractional_error
from explorer.clusters.selection import ClusterSelection
from explorer.display import Display
from explorer.scenes.clusters import Clusters, without_clusters
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.cluster_table import ClusterTableCard
from explorer.views.controls import Controls
from explorer.views.scene_links import scene_links, with_data
from tests.explorer.cluster_store import of_clusters, one_after_the_other, opened
from tests.explorer.clusters import (
    CELL,
    NUMBER,
    SIDE,
    masses,
    radii,
    write_clusters,
    write_emulators,
)

changes = pytest.fixture(one_after_the_other, autouse=True)
folder = pytest.fixture(of_clusters)


@pytest.fixture
def store(folder):
    return opened(number="3")


def test_the_scene_is_offered_where_there_are_clusters_only(folder):
    assert [scene.name for scene in with_data()] == ["slabs", "clusters"]
    assert 'href="?scene=clusters"' in scene_links(Slabs(), with_data())
    for name in ("groups", "dark"):
        (folder / f"{name}.hdf5").unlink()
    without_clusters.cache_clear()
    assert [scene.name for scene in with_data()] == ["slabs"]
    store = Store(Clusters(), {"scene": "clusters"})
    assert store.simulation is None
    assert "slabs has no cut-outs of dark matter around clusters" in store.error


def test_other_scenes_offer_neither_clusters_nor_what_paints_them(folder):
    store = app.new_store({})
    assert store.scene.name == "slabs"
    assert list(store.selection.param.simulation.objects) == ["slabs"]
    assert store.selection.emulator is None


def test_maps_are_those_around_the_cluster_true_and_painted(store):
    found, simulation = store.results, engine.open_simulation("groups")
    assert store.error == ""
    assert found.request.place == ObjectPlace(3, "x")
    pictures = {each.name: each for each in store.scene.pictures(found)}
    assert list(pictures) == list(store.scene.maps)
    dark = simulation.cutout("dm", 3, "x")
    np.testing.assert_array_equal(pictures["input"].slab.values, dark.values)
    for field in QUANTITIES:
        true = simulation.cutout(field, 3, "x")
        np.testing.assert_array_equal(pictures[f"{field}-truth"].slab.values, true.values)
        emulator = engine.load_emulator("local-map", field=field)
        painted = engine.paint(emulator, simulation, ObjectPlace(3, "x")).values
        np.testing.assert_array_equal(pictures[f"{field}-prediction"].slab.values, painted)
        assert pictures[f"{field}-other"].slab is None
    error = fractional_error(found.maps["xray"]["truth"], found.maps["xray"]["prediction"])
    np.testing.assert_allclose(
        error, found.prediction.values / found.truth.values - 1, rtol=1e-5, atol=1e-6
    )


def test_profiles_functions_and_relation_are_of_all_clusters(store):
    found, simulation = store.results, engine.open_simulation("groups")
    cutouts = simulation.cutouts_around("xray", "x")
    profile = statistics.get("radial_profile")
    one = found.curves["radial_profile"]["truth"]
    np.testing.assert_array_equal(one.y, profile(cutouts[3]).y)
    every = np.array([profile(each).y for each in cutouts])
    np.testing.assert_allclose(found.spreads["truth"].median, np.median(every, axis=0))
    np.testing.assert_allclose(found.spreads["truth"].highest, every.max(axis=0))
    function = statistics.get("mass_function")(cutouts)
    np.testing.assert_allclose(found.functions["xray"]["truth"].y, function.y)
    assert set(found.functions["hot_gas"]) == {"truth", "prediction"}
    assert found.functions["temperature_sl"] == {}
    relation = found.relation["truth"]
    np.testing.assert_allclose(relation.x, masses(), rtol=1e-6)
    assert relation.x_label == "M500c [Msun/h]"
    assert found.fits["truth"] == fit(relation)
    assert -1 <= found.alike["prediction"] <= 1


def test_errors_are_of_the_totals_of_the_clusters_shown(store):
    found, simulation = store.results, engine.open_simulation("groups")
    emulator = engine.load_emulator("local-map", field="hot_gas")
    off = []
    for number in range(NUMBER):
        painted = engine.paint(emulator, simulation, ObjectPlace(number, "x"))
        true = simulation.cutout("hot_gas", number, "x")
        off.append(painted.values.sum(dtype=float) / true.values.sum(dtype=float) - 1)
    errors = found.errors["hot_gas"]["prediction"]
    assert errors.median == pytest.approx(np.median(off), abs=1e-5)
    assert errors.mean == pytest.approx(np.mean(off), abs=1e-5)
    assert errors.size == pytest.approx(np.median(np.abs(off)), abs=1e-5)
    assert errors.count == NUMBER


def test_a_temperature_is_of_what_lies_within_r500(store):
    store.selection.field = "temperature_sl"
    relation, radius = store.results.relation["truth"], radii()
    maps = engine.open_simulation("groups").cutouts_around("temperature_sl", "x")
    along = (np.arange(SIDE) + 0.5 - SIDE / 2) * CELL
    distance = np.hypot(along, along[:, None])
    rough = [m.values[distance < r].mean() for m, r in zip(maps, radius, strict=True)]
    np.testing.assert_allclose(relation.y, rough, rtol=0.05)
    assert store.results.spreads["truth"].median[0] > 1e6


def test_another_cluster_or_field_paints_and_measures_no_other_again(store, monkeypatch):
    before, asked = store.results, []
    submit = threads.WORKER.submit
    monkeypatch.setattr(
        threads.WORKER, "submit", lambda *what: asked.append(what[1].place) or submit(*what)
    )
    monkeypatch.setattr(objects, "_batch", None)
    store.selection.number = 7
    found = store.results
    assert found.measured
    assert found.request.number == 7
    assert set(asked) == {ObjectPlace(7, "x")}
    kept = found.every["prediction"]["xray"]
    assert kept[5] is before.every["prediction"]["xray"][5]
    asked.clear()
    store.selection.field = "hot_gas"
    assert store.results.truth.field == "hot_gas"
    assert store.results.fits["truth"].slope != found.fits["truth"].slope
    assert asked == []


def test_filters_and_a_rectangle_on_the_relation_leave_clusters_out_of_all(store):
    selection = store.selection
    low, high = selection.param.mass.bounds
    selection.mass = (14.0, high)
    heavy = np.flatnonzero(masses() > 1e14)
    assert store.results.shown == tuple(heavy)
    assert store.results.functions["xray"]["truth"].count.sum() == len(heavy)
    assert store.results.fits["truth"].count == len(heavy)
    assert store.results.request.filters == (("mass", (14.0, high)),)
    light = np.log10(store.results.relation["truth"].y)
    middle = float(np.sort(light)[3])
    selection.picked = (13.9, 14.7, middle - 1e-6, 50.0)
    found = store.results
    assert set(found.shown) == set(heavy[light >= middle - 1e-6])
    assert found.passed == tuple(heavy)
    assert found.fits["truth"].count == len(heavy)
    assert found.spreads["truth"].count == len(found.shown)
    selection.field = "temperature_sl"  # the rectangle says nothing of this one
    assert store.results.shown == tuple(heavy)
    selection.param.update(field="xray", picked=(13.9, 14.7, middle - 1e-6, 50.0))
    assert set(store.results.shown) == set(heavy[light >= middle - 1e-6])
    selection.show_all()
    assert store.results.shown == tuple(range(NUMBER))
    assert selection.mass == (low, high)


def test_a_link_opens_where_one_left(store):
    store.selection.param.update(number=9, field="hot_gas", axis="z", other="local-map")
    store.selection.param.update(offset=(0.02, 0.12), picked=(13.0, 14.4, 12.0, 15.0))
    query = store.selection.to_query()
    again = opened(**query)
    assert again.error == ""
    assert again.selection.to_query() == query
    assert again.results.request == store.results.request
    assert again.results.shown == store.results.shown
    assert again.results.other is not None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("number", "99", "Number in the link is '99', expected the number of a cluster up to 23"),
        ("mass", "15,13", "Mass in the link is '15,13', expected two rising ones"),
        ("picked", "1,2,3", "expected rising numbers, as x0,x1,y0,y1"),
        ("picked", "1,2,x,3", "expected rising numbers, as x0,x1,y0,y1"),
        ("field", "hi", "expected one of xray, temperature_sl, hot_gas"),
        ("source", "dmo", "Source in the link is 'dmo', expected one of dm"),
    ],
)
def test_what_a_link_asks_in_vain_is_said_in_a_sentence(folder, name, text, words):
    assert words in Store(Clusters(), {"simulation": "groups", name: text}).error


def test_a_filter_beyond_the_clusters_ends_where_they_do(folder):
    store = Store(Clusters(), {"simulation": "groups", "mass": "5,13.6"})
    assert store.error == ""
    assert store.selection.mass == (store.selection.param.mass.bounds[0], 13.6)


def test_without_truth_paintings_stand_alone(folder):
    store = opened(simulation="dark")
    found = store.results
    assert store.error == ""
    assert found.input.field == "dmo"
    assert found.truth is None
    assert found.measured
    assert set(found.functions["xray"]) == {"prediction"}
    assert found.alike == {}
    # A filter that only gas gives is not there, nor its control.
    assert store.selection.param.luminosity.bounds is None
    controls = Controls(store)
    assert not controls.each["luminosity"].visible
    assert controls.each["mass"].visible
    maps = ClusterMaps(store, Display())
    maps.present(found)
    assert maps.grid.css_classes == ["alone"]
    assert not maps.columns["xray-truth"].visible
    table = ClusterTableCard(store, Display())
    assert "Lₓ painted\n10⁴³ erg/s" in [column[0] for column in table.rows.columns]
    store.selection.other = "local-map"
    assert maps.grid.css_classes == ["pair"]
    assert maps.columns["xray-error"].visible


def test_dark_matter_alone_counts_without_the_baryons_share(folder, tmp_path):
    write_clusters(folder, "twins", ("dm", "dmo", *QUANTITIES), "z")
    hydro, twin = (opened(simulation="twins", source=each) for each in ("dm", "dmo"))
    assert twin.results.input.field == "dmo"
    np.testing.assert_allclose(
        twin.results.prediction.values, hydro.results.prediction.values, rtol=1e-4
    )


def test_an_emulator_of_other_pixels_is_refused_in_a_sentence_and_the_truth_stays(
    folder, monkeypatch
):
    monkeypatch.setattr("tests.explorer.clusters.CELL", 2 * CELL)
    write_emulators(folder.parent / "weights")
    store = opened()
    assert any("pixels of 110 kpc/h, 50 % less than" in told for told in store.told)
    found = store.results
    assert found.prediction is None
    assert found.no_prediction == ClusterPainting.refused
    assert found.measured
    assert set(found.functions["xray"]) == {"truth"}


def test_a_field_that_nothing_paints_says_so(folder):
    for path in (folder.parent / "weights").glob("*temperature*"):
        path.unlink()
    results.card_named.cache_clear()
    found = opened().results
    assert found.notes["temperature_sl"]["prediction"] == "Not painted by\nthis emulator"
    assert found.maps["xray"]["prediction"] is not None
    assert found.measured


def test_a_newer_request_ends_the_painting_of_all(folder):
    store = Store(Clusters(), {"simulation": "groups"})
    painting = store._painting
    paint_some, seen = painting._some, []

    async def interrupted(number, *rest):
        seen.append(number)
        if len(seen) == 3:
            painting.turn.begin()
        return await paint_some(number, *rest)

    painting._some = interrupted
    asyncio.run(store.refresh())
    assert len(seen) == 3
    assert not store.results.measured
    assert store.results.functions["xray"]["truth"].count.sum() == NUMBER


def test_rows_of_turned_objects_are_no_clusters_of_their_own(folder, monkeypatch):
    real = engine.open_simulation("groups").objects()
    turned = dict(real.columns) | {"orientation": np.arange(NUMBER) % 3}
    units = dict(real.units)
    monkeypatch.setattr(
        "engine.simulation.Simulation.objects",
        lambda self, name="clusters": type(real)(real.position, turned, units, name),
    )
    table = table_of(engine.open_simulation("groups"))
    assert list(table.numbers) == list(range(0, NUMBER, 3))
    assert table.value("mass", 3) == pytest.approx(np.log10(masses()[3]), abs=1e-6)
    assert len(table.radius) == NUMBER


def test_a_selection_without_data_asks_for_nothing():
    request = ClusterSelection().request()
    assert request.simulation == ""
    assert request.filters == ()
