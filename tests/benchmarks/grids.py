"""Time the deposition in three dimensions against swiftsimio's volume backend, in one run.

The same particles (dark matter of the shipped snapshot), smoothing lengths, grid and cores;
the ways alternate, medians of several. swiftsimio's kernel is its own (Wendland's C2). Needs the
extra `benchmark`.

Command: python tests/benchmarks/grids.py [cells]
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma
from swiftsimio.visualisation.volume_render_backends import backends, backends_parallel

from engine.formats import open_snapshot
from engine.projection.smoothing import neighbour_distance
from engine.projection.volumes import deposit_cic, deposit_kernel

ROOT = Path(__file__).resolve().parents[2]
CELLS = 96
REPEATS = 3


def ways(cells: int) -> dict[str, Callable[[], np.ndarray]]:
    """Deposit all particles on one grid, by name; each returns mass per cell over the mass."""
    snapshot = open_snapshot(ROOT / "assets" / "snapshots" / "hydro11-z2.hdf5")
    number, box = snapshot.header.counts["dark matter"], snapshot.header.box_size
    position = snapshot.positions("dark matter", 0, number)
    support = neighbour_distance(position, box)
    place, radius = position.astype(np.float64) * (cells / box), support * (cells / box)
    ones = np.ones((1, number))
    x, y, z = (position[:, i].astype(np.float64) / box for i in range(3))
    theirs = {
        "x": x, "y": y, "z": z, "m": ones[0].astype(np.float32),
        "h": (support / box / kernel_gamma).astype(np.float32),
        "res": cells, "box_x": 1.0, "box_y": 1.0, "box_z": 1.0,
    }  # fmt: skip

    def empty() -> np.ndarray:
        return np.zeros((1, cells, cells, cells))

    return {
        "kernel": lambda: deposit_kernel(place, radius, ones, cells, empty())[0] / number,
        "cloud in cell": lambda: deposit_cic(place, ones, cells, empty())[0] / number,
        "swiftsimio": lambda: backends["scatter"](**theirs) / cells**3 / number,
        "swiftsimio parallel": lambda: backends_parallel["scatter"](**theirs) / cells**3 / number,
    }


def main() -> None:
    """Print medians, ratios to our kernels and the mass each way loses or invents."""
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else CELLS
    table = ways(cells)
    seconds: dict[str, list[float]] = {name: [] for name in table}
    error = {name: way().sum(dtype=np.float64) - 1 for name, way in table.items()}  # compiles too
    for _ in range(REPEATS):
        for name, way in table.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    print(f"{numba.get_num_threads()} threads, {cells}^3, medians of {REPEATS}, alternating")
    for name, values in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(values, seconds["kernel"], strict=True)]
        print(
            f"{name:24s} {statistics.median(values):6.3f} s   time over ours "
            f"{statistics.median(ratios):5.2f}   mass {error[name]:+.1e}"
        )


if __name__ == "__main__":
    main()
