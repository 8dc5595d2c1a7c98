"""What each key does, without a browser."""

import asyncio

import pytest

from explorer.display import Display
from explorer.plots.maps import linked_maps
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.keys import HERE, LISTED, Keys
from explorer.views.samples import Samples


class Desk:
    """Keys and all they act on."""

    def __init__(self):
        self.store = Store(Slabs(), {"simulation": "with-gas", "axis": "z"})
        self.display = Display()
        self.linked = linked_maps({"truth": "field", "prediction": "field"})
        self.samples = Samples(self.store)
        self.keys = Keys(self.store, self.display, self.linked, self.samples)
        asyncio.run(self.store.refresh())

    def press(self, *keys):
        for key in keys:
            self.keys._handle_msg(key)


@pytest.fixture
def desk(emulator, folder):
    return Desk()


def test_arrows_go_from_slab_to_slab_and_stop_at_the_ends(desk):
    desk.press("ArrowLeft")
    assert desk.store.selection.slab == 0
    desk.press("ArrowRight", "ArrowRight")
    assert desk.store.selection.slab == desk.store.results.request.place.index == 2
    desk.press(*["ArrowRight"] * 9)
    assert desk.store.selection.slab == 3


@pytest.mark.usefixtures("stochastic")
def test_samples_are_drawn_and_walked_through(folder):
    desk = Desk()
    desk.press("n")
    first = desk.store.selection.seed
    assert first != 0
    desk.press("n", "[")
    assert desk.store.selection.seed == first
    desk.press("[", "[")
    assert desk.store.selection.seed == 0
    desk.press("]")
    assert desk.store.selection.seed == first


def test_an_emulator_that_paints_one_way_has_no_other_sample(desk):
    desk.press("n", "[", "]")
    assert desk.store.selection.seed == 0


def test_a_comparison_and_rings_come_and_go(desk):
    for key, show in (("d", "difference"), ("s", "swipe")):
        desk.press(key)
        assert desk.display.show == show
    desk.press("s")
    assert desk.display.show == "side"
    desk.press("r")
    assert desk.display.rings
    desk.press("r")
    assert not desk.display.rings


def test_the_whole_map_is_asked_for_by_its_middle_and_side(desk):
    desk.press("w")
    assert list(desk.linked.state.place) == []  # no map yet
    desk.linked.set_extent(1.875, 1.875, 0.03)
    desk.press("w", "w")
    assert list(desk.linked.state.place) == [0.9375, 0.9375, 1.875, 2]


def test_every_key_that_is_told_does_something_and_is_listed(desk):
    listed = {key for keys, _ in LISTED for key in keys.split(" ")}
    written = (HERE / "keys.js").read_text()
    told = written.split("const TOLD = [")[1].split("]\n")[0].replace('"', "").split(", ")
    assert set(told) | {"ArrowLeft", "ArrowRight"} == set(desk.keys._actions)
    assert set(told) <= listed
