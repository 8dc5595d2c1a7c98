"""Colour limits, stretch, blinking and swiping of the maps, in a real Chromium.

Starts the real server; every figure is taken in the browser, from the input to the frame
after it; run from the repository:

    python tests/benchmarks/maps.py
"""

import statistics

from page import chromium, served, visit

REPEATS = 15

READY = """() => {
  for (const model of window.Bokeh?.documents[0]?.all_models ?? [])
    if (model.name == "maps" && model.shown?.[2] != null) return true
  return false
}"""

SETUP = """() => {
  const models = Array.from(Bokeh.documents[0].all_models)
  window.state = models.find((model) => model.name == "maps" && model.type.endsWith("MapState"))
  window.mapper = models.find((model) => model.type == "Figure" && model.name == "truth")
    .renderers[0].glyph.color_mapper
  // Two frames: the first may have begun before the change, the second shows it.
  window.painted = () => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done)))
  const find = (root, selector) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(selector)) return element
      const found = element.shadowRoot && find(element.shadowRoot, selector)
      if (found) return found
    }
  }
  window.find = (selector) => find(document, selector)
}"""

LIMITS = """async (turn) => {
  const begun = performance.now()
  mapper.setv({high: mapper.high + (turn % 2 ? 0.1 : -0.1)})
  await painted()
  return performance.now() - begun
}"""

STRETCH = """async (turn) => {
  const begun = performance.now()
  state.stretch = turn % 2 ? "asinh" : "log"
  await painted()
  return performance.now() - begun
}"""

BLINK = """async () => {
  const begun = performance.now()
  window.dispatchEvent(new KeyboardEvent("keydown", {key: "b"}))
  await painted()
  return performance.now() - begun
}"""

SWIPE = """async (frames) => {
  const handle = find(".handle")
  const {left, width} = handle.parentNode.getBoundingClientRect()
  handle.setPointerCapture = () => {}
  handle.hasPointerCapture = () => true
  const begun = performance.now()
  for (let i = 0; i < frames; i++) {
    const clientX = left + width * (0.5 + 0.4 * Math.sin(i / 5))
    handle.dispatchEvent(new PointerEvent("pointermove", {clientX, pointerId: 1}))
    await new Promise(requestAnimationFrame)
  }
  return 1000 * frames / (performance.now() - begun)
}"""
"""Frames a second while the handle moves."""


def main() -> None:
    with served() as (address, _), chromium() as browser:
        page = visit(browser, address)
        page.wait_for_function(READY, timeout=120_000)
        page.wait_for_timeout(2000)
        page.evaluate(SETUP)
        rows = {
            "colour limits [ms], at most 50": [page.evaluate(LIMITS, n) for n in range(REPEATS)],
            "stretch redrawn [ms]": [page.evaluate(STRETCH, n) for n in range(REPEATS)],
        }
        page.evaluate(BLINK)  # goes to the mode
        page.wait_for_timeout(2000)
        rows["blink [ms], at most 50"] = [page.evaluate(BLINK) for _ in range(REPEATS)]
        page.get_by_role("button", name="Swipe", exact=True).click()
        page.wait_for_timeout(2000)
        rows["swipe [frames/s], at least 30"] = [page.evaluate(SWIPE, 60) for _ in range(5)]
    print(f"{'':32s} median    least     most")
    for name, values in rows.items():
        middle = statistics.median(values)
        print(f"{name:32s}{middle:7.1f}  {min(values):7.1f}  {max(values):7.1f}")


if __name__ == "__main__":
    main()
