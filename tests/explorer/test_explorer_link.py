"""What a link reproduces beside the selection, without a browser."""

import asyncio
from urllib.parse import parse_qsl

import numpy as np
import pytest
from bokeh.models.annotations import BoxAnnotation
from panel.io.location import Location

from explorer.display import Display
from explorer.link import Link
from explorer.plots.maps import linked_maps
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.curves import CurveCard
from explorer.views.link_parts import ColourLimits, PickedRanges, RectangleInView
from explorer.views.maps import Maps

SIDE = 1.875  # Mpc/h of the fixture's box


@pytest.fixture
def store(emulator, folder):
    return Store(Slabs(), {"simulation": "with-gas", "axis": "z"})


def query_of(link):
    return dict(parse_qsl(link.location.search.removeprefix("?")))


@pytest.fixture
def linked():
    return linked_maps({"input": "input", "truth": "field", "prediction": "field"})


def ranges(linked):
    return [linked.x_range.start, linked.x_range.end, linked.y_range.start, linked.y_range.end]


def test_the_rectangle_in_view_is_written_and_read_again(store, linked):
    link = Link(Location(search="?view=0.250,1.500,0.125,1.000&mine=1"))
    assert link.follow(RectangleInView(linked, store)) == []
    assert ranges(linked) == list(linked.state.view) == [0.25, 1.5, 0.125, 1.0]
    assert (linked.x_range.reset_start, linked.x_range.reset_end) == (0, SIDE)
    linked.state.view = [0.1, 0.20004, 0.3, 0.4]
    link.write()
    assert query_of(link) == {"mine": "1", "view": "0.100,0.200,0.300,0.400"}
    assert "view=0.100,0.200,0.300,0.400" in link.location.search
    linked.state.view = []
    link.write()
    assert query_of(link) == {"mine": "1"}


def test_curves_of_the_region_in_view_are_of_the_view_that_a_link_asks_for(emulator, folder):
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z", "scope": "region"})
    linked = linked_maps({"input": "input", "truth": "field", "prediction": "field"})
    Link(Location(search="?view=0.250,1.500,0.125,1.000")).follow(RectangleInView(linked, store))
    pixel = SIDE / 64
    sides = (0.125 / pixel, 1.0 / pixel, 0.25 / pixel, 1.5 / pixel)
    region = store.selection.region
    assert np.all(np.abs(np.array(region) - sides) < 1)
    assert region[0] * pixel <= 0.125
    assert region[1] * pixel >= 1.0


@pytest.mark.parametrize(
    "view", ["", "0,1", "0,1,0,one", "1,0,0,1", "0,2,0,1", "-0.1,1,0,1", "0,nan,0,1", "0,1,0,1,2"]
)
def test_what_is_no_part_of_the_maps_is_told_in_one_sentence(store, linked, view):
    with pytest.raises(ValueError, match="View in the link is") as refusal:
        RectangleInView(linked, store).take("view", view)
    assert "between 0 and 1.875; showing the whole map." in str(refusal.value)
    assert list(linked.state.view) == []


def test_maps_of_the_same_size_keep_the_view_and_others_are_shown_whole(linked):
    linked.set_extent(SIDE, SIDE, 0.03)
    linked.show_rectangle([0.5, 1, 0.5, 1])
    linked.set_extent(SIDE * (1 + 1e-15), SIDE, 0.06)
    assert ranges(linked) == [0.5, 1, 0.5, 1]
    assert linked.x_range.min_interval == 12 * 0.06
    linked.set_extent(2 * SIDE, 2 * SIDE, 0.06)
    assert ranges(linked) == [0, 2 * SIDE, 0, 2 * SIDE]
    assert list(linked.state.view) == []


def test_new_results_leave_the_view_of_the_link(store):
    maps = Maps(store, Display())
    RectangleInView(maps.linked, store).take("view", "0.5,1,0.5,1")
    asyncio.run(store.refresh())
    store.selection.slab = 1
    assert ranges(maps.linked) == list(maps.linked.state.view) == [0.5, 1, 0.5, 1]
    maps.published.release()


def test_a_display_as_it_is_at_first_adds_nothing_to_the_link():
    assert Display().to_query() == {}


def test_a_link_reproduces_the_display():
    display = Display(stretch="asinh", units="physical", show="swipe", rings=True, dark=False)
    display.field_colours = "Grey"
    query = display.to_query()
    assert query["dark"] == "no"
    assert query["rings"] == "yes"
    assert len(query) == 6
    link = Link(Location(search="?" + "&".join(f"{k}={v}" for k, v in query.items())))
    other = Display()
    assert link.follow(other) == []
    assert other.to_query() == query
    other.param.update(dark=True, rings=False, stretch="log")
    link.write()
    assert set(query_of(link)) == {"units", "show", "field_colours"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("stretch", "sqrt", ["Stretch", "'sqrt'", "log, asinh, linear", "showing log"]),
        ("field_colours", "Jet", ["Field colours", "'Jet'", "Ice", "showing Fire"]),
        ("halo_colours", "mass", ["Halo colours", "'mass'", "map, environment", "showing map"]),
        ("dark", "maybe", ["Dark", "'maybe'", "yes or no", "showing yes"]),
        ("field_limits", "3,1", ["Field limits", "'3,1'", "two numbers"]),
        ("input_limits", "1", ["Input limits", "'1'", "two numbers"]),
        ("input_limits", "1,inf", ["Input limits", "'1,inf'", "two numbers"]),
        ("contrast_limits", "-2,1", ["Contrast limits", "'-2,1'", "its negative"]),
        ("band", "4", ["Band", "'4'", "two numbers above 0"]),
        ("densities", "1e20,1e19", ["Densities", "'1e20,1e19'", "the lower one first"]),
    ],
)
def test_a_look_that_a_link_cannot_have_is_told_in_one_sentence(store, name, value, words):
    display = Display()
    maps = Maps(store, display)
    link = Link(Location(search=f"?{name}={value}"))
    limits = ColourLimits(maps.bars, maps.contrast.bar)
    problems = [
        problem
        for part in (display, limits, PickedRanges(display))
        for problem in link.follow(part)
    ]
    assert len(problems) == 1
    assert all(word in problems[0] for word in words)
    assert problems[0].count(". ") == 0
    assert display.to_query() == limits.to_query() == PickedRanges(display).to_query() == {}


