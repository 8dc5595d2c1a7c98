"""Two paintings against each other and colour limits that change quickly, on the real page."""

import re

from playwright.sync_api import expect

LINK = "?simulation=hydro11-z2&field=hi&emulator=ember-wgan&seed=7&other=ember-unet"

MODELS = "Array.from(Bokeh.documents[0].all_models)"
STATE = f"""({MODELS}.find((model) => model.name == "maps" && model.type.endsWith("MapState")))"""

CONTRAST = f"""() => {{
  const image = (name) => {MODELS}.find((model) =>
    model.type == "Figure" && model.name == name).renderers[0].data_source.data.image[0]
  const [first, second, contrast] = ["prediction", "other", "contrast"].map(image)
  let [worst, largest] = [0, 0]
  if (contrast.length != first.length) return [1, 0]
  contrast.forEach((value, i) => {{
    worst = Math.max(worst, Math.abs(value - (second[i] - first[i])))
    largest = Math.max(largest, Math.abs(value))
  }})
  return [worst, largest]
}}"""
"""How far the contrast is from the second painting minus the first, and its largest value."""

ROLES = """() => {
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".map-truth")) return element.parentNode
      const found = element.shadowRoot && find(element.shadowRoot)
      if (found) return found
    }
  }
  const grid = find(document)
  return ["truth", "prediction", "other"].map((name) =>
    grid.querySelector(`.map-${name}`).dataset.role)
}"""

LIMITED = f"""([low, high]) => {{
  const mapper = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "truth")
    .renderers[0].glyph.color_mapper
  return Math.abs(mapper.low - low) < 2e-3 && Math.abs(mapper.high - high) < 2e-3
}}"""
"""Whether the colours of truth and paintings reach from one value to the other."""

BACKGROUND = "(mark) => getComputedStyle(mark).backgroundColor"
STROKE = "(line) => getComputedStyle(line).stroke"
"""Colours of what stands before a map's name and in the legends."""


def click(visit, name):
    visit.page.get_by_role("button", name=name, exact=True).click()


def test_two_paintings_are_named_and_compared_and_limits_changed_at_once_stay_numbers(explorer):
    page = explorer.page
    explorer.open(LINK).painted()
    explorer.rest()
    for name in ("EMBER WGAN, seed 7", "EMBER U-Net"):
        page.locator(".map-prediction, .map-other").get_by_text(name, exact=True).first.wait_for()
        words = page.locator(".curves-power_spectrum").get_by_text(name, exact=True)
        expect(words).to_have_count(1)
    colours = []
    for name, words in (("prediction", "EMBER WGAN"), ("other", "EMBER U-Net")):
        mark = page.locator(f".map-{name} i.mark").evaluate(BACKGROUND)
        strokes = page.locator(".key > span", has_text=words).locator("svg line[stroke]")
        strokes.nth(4).wait_for(state="attached")
        assert {each.evaluate(STROKE) for each in strokes.all()} == {mark}
        colours.append(mark)
    assert len(set(colours)) == 2, "one colour for each emulator"
    click(explorer, "Linear")
    click(explorer, "Difference")
    page.get_by_role("combobox", name="Which two").click()
    page.get_by_role("option", name="EMBER WGAN, seed 7 and EMBER U-Net").click()
    page.wait_for_function(f"() => {STATE}.compared.join() == '2,3'")
    page.wait_for_function(
        f"() => {{ const [worst, largest] = ({CONTRAST})(); return worst < 1e-5 * largest }}"
    )
    page.get_by_text("EMBER U-Net − EMBER WGAN, seed 7").first.wait_for()
    click(explorer, "Swipe")
    page.wait_for_function(f"() => ({ROLES})().join() == 'none,first,second'")
    click(explorer, "Blink")
    page.wait_for_function(f"() => ({ROLES})().join() == 'none,first,second'")
    page.wait_for_function("() => location.search.includes('show=blink')")
    for name in ("Log", "1–99 %", "Linear", "Min–max", "Log", "1–99 %", "Min–max"):
        click(explorer, name)
    page.wait_for_function(f"() => {STATE}.stretch == 'log' && {STATE}.limits.at(-1) == 4")
    page.wait_for_function("() => location.search.includes('field_limits=')")
    found = page.evaluate(
        f"""() => {{
          const shown = {STATE}.shown.slice(1).filter((map) => map != null)
          const dex = shown.flatMap(({{codes, floor, step}}) =>
            Array.from(codes).filter((code) => code > 0).map((code) => floor + (code - 1) * step))
          return [dex.reduce((a, b) => Math.min(a, b)), dex.reduce((a, b) => Math.max(a, b))]
        }}"""
    )
    page.wait_for_function(LIMITED, arg=found)  # the server's answer to the last of the clicks
    assert not re.search(r"inf|nan", page.url)
