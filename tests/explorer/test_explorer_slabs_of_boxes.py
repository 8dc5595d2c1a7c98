"""Emulators of boxes in the slabs' scene, on the universe and emulators that ship."""

import asyncio

import numpy as np
import pytest

import engine
from engine.recipe import Recipe, rerun
from explorer.display import Display
from explorer.exports import outcome, recipe
from explorer.galaxies import galaxies_of
from explorer.plots.galaxy_points import points
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.facts import warnings
from explorer.views.galaxies import NONE, Galaxies
from explorer.views.galaxies_on_maps import galaxies_by_map
from explorer.views.maps import Maps


def computed(**link):
    store = Store(Slabs(), {"simulation": "validation-z2", **link})
    asyncio.run(store.refresh())
    return store


@pytest.fixture(scope="module")
def store():
    return computed(field="stars", emulator="hod", seed="3", slab="2", other="jerald")


def test_emulators_of_boxes_are_offered_after_those_of_maps(store):
    assert list(computed().selection.param.field.objects)[:2] == ["gas", "hi"]
    assert list(store.selection.param.emulator.objects) == ["jerald", "dm2gal", "hod"]
    store.selection.other_levels = True
    assert store.selection.param.emulator.names["JERALD for z = 3"] == "jerald:z3"
    store.selection.other_levels = False
    # None of another cell size, as JERALD's of today, and none at all without what they eat.
    assert not any(name.endswith("z0") for name in store.selection.param.emulator.objects)
    without = Store(Slabs(), {"simulation": "hydro11-z2"})
    assert "stars" not in without.selection.param.field.objects


def test_a_slab_is_cut_from_the_painted_box(store):
    results = store.results
    simulation, place = engine.open_simulation("validation-z2"), engine.SlabPlace("z", 2)
    box = engine.paint(engine.load_emulator("hod", "stars"), simulation, engine.BoxPlace(), seed=3)
    np.testing.assert_array_equal(results.prediction.values, box.slab("z", 3.0, 1.5).values)
    assert (results.prediction.place, results.prediction.seed) == (place, 3)
    np.testing.assert_array_equal(results.truth.values, simulation.slab("stars", "z", 2).values)
    words = warnings(results)
    assert "<b>HOD, seed 3</b> paints whole boxes, in cells of 73.53 ckpc/h" in words
    assert "compared with one of 117.2 ckpc/h" in words
    pictures = {each.name: each for each in store.scene.pictures(results)}
    assert (pictures["input"].title, pictures["input"].caption) == (
        "Dark matter",
        "HR, not painted from",
    )


def test_maps_of_three_cell_sizes_are_compared_on_the_coarsest(store):
    results = store.results
    sides = {name: slab.shape for name, slab in results.comparable.items()}
    assert sides.pop("input") == (256, 256)
    assert set(sides.values()) == {(64, 64)}
    for name in ("truth", "prediction", "other"):
        curve = results.curves["power_spectrum"][name]
        assert curve.x[-1] < np.pi * 64 / 7.5  # the coarsest's Nyquist wavenumber
        expected = engine.statistics.total_mass(getattr(results, name))
        assert results.masses[name] == pytest.approx(expected, rel=1e-5)
        assert results.halos[name].y.any()


def test_samples_of_boxes_have_bands_and_ranks():
    store = computed(field="stars", emulator="hod", slab="1")
    asyncio.run(store.sample(4))
    assert store.error == ""
    assert store.ensemble.count == 4
    assert store.ensemble.bands["power_spectrum"].low.any()
    assert store.ensemble.ranked.pixels.count.sum() == 102**2


def test_a_recipe_makes_the_same_slab_again(store):
    again = rerun(recipe(store.results))
    shown = outcome(store.results)
    assert list(again.maps) == list(shown.maps) == ["input", "truth", "prediction", "other"]
    for name, slab in shown.maps.items():
        np.testing.assert_array_equal(again.maps[name].values, slab.values)
    for name, curves in shown.curves.items():
        for of, curve in curves.items():
            np.testing.assert_allclose(again.curves[name][of].y, curve.y, rtol=1e-6)


