"""Time the compiled network against eager torch on the same cores, in one run.

Command: python tests/benchmarks/inference.py
"""

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.networks.ember import gated, generator
from engine.networks.ember.compiled import CompiledUNet
from engine.networks.ember.unet import PRESETS
from engine.noise import Realisation

REPEATS = 9
CASES = (("small", 384), ("paper", 512))


def compare(preset: str, side: int) -> None:
    """Print medians, their ratio and the largest difference for one network and map size."""
    config = PRESETS[preset]
    network = config.build().eval()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    x = torch.rand(1, 1, side, side)
    start = time.perf_counter()
    compiled = CompiledUNet(config, weights, (side, side), threads=torch.get_num_threads())
    building = time.perf_counter() - start

    def eager() -> np.ndarray:
        with torch.inference_mode():
            return network(x)[0].numpy()

    ways = {"eager torch": eager, "compiled": lambda: compiled(x.numpy())}
    difference = float(np.abs(ways["eager torch"]() - ways["compiled"]()).max())
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(
        f"{preset:6s} {side}^2: "
        + ", ".join(f"{name} {value:.3f} s" for name, value in medians.items())
        + f", ratio {medians['eager torch'] / medians['compiled']:.1f}, built in {building:.2f} s, "
        f"largest difference {difference:.1e} in normalised units"
    )


def compare_generators(side: int) -> None:
    """Print the medians of a sample, noise included, of both generations of `ember-wgan`.

    Of a map's first sample and of a further one; of the second generation as it was first, and as
    it ships for gas and for HI.
    """
    shape, threads = (side, side), torch.get_num_threads()
    x = np.random.default_rng(0).random((1, 1, *shape), dtype=np.float32)
    small = gated.PRESETS["small"]
    shaped = replace(small, details=4, pits=3)
    configs = {"plain": generator.PRESETS["small"], "gated": small, "gas": shaped}
    configs["HI"] = replace(shaped, toned=0, silent=1, sways=True, discs=4, rounded=True)
    compiled = {}
    for name, config in configs.items():
        weights = {k: v.numpy() for k, v in config.build().eval().state_dict().items()}
        compiled[name] = CompiledUNet(config, weights, shape, threads=threads)
    seconds: dict[str, dict[str, list[float]]] = {
        which: {name: [] for name in configs} for which in ("first", "further")
    }
    for seed in range(REPEATS):
        for name, config in configs.items():  # each new to the map: only the last one's is kept
            for which in seconds:
                start = time.perf_counter()
                compiled[name](x, *config.noise(Realisation(seed), shape))
                seconds[which][name].append(time.perf_counter() - start)
    plain = statistics.median(seconds["first"]["plain"])
    for which, by_name in seconds.items():
        medians = {name: statistics.median(values) for name, values in by_name.items()}
        print(
            f"a map's {which} sample, small, {side}^2: "
            + ", ".join(f"{name} {value:.3f} s" for name, value in medians.items())
            + "; to plain's first "
            + ", ".join(f"{value / plain:.2f}" for value in medians.values())
        )


if __name__ == "__main__":
    print(f"{torch.get_num_threads()} threads, medians of {REPEATS}, alternating")
    for case in CASES:
        compare(*case)
    compare_generators(384)
