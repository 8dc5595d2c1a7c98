"""Time dm2gal on a box of 11.25 Mpc/h: three halves of the shipped one a side, subhaloes and all.

Command: python tests/benchmarks/galaxies.py [WAYS...]; without ways, the one that ships, hybrid;
others are patches and dense.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import engine
from engine import inputs
from engine.catalogue_grids import SUBHALOS, density
from engine.halos import Subhalos

SIMULATION = "validation-z2"
LARGER = 1.5


def larger(halos: Subhalos, box_size: float) -> Subhalos:
    """Subhaloes of a box that is repeated along each axis and cut, (n, 3) places and the rest."""
    side = LARGER * box_size
    steps = np.stack(np.meshgrid(*[(0.0, box_size)] * 3, indexing="ij"), -1).reshape(-1, 3)
    place = np.concatenate([halos.position + step for step in steps])
    some = (place < side).all(1)
    rows = np.tile(np.arange(len(halos)), len(steps))[some]
    return Subhalos(
        place[some], halos.mvir[rows], halos.rvir[rows], halos.vmax[rows],
        np.full(len(rows), -1), halos.run, halos.definition,
    )  # fmt: skip


def main() -> None:
    """Print seconds for one box by each way."""
    painter = engine.load_emulator("dm2gal", "stars")
    meshes = inputs.inputs(engine.open_simulation(SIMULATION), painter.card, engine.BoxPlace())
    grid = meshes[SUBHALOS]
    cells = round(LARGER * len(grid.values))
    box_size = LARGER * grid.box_size
    halos = larger(grid.subhalos, grid.box_size)
    values = density(halos.position, halos.mvir, cells, box_size)
    eaten = {SUBHALOS: replace(grid, values=values, subhalos=halos, box_size=box_size)}
    for name in set(meshes) - {SUBHALOS}:
        tiled = np.tile(meshes[name].values, (2, 2, 2))[:cells, :cells, :cells]
        eaten[name] = replace(meshes[name], values=tiled, box_size=box_size)
    print(f"{box_size:g} Mpc/h, {cells}^3 cells, {torch.get_num_threads()} threads")
    for way in sys.argv[1:] or (painter.way,):
        painter.way = way
        for words in ("first", "again"):
            wall, cpu = time.perf_counter(), time.process_time()
            painted = painter.predict(eaten)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(
                f"{way}, {words}: {wall:.1f} s, {cpu:.1f} CPU s, {len(painted.galaxies)} subhaloes"
            )


if __name__ == "__main__":
    main()