def test_numbers_of_an_emulator_are_changed_in_the_link_and_in_the_recipe():
    store = computed(field="dm", emulator="jerald", parameters="dm.move.alpha.1~0.3")
    assert store.error == ""
    assert len(store.selection.offered_parameters) == 10
    assert store.selection.to_query()["parameters"] == "dm.move.alpha.1~0.3"
    changed = store.results.prediction.values
    again = rerun(Recipe.from_json(recipe(store.results).to_json()))
    np.testing.assert_array_equal(again.maps["prediction"].values, changed)
    store.selection.set_parameters({})
    assert store.selection.to_query().get("parameters") is None
    assert store.results.request.parameters == ()
    assert not np.array_equal(store.results.prediction.values, changed)
    # EMBER has none to change: what was changed is left behind.
    store.selection.set_parameters({"dm move alpha 1": 0.4})
    store.selection.field = "gas"
    assert (store.selection.parameters, store.selection.offered_parameters) == ({}, ())
    assert store.results.prediction.emulator == "ember-unet"


def test_weights_of_another_time_are_named_in_a_recipe():
    store = computed(field="dm", other_levels="yes", emulator="jerald:z3")
    assert store.error == ""
    found = recipe(store.results)
    assert found.painting.level == "z3"
    again = rerun(found)
    np.testing.assert_array_equal(again.maps["prediction"].values, store.results.prediction.values)
    assert any("redshift" in each for each in store.results.prediction.warnings)


def test_a_number_out_of_its_bounds_in_a_link_is_told():
    store = Store(
        Slabs(),
        {"simulation": "validation-z2", "field": "dm", "parameters": "dm.move.alpha.1~99"},
    )
    assert "is '99', expected a number from -20 to 20" in store.error
    assert store.selection.parameters == {}


def test_galaxies_are_points_on_a_slab_cut_from_a_painted_box(store):
    """HOD's on its map and on dark matter's, the simulation's on the truth, of this slab alone."""
    simulation = engine.open_simulation("validation-z2")
    shown = galaxies_by_map(store.results, simulation)
    assert set(shown) >= {"truth", "prediction", "input"}
    assert shown["truth"][0].stars.tolist() == simulation.galaxies().stars.tolist()
    painted, slab = shown["prediction"]
    found = points(painted, slab)
    height = np.mod(painted.position[:, 2], 7.5)
    inside = (height >= 3.0) & (height < 4.5) & (painted.stars >= 1e7)
    assert len(found["x"]) == inside.sum() > 0
    assert sorted(found["x"]) == pytest.approx(sorted(painted.position[inside, 0]), abs=1e-5)


def test_the_galaxies_of_the_whole_box_stand_beside_a_slab_and_a_tap_goes_to_ones_slab(store):
    maps = Maps(store, Display())
    cards = Galaxies(store, Display(), maps.linked)
    simulation = engine.open_simulation("validation-z2")
    halos, true = simulation.subhalos("dmo"), simulation.galaxies()
    data = cards.figures.points["prediction"].data
    rows = data["row"].astype(int)
    assert data["x"] - 1e7 == pytest.approx(true.of_subhalos(len(halos))[rows], abs=10)
    painted = store.results.prediction.galaxies.of_subhalos(len(halos))[rows]
    assert data["y"] - 1e7 == pytest.approx(painted, abs=10)
    # JERALD, which it is compared with, paints no galaxies.
    assert len(cards.figures.points["other"].data["x"]) == 0
    assert "galaxies of the whole box" in cards.words.object
    row = int(rows[halos.position[rows, 2] % 7.5 > 6][0])
    cards.go_to(row)
    assert store.selection.slab == 4
    assert maps.linked.state.place[:2] == pytest.approx(halos.position[row, :2] % 7.5)
    assert f"Subhalo {row} of" in cards.words.object
    source = cards.figures.points["prediction"]
    assert source.data["row"][source.selected.indices].tolist() == [row]


def test_what_is_painted_without_subhaloes_has_no_galaxies():
    cards = Galaxies(store := computed(field="dm", emulator="jerald"), Display(), None)
    assert galaxies_of(store.results, store.simulation) is None
    assert NONE in cards.words.object
    assert not cards.cards.visible