@pytest.mark.parametrize("stretch", ["log", "asinh", "linear"])
def test_colour_limits_of_a_link_hold_in_every_stretch_and_unit(store, stretch):
    display = Display(stretch=stretch)
    maps = Maps(store, display)
    limits = ColourLimits(maps.bars, maps.contrast.bar)
    limits.take("field_limits", "1200,30000")
    asyncio.run(store.refresh())
    bar = maps.bars["field"]
    np.testing.assert_allclose(bar.stretch.value(np.array(bar.slider.value)), [1200, 30000])
    assert limits.to_query() == {"field_limits": "1200,30000"}
    display.units = "physical"
    assert limits.to_query() == {"field_limits": "1200,30000"}
    maps.reset_limits()
    assert limits.to_query() == {}
    maps.published.release()


@pytest.mark.parametrize("show", ["difference", "ratio"])
def test_limits_of_a_contrast_hold_in_every_stretch_and_unit(store, show):
    display = Display(show=show)
    maps = Maps(store, display)
    limits = ColourLimits(maps.bars, maps.contrast.bar)
    limits.take("contrast_limits", "-1.5,1.5")
    asyncio.run(store.refresh())
    bar = maps.contrast.bar
    np.testing.assert_allclose(bar.stretch.value(np.array(bar.slider.value)), [-1.5, 1.5])
    assert (bar.mapper.low, bar.mapper.high) == tuple(bar.slider.value)
    assert limits.to_query() == {"contrast_limits": "-1.5,1.5"}
    maps.reset_limits()
    assert limits.to_query() == {}
    half = 0.5 * bar.slider.value[1]
    bar.slider.value = (-half, half)
    shown = float(bar.stretch.value(np.array(half)))
    assert limits.to_query() == {"contrast_limits": f"{-shown:.5g},{shown:.5g}"}
    maps.published.release()


def test_picked_ranges_are_written_read_and_marked(store):
    display = Display()
    ranges = PickedRanges(display)
    ranges.take("band", "3.25,8")
    assert display.band == (3.25, 8.0)
    assert ranges.to_query() == {"band": "3.25,8"}
    card = CurveCard("power_spectrum", store, display)
    marks = [
        each
        for fig in card.panels.figures
        for each in fig.center
        if isinstance(each, BoxAnnotation) and each.visible and each.left == 3.25
    ]
    assert [mark.right for mark in marks] == [8.0, 8.0]


def test_column_densities_of_a_link_light_up_with_the_first_maps(store):
    display = Display()
    maps = Maps(store, display)
    PickedRanges(display).take("densities", "1e20,1e21")
    asyncio.run(store.refresh())
    low, high = maps.linked.state.highlight
    assert high / low == pytest.approx(10)
    maps.published.release()


@pytest.mark.parametrize("view", ["", "0.25,1.5,0.125,1"])
def test_a_halo_in_a_link_is_gone_to_unless_there_is_a_view(store, view):
    maps = Maps(store, Display())
    if view:
        RectangleInView(maps.linked, store).take("view", view)
    asyncio.run(store.refresh())
    halo = int(store.results.halos["truth"].columns["number"][-1])
    maps.published.release()

    opened = Store(Slabs(), {"simulation": "with-gas", "axis": "z", "halo": str(halo)})
    maps = Maps(opened, Display())
    if view:
        RectangleInView(maps.linked, opened).take("view", view)
    asyncio.run(opened.refresh())
    x0, x1, y0, y1 = ranges(maps.linked)
    if view:
        assert [x0, x1, y0, y1] == [0.25, 1.5, 0.125, 1.0]
    else:
        x, y, _ = opened.results.catalogue.position[halo]
        assert x0 <= x <= x1 < SIDE + 1e-9
        assert y0 <= y <= y1
        assert list(maps.linked.state.view) == [x0, x1, y0, y1]
    maps.published.release()


def test_limits_are_written_only_once_they_are_changed(store):
    display = Display()
    maps = Maps(store, display)
    limits, told = ColourLimits(maps.bars, maps.contrast.bar), []
    limits.watch(lambda: told.append(limits.to_query()))
    asyncio.run(store.refresh())
    for stretch in ("asinh", "log", "linear", "log"):
        display.param.update(stretch=stretch, units="physical")
        display.units = "comoving"
        if stretch != "linear":
            assert maps.bars["field"].slider.start > -20
    assert told == []
    low, high = maps.bars["field"].slider.value
    maps.bars["field"].slider.value = (low, high - 1)
    assert [list(query) for query in told] == [["field_limits"]]
    store.selection.slab = 1
    assert len(told) == 1
    maps.published.release()


def test_rings_of_a_link_are_there_at_once(store):
    maps = Maps(store, Display(rings=True))
    assert maps.linked.contrast.rings[0].visible
