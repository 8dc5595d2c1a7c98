"""Curves and what is picked on them in the units of the maps."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from engine.units import column_density
from explorer.curve_units import CurveUnits
from explorer.display import Display
from explorer.exports import Shown, in_units, outcome
from explorer.plots.paper_look import Colours, Look
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.band_card import in_words
from explorer.views.curves import CurveCard


@pytest.fixture
def store(folder, emulator):
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z"})
    asyncio.run(store.refresh())
    return store


def length(results):
    """Physical Mpc in 1 comoving Mpc/h."""
    return 1 / (results.input.cosmology.h * (1 + results.input.redshift))


@pytest.mark.parametrize(
    ("name", "of_y", "label"),
    [("power_spectrum", 2, "P(k) [pMpc^2]"), ("bispectrum", 4, "B(k) [pMpc^4]")],
)
def test_waves_in_physical_units_are_powers_of_the_physical_length(store, name, of_y, label):
    results = store.results
    curve = results.curves[name]["prediction"]
    shown = CurveUnits(results, physical=True).curve(curve)
    np.testing.assert_allclose(shown.x, curve.x / length(results))
    np.testing.assert_allclose(shown.y, curve.y * length(results) ** of_y)
    np.testing.assert_allclose(shown.error / shown.y, curve.error / curve.y)
    assert (shown.x_label, shown.y_label) == ("k [1/pMpc]", label)


def test_what_has_no_length_and_comoving_units_stay_as_they_are(store):
    ratio = store.results.curves["transfer_function"]["prediction"]
    shown = CurveUnits(store.results, physical=True).curve(ratio)
    np.testing.assert_array_equal(shown.y, ratio.y)
    power = store.results.curves["power_spectrum"]["truth"]
    shown = CurveUnits(store.results).curve(power)
    np.testing.assert_array_equal(shown.y, power.y)
    assert shown.x_label == power.x_label


def test_pixels_and_profiles_are_in_the_unit_of_the_map(hydrogen):
    store = Store(Slabs(), {"simulation": "with-hi", "axis": "z", "field": "hi"})
    asyncio.run(store.refresh())
    results, slab = store.results, store.results.truth
    curve = results.curves["pdf"]["truth"]
    for physical, columns, factor, unit in (
        (True, False, (1 + slab.redshift) ** 2, "pkpc²"),
        (False, True, column_density(1.0, slab.redshift, slab.cosmology.h), "cm⁻²"),
    ):
        shown = CurveUnits(results, physical, columns).curve(curve)
        np.testing.assert_allclose(shown.x, curve.x * factor)
        np.testing.assert_array_equal(shown.y, curve.y)  # per dex
        assert unit in shown.x_label
    per_area = replace(curve, x_label="radius [ckpc/h]", y_label=curve.x_label)
    shown = CurveUnits(results, physical=True).curve(per_area)
    np.testing.assert_allclose(shown.x, curve.x * length(results))
    assert shown.x_label == "radius [pkpc]"
    assert "pkpc²" in shown.y_label


def test_a_card_and_its_brush_change_units_with_the_maps(store):
    display = Display(band=(10.0, 30.0))
    card = CurveCard("power_spectrum", store, display)
    comoving = np.array(card.panels.sources["truth"].data["x"])
    display.units = "physical"
    scale = 1 / length(store.results)
    np.testing.assert_allclose(card.panels.sources["truth"].data["x"], comoving * scale)
    assert card.panels.below.xaxis[0].axis_label == "k [1/pMpc]"
    marks = [each for each in card.panels.main.center if getattr(each, "fill_alpha", 0) == 0.16]
    assert [(each.left, each.right) for each in marks] == [pytest.approx((10 * scale, 30 * scale))]
    assert display.band == (10.0, 30.0)
    assert in_words((10, 30), length(store.results), "pMpc") == "20.3 &lt; k &lt; 61 1/pMpc"


@pytest.mark.usefixtures("stochastic")
def test_the_bands_of_samples_and_the_figure_follow(store):
    asyncio.run(store.sample(4))
    card = CurveCard("power_spectrum", store, Display(units="physical"))
    about = store.results.curves["power_spectrum"]["prediction"]
    band = store.ensemble.bands["power_spectrum"]
    high = card.panels.sources["samples"].data["high"]
    np.testing.assert_allclose(high, band.high[band.low > 0] * length(store.results) ** 2)
    look = Look(Colours("Ice", 3, 5), Colours("Fire", 3, 5), physical=True)
    shown = Shown(store.results, look)
    found, bands = in_units(outcome(store.results), store.ensemble.bands, shown)
    drawn = found.curves["power_spectrum"]["prediction"]
    np.testing.assert_allclose(drawn.y, about.y * length(store.results) ** 2)
    np.testing.assert_allclose(bands["power_spectrum"].x, drawn.x)
