"""Time P(k) against powerbox on the same maps with the same bins, in one run.

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
from engine.mesh import Slab
from engine.results import Curve

SIDES = (384, 2048)
BOX = 11.25  # Mpc/h
REPEATS = 9


def main() -> None:
    print("side    first    again  powerbox [ms]  powerbox/ours  largest difference")
    for side in SIDES:
        slab = lognormal_slab(side)
        start = time.perf_counter()
        curve = statistics.power_spectrum(slab)  # sorts the modes into bins, then remembered
        first = 1000 * (time.perf_counter() - start)
        again = milliseconds(lambda slab=slab: statistics.power_spectrum(slab))
        other = milliseconds(lambda slab=slab, curve=curve: by_powerbox(slab, curve))
        difference = np.abs(curve.y / by_powerbox(slab, curve) - 1).max()
        print(
            f"{side:4d} {first:8.2f} {again:8.2f} {other:9.1f} {other / again:18.0f} "
            f"{difference:19.1e}"
        )


def lognormal_slab(side: int) -> Slab:
    values = np.random.default_rng(1).lognormal(10, 2, (side, side))
    planck = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
    return Slab(
        values=values,
        field="gas",
        cell_size=1000 * BOX / side,
        depth=1.4,
        box_size=BOX,
        redshift=2.0,
        cosmology=planck,
    )


def by_powerbox(slab: Slab, curve: Curve) -> np.ndarray:
    delta = slab.values / slab.values.mean() - 1
    return powerbox.get_power(delta, BOX, bins=curve.edges, dimensionless=False).power


def milliseconds(call: Callable[[], object]) -> float:
    """Median over several calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * median(times)


if __name__ == "__main__":
    main()
