"""First paint, zoom, pan, slab, new sample, halo and memory of the page, in a real Chromium.

Starts the real server, warms it with one visit, then measures; run from the repository:

    python tests/benchmarks/page.py
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
WINDOW = {"width": 1440, "height": 900}
REPEATS = 7

PAINTING = "?field=gas&emulator=ember-unet"
"""One painting whatever the page opens with, so that releases can be compared."""

DRAWN = """(() => {
  for (const model of window.Bokeh?.documents[0]?.all_models ?? []) {
    if (model.name != "maps" || !model.type.endsWith("MapState")) continue
    const {drawn = 0, flying = 0, waiting = false} = model.fetching ?? {}
    return flying > 0 || waiting ? 0 : drawn
  }
  return 0
})()"""
"""Number of the answer on show; 0 while one is under way."""

MARK_INPUT = """
for (const kind of ["wheel", "pointermove", "pointerup", "keydown"]) {
  window.addEventListener(kind, () => { window.last_input = performance.now() }, true)
}"""

REPAINTED = """async ([drawn, before]) => {
  const frame = () => new Promise(requestAnimationFrame)
  while (!(eval(drawn) > before)) {
    if (performance.now() - window.last_input > 10000) throw new Error("no newer maps in 10 s")
    await frame()
  }
  await frame()
  return performance.now() - window.last_input
}"""
"""Milliseconds from the last input to the frame after newer maps were drawn."""

LONE_HALOES = """() => {
  const figure = Array.from(Bokeh.documents[0].all_models).find(({type, name}) =>
    type == "Figure" && name == "truth")
  const {x, y} = figure.renderers[2].data_source.data
  const {end} = figure.x_range
  const within = (place) => place > 0.05 * end && place < 0.95 * end
  const lone = Array.from(x.keys()).filter((i) => within(x[i]) && within(y[i]) &&
    x.every((_, j) => i == j || Math.hypot(x[i] - x[j], y[i] - y[j]) > 0.03 * end))
  return lone.map((i) => [x[i] / end, 1 - y[i] / end])
}"""
"""Places of haloes that no other is near, as fractions of the map from its upper left corner."""

SHARE = """(() => {
  const {x_range} = Array.from(Bokeh.documents[0].all_models).find(({type, name}) =>
    type == "Figure" && name == "truth")
  return (x_range.end - x_range.start) / (x_range.reset_end - x_range.reset_start)
})()"""
"""Of the whole map's width that is in view."""

PROFILE = """(() => {
  const figure = Array.from(Bokeh.documents[0].all_models).find(({type, below}) =>
    type == "Figure" && below?.[0]?.axis_label?.startsWith("radius"))
  return figure ? figure.renderers.map(({data_source}) => data_source.data.y?.[0]).join() : ""
})()"""
"""What is drawn on the card of halo profiles; empty while it has no halo."""

REDRAWN = """async ([profile, before]) => {
  const frame = () => new Promise(requestAnimationFrame)
  while (eval(profile) == before) {
    if (performance.now() - window.last_input > 10000) throw new Error("no other profile in 10 s")
    await frame()
  }
  await frame()
  return performance.now() - window.last_input
}"""
"""Milliseconds from the last input to the frame after another profile was drawn."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=REPEATS)
    repeats = options.parse_args().repeats
    with served() as (address, process), chromium() as browser:
        visit(browser, address + PAINTING).close()  # warms the server
        paints = [first_paint(browser, address) for _ in range(repeats)]
        page = visit(browser, address + PAINTING)
        rows = {
            "first paint [s]": (paints, 5),
            "zoom repainted [s]": ([zoom(page, i) for i in range(repeats)], 0.2),
            "pan repainted [s]": (pans(page, repeats), 0.2),
            "other slab painted [s]": ([other_slab(page) for _ in range(repeats)], None),
            "new sample, just opened [s]": (new_samples(browser, address, repeats, False), 1),
            "new sample, page whole [s]": (new_samples(browser, address, repeats, True), 1),
            "halo tapped, profile drawn [s]": (halo_taps(browser, address, repeats), 0.3),
            "other session's zoom [s]": (zooms_beside(browser, address, repeats), 0.15),
            "peak memory of the server [GB]": ([peak_memory(process)], 2),
        }
    print(f"{'median of ' + str(repeats):32s} median   worst   limit")
    for name, (values, limit) in rows.items():
        bound = "" if limit is None else f"{limit:7.2f}"
        print(f"{name:32s}{statistics.median(values):7.3f} {max(values):7.3f} {bound}")


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """The page's address and the server's process id."""
    command = [sys.executable, "-m", "panel", "serve", "explorer", "--port", "0"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"running at: (\S+)", line):
                yield found[1], server.pid
                break
    finally:
        server.terminate()
        server.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def visit(browser: Browser, address: str) -> Page:
    """A page with its three maps on show."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(address)
    page.wait_for_function(f"{DRAWN} > 0", polling=20)
    page.wait_for_timeout(1000)
    page.evaluate(MARK_INPUT)
    return page


