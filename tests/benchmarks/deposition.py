"""Time the deposition against swiftsimio's projection backends, in one run.

The same particles (dark matter of the shipped snapshot), smoothing lengths, grid and cores;
the ways alternate, medians of several. Needs the extra `benchmark`.

Command: python tests/benchmarks/deposition.py
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from swiftsimio.visualisation.projection_backends import backends_parallel
from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma

from engine.formats import open_snapshot
from engine.projection.deposition import deposit
from engine.projection.smoothing import neighbour_distance

ROOT = Path(__file__).resolve().parents[2]
PIXELS = 384
REPEATS = 9
PEERS = ("fast", "renormalised", "subsampled")


def ways() -> dict[str, Callable[[], np.ndarray]]:
    """Deposit all particles on one map, by name; each returns mass per pixel over the mass."""
    snapshot = open_snapshot(ROOT / "assets" / "snapshots" / "hydro11-z2.hdf5")
    number, box = snapshot.header.counts["dark matter"], snapshot.header.box_size
    position = snapshot.positions("dark matter", 0, number)
    support = neighbour_distance(position, box)
    x, y = (position[:, i].astype(np.float64) / box for i in (0, 1))
    column, row, radius = ((values * PIXELS).astype(np.float32) for values in (x, y, support / box))
    ones = np.ones((1, number), np.float32)
    theirs = {
        "x": x, "y": y, "m": ones[0], "h": (support / box / kernel_gamma).astype(np.float32),
        "res": PIXELS, "box_x": 1.0, "box_y": 1.0,
    }  # fmt: skip

    def peer(name: str) -> Callable[[], np.ndarray]:
        return lambda: backends_parallel[name](**theirs) / PIXELS**2 / number

    found = {"ours": lambda: deposit(column, row, radius, ones, (PIXELS, PIXELS))[0] / number}
    return found | {f"swiftsimio {name}": peer(name) for name in PEERS}


def main() -> None:
    """Print medians, ratios to ours and the mass each way loses or invents."""
    table = ways()
    seconds: dict[str, list[float]] = {name: [] for name in table}
    error = {name: way().sum(dtype=np.float64) - 1 for name, way in table.items()}  # compiles too
    for _ in range(REPEATS):
        for name, way in table.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    print(f"{numba.get_num_threads()} threads, {PIXELS}^2, medians of {REPEATS}, alternating")
    for name, values in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(values, seconds["ours"], strict=True)]
        print(
            f"{name:24s} {statistics.median(values):6.3f} s   time over ours "
            f"{statistics.median(ratios):5.2f}   mass {error[name]:+.1e}"
        )


if __name__ == "__main__":
    main()
