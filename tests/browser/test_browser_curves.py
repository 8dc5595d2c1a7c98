"""What the curves say on the real page: signs, units, whose error, axes that hold."""

import re

import numpy as np
from playwright.sync_api import expect

import engine
from engine import statistics as st

LINK = "?simulation=hydro11-z2&field=hi&emulator=ember-wgan&seed=7"

MODELS = "Array.from(Bokeh.documents[0].all_models)"

COLUMNS = f"""(name) => {MODELS}
  .filter(({{type, data}}) => type == "ColumnDataSource" && data.x?.length && name in data)
  .map(({{data}}) => Object.fromEntries(["x", "y", name].map((each) =>
    [each, Array.from(data[each] ?? [])])))"""
"""Columns x, y and one more of every source that has that one."""

AXES = f"""() => {MODELS}
  .filter(({{type, name, left}}) => type == "Figure" && name == null && left.length)
  .map(({{id, x_range, y_range, below, left, renderers}}) => ({{
    id, x: [x_range.start, x_range.end], y: [y_range.start, y_range.end],
    labels: [...below, ...left].map(({{axis_label}}) => String(axis_label ?? "")),
    highest: Math.max(0, ...renderers.flatMap(({{data_source}}) =>
      Array.from(data_source?.data.high ?? []))),
  }}))"""
"""Ranges and labels of all figures with axes, and the upper end of their bands."""


def built(explorer, query):
    """Open a link and wait for the last of the curves."""
    explorer.open(query).painted()
    explorer.page.locator(".curves-bispectrum .bk-Figure canvas").first.wait_for()
    explorer.page.locator(".curves-halo_scatter .bk-Figure canvas").first.wait_for()
    explorer.rest()


def test_a_bispectrum_below_zero_breaks_its_line_and_is_marked(explorer):
    page = explorer.page
    simulation = engine.open_simulation("hydro11-z2")
    for index in range(simulation.n_slabs("z")):
        curve = st.get("bispectrum")(simulation.slab("hi", index=index))
        below = curve.y < 0
        if below.any():
            break
    built(explorer, f"{LINK}&slab={index}")
    marks = page.evaluate(COLUMNS, "full")
    lines = page.evaluate(COLUMNS, "y")
    for x, y in zip(curve.x[below], curve.y[below], strict=True):
        assert any(
            np.isclose([x, -y, 0], mark, rtol=1e-3).all()
            for each in marks
            for mark in zip(each["x"], each["y"], each["full"], strict=True)
        )
        broken = [np.array(each["y"], float)[np.isclose(each["x"], x, rtol=1e-6)] for each in lines]
        assert any(np.isnan(values).any() for values in broken)
    card = page.locator(".curves-bispectrum")
    expect(card.get_by_text("below zero, without its sign")).to_be_visible()


def test_curves_are_in_the_units_of_the_maps(explorer):
    page = explorer.page
    built(explorer, LINK)
    words = " ".join(label for each in page.evaluate(AXES) for label in each["labels"])
    assert "k [h/Mpc]" in words
    page.get_by_role("button", name="Physical", exact=True).click()
    page.get_by_role("combobox", name="HI maps as").click()
    page.get_by_role("option", name="Column density N(HI)").click()
    page.wait_for_function(
        f"() => ({AXES})().flatMap(({{labels}}) => labels)"
        ".filter((label) => label == 'k [1/pMpc]').length >= 4"
    )
    page.wait_for_function(
        f"() => ({AXES})().flatMap(({{labels}}) => labels).includes('N(HI) [cm⁻²]')"
    )
    words = " ".join(label for each in page.evaluate(AXES) for label in each["labels"])
    assert "P(k) [pMpc²]" in words
    assert not re.search(r"h/Mpc|Mpc/h|ckpc", words)


def test_axes_hold_the_bands_and_never_shrink_from_sample_to_sample(explorer):
    page = explorer.page
    built(explorer, LINK)
    before = {each["id"]: each for each in page.evaluate(AXES)}
    for each in before.values():
        assert each["highest"] <= each["y"][1]
    shown = explorer.shown()
    page.locator("body").press("n")
    page.wait_for_function("() => !location.search.includes('seed=7')")
    explorer.settle(after=shown)
    explorer.painted()
    page.get_by_text(re.compile("EMBER WGAN, seed (?!7$)")).first.wait_for()
    explorer.rest()
    for each in page.evaluate(AXES):
        for ends, held in ((each[name], before[each["id"]][name]) for name in "xy"):
            assert ends[0] <= held[0]
            assert ends[1] >= held[1]
        assert each["highest"] <= each["y"][1]


def test_it_is_said_whose_error_a_band_is_and_symbols_have_no_underscores(explorer):
    page = explorer.page
    built(explorer, LINK)
    for card, whose in (("power_spectrum", "truth"), ("halo_scatter", "prediction")):
        words = page.locator(f".curves-{card}")
        expect(words.get_by_text(f"error of the {whose}")).to_be_visible()
        expect(words.locator(f"[title*='one standard deviation of the {whose}']")).to_have_count(1)
    expect(page.locator(".curves-power_spectrum").get_by_text("±10 %")).to_be_visible()
    labels = [label for each in page.evaluate(AXES) for label in each["labels"]]
    assert any("within projected Rᵥᵢᵣ" in label for label in labels)
    assert not any("_" in label for label in labels)
    expect(
        page.get_by_text("published: HI of whole haloes against their whole mass")
    ).to_be_visible()
    tips = page.evaluate(
        f"() => {MODELS}.filter(({{type}}) => type == 'HoverTool')"
        ".flatMap(({tooltips}) => tooltips).map(([label]) => label)"
    )
    assert not any("_" in str(tip) for tip in tips)


def test_curves_of_all_slabs_are_averages_and_those_of_the_view_say_of_which_pixels(explorer):
    page = explorer.page
    pixel = 11.25 / 384
    for half, words in ((48, "The 96 × 96 pixels in view"), (12, "around the 25 × 25 in view")):
        low, high = (150.2 - half) * pixel, (149.8 + half + (half == 12)) * pixel
        view = ",".join(f"{each:.3f}" for each in (low, high, low, high))
        built(explorer, f"{LINK}&scope=region&view={view}")
        page.get_by_text(words).wait_for()
    page.get_by_text("fewer than 64 hold few waves").wait_for()
    page.get_by_role("button", name="All slabs").click()
    page.get_by_text("Averages over the 8 slabs along z, masses are sums.").wait_for()