def first_paint(browser: Browser, address: str) -> float:
    """Seconds from opening the page, nothing cached, to three maps on show."""
    page = browser.new_page(viewport=WINDOW)
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_function(f"{DRAWN} > 0", polling=20)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def zoom(page: Page, turn: int) -> float:
    """Seconds from one notch of the wheel to newer maps on show."""
    x, y = middle_of_map(page)
    page.mouse.move(x, y)
    return repainted(page, lambda: page.mouse.wheel(0, 120 if turn % 2 else -120))


def pans(page: Page, repeats: int) -> list[float]:
    """Seconds from the last move of each drag to newer maps on show, zoomed in."""
    x, y = middle_of_map(page)
    page.mouse.move(x, y)
    repainted(page, lambda: page.mouse.wheel(0, -500))
    seconds = []
    for turn in range(repeats):
        step = 40 if turn % 2 else -40
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + step / 2, y + step / 2, steps=2)  # a drag begins with the second
        seconds.append(repainted(page, lambda step=step: page.mouse.move(x + step, y + step)))
        page.mouse.up()
    return seconds


def other_slab(page: Page) -> float:
    """Seconds from choosing the next slab to its maps, painting included, on show."""
    page.get_by_role("slider", name="Slab").focus()
    return repainted(page, lambda: page.keyboard.press("ArrowRight"))


def new_samples(browser: Browser, address: str, repeats: int, whole: bool) -> list[float]:
    """Seconds from asking for a new sample to its map on show; curves come in the same turn.

    On a page that is whole, or on one that still builds what lies below the maps.
    """
    page = visit(browser, f"{address}?emulator=ember-wgan")
    if whole:
        page.get_by_text("Masses and geometry", exact=True).wait_for()
        page.wait_for_timeout(3000)
    seconds = []
    for _ in range(repeats):
        page.get_by_role("button", name="New sample").focus()
        seconds.append(repainted(page, lambda: page.keyboard.press("Enter")))
    page.close()
    return seconds


def halo_taps(browser: Browser, address: str, repeats: int) -> list[float]:
    """Seconds from a tap on a halo to its profile on show, maps already painted."""
    page = visit(browser, f"{address}?emulator=ember-wgan&slab=3&rings=yes")
    page.get_by_text("Masses and geometry", exact=True).wait_for()
    truth, seconds = page.locator(".map-truth .bk-Figure"), []
    for across, down in page.evaluate(LONE_HALOES)[:repeats]:
        page.get_by_role("button", name="Whole map").click()
        page.wait_for_function(f"{SHARE} > 0.99", polling=20)
        page.wait_for_timeout(1500)
        box = truth.bounding_box()
        assert box is not None
        before = page.evaluate(PROFILE)
        page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
        seconds.append(float(page.evaluate(REDRAWN, [PROFILE, before])) / 1000)
        # The maps go to the halo after its profile; a next tap before that met no ring.
        page.wait_for_function(f"{SHARE} < 0.9", polling=20)
    page.close()
    return seconds


def zooms_beside(browser: Browser, address: str, repeats: int) -> list[float]:
    """Seconds from the wheel to newer maps while another session's ensemble is painted."""
    other = visit(browser, f"{address}?emulator=ember-wgan&slab=3")
    page = visit(browser, address + PAINTING)
    other.get_by_role("button", name="Paint ensemble").click()
    other.get_by_text("Painting sample").first.wait_for()
    seconds = [zoom(page, turn) for turn in range(repeats)]
    assert other.get_by_text("Painting sample").first.is_visible(), "the ensemble was done too soon"
    other.close()
    page.close()
    return seconds


def repainted(page: Page, act: Callable[[], None]) -> float:
    page.wait_for_timeout(400)
    before = page.evaluate(DRAWN)
    act()
    return float(page.evaluate(REPAINTED, [DRAWN, before])) / 1000


def middle_of_map(page: Page) -> tuple[float, float]:
    box = page.locator(".bk-Figure").nth(1).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def peak_memory(process: int) -> float:
    """Largest resident memory a process had, [GB]."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1e6


if __name__ == "__main__":
    main()
