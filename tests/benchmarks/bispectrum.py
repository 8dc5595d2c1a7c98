"""Time B(k) against one full transform a shell, counted anew each time, in one run.

python tests/benchmarks/bispectrum.py
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # also without installing

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.results import Curve

SIDES = (384, 1024)
BOX = 11.25  # Mpc/h
REPEATS = 5


def main() -> None:
    print("side    first    again  full transforms [ms]  theirs/ours  largest difference")
    for side in SIDES:
        slab = lognormal_slab(side)
        # The plain way aliases beyond two thirds of the Nyquist wavenumber.
        edges = tuple(2 * np.pi / BOX * np.geomspace(0.999, side / 3 - 0.001, 13))
        start = time.perf_counter()
        curve = statistics.bispectrum(slab, bins=edges)  # counts triangles, then remembered
        first = 1000 * (time.perf_counter() - start)
        again = milliseconds(lambda slab=slab, e=edges: statistics.bispectrum(slab, bins=e))
        other = milliseconds(lambda slab=slab, curve=curve: by_full_transforms(slab, curve))
        difference = np.nanmax(np.abs(curve.y - by_full_transforms(slab, curve)) / curve.error)
        print(
            f"{side:4d} {first:8.1f} {again:8.1f} {other:21.0f} {other / again:12.0f} "
            f"{difference:14.1e} errors"
        )
        whole = milliseconds(lambda slab=slab: statistics.bispectrum(slab))
        print(f"{side:4d} {'':8} {whole:8.1f}  with the automatic bins, up to Nyquist")


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


def by_full_transforms(slab: Slab, curve: Curve) -> np.ndarray:
    """B of each bin: shells of the map and of ones, transformed back on the map's own grid."""
    n = len(slab.values)
    k = 2 * np.pi * np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, BOX / n),) * 2))
    delta_k = np.fft.fft2(slab.values / slab.values.mean(dtype=np.float64) - 1) / n**2
    found = []
    for low, high in pairwise(curve.edges):
        shell = (k >= low) & (k < high)
        filtered = np.fft.ifft2(delta_k * shell).real * n**2
        ones = np.fft.ifft2(shell).real * n**2
        found.append(BOX**4 * (filtered**3).mean() / (ones**3).mean())
    return np.array(found)


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
