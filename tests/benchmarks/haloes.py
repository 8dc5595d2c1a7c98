"""Time aperture masses of all haloes of a slab, a profile and a CDDF of the shipped simulation.

python tests/benchmarks/haloes.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # also without installing

import engine
from engine import statistics

REPEATS = 21


def main() -> None:
    simulation = engine.open_simulation("hydro11-z2")
    halos = simulation.halos("hydro")
    fields = ("dm", "gas", "hi")
    slabs = [[simulation.slab(f, index=i) for i in range(8)] for f in fields]
    dark, gas, hi = max(zip(*slabs, strict=True), key=lambda maps: len(halos.in_slab(maps[0])))
    numbers = halos.in_slab(dark)
    relation = statistics.get("halo_relation", halos=halos)
    largest = int(halos.mvir.argmax())
    home = next(slab for slab in slabs[1] if largest in halos.in_slab(slab))
    one = statistics.get("halo_profile", halos=halos, numbers=(largest,))
    stack = statistics.get("halo_profile", halos=halos, numbers=tuple(numbers))
    for what, call in {
        f"masses of {len(numbers)} haloes on two maps": lambda: relation(dark, gas),
        f"profile of the largest halo (number {largest})": lambda: one(home),
        f"stacked profile of {len(numbers)} haloes": lambda: stack(gas),
        "CDDF of a slab": lambda: statistics.cddf(hi),
    }.items():
        first, again = milliseconds(call)
        print(f"{what:45s} first {first:7.2f} ms, again {again:7.2f} ms")


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """The first call, and the median of several more."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * times[0], 1000 * median(times[1:])


if __name__ == "__main__":
    main()
