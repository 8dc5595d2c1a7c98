"""Time super-resolution on the shipped box, or on as many copies of it beside one another.

A box of copies has the same cells and phases, so that it is painted as any larger one; its
painting is held against that of a region alone.

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
    """A box of so many copies along each axis, with a wave as long as it.

    Copies alone have no wave by which both inputs could be told to be of one box.
    """
    values = np.tile(grid.values, (number,) * 3)
    wave = 0.05 * np.cos(2 * np.pi * (np.arange(len(values)) + 0.5) / len(values))
    long = wave[:, None, None].astype(np.float32)
    values = values + long if grid.about.signed else values * (1 + long)
    return grid.with_values(values, box_size=number * grid.box_size)


def peak() -> float:
    """Memory of the process so far, [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def told(done: int, of: int) -> None:
    """Say how far the painting is."""
    print(f"\r{done} of {of} tiles", end="" if done < of else "\n", file=sys.stderr, flush=True)


def main() -> None:
    """Print time, memory and how far a region painted alone is from the same of all."""
    number = int(sys.argv[1]) // SIDE if len(sys.argv) > 1 else 1
    simulation = engine.open_simulation("quijote-103-z0")
    emulator = engine.load_emulator("super-resolution", field="dmo", level="MR")
    low = simulation.grid("dmo", level="MR", origin="native")
    given = {"low": low, "initial": simulation.initial_conditions()}
    started = {name: copies(grid, number) for name, grid in given.items()}
    emulator.progress = told
    before, begin, worked = peak(), time.perf_counter(), time.process_time()
    painted = emulator.predict(started).values
    took, work = time.perf_counter() - begin, time.process_time() - worked
    print(f"{number * SIDE}^3 cells: {took:.1f} s, {work:.1f} of one core")
    print(f"memory: {peak():.2f} GB in all, {before:.2f} before")
    side = number * SIDE
    part = emulator.predict(started, region=(side - SIDE, side) * 3).values
    off = np.abs(painted[-SIDE:, -SIDE:, -SIDE:] - part).max() / part.max()
    print(f"furthest from a region painted alone: {off:.1e} of the densest cell")


if __name__ == "__main__":
    main()
