"""Time super-resolution on the shipped box, or on as many copies of it beside one another.

A box of copies has the same cells and phases, so that it is painted as any larger one; its
painting is held against that of the one box.

Command: python tests/benchmarks/volumes.py [cells a side, a multiple of 128]
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import engine
from engine.mesh import Grid

SIDE = 128
"""Cells of high resolution of the shipped box."""


def copies(grid: Grid, number: int) -> Grid:
    """A box of so many copies along each axis."""
    values = np.tile(grid.values, (number,) * 3)
    return grid.with_values(values, box_size=number * grid.box_size)


def peak() -> float:
    """Memory of the process so far, [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Print time, memory and how far the copies are from the box."""
    number = int(sys.argv[1]) // SIDE if len(sys.argv) > 1 else 1
    simulation = engine.open_simulation("quijote-103-z0")
    emulator = engine.load_emulator("super-resolution", field="dmo", level="MR")
    low = simulation.grid("dmo", level="MR", origin="native")
    given = {"low": low, "initial": simulation.initial_conditions()}
    one = emulator.predict(given).values
    started = {name: copies(grid, number) for name, grid in given.items()}
    before, begin, worked = peak(), time.perf_counter(), time.process_time()
    painted = emulator.predict(started).values
    took, work = time.perf_counter() - begin, time.process_time() - worked
    print(f"{number * SIDE}^3 cells: {took:.1f} s, {work:.1f} of one core")
    print(f"memory: {peak():.2f} GB in all, {before:.2f} before")
    part = painted[-SIDE:, -SIDE:, -SIDE:]
    off = np.abs(part - one).max() / one.max()
    print(f"furthest from the one box: {off:.1e} of the densest cell")


if __name__ == "__main__":
    main()
