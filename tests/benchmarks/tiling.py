"""Pixels per second of large maps in tiles against the best of a map at once, and memory.

Every case runs in a process of its own, whose peak memory is told. A map at once of 512^2 is
painted again beside each large one, on the same cores at the same time of day.

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

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

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


def seconds(emulator: EmberWGAN, side: int) -> float:
    """Time of painting a map of that side once, noise and what is compiled first included."""
    values = np.random.default_rng(1).lognormal(size=(side, side)).astype(np.float32)
    slab = replace(dark_matter(), values=values)
    start = time.perf_counter()
    emulator.predict(slab, seed=1)
    return time.perf_counter() - start


def measure(preset: str, side: int) -> None:
    """Print rate and peak memory of one case; to be run in a process of its own."""
    emulator = emulator_of(preset)
    seconds(emulator, AT_ONCE)
    before = min(seconds(emulator, AT_ONCE) for _ in range(REPEATS))
    large = seconds(emulator, side)
    after = min(seconds(emulator, AT_ONCE) for _ in range(REPEATS))
    best, found = AT_ONCE**2 / min(before, after), side**2 / large
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GB
    maps = 2 * 4 * side**2 / GB
    print(
        f"{preset:5s} {side}^2: {found / 1e6:.2f} Mpixel/s in {large:.0f} s, at once "
        f"{AT_ONCE}^2 {best / 1e6:.2f}: {found / best:.0%}; peak {peak:.2f} GB, of which input and "
        f"result {maps:.2f}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        for case in sys.argv[1:] or CASES:
            one = [sys.executable, __file__, "--one", *case.split(":")]
            subprocess.run(one, check=True)
