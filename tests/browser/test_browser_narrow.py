"""The page on a phone, and what stands close together anywhere."""

import re
from itertools import pairwise

LINK = "?simulation=hydro11-z2&field=hi&emulator=ember-unet"

TICKS = """() => {
  const bars = []
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot)
      if (!element.matches(".MuiSlider-root") || !element.querySelector(".MuiSlider-markLabel")) {
        continue
      }
      const labels = Array.from(element.querySelectorAll(".MuiSlider-markLabel"))
      const boxes = labels.map((label) => label.getBoundingClientRect())
      const ends = boxes.filter(({width}) => width > 0).map(({left, right}) => [left, right])
      if (ends.length > 0) bars.push(ends.sort((one, other) => one[0] - other[0]))
    }
  }
  look(document)
  return bars
}"""
"""Left and right ends of what is written below each colour bar, from the left."""


def gaps(bars):
    return [after[0] - before[1] for ends in bars for before, after in pairwise(ends)]


def test_numbers_below_colour_bars_stand_apart_on_a_phone(explorer):
    page = explorer.page
    page.set_viewport_size({"width": 420, "height": 900})
    explorer.open(LINK).painted()
    explorer.rest()
    bars = page.evaluate(TICKS)
    assert len(bars) == 2
    assert min(gaps(bars)) > 8
    assert max(len(ends) for ends in bars) >= 5
    over = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0
    title = page.locator(".header .title").bounding_box()
    scene = page.get_by_role("link", name="Slabs").bounding_box()
    buttons = page.locator(".header button").filter(visible=True).all()
    boxes = [button.bounding_box() for button in buttons]
    assert title["x"] + title["width"] + 2 <= scene["x"]
    assert len(boxes) >= 3
    assert max(box["x"] + box["width"] for box in boxes) <= 420


def test_what_runs_stands_in_one_line_with_its_cross_and_the_buttons(explorer):
    page = explorer.page
    explorer.open("?simulation=hydro11-z2&field=gas&emulator=ember-wgan").painted()
    page.get_by_role("button", name="Paint ensemble").click()
    parts = [
        page.get_by_text(re.compile("Painting sample")),
        page.get_by_role("button", name="Cancel"),
        page.get_by_role("button", name=re.compile("Keys")),
    ]
    parts[0].wait_for()

    def in_one_line():
        boxes = [part.first.bounding_box() for part in parts]
        if None in boxes:  # the words are just being written anew
            return False
        middles = [box["y"] + box["height"] / 2 for box in boxes]
        return max(middles) - min(middles) < 3

    explorer.until(in_one_line)
    parts[1].click()


def test_the_place_of_the_slab_keeps_its_distance_from_the_picker_below(explorer):
    page = explorer.page
    explorer.open(LINK).painted()
    explorer.rest()
    place = page.get_by_text(re.compile("0.00 to 1.41 cMpc/h along z")).bounding_box()
    label = page.locator("label", has_text=re.compile("^Input$")).bounding_box()
    assert label["y"] - (place["y"] + place["height"]) >= 2
