"""Several sessions of scripted use at once, in a real Chromium: errors, and growth of memory.

Every session presses the page's keys in turn, as `explorer/views/keys.js` lists them. The memory
after the first half, when the server's cache of paintings may be full, is compared with that at the
end.

    python tests/benchmarks/sessions.py --sessions 10 --minutes 10
"""

import argparse
import random
import time

from page import WINDOW, chromium, served
from playwright.sync_api import Page

KEYS = ("n", "ArrowRight", "n", "d", "[", "]", "ArrowLeft", "s", "r", "b", "w")
ALERT = ".MuiAlert-message"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=10)
    options.add_argument("--minutes", type=float, default=10)
    chosen = options.parse_args()
    script, errors, pressed = random.Random(0), [], 0
    with served() as (address, process), chromium() as browser:
        pages = []
        for _ in range(chosen.sessions):
            page = browser.new_page(viewport=WINDOW)
            page.set_default_timeout(180_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{address}?emulator=ember-wgan")
            page.get_by_text("Power spectrum").wait_for()
            pages.append(page)
        start, memory = time.monotonic(), {"at the start": resident(process)}
        while (passed := time.monotonic() - start) < 60 * chosen.minutes:
            if passed > 30 * chosen.minutes:
                memory.setdefault("after half the time", resident(process))
            for page in pages:
                page.keyboard.press(script.choice(KEYS))
                pressed += 1
            pages[0].wait_for_timeout(1000)
        memory["at the end"] = resident(process)
        alerts = [words for page in pages for words in alert(page)]
    print(f"{chosen.sessions} sessions, {chosen.minutes:g} minutes, {pressed} keys")
    print(f"errors in the browser: {errors or 'none'}; alerts: {alerts or 'none'}")
    print("memory of the server " + ", ".join(f"{k} {v:.2f} GB" for k, v in memory.items()))


def alert(page: Page) -> list[str]:
    """Words of the alerts a page shows."""
    return [each.inner_text() for each in page.locator(ALERT).all() if each.is_visible()]


def resident(process: int) -> float:
    """Memory that a process holds now, [GB]."""
    with open(f"/proc/{process}/status") as status:  # noqa: PTH123
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 2**20


if __name__ == "__main__":
    main()
