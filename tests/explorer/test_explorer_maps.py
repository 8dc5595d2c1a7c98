"""The maps of the page: published, explained, coloured, compared."""

import asyncio

import numpy as np
import pytest

from engine.units import column_density
from explorer.display import Display
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.viewport import MAPS
from explorer.views.curves import CurveCard
from explorer.views.facts import Facts
from explorer.views.maps import Maps
from explorer.views.pictures import HELD
from tests.explorer.conftest import PIXELS, write_simulation

pytestmark = pytest.mark.usefixtures("emulator", "folder")


@pytest.fixture
def store():
    return Store(Slabs(), {"simulation": "with-gas", "axis": "z"})


def refresh(store):
    asyncio.run(store.refresh())


def test_maps_of_new_results_are_published_and_old_ones_withdrawn(store):
    maps = Maps(store, Display())
    before = len(MAPS)
    refresh(store)
    tokens = list(maps.linked.state.tokens)
    assert len(MAPS) == before + 3
    np.testing.assert_array_equal(MAPS.get(tokens[1]).values, store.results.truth.values)
    for slab in (1, 2, 3, 1, 2):
        store.selection.slab = slab
    assert set(tokens) & set(maps.linked.state.tokens) == {""}  # of no comparison
    assert len(MAPS) == before + 3 * HELD
    with pytest.raises(KeyError):
        MAPS.get(tokens[1])
    maps.published.release()
    assert len(MAPS) == before


def test_maps_that_were_dropped_are_published_again(store):
    maps = Maps(store, Display())
    refresh(store)
    tokens = list(maps.linked.state.tokens)
    MAPS.withdraw(tokens)
    maps.linked.state.expired += 1
    assert MAPS.get(maps.linked.state.tokens[0]).values is store.results.input.values
    maps.published.release()


def test_a_map_that_is_not_there_says_why(store):
    maps = Maps(store, Display())
    store.selection.simulation = "dark-only"
    assert "no\ngas" in maps.linked.state.notes[1]
    assert maps.linked.state.tokens[1] == ""
    assert all(maps.linked.state.tokens[::2])
    assert maps.linked.state.notes[2] == ""
    assert "dark-matter-only" in maps.captions["input"].object
    store.selection.simulation = "with-gas"
    assert maps.linked.state.notes[1] == ""
    maps.published.release()


def test_limits_are_kept_from_slab_to_slab_and_can_be_reset(store):
    maps = Maps(store, Display())
    refresh(store)
    bar = maps.bars["field"]
    default = bar.slider.value
    assert (bar.mapper.low, bar.mapper.high) == default
    bar.slider.value = (default[0], default[1] - 1)
    store.selection.slab = 1
    assert bar.slider.value == (default[0], default[1] - 1)
    maps.reset_limits()
    assert bar.slider.value == default
    assert "gas surface density [M⊙ h / ckpc²]" in bar.slider.label
    maps.published.release()


def test_colour_maps_change_the_mapper_and_the_bar(store):
    display = Display()
    maps = Maps(store, display)
    before = maps.linked.maps["truth"].mapper.palette
    display.field_colours = "Grey"
    assert maps.linked.maps["truth"].mapper.palette != before
    assert maps.linked.maps["prediction"].mapper.palette[0] == "#000000"
    assert "#000000" in str(maps.bars["field"].slider.sx)
    assert maps.linked.maps["input"].mapper.palette[-1] != "#ffffff"


