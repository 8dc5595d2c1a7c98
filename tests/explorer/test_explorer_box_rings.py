"""Rings around a box's haloes, where nothing is painted subhalo by subhalo."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from engine.formats.catalogues import write_halos
from engine.halos import Halos
from engine.places import Run
from engine.units import MPC_IN_KPC
from explorer.display import Display
from explorer.scenes.volumes import Volumes
from explorer.state import NO_HALO
from explorer.store import Store
from explorer.views.maps import Maps
from explorer.volumes import boxes as boxes_module
from explorer.volumes.selection import BoxChoices, BoxSelection
from tests.explorer.box_store import of_boxes, opened
from tests.explorer.volumes import LOW, SIDE, write_box

CELL = SIDE / LOW
"""[Mpc/h]."""

HEIGHT = np.array([0.5, 3.5, 4.2, 4.8, 9.0])
"""Of the haloes, in cells: the second to the fourth are in the layer that is looked at."""

MASS = np.array([9e14, 7e14, 6e14, 2e14, 1e14])

RADIUS = np.array([3.0, 2.0, 0.1, 0.1, 0.1])
"""Virial, in cells."""

LAYER = {"simulation": "haloes", "layer": "3", "depth": "2"}

folder = pytest.fixture(of_boxes)


@pytest.fixture
def haloes(folder):
    """A box with a catalogue of the dark matter's haloes, as new universes have."""
    place = np.stack([np.arange(5) + 6.0, np.arange(5) + 2.0, HEIGHT], 1) * CELL
    found = Halos(place, MASS, 1000 * CELL * RADIUS, MASS, "dmo", "made up for a test")
    with h5py.File(write_box(folder, "haloes"), "r+") as file:
        write_halos(file, found)
    return found


def ringed(store):
    """Columns of the rings on the maps, and the maps."""
    maps = Maps(store, Display(rings=True))
    maps.present(store.results)
    return maps.linked.axes.halos.data, maps


def test_haloes_of_the_layer_are_circled_each_as_wide_as_can_be_seen(haloes):
    columns, maps = ringed(opened(**LAYER))
    assert maps.tools.rings.visible
    assert columns["number"].tolist() == [1, 2, 3]
    assert columns["x"] == pytest.approx(haloes.position[1:4, 0])
    assert columns["y"] == pytest.approx(haloes.position[1:4, 1])
    assert columns["radius"] / CELL == pytest.approx([2, 1.01, 1.01], rel=1e-3)
    assert (haloes.rvir / MPC_IN_KPC / CELL) == pytest.approx(RADIUS)  # those given stay


def test_of_very_many_haloes_the_heaviest_are_circled(haloes, monkeypatch):
    monkeypatch.setattr(boxes_module, "MOST_RINGS", 3)
    columns, _ = ringed(opened(**LAYER))
    assert columns["number"].tolist() == [1, 2]


def test_a_link_and_a_tap_go_to_a_halo(haloes):
    store = opened(**LAYER, halo="2")
    assert store.error == ""
    assert store.selection.to_query()["halo"] == "2"
    _, maps = ringed(store)
    assert maps.display.lit == (2,)
    x, y = haloes.position[2, :2]
    left, right, low, high = maps.linked.state.view
    assert right - left == pytest.approx(12 * 1.01 * CELL, rel=1e-3)
    assert left < x < right
    assert low < y < high
    maps.linked.state.tapped = 3
    assert store.selection.halo == 3
    assert "the number of a halo" in Store(Volumes(), LAYER | {"halo": "5"}).error


def test_a_box_without_haloes_offers_no_rings(folder):
    columns, maps = ringed(opened(layer="3", depth="2"))
    assert not maps.tools.rings.visible
    assert len(columns["number"]) == 0


def test_what_rings_are_around_decides_what_a_number_means():
    selection, none = BoxSelection(), {"nothing": "none"}
    halos = BoxChoices(none, none, none, none, 4, 1.0, Run(), conserves=False, halos=5)
    selection.set_choices(halos)
    selection.halo = 3
    selection.set_choices(replace(halos, halos=4))
    assert selection.halo == 3
    selection.set_choices(replace(halos, circled="subhalo", halos=4))
    assert selection.halo == NO_HALO
