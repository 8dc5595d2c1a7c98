"""What can't be guessed is said, and nothing loses its place, on the real page."""

import os
import re
import signal

from playwright.sync_api import expect

from tests.browser.conftest import FIND

MODELS = "Array.from(Bokeh.documents[0].all_models)"
LINK = "?simulation=hydro11-z2&field=hi&emulator=ember-wgan&seed=2029582713"

OVER = """() => {
  const over = []
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot)
      if (!element.matches(".heading, .key")) continue
      const {right} = element.getBoundingClientRect()
      for (const part of element.children) {
        const box = part.getBoundingClientRect()
        if (box.width > 0 && box.right > right + 1) over.push(part.textContent)
      }
    }
  }
  look(document)
  return over
}"""
"""Words of headings and legends that run over their card's or map's side."""


def drag(explorer, card, low, high):
    page = explorer.page
    figure = page.locator(f".curves-{card} .bk-Figure").first
    figure.scroll_into_view_if_needed()
    explorer.rest()  # maps that come or go move the cards
    box = figure.bounding_box()
    x0, x1 = (box["x"] + 64 + part * (box["width"] - 76) for part in (low, high))
    page.mouse.move(x0, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(x1, box["y"] + 30, steps=4)
    page.mouse.up()


def test_hints_stand_where_they_are_needed_and_a_dragged_card_keeps_its_place(explorer):
    page = explorer.page
    page.emulate_media(reduced_motion="no-preference")
    explorer.open(LINK).painted()
    page.get_by_text("Click a halo for its profile").wait_for()
    explorer.rest()
    assert page.evaluate(OVER) == []
    # Colours stand beside their names.
    picker = page.get_by_role("combobox", name=re.compile("Truth and prediction"))
    picker.click()
    page.get_by_role("option", name="Viridis").click()
    page.wait_for_function("() => location.search.includes('field_colours=Viridis')")
    # Difference in the input's place, its bar below it.
    page.get_by_role("button", name="Difference", exact=True).click()
    explorer.figure("contrast").wait_for()
    explorer.figure("input").wait_for(state="hidden")
    explorer.rest()
    bar = page.locator(".bar-contrast").bounding_box()
    place = explorer.figure("contrast").bounding_box()
    assert abs(bar["x"] - place["x"]) < 12
    assert bar["y"] > place["y"]
    assert place["y"] + place["height"] < 900
    page.get_by_role("button", name="Side by side", exact=True).click()
    # A brush over column densities can be taken back by a button.
    page.get_by_text("drag lights pixels").wait_for()
    drag(explorer, "cddf", 0.5, 0.8)
    page.wait_for_function("() => location.search.includes('densities=')")
    page.locator(".curves-cddf").get_by_role("button", name="Clear").click()
    page.wait_for_function("() => !location.search.includes('densities=')")
    # A brush over waves puts maps above the card, which stays where it is.
    page.get_by_text("drag picks waves").first.wait_for()
    drag(explorer, "power_spectrum", 0.4, 0.6)
    before = page.locator(".curves-power_spectrum").bounding_box()["y"]
    page.locator(".band-residual .bk-Figure canvas").first.wait_for()
    explorer.rest()
    after = page.locator(".curves-power_spectrum").bounding_box()["y"]
    assert abs(after - before) < 40
    # Two maps blink by themselves until they are told to stay.
    page.get_by_role("button", name="Blink", exact=True).click()
    on = f"({FIND})('.map-truth').parentNode.host.dataset.on"
    for seen in ("second", "first", "second"):
        page.wait_for_function(f"() => {on} == '{seen}'")
    page.get_by_role("button", name="Pause", exact=True).click()
    stays = page.evaluate(on)
    page.wait_for_timeout(2000)
    assert page.evaluate(on) == stays
    # Keys and what the mouse does.
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys and hints")
    dialog.wait_for()
    expect(dialog.get_by_text("double click for the whole map")).to_be_visible()
    page.keyboard.press("Escape")
    # A server that doesn't answer is said to be waited for.
    os.kill(explorer.server.process.pid, signal.SIGSTOP)
    try:
        page.get_by_role("button", name="Linear", exact=True).click()
        page.get_by_text("Waiting for the server").wait_for()
    finally:
        os.kill(explorer.server.process.pid, signal.SIGCONT)
    page.wait_for_function("() => location.search.includes('stretch=linear')")
    page.get_by_text("Waiting for the server").wait_for(state="hidden")
    # Where they work, − and + are as bright as words.
    step = page.get_by_label("Seed", exact=True).locator("xpath=../..").locator("button").first
    assert step.evaluate("(b) => getComputedStyle(b).color") == "rgb(230, 233, 238)"
    # Who hears the page is told what buttons without words do, and what a picker offers.
    for name in ("Less", "More", "Sample before", "Sample after"):
        assert page.get_by_role("button", name=name, exact=True).count() > 0
    page.get_by_role("combobox", name="Emulator", exact=True).click()
    offered = page.get_by_role("listbox").get_by_role("option")
    offered.filter(has_text="EMBER U-Net").first.wait_for()
    # A seed is copied as it is read in the title.
    page.keyboard.press("Escape")
    assert page.get_by_label("Seed", exact=True).input_value() == "2029582713"
