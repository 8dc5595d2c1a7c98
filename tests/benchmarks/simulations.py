"""Memory of the server over many changes of simulation, and over many pages that come and go.

python tests/benchmarks/simulations.py --changes 40
"""

import argparse

from page import WINDOW, chromium, served
from playwright.sync_api import Page
from sessions import resident

NAMES = ("hydro11-z2", "validation-z2")
LINKS = (
    "?simulation=hydro11-z2&field=gas&emulator=ember-unet",
    "?simulation=validation-z2&field=hi&emulator=ember-wgan",
    "?scene=volumes&simulation=validation-z2",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--changes", type=int, default=40)
    changes = options.parse_args().changes
    with served() as (address, process), chromium() as browser:
        page = opened(browser.new_page(viewport=WINDOW), address + LINKS[0])
        memory = {"one page": resident(process)}
        for number in range(changes):
            choose(page, NAMES[(number + 1) % 2])
            if number + 1 in (changes // 2, changes):
                memory[f"{number + 1} changes"] = resident(process)
        page.close()
        for number in range(changes):
            opened(browser.new_page(viewport=WINDOW), address + LINKS[number % 3]).close()
            if number + 1 in (changes // 2, changes):
                memory[f"{number + 1} pages more"] = resident(process)
    print("memory of the server: " + ", ".join(f"{k} {v:.2f} GB" for k, v in memory.items()))


def opened(page: Page, address: str) -> Page:
    """Open a page and wait until its cards are there."""
    page.set_default_timeout(180_000)
    page.goto(address)
    page.get_by_text("Masses and geometry", exact=True).wait_for()
    return page


def choose(page: Page, name: str) -> None:
    """Choose another simulation, and wait until its slab is shown with its curves."""
    page.get_by_role("combobox", name="Simulation").click()
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_function(f"() => location.search.includes('simulation={name}')")
    page.wait_for_function(
        "() => Bokeh.documents[0].is_idle && !document.body.innerText.includes('Painting')"
    )
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
