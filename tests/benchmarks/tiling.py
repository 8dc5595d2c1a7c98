"""Pixels per second of large maps in tiles against the best of a map at once, and memory.

Every case runs in a process of its own, whose peak memory is told. A map at once of 512^2 is
painted again beside each large one, on the same cores at the same time of day. On a machine that
does other things meanwhile compare the seconds of CPU, which change less.

A case in memory is one call, which holds its input and its result. A case through files is what
`python -m engine paint` does, from a simulation file to a file of paintings, and tells what
reading and writing take too; its memory is what is the process's own, since pages of its input's
file are the system's to put aside.

Command: python tests/benchmarks/tiling.py [PRESET:SIDE[:files] ...]
"""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.batch import paint_file, paint_here, work_on
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.mesh import Slab
from engine.networks.ember.generator import PRESETS
from engine.places import SlabPlace
from engine.simulation import open_simulation
from engine.systems.ember import EmberWGAN
from engine.systems.registry import load_emulator
from engine.systems.weights import write_model
from tests.engine.systems.example import PLANCK, dark_matter, slab_card

CASES = ("paper:4096", "small:4096", "small:4096:files", "small:16384:files")
AT_ONCE, REPEATS = 512, 5
GB = 1e9
PIXEL = 29.3
"""Of the maps, [kpc/h]."""

Times = tuple[float, float]
"""Seconds by the clock, and of CPU."""


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


def seconds(emulator: EmberWGAN, slab: Slab) -> Times:
    """Time of painting a map once, noise and what is compiled first included."""
    start, start_cpu = time.perf_counter(), time.process_time()
    emulator.predict(slab, seed=1)
    return time.perf_counter() - start, time.process_time() - start_cpu


def at_once(emulator: EmberWGAN) -> list[Times]:
    """Times of a map of 512^2, after one that nobody counts."""
    whole = replace(dark_matter(), values=map_of(AT_ONCE))
    # Each a new map: of the same one a further sample takes less.
    slabs = [whole.with_values(np.roll(whole.values, shift)) for shift in range(REPEATS + 1)]
    return [seconds(emulator, slab) for slab in slabs][1:]


def in_memory(preset: str, side: int) -> None:
    """Paint a map in one call and tell."""
    emulator = emulator_of(preset)
    slab = replace(dark_matter(), values=map_of(side))
    before = at_once(emulator)
    taken = seconds(emulator, slab)
    times = before + at_once(emulator)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GB
    maps = 2 * 4 * side**2 / GB
    memory = f"peak {peak:.2f} GB, of which input and result {maps:.2f}"
    tell(f"{preset} {side}^2", side, taken, times, memory)


def through_files(preset: str, side: int) -> None:
    """Paint a map tile by tile from a file to a file, and tell."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        os.environ["BARYON_EXPLORER_DATA"] = os.environ["TMPDIR"] = tempfile.tempdir = name
        folder = Path(name)
        written = emulator_of(preset)
        weights = {key: tensor.numpy() for key, tensor in written.network.state_dict().items()}
        write_model(folder / "weights", written.card, weights)
        write_map(folder / "large.hdf5", side)
        emulator = load_emulator("ember-wgan", written.card.field, written.card.level, "cpu")
        before = at_once(emulator)
        work = work_on(open_simulation(folder / "large.hdf5"), emulator, [SlabPlace("z", 0)], [1])
        painting = [0.0, 0.0]

        def timed(work, tiles):
            tiles = iter(paint_here(work, tiles))
            while True:
                start, start_cpu = time.perf_counter(), time.process_time()
                found = next(tiles, None)
                painting[0] += time.perf_counter() - start
                painting[1] += time.process_time() - start_cpu
                if found is None:
                    return
                yield found

        start = time.perf_counter()
        with own_memory() as peak:
            paint_file(work, folder / "out.hdf5", timed)
        whole = time.perf_counter() - start
        memory = f"own memory at most {peak[0]:.2f} GB; {whole:.0f} s with all writing"
        times = before + at_once(emulator)
        tell(f"{preset} {side}^2 through files", side, (painting[0], painting[1]), times, memory)


def write_map(path: Path, side: int) -> None:
    """Write a simulation file with one slab, row by row."""
    box = PIXEL * side / 1000
    header = SimulationHeader("large", box, 2.0, PLANCK, "none", "drawn for a benchmark")
    random = np.random.default_rng(1)
    with new_simulation_file(path, header) as file:
        maps = create_maps(file, SlabLayout(box, side, 1), ("dm", "HR", "ds", "z"), 64, "drawn")
        for first in range(0, side, 512):
            maps[0, first : first + 512] = random.lognormal(size=(min(512, side - first), side))


@contextmanager
def own_memory() -> Iterator[list[float]]:
    """Most memory that is the process's own, pages of files left out, [GB]."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            status = Path("/proc/self/status").read_text().splitlines()
            own = (line.split()[1] for line in status if line.startswith(("RssAnon", "RssShmem")))
            peak[0] = max(peak[0], 1024 * sum(map(int, own)) / GB)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peak
    finally:
        done.set()
        watching.join()


def tell(what: str, side: int, taken: Times, times: list[Times], memory: str) -> None:
    """Print the rates of a large map and of small ones at once."""
    best, best_cpu = (AT_ONCE**2 / min(each) for each in zip(*times, strict=True))
    found, found_cpu = (side**2 / each for each in taken)
    print(
        f"{what}: {found / 1e6:.2f} Mpixel/s in {taken[0]:.0f} s, at once "
        f"{AT_ONCE}^2 {best / 1e6:.2f}: {found / best:.0%}; in a second of CPU "
        f"{found_cpu / 1e6:.2f}, at once {best_cpu / 1e6:.2f}: {found_cpu / best_cpu:.0%}; "
        f"{memory}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        preset, side, *files = sys.argv[2].split(":")
        (through_files if files else in_memory)(preset, int(side))
    else:
        for case in sys.argv[1:] or CASES:
            subprocess.run([sys.executable, __file__, "--one", case], check=True)
