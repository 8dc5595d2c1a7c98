"""A layer of the shipped box, in a real Chromium: by its slider, and dragged along the strip.

The box is painted and measured first: another layer is cut from it. Told are the seconds to newer
maps on show, and those that the server's processor worked for each, which other load doesn't
change.

Command: python tests/benchmarks/layers.py
"""

import argparse
import os
import statistics
from pathlib import Path

from page import DRAWN, MARK_INPUT, WINDOW, chromium, repainted, served
from playwright.sync_api import Page

REPEATS = 15
PATIENCE = 300_000
"""Milliseconds that a busy machine may take to paint and measure the box."""

BOX = "?scene=volumes&simulation=quijote-103-z0&emulator=super-resolution"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=REPEATS)
    repeats = options.parse_args().repeats
    with served() as (address, process), chromium() as browser:
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(PATIENCE)
        page.goto(address + BOX)
        page.get_by_text("scatter of the box's 8 octants").first.wait_for()
        page.locator(".running").wait_for(state="hidden")
        page.wait_for_timeout(2000)
        page.evaluate(MARK_INPUT)
        rows = {}
        for name, act in (("slider", by_slider), ("strip dragged", along_strip)):
            before = worked(process)
            seconds = [act(page, turn) for turn in range(repeats)]
            page.wait_for_timeout(1000)
            rows[name] = seconds, (worked(process) - before) / repeats
    print(f"{'median of ' + str(repeats):16s} median   worst   limit   server's CPU")
    for name, (seconds, work) in rows.items():
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"{name:16s}{middle:7.3f} {worst:7.3f}    0.20 {work:10.3f}  [s]")


def by_slider(page: Page, turn: int) -> float:
    """Seconds from a key on the slider to the maps of the next layer on show."""
    page.get_by_role("slider", name="Layer begins at cell").focus()
    return repainted(
        page, lambda: page.keyboard.press("ArrowLeft" if turn % 4 > 1 else "ArrowRight")
    )


def along_strip(page: Page, turn: int) -> float:
    """Seconds from the last move of a drag to its maps on show, while the button is held."""
    strip = page.locator(".layer-strip .bk-Figure").bounding_box()
    assert strip is not None
    middle = page.evaluate(MIDDLE)
    x = strip["x"] + 10 + middle * (strip["width"] - 20)
    y = strip["y"] + 30
    step = (-1 if middle > 0.5 else 1) * strip["width"] / 16
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + step / 2, y, steps=4)
    seconds = repainted(page, lambda: page.mouse.move(x + step, y))
    page.mouse.up()
    page.wait_for_function(f"{DRAWN} > 0", polling=20)
    return seconds


MIDDLE = """() => {
  const models = Array.from(Bokeh.documents[0].all_models)
  const {left, right} = models.find(({type, editable}) => type == "BoxAnnotation" && editable)
  const {x_range} = models.find(({type, name}) => type == "Figure" && name == "strip")
  return (left + right) / 2 / x_range.end
}"""
"""Middle of the layer, as a part of the strip."""


def worked(process: int) -> float:
    """Seconds that a process has worked so far."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
