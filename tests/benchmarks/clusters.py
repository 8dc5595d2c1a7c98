"""Time painting a thousand maps of clusters, and the network as it ships against the trained one.

Command: python tests/benchmarks/clusters.py [CARDS...]; without cards, those that ship.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import engine
from engine.fields import OF_HOT_GAS
from engine.networks.cluster.unet import ClusterUNetConfig
from engine.systems.card import read_card
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights

SIMULATION = "groups-202-z0"
MAPS = 1000
REPEATS = 3


def painters(paths: list[str]):
    """Emulators of the cards, or those that ship."""
    if not paths:
        return [engine.load_emulator("cluster-unet", field) for field in OF_HOT_GAS]
    cards = [(Path(path), read_card(Path(path))) for path in paths]
    return [emulator_class(c.system)(c, read_weights(p, c), "cpu") for p, c in cards]


def fastest(work) -> tuple[float, float]:
    """Least wall-clock and CPU seconds of some tries."""
    tries = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        tries.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = zip(*tries, strict=True)
    return min(wall), min(cpu)


def main() -> None:
    """Print seconds for a thousand maps of every field."""
    simulation = engine.open_simulation(SIMULATION)
    cut = [each for axis in "xyz" for each in simulation.cutouts_around("dm", axis)]
    maps = [cut[number % len(cut)] for number in range(MAPS)]
    print(f"{MAPS} maps of {maps[0].shape} pixels, {torch.get_num_threads()} threads")
    for painter in painters(sys.argv[1:]):
        wall, cpu = fastest(lambda painter=painter: painter.predict_objects(maps))
        print(f"{painter.card.field:15s} {wall:6.1f} s, {cpu:6.1f} CPU s")
    numbers = {k: v for k, v in painter.card.architecture.items() if k != "network"}
    trained = ClusterUNetConfig(**numbers).build().eval()
    x = torch.rand(16, trained.config.inputs, *maps[0].shape)
    for name, network in (("as trained", trained), ("folded", trained.folded())):
        with torch.inference_mode():
            wall, cpu = fastest(lambda network=network: [network(x) for _ in range(20)])
        print(f"{name:15s} {1000 * wall / 320:6.2f} ms a map, {1000 * cpu / 320:6.2f} CPU ms")
    with torch.inference_mode():
        off = np.abs(trained(x).numpy() - trained.folded()(x).numpy()).max()
    print(f"largest difference {off:.1e} in scaled units")


if __name__ == "__main__":
    main()
