"""No panel is ever empty without a word, and the ways into the page lead where they say."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FIND, SETTLE, WINDOWS

LINK = "?simulation=hydro11-z2&field=hi&emulator=ember-wgan&axis=z&slab=1"

WATCH = f"""() => {{
  const windows = {WINDOWS}
  window.empty = []
  window.frames_seen = 0
  const look = () => {{
    window.frames_seen += 1
    for (const [name, {{shown, note}}] of Object.entries(windows())) {{
      if (!shown && note == "") window.empty.push(name)
    }}
    requestAnimationFrame(look)
  }}
  requestAnimationFrame(look)
}}"""
"""Looks at every frame that the browser draws for maps that neither show nor say anything."""

RUNS = f"""() => {{
  const find = {FIND}
  const tokens = () => Array.from(Bokeh.documents[0].all_models).find((model) =>
    model.name == "maps" && model.type.endsWith("MapState")).tokens.join()
  const [shown, asked] = [tokens(), location.search]
  window.silent = 0
  window.told = new Set()
  const look = () => {{
    const words = find(".running")?.textContent ?? ""
    if (words != "") window.told.add(words)
    if (tokens() != shown) return
    if (location.search != asked && words == "") window.silent += 1
    requestAnimationFrame(look)
  }}
  requestAnimationFrame(look)
}}"""
"""Counts frames in which the link asks for other maps than those on show and nothing says so."""

EMPTIED = """() => {
  for (const model of Bokeh.documents[0].all_models) {
    if (model.type != "Figure" || model.name != "prediction") continue
    model.renderers[0].data_source.tags = []
    for (const label of model.center) if (label.type == "Label") label.text = ""
  }
}"""


def choose(page, picker, words):
    page.get_by_role("combobox", name=picker, exact=True).click()
    page.get_by_role("option").filter(has_text=words).first.click()


def test_no_map_is_empty_without_words_while_slab_level_field_and_emulator_change(explorer):
    page = explorer.page
    explorer.open(LINK).painted()
    page.evaluate(WATCH)
    for change in (
        lambda: page.locator("body").press("ArrowRight"),
        lambda: choose(page, "Resolution", "LR: "),
        lambda: page.locator("body").press("ArrowRight"),
        lambda: choose(page, "Field", "Gas"),
        lambda: choose(page, "Resolution", "HR: "),
        lambda: choose(page, "Emulator", "EMBER U-Net"),
        lambda: page.locator("body").press("n"),
        lambda: choose(page, "Simulation", "validation-z2"),
        lambda: choose(page, "Simulation", "zz-dark-only"),
    ):
        change()
        page.wait_for_timeout(900)  # some are overtaken by the next, as a hurried visitor does
    page.wait_for_function("() => location.search.includes('simulation=zz-dark-only')")
    # The link is ahead of the maps; those of validation-z2 may still be on show, whole.
    explorer.until(lambda: explorer.maps()["truth"]["note"] != "")
    explorer.painted()
    assert page.evaluate("window.empty") == []
    assert page.evaluate("window.frames_seen") > 10
    page.evaluate(EMPTIED)  # it would have been seen
    page.wait_for_function("() => window.empty.includes('prediction')")


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda page: choose(page, "Resolution", "LR: "), "level=LR"),
        (lambda page: page.locator("body").press("ArrowRight"), "slab=2"),
    ],
    ids=["resolution", "slab"],
)
def test_from_a_choice_to_its_maps_it_is_said_that_something_runs(explorer, change, asked):
    page = explorer.page
    explorer.open(LINK).painted()
    shown = explorer.shown()
    page.evaluate(RUNS)
    change(page)
    page.wait_for_function("(words) => location.search.includes(words)", arg=asked)
    explorer.settle(after=shown)
    explorer.painted()
    assert page.evaluate("window.silent") == 0
    assert page.evaluate("window.told.size") > 0


def test_a_page_that_is_left_while_it_loads_leaves_no_line_in_the_log(explorer):
    hurried = explorer.page.context.new_page()
    for when in ("commit", "domcontentloaded", "load"):
        hurried.goto(explorer.server.address + LINK, wait_until=when, timeout=SETTLE)
        hurried.goto("about:blank")
    hurried.close()
    explorer.open(LINK).painted()
    assert explorer.server.failures() == ""


def test_what_an_emulator_warns_of_stands_between_its_maps_and_the_curves(explorer):
    page = explorer.page
    explorer.open(LINK + "&level=LR&other_levels=yes&emulator=ember-wgan:HR").painted()
    warning = page.locator(".warning").first
    warning.wait_for()
    explorer.rest()
    words = warning.inner_text()
    assert words.startswith("EMBER WGAN for HR")
    assert "117.2 kpc/h of the training" in words
    map_box, curve_box = (
        each.bounding_box()
        for each in (explorer.figure("prediction"), page.get_by_text("Power spectrum").first)
    )
    assert map_box["y"] + map_box["height"] < warning.bounding_box()["y"] < curve_box["y"]


def test_a_paper_is_a_click_away(explorer):
    page = explorer.page
    explorer.open("?simulation=hydro11-z2&field=gas&emulator=ember-unet").painted()
    explorer.rest()
    assert not page.get_by_role("link", name="JERALD").is_visible()
    page.get_by_text("Start from a paper").click()
    for name in ("EMBER", "Super-resolution"):
        expect(page.get_by_role("link", name=name).first).to_be_visible()
    page.get_by_role("link", name="JERALD").click()
    page.wait_for_url("**scene=volumes**")  # the new page is there, and the one before gone
    page.get_by_text("Layer in view").wait_for()
    explorer.settle()
    emulator = page.get_by_role("combobox", name="Emulator", exact=True)
    explorer.until(lambda: emulator.inner_text() == "JERALD")
