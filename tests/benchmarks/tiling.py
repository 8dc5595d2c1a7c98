"""Pixels per second of large maps in tiles against the best of a map at once, and memory.

Every case runs in a process of its own, whose peak memory is told. A map at once of 512^2 is
painted again beside each large one, on the same cores at the same time of day. On a machine that
does other things meanwhile compare the seconds of CPU, which change less.

Command: python tests/benchmarks/tiling.py [PRESET:SIDE ...]
"""

import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.mesh import Slab
from engine.networks.ember.generator import PRESETS
from engine.systems.ember import EmberWGAN
from tests.engine.systems.example import dark_matter, slab_card

CASES = ("paper:4096", "small:4096", "small:16384")
AT_ONCE, REPEATS = 512, 5
GB = 1e9


def emulator_of(preset: str) -> EmberWGAN:
    """An emulator with fresh weights."""
    config = PRESETS[preset]
    torch.manual_seed(0)
    weights = {name: tensor.numpy() for name, tensor in config.build().state_dict().items()}
    card = slab_card("ember-wgan", {"network": config.kind, **asdict(config)}, stochastic=True)
    return EmberWGAN(card, weights, "cpu")


def map_of(side: int) -> NDArray[np.float32]:
    """Dark matter, drawn row by row so that drawing takes no memory beside the map."""
    random = np.random.default_rng(1)
    values = np.empty((side, side), np.float32)
    for row in values:
        row[:] = random.lognormal(size=side)
    return values


def seconds(emulator: EmberWGAN, slab: Slab) -> tuple[float, float]:
    """Time, and time of CPU, of painting a map once, noise and what is compiled first included."""
    start, start_cpu = time.perf_counter(), time.process_time()
    emulator.predict(slab, seed=1)
    return time.perf_counter() - start, time.process_time() - start_cpu


def measure(preset: str, side: int) -> None:
    """Print rate and peak memory of one case; to be run in a process of its own."""
    emulator = emulator_of(preset)
    small, large = (replace(dark_matter(), values=map_of(n)) for n in (AT_ONCE, side))
    seconds(emulator, small)
    at_once = [seconds(emulator, small) for _ in range(REPEATS)]
    taken, taken_cpu = seconds(emulator, large)
    at_once += [seconds(emulator, small) for _ in range(REPEATS)]
    best, best_cpu = (AT_ONCE**2 / min(times) for times in zip(*at_once, strict=True))
    found, found_cpu = side**2 / taken, side**2 / taken_cpu
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GB
    maps = 2 * 4 * side**2 / GB
    print(
        f"{preset:5s} {side}^2: {found / 1e6:.2f} Mpixel/s in {taken:.0f} s, at once "
        f"{AT_ONCE}^2 {best / 1e6:.2f}: {found / best:.0%}; in a second of CPU "
        f"{found_cpu / 1e6:.2f}, at once {best_cpu / 1e6:.2f}: {found_cpu / best_cpu:.0%}; peak "
        f"{peak:.2f} GB, of which input and result {maps:.2f}; load {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} cores",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        for case in sys.argv[1:] or CASES:
            one = [sys.executable, __file__, "--one", *case.split(":")]
            subprocess.run(one, check=True)
