"""Time from maps to every curve of the page, on the shipped simulation.

The page wants a region's statistics and a halo's profile within 300 ms; what remains beside these
figures is a message to the browser and back.

    python tests/benchmarks/curves.py
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median

import engine
from engine.places import SlabPlace
from explorer.results import Results, read, summarise
from explorer.state import Request

SLAB, REGION = 0, (100, 228, 60, 188)


def painted(field: str, emulator: str) -> Results:
    """Read and paint one slab."""
    simulation = engine.open_simulation("hydro11-z2")
    found = read(simulation, Request("hydro11-z2", SlabPlace("z", SLAB), field, emulator))
    paint = engine.load_emulator(emulator, field=field, device="cpu").predict
    return replace(found, prediction=paint(found.input))


def milliseconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Times of a piece of work, after one that isn't counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    """Print the times of all curves together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    for field, emulator in (("gas", "ember-wgan"), ("hi", "ember-unet")):
        found = painted(field, emulator)
        assert found.catalogue is not None
        heaviest = int(found.catalogue.in_slab(found.input)[0])
        requests = {
            "slab": found.request,
            "region of 128 x 128": replace(found.request, scope="region", region=REGION),
            "slab and a halo's profile": replace(found.request, halo=heaviest),
        }
        for what, request in requests.items():
            asked = replace(found, request=request)
            times = milliseconds(partial(summarise, asked), repeats)
            spread = f"({min(times):.0f} to {max(times):.0f})"
            print(f"{field:4} {what:28} {median(times):6.0f} ms {spread}")


if __name__ == "__main__":
    main()
