"""Time P(k) against powerbox on the same maps and grids with the same bins, in one run.

python tests/benchmarks/power_spectrum.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import powerbox

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # also without installing

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Grid, Mesh, Slab
from engine.results import Curve

SHAPES = ((384, 384), (2048, 2048), (256, 256, 256))
BOX = 11.25  # Mpc/h
REPEATS = {2: 9, 3: 3}  # powerbox takes its time over a grid


def main() -> None:
    print("shape            first    again  powerbox [ms]  powerbox/ours  largest difference")
    for shape in SHAPES:
        mesh, repeats = lognormal(shape), REPEATS[len(shape)]
        start = time.perf_counter()
        curve = statistics.power_spectrum(mesh)  # sorts the modes into bins, then remembered
        first = 1000 * (time.perf_counter() - start)
        again = milliseconds(lambda mesh=mesh: statistics.power_spectrum(mesh), repeats)
        other = milliseconds(lambda mesh=mesh, curve=curve: by_powerbox(mesh, curve), repeats)
        difference = np.abs(curve.y / by_powerbox(mesh, curve) - 1).max()
        name = " x ".join(map(str, shape))
        print(
            f"{name:15s} {first:7.2f} {again:8.2f} {other:9.1f} {other / again:18.0f} "
            f"{difference:19.1e}"
        )


def lognormal(shape: tuple[int, ...]) -> Mesh:
    values = np.random.default_rng(1).lognormal(10, 2, shape).astype(np.float32)
    about = {
        "cell_size": 1000 * BOX / shape[0],
        "box_size": BOX,
        "redshift": 2.0,
        "cosmology": Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774),
    }
    return (
        Grid(values, "gas", **about) if len(shape) == 3 else Slab(values, "gas", depth=1, **about)
    )


def by_powerbox(mesh: Mesh, curve: Curve) -> np.ndarray:
    delta = mesh.values / mesh.values.mean() - 1
    return powerbox.get_power(delta, BOX, bins=curve.edges, dimensionless=False).power


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Median over several calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * median(times)


if __name__ == "__main__":
    main()