def test_maps_of_two_cell_sizes_are_compared_on_the_coarser(folder):
    write_simulation(folder, "coarse-gas", ("dm", "gas"), gas_pixels=PIXELS // 2)
    store, display = Store(Slabs(), {"simulation": "coarse-gas"}), Display()
    maps = Maps(store, display)
    refresh(store)
    assert store.error == ""
    results = store.results
    assert results.truth.shape != results.prediction.shape == (PIXELS, PIXELS)
    for name, expected in (("cross_correlation", 1.0), ("transfer_function", 1.0)):
        np.testing.assert_allclose(results.curves[name]["prediction"].y, expected, rtol=1e-5)
    true, painted = (results.curves["power_spectrum"][name] for name in ("truth", "prediction"))
    np.testing.assert_allclose(painted.y, true.y, rtol=1e-4)
    store.selection.param.update(scope="region", region=(3, 40, 7, 50))
    true, painted = (store.results.masses[name] for name in ("truth", "prediction"))
    assert painted == pytest.approx(1.1 * true, rel=1e-4)
    assert "58.59 ckpc/h: curves and differences are in the coarser" in maps.warnings.object

    def sides():
        return [MAPS.get(token).values.shape for token in maps.linked.state.tokens if token]

    assert sides() == [(64, 64), (32, 32), (64, 64)]
    display.show = "difference"
    assert sides() == [(64, 64), (32, 32), (32, 32)]
    display.show = "side"
    assert sides() == [(64, 64), (32, 32), (64, 64)]


def test_pixels_of_column_densities_light_up(store):
    display = Display()
    maps = Maps(store, display)
    refresh(store)
    display.densities = (1e20, 1e21)
    low, high = maps.linked.state.highlight
    assert high == pytest.approx(10 * low)
    assert column_density(low, 2.0, 0.6774) == pytest.approx(1e20)
    display.densities = ()
    assert list(maps.linked.state.highlight) == []
    maps.published.release()


@pytest.mark.usefixtures("stochastic")
def test_a_comparison_has_its_map_line_and_mass_only_while_it_is_asked_for(store):
    maps, facts = Maps(store, Display()), Facts(store)
    curves = CurveCard("power_spectrum", store, Display())
    refresh(store)
    assert not maps.columns["other"].visible
    store.selection.param.update(other="share", other_seed=4)
    assert maps.columns["other"].visible
    assert maps.grid.css_classes == ["four"]
    assert "seed 4" in maps.captions["other"].object
    np.testing.assert_array_equal(
        MAPS.get(maps.linked.state.tokens[3]).values, store.results.other.values
    )
    assert "Cosmic share, seed 4" in curves.heading.object
    assert "by Cosmic share, seed 4" in facts.pane.object
    store.selection.other = "none"
    assert not maps.columns["other"].visible
    assert maps.linked.state.tokens[3] == ""
    assert "seed 4" not in curves.heading.object
    maps.published.release()


def test_units_and_stretch_keep_the_limits_and_never_recompute(store):
    display = Display()
    maps = Maps(store, display)
    refresh(store)
    before, tokens = store.results, list(maps.linked.state.tokens)
    bar = maps.bars["field"]
    low, high = 10 ** np.array(bar.slider.value)
    display.units = "physical"
    np.testing.assert_allclose(10 ** np.array(bar.slider.value), [9 * low, 9 * high])
    assert maps.linked.state.factors == [9, 9, 9, 9]
    assert maps.linked.state.length_unit == "pMpc"
    display.stretch = "asinh"
    values = bar.stretch.value(np.array(bar.slider.value))
    np.testing.assert_allclose(values, [9 * low, 9 * high], rtol=1e-6)
    display.param.update(stretch="log", units="comoving")
    np.testing.assert_allclose(10 ** np.array(bar.slider.value), [low, high])
    assert store.results is before
    assert maps.linked.state.tokens == tokens
    assert "gas, " in maps.summary.object
    assert "correlate with 1.00" in maps.summary.object
    maps.published.release()


def test_a_difference_has_a_map_and_symmetric_limits_only_while_it_is_shown(store):
    display = Display()
    maps = Maps(store, display)
    refresh(store)
    assert not maps.columns["contrast"].visible
    for show in ("difference", "ratio"):
        display.show = show
        assert maps.columns["contrast"].visible
        assert maps.linked.state.contrast == show
        low, high = maps.contrast.bar.slider.value
        assert (low, maps.linked.contrast.mapper.high) == (-high, high)
        assert show.capitalize() in maps.captions["contrast"].object
    assert "log₁₀(Cosmic share / truth)" in maps.contrast.bar.slider.label
    display.show = "side"
    assert maps.linked.state.contrast == ""
    assert not maps.columns["contrast"].visible
    maps.published.release()


def test_key_b_reaches_the_display_and_the_display_the_overlay(store):
    display = Display()
    maps = Maps(store, display)
    refresh(store)
    maps.overlay.mode = "blink"
    assert display.show == "blink"
    display.show = "swipe"
    assert maps.overlay.mode == "swipe"
    assert maps.linked.maps["prediction"].readout.anchor == "top_right"
    display.show = "side"
    assert maps.linked.maps["prediction"].readout.anchor == "top_left"
    maps.published.release()


@pytest.mark.usefixtures("stochastic")
def test_the_truth_is_compared_with_the_second_painting_only_while_there_is_one(store):
    display = Display(against="other", show="difference")
    maps = Maps(store, display)
    refresh(store)
    assert maps.linked.state.compared == [1, 2]
    store.selection.param.update(other="share", other_seed=4)
    assert maps.linked.state.compared == [1, 3]
    display.against = "paintings"
    assert maps.linked.state.compared == [2, 3], "model against model"
    assert maps.grid.css_classes == ["four", "contrast"]
    maps.published.release()
