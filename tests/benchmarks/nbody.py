"""Time the particle mesh and JERALD's layers, and painting and reading beside plain torch.

The same particles, mesh and cores; ours and torch's `index_add_` and gather alternate, medians of
several. Particles are those of a particle mesh at z = 2, so that some cells hold many.

With `layers` JERALD's layers alone are timed, of particles displaced to second order: what a box
of 512^3 takes, whose particle mesh doesn't fit in 23 GB. From 256^3 on each is worked out again
for its gradient.

Command: python tests/benchmarks/nbody.py [particles a side] [layers]
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.cosmology import N_S, PLANCK, SIGMA_8
from engine.nbody import cloud
from engine.nbody.linear_power import eisenstein_hu
from engine.nbody.particle_mesh import BullFrog, at_beginning, evolve
from engine.nbody.realisation import draw_overdensity
from engine.networks.jerald.displacement import mesh_of
from engine.networks.jerald.stages import DarkMatter
from training.report.costs import PAPER, cost

SIDE = 96
SEPARATION = 11.25 / 96
"""[Mpc/h]"""
REPEATS = 5


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_torch_painted(position: torch.Tensor, scale: float, cells: int) -> torch.Tensor:
    """Paint with torch alone."""
    mesh = torch.zeros(cells**3)
    for index, share in cloud._corners(position, scale, cells):
        mesh.index_add_(0, index, share)
    return mesh


def by_torch_read(position: torch.Tensor, scale: float, mesh: torch.Tensor) -> torch.Tensor:
    """Read with torch alone."""
    out = torch.zeros(position.shape[1])
    for index, share in cloud._corners(position, scale, len(mesh)):
        out += mesh.flatten()[index] * share
    return out


def print_layers(side: int) -> None:
    """Print what a step of JERALD's layers takes, beside the paper's."""
    found = cost(side, mesh=False)
    low, high = PAPER["seconds"]
    print(
        f"{side}^3 particles and cells on {found['cores']} cores: a layer, forward and backward, "
        f"{found['layer']['seconds']:.1f} s (paper: {low} to {high} s of {PAPER['side']}^3 on "
        f"{PAPER['processors']} processors); {found['layer']['memory']:.1f} GB at most"
    )


def main() -> None:
    """Print a line for each."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else SIDE
    if "layers" in sys.argv[2:]:
        print_layers(side)
        return
    box, growth = side * SEPARATION, PLANCK.growth
    power = eisenstein_hu(PLANCK, SIGMA_8, N_S)
    overdensity = torch.from_numpy(draw_overdensity(power, box, side, seed=1))
    particles = at_beginning(overdensity, box, growth)
    step = BullFrog(box, growth, 2 * side)
    step(particles, 0.1, 0.12)  # compiles
    start = time.perf_counter()
    *_, particles = evolve(particles, step, 2.0)
    print(f"{side}^3 particles, mesh {2 * side}^3: ten steps {time.perf_counter() - start:.1f} s")
    position, scale = particles.position, side / box
    mesh = cloud.paint(position, box, side)
    ways = {
        "paint": lambda: cloud.paint(position, box, side),
        "paint, torch": lambda: by_torch_painted(position, scale, side),
        "read": lambda: cloud.read(position, box, mesh),
        "read, torch": lambda: by_torch_read(position, scale, mesh[0]),
    }
    times = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, work in ways.items():
            times[name].append(seconds(work))
    for name, several in times.items():
        print(f"{name}: {1000 * statistics.median(several):.0f} ms")
    stage, waves = DarkMatter(), mesh_of(box, side)

    def forward_and_backward() -> None:
        (stage(position, waves) ** 2).mean().backward()

    forward_and_backward()
    both = [seconds(forward_and_backward) for _ in range(REPEATS)]
    print(f"two layers, forward and backward: {statistics.median(both):.2f} s")
    print(f"memory of the process: {psutil.Process().memory_info().rss / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
