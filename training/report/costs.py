"""What a particle mesh and JERALD's layers cost, by the number of particles.

Command: python -m training.report.costs SIDE [layers], which prints one line of JSON.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import torch

from engine.cosmology import N_S, PLANCK, SIGMA_8
from engine.nbody.linear_power import eisenstein_hu
from engine.nbody.particle_mesh import BullFrog, at_beginning, evolve
from engine.nbody.realisation import draw_overdensity
from engine.nbody.schedule import MESH_FACTOR, STEPS
from engine.networks.jerald.displacement import mesh_of
from engine.networks.jerald.stages import LAYERS, DarkMatter
from training.report.bands import rounded

SIDES = (32, 48, 64, 96)
"""Particles a side that a report times."""

SEPARATION = 11.25 / 96
"""Of the shipped boxes, [Mpc/h]."""

REDSHIFT = 2.0

REPEATS = 3
"""Of a step, the quickest counts; of one that takes longer than `PATIENCE` there is one."""

PATIENCE = 20.0
"""[s]"""

PAPER = {"side": 512, "seconds": [15, 20], "processors": 32}
"""A step of one layer (Rigo, Trotta & Viel 2025, section 3)."""

Content = dict[str, Any]


def costs(sides: tuple[int, ...] = SIDES) -> list[Content]:
    """Measure each number of particles in a process of its own, which holds nothing of others."""
    command = (sys.executable, "-m", "training.report.costs")
    runs = (
        subprocess.run([*command, str(side)], check=True, capture_output=True, text=True)
        for side in sides
    )
    return [json.loads(run.stdout.splitlines()[-1]) for run in runs]


def cost(side: int, mesh: bool = True) -> Content:
    """Time a particle mesh, and a step of the dark matter's layers forward and backward.

    Parameters
    ----------
    side : int
        Particles, and cells of the layers.
    mesh : bool
        Whether the particle mesh is run; layers alone begin with particles that are displaced to
        second order.

    Returns
    -------
    dict
        Seconds of the particle mesh (None without), of a step of one layer, and the most memory
        that was taken beside what the process began with, [GB], of each.
    """
    _step(8)  # compiles
    with most_memory() as most:
        return _cost(side, mesh, most)


def _cost(side: int, mesh: bool, most: list[float]) -> Content:
    box = side * SEPARATION
    power = eisenstein_hu(PLANCK, SIGMA_8, N_S)
    overdensity = torch.from_numpy(draw_overdensity(power, box, side, seed=1))
    found: Content = {"side": side, "cores": torch.get_num_threads(), "mesh": None}
    if mesh:
        particles = at_beginning(overdensity, box, PLANCK.growth)
        start = time.perf_counter()
        *_, particles = evolve(
            particles, BullFrog(box, PLANCK.growth, MESH_FACTOR * side), REDSHIFT, steps=STEPS
        )
        seconds = time.perf_counter() - start
        found["mesh"] = {"seconds": rounded(seconds), "memory": rounded(most[0])}
    else:
        particles = at_beginning(overdensity, box, PLANCK.growth, a=1 / (1 + REDSHIFT))
    del overdensity
    position = particles.position.clone()
    del particles
    seconds = _best(lambda: _step(side, position))
    layer = {"seconds": rounded(seconds / LAYERS), "memory": rounded(most[0])}
    return found | {"layer": layer}


def _step(side: int, position: torch.Tensor | None = None) -> None:
    """Both layers and their density, forward and backward."""
    box = side * SEPARATION
    if position is None:
        position = box * torch.rand(3, side**3)
    stage = DarkMatter()
    (stage(position, mesh_of(box, side)) ** 2).mean().backward()


def _best(work: Callable[[], None]) -> float:
    """Least wall time of some calls."""
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < PATIENCE:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


LOOK = 0.005
"""Seconds between looks at the memory that the process has."""


@contextmanager
def most_memory() -> Iterator[list[float]]:
    """Note in a list of one number the most memory that is taken beside what there was, [GB]."""
    process, done, most = psutil.Process(), threading.Event(), [0.0]
    begun = process.memory_info().rss

    def watch() -> None:
        while not done.wait(LOOK):
            most[0] = max(most[0], (process.memory_info().rss - begun) / 1e9)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        done.set()
        watching.join()


if __name__ == "__main__":
    print(json.dumps(cost(int(sys.argv[1]), mesh="layers" not in sys.argv[2:])))
