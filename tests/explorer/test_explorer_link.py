"""What a link reproduces beside the selection, without a browser."""

import asyncio
from urllib.parse import parse_qsl

import pytest
from panel.io.location import Location

from explorer.link import Link
from explorer.plots.maps import linked_maps
from explorer.state import Display, Selection
from explorer.store import Store
from explorer.views.framing import Framing
from explorer.views.maps import Maps

SIDE = 1.875  # Mpc/h of the fixture's box


@pytest.fixture
def store(emulator, folder):
    return Store(Selection(), {"simulation": "with-gas", "axis": "z"})


def query_of(link):
    return dict(parse_qsl(link.location.search.removeprefix("?")))


@pytest.fixture
def linked():
    return linked_maps(("input", "truth", "prediction"), ("truth", "prediction"))


def ranges(linked):
    return [linked.x_range.start, linked.x_range.end, linked.y_range.start, linked.y_range.end]


def test_the_rectangle_in_view_is_written_and_read_again(store, linked):
    link = Link(Location(search="?view=0.250,1.500,0.125,1.000&mine=1"))
    assert link.follow(Framing(linked, store)) == []
    assert ranges(linked) == list(linked.feed.view) == [0.25, 1.5, 0.125, 1.0]
    assert (linked.x_range.reset_start, linked.x_range.reset_end) == (0, SIDE)
    linked.feed.view = [0.1, 0.20004, 0.3, 0.4]
    link.write()
    assert query_of(link) == {"mine": "1", "view": "0.100,0.200,0.300,0.400"}
    assert "view=0.100,0.200,0.300,0.400" in link.location.search
    linked.feed.view = []
    link.write()
    assert query_of(link) == {"mine": "1"}


@pytest.mark.parametrize(
    "view", ["", "0,1", "0,1,0,one", "1,0,0,1", "0,2,0,1", "-0.1,1,0,1", "0,nan,0,1", "0,1,0,1,2"]
)
def test_what_is_no_part_of_the_maps_is_told_in_one_sentence(store, linked, view):
    with pytest.raises(ValueError, match="View in the link is") as refusal:
        Framing(linked, store).take("view", view)
    assert "between 0 and 1.875; showing the whole map." in str(refusal.value)
    assert list(linked.feed.view) == []


def test_maps_of_the_same_size_keep_the_view_and_others_are_shown_whole(linked):
    linked.reach(SIDE, SIDE, 0.03)
    linked.frame([0.5, 1, 0.5, 1])
    linked.reach(SIDE * (1 + 1e-15), SIDE, 0.06)
    assert ranges(linked) == [0.5, 1, 0.5, 1]
    assert linked.x_range.min_interval == 12 * 0.06
    linked.reach(2 * SIDE, 2 * SIDE, 0.06)
    assert ranges(linked) == [0, 2 * SIDE, 0, 2 * SIDE]
    assert list(linked.feed.view) == []


def test_new_results_leave_the_view_of_the_link(store):
    maps = Maps(store, Display())
    Framing(maps.linked, store).take("view", "0.5,1,0.5,1")
    asyncio.run(store.refresh())
    store.selection.slab = 1
    assert ranges(maps.linked) == list(maps.linked.feed.view) == [0.5, 1, 0.5, 1]
    maps.release()
