"""Stretch, difference, blinking, swiping and haloes on the real page."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WINDOWS

STATE = """(() => Array.from(Bokeh.documents[0].all_models)
  .find((model) => model.name == "maps" && model.type.endsWith("MapState")))()"""

GRID = """(() => {
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".map-truth")) return element.parentNode
      const found = element.shadowRoot && find(element.shadowRoot)
      if (found) return found
    }
  }
  return find(document)
})()"""
"""Shadow root in which the maps stand."""

SEEN = f"""() => ["truth", "prediction"].filter((name) =>
  getComputedStyle({GRID}.querySelector(`.map-${{name}}`)).opacity == "1")"""
"""Which of the two maps in one place are seen."""


@pytest.fixture
def maps(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.rest()
    return explorer


def click(visit, name):
    visit.page.get_by_role("button", name=name, exact=True).click()


def test_key_b_alternates_truth_and_prediction_in_one_place(maps):
    maps.page.keyboard.press("b")
    maps.page.wait_for_function(f"() => {GRID}.host.dataset.mode == 'blink'")
    assert maps.page.evaluate(SEEN) == ["prediction"]
    maps.rest()
    boxes = [maps.figure(name).bounding_box() for name in ("truth", "prediction")]
    assert boxes[0] == boxes[1]
    requests = len(maps.viewports)
    seen = maps.page.evaluate(
        f"""() => {{
          window.dispatchEvent(new KeyboardEvent("keydown", {{key: "b"}}))
          return ({SEEN})()
        }}"""
    )
    assert seen == ["truth"], "in the very turn of the key: nothing is waited for"
    maps.page.get_by_role("button", name="Blink b").click()
    assert maps.page.evaluate(SEEN) == ["prediction"]
    assert len(maps.viewports) == requests


def test_key_b_is_left_to_a_field_in_which_one_types(explorer):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan").painted()
    explorer.page.get_by_label("Seed", exact=True).first.focus()
    explorer.page.keyboard.press("b")
    assert explorer.page.evaluate(f"() => {GRID}.host.dataset.mode") == "side"


def test_the_handle_divides_truth_and_prediction_without_the_server(maps):
    click(maps, "Swipe")
    handle = maps.page.get_by_role("slider", name="Border between")
    handle.wait_for()
    maps.rest()
    requests = len(maps.viewports)
    box, figure = handle.bounding_box(), maps.figure("truth").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    maps.page.mouse.move(x, y)
    maps.page.mouse.down()
    maps.page.mouse.move(figure["x"] + 0.25 * figure["width"], y, steps=3)
    maps.page.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "25")
    clip = f"() => getComputedStyle({GRID}.querySelector('.map-prediction')).clipPath"
    assert "25%" in maps.page.evaluate(clip)
    maps.page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "27")
    assert len(maps.viewports) == requests


def test_another_stretch_and_unit_are_drawn_from_what_is_there(maps):
    before, requests = maps.maps(), len(maps.viewports)
    click(maps, "Asinh")
    click(maps, "Physical")
    maps.page.wait_for_function(
        f"() => {STATE}.length_unit == 'pMpc' && {STATE}.stretch == 'asinh'"
    )
    maps.page.wait_for_function(
        f"() => {STATE}.factors[1] > 8 && {STATE}.tables.size > 0 && !{STATE}.drawing"
    )
    maps.page.wait_for_function(
        f"(mean) => ({WINDOWS})().truth.mean != mean", arg=before["truth"]["mean"]
    )
    assert len(maps.viewports) == requests
    maps.figure("truth").hover(position={"x": 100, "y": 120})
    maps.page.wait_for_function(
        "() => Array.from(Bokeh.documents[0].all_models).filter(({type, text, visible}) =>"
        " type == 'Label' && visible && /M⊙ h \\/ pkpc²/.test(text)).length == 3"
    )


def test_percentile_limits_are_those_of_the_pixels_in_view(maps):
    before = maps.maps()["truth"]["low"]
    click(maps, "Min–max")
    maps.page.wait_for_function(
        "(before) => Array.from(Bokeh.documents[0].all_models).find(({type, name}) =>"
        " type == 'Figure' && name == 'truth').renderers[0].glyph.color_mapper.low != before",
        arg=before,
    )
    maps.rest()
    found = maps.page.evaluate(
        f"""() => {{
          const shown = {STATE}.shown.slice(1).filter((map) => map != null)
          const dex = shown.flatMap(({{codes, floor, step}}) =>
            Array.from(codes).filter((code) => code > 0).map((code) => floor + (code - 1) * step))
          return [dex.reduce((a, b) => Math.min(a, b)), dex.reduce((a, b) => Math.max(a, b))]
        }}"""
    )
    after = maps.maps()["truth"]
    assert [after["low"], after["high"]] == pytest.approx(found, abs=2e-3)
    assert maps.maps()["prediction"]["high"] == after["high"]


def test_a_difference_is_that_of_the_two_maps(maps):
    click(maps, "Linear")
    click(maps, "Difference")
    maps.page.locator(".map-contrast .bk-Figure").wait_for()
    maps.rest()
    maps.page.wait_for_function(
        "() => { const pixels = (name) => Array.from(Bokeh.documents[0].all_models).find((model) =>"
        " model.type == 'Figure' && model.name == name).renderers[0].data_source.data.image[0];"
        " return pixels('contrast').length == pixels('truth').length }"
    )
    worst, largest = maps.page.evaluate(
        """() => {
          const image = (name) => Array.from(Bokeh.documents[0].all_models).find((model) =>
            model.type == "Figure" && model.name == name).renderers[0].data_source.data.image[0]
          const [truth, painted, contrast] = ["truth", "prediction", "contrast"].map(image)
          let [worst, largest] = [0, 0]
          contrast.forEach((value, i) => {
            worst = Math.max(worst, Math.abs(value - (painted[i] - truth[i])))
            largest = Math.max(largest, Math.abs(value))
          })
          return [worst, largest]
        }"""
    )
    assert largest > 0
    assert worst < 1e-5 * largest


def test_a_tapped_halo_is_told_and_a_place_without_one_is_not(maps):
    maps.page.locator("label", has_text="Halo rings").click()
    maps.page.wait_for_function(
        "() => Array.from(Bokeh.documents[0].all_models).find(({type, name}) =>"
        " type == 'Figure' && name == 'contrast').renderers[2].visible"
    )
    maps.rest()
    halo = maps.page.evaluate(
        """() => {
          const figure = Array.from(Bokeh.documents[0].all_models).find(({type, name}) =>
            type == "Figure" && name == "truth")
          const {x, y, number} = figure.renderers[2].data_source.data
          const {end} = figure.x_range
          const apart = (i, j) => Math.hypot(x[i] - x[j], y[i] - y[j])
          const alone = Array.from(x.keys()).find((i) =>
            x[i] > 1 && x[i] < 10 && y[i] > 1 && y[i] < 10 &&
            x.every((_, j) => i == j || apart(i, j) > 0.6))
          return [x[alone] / end, 1 - y[alone] / end, number[alone]]
        }"""
    )
    box = maps.figure("truth").bounding_box()
    maps.page.mouse.click(box["x"] + halo[0] * box["width"], box["y"] + halo[1] * box["height"])
    maps.page.wait_for_function(f"() => {STATE}.tapped == {halo[2]}")
    maps.page.mouse.click(
        box["x"] + halo[0] * box["width"] + 30, box["y"] + halo[1] * box["height"]
    )
    maps.page.wait_for_timeout(600)
    assert maps.page.evaluate(f"() => {STATE}.tapped") == halo[2]


def test_pixels_of_a_range_light_up_and_the_others_stay_clear(maps):
    share = maps.page.evaluate(
        f"""async () => {{
          const state = {STATE}
          const {{codes, floor, step}} = state.shown[1]
          const dex = Array.from(codes).filter((code) => code > 0)
            .map((code) => floor + (code - 1) * step).sort((a, b) => a - b)
          state.highlight = [10 ** dex[Math.floor(0.9 * dex.length)], 1e30]
          await new Promise((done) => setTimeout(done, 500))
          const figure = Array.from(Bokeh.documents[0].all_models).find(({{type, name}}) =>
            type == "Figure" && name == "truth")
          const lit = figure.renderers[1].data_source.data.image[0]
          return lit.filter((value) => value == 1).length / lit.length
        }}"""
    )
    assert share == pytest.approx(0.1, abs=0.005)


def test_the_maps_are_told_in_words(maps):
    words = maps.page.get_by_text("Truth and prediction correlate").text_content()
    assert "Maps of slab 0 of hydro11-z2" in words
    assert "median" in words


def test_a_link_brings_back_the_view_and_the_stretch(maps):
    shown = maps.shown()
    maps.figure("truth").hover()
    maps.page.mouse.wheel(0, -300)
    maps.settle(after=shown)
    click(maps, "Asinh")
    maps.page.wait_for_function(
        "() => /view=[\\d.,]+/.test(location.search) && /stretch=asinh/.test(location.search)"
    )
    maps.rest()
    before, address = maps.maps()["truth"], maps.page.url
    maps.page.reload()
    maps.settle()
    maps.rest()
    after = maps.maps()["truth"]
    assert maps.page.url == address
    assert maps.page.evaluate(f"() => {STATE}.stretch") == "asinh"
    for end in ("start", "end"):
        assert after[end] == pytest.approx(before[end], abs=5e-4)  # thousandths in the link


def test_keys_go_to_another_slab_and_sample(explorer):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan&seed=7").painted()
    shown = explorer.shown()
    explorer.page.keyboard.press("ArrowRight")
    explorer.settle(after=shown)
    explorer.page.wait_for_function("() => location.search.includes('slab=1')")
    explorer.page.keyboard.press("n")
    explorer.page.wait_for_function("() => !location.search.includes('seed=7&')")
    explorer.page.keyboard.press("[")
    explorer.page.wait_for_function("() => location.search.includes('seed=7&')")
    explorer.page.get_by_role("slider", name="Slab").focus()
    explorer.page.keyboard.press("ArrowRight")
    explorer.page.wait_for_function("() => location.search.includes('slab=2')")


def test_the_list_of_keys_opens_by_key_and_button_and_escape_closes_it(maps):
    panel = maps.page.get_by_role("dialog", name="Keys and hints")
    maps.page.keyboard.press("?")
    panel.wait_for()
    expect(panel.get_by_text("New sample")).to_be_visible()
    maps.page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    maps.page.get_by_role("button", name="Keys and hints", exact=True).click()
    panel.wait_for()
    maps.page.keyboard.press("?")
    panel.wait_for(state="hidden")
    maps.rest()
    requests = len(maps.viewports)
    maps.page.keyboard.press("Control+d")
    assert maps.page.evaluate(f"() => {STATE}.contrast") == ""
    assert len(maps.viewports) == requests
