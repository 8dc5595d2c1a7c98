"""The slabs' scene on the data and emulators that ship."""

import asyncio
from dataclasses import replace

import pytest

import engine
from explorer.scenes.slabs import Slabs
from explorer.store import Store


@pytest.fixture(scope="module")
def store():
    link = {"simulation": "hydro11-z2", "field": "gas", "emulator": "local-map", "slab": "3"}
    store = Store(Slabs(), link)
    asyncio.run(store.refresh())
    return store


def test_the_local_map_is_picked_and_painted_as_any_emulator(store):
    assert store.error == ""
    assert store.results.prediction.emulator == "local-map"
    true, painted = (store.results.masses[name] for name in ("truth", "prediction"))
    assert painted == pytest.approx(true, rel=0.1)
    assert "local-map" in store.selection.param.other.objects


def test_pictures_are_named_and_share_colours_by_group(store):
    pictures = {each.name: each for each in store.scene.pictures(store.results)}
    assert list(pictures) == list(store.scene.maps)
    assert pictures["truth"].group == pictures["prediction"].group != pictures["input"].group
    assert pictures["input"].caption == "dark matter, HR"
    assert pictures["other"].slab is None
    for name in ("input", "truth", "prediction"):
        assert pictures[name].slab is getattr(store.results, name)


def test_a_request_names_its_place_and_run_as_the_engine_does(store):
    request = store.results.request
    assert request.place == engine.SlabPlace("z", 3)
    assert (request.run.field, request.run.level, request.run.origin) == ("dm", "HR", "ds")
    assert store.selection.to_query()["source"] == "dm/ds"
    assert store.scene.parts(store.simulation, request) == []
    summed = store.scene.parts(store.simulation, replace(request, scope="axis"))
    assert [each.place.index for each in summed] == list(range(store.simulation.n_slabs("z")))


def test_simulations_of_boxes_alone_are_not_offered(store):
    offered = set(store.selection.param.simulation.objects)
    assert {"hydro11-z2", "validation-z2"} <= offered
    assert "quijote-103-z0" in engine.simulations()
    assert "quijote-103-z0" not in offered
