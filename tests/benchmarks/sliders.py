"""Time a slider's repaint of JERALD: from a changed number to map and P(k), without a browser.

A universe of its own is drawn, of the cells and the redshift that the numbers were fitted at. One
number of each stage is changed again and again: the particle mesh stays, and the dark matter's
stage while a later one's numbers change.

Command: python tests/benchmarks/sliders.py [particles a side]
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SIDE = 96
SEPARATION = 11.25 / 96
"""[Mpc/h]"""
REPEATS = 9

NUMBERS = (
    ("dm", "dm move alpha 1"),
    ("stars", "stars map mu"),
    ("hi_thin", "hi_thin map mu"),
    ("hi_thin", "dm move alpha 1"),
)
"""Changed one by one, beside the field that is painted; the last moves all three stages."""


def main() -> None:
    """Print a line for each field."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else SIDE
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BARYON_EXPLORER_DATA"] = folder
        import engine

        path = Path(folder, "simulations", "drawn.hdf5")
        engine.simulate(path, side * SEPARATION, side, seed=1, redshift=2.0)
        for field, number in NUMBERS:
            times, painted = asyncio.run(repaints(field, number))
            middle, longest = 1000 * statistics.median(times), 1000 * max(times)
            alone = 1000 * statistics.median(painted)
            print(
                f"{field}, {side}^3, {number}: {middle:.0f} ms to map and P(k), at most "
                f"{longest:.0f}; {alone:.0f} of them painting"
            )


async def repaints(field: str, number: str) -> tuple[list[float], list[float]]:
    """Seconds from each change to the results that the page shows, and of the painting alone."""
    from explorer.scenes.volumes import Volumes
    from explorer.store import Store

    asked = {"simulation": "drawn", "field": field, "emulator": "jerald"}
    store = Store(Volumes(), asked)
    first = asyncio.ensure_future(store.refresh())
    while store.results is None or store.results.prediction is None:
        await asyncio.sleep(0.05)
    (about,) = (each for each in store.card.parameters if each.name == number)
    times, painted = [], []
    for turn in range(REPEATS):
        seen = asyncio.Event()
        before = store.results
        watching = store.param.watch(
            lambda event, before=before, seen=seen: (
                seen.set() if event.new.prediction is not before.prediction else None
            ),
            "results",
        )
        start = time.perf_counter()
        store.selection.set_parameters({number: about.value * (1.01 + 0.01 * turn)})
        await seen.wait()
        times.append(time.perf_counter() - start)
        painted.append(store.results.seconds)
        store.param.unwatch(watching)
    store.close()
    await first
    return times, painted


if __name__ == "__main__":
    main()
