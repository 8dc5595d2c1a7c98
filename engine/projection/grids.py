"""Particles to the grids of a box, a bounded number of planes at a time."""

from collections.abc import Callable, Iterator

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.fields import LEVELS, field_named, one_of
from engine.formats.grids import create_grid
from engine.formats.rounding import round_mantissa
from engine.places import Run
from engine.projection.particles import Job, Particles
from engine.projection.volumes import deposit_cic, deposit_kernel

ASSIGNMENTS = ("kernel", "cic")
"""How a particle's mass is spread: over its neighbours' distance, or over the nearest cells."""

GRID_MEMORY = 1 << 30
"""Bytes of grids summed at a time; planes beyond them wait for the next pass."""

CHUNK = 1 << 20
"""Particles deposited at a time."""

MOST_CELLS = 1 << 13
"""A side: 2 TB a grid."""


def check_grids(grids: tuple[str, ...], cells: int | None, assignment: str) -> None:
    """Refuse a wish for grids that can't be.

    Raises
    ------
    ValueError
        In one sentence.
    """
    one_of("assignment", assignment, ASSIGNMENTS)
    if not 0 <= (cells or 0) <= MOST_CELLS:
        raise ValueError(f"cells is {cells}, expected 1 to {MOST_CELLS}, or 0 for the usual ones.")
    for name in grids:
        if field_named(name).quantity == "surface brightness":
            raise ValueError(
                f"{name} is a surface brightness, expected fields that have a value in a cell of a "
                "grid: ask for maps or cut-outs of it."
            )
    if cells and not grids:
        raise ValueError(
            f"cells is {cells}, but no grids were asked for; name their fields with --grids."
        )


def write_grids(
    file: h5py.File,
    job: Job,
    names: tuple[str, ...],
    particles: Particles,
    cells: int | None,
    assignment: str,
    mantissa_bits: int,
    step: Callable[[int], None],
) -> None:
    """Store the grids of some of a job's fields, if any.

    Parameters
    ----------
    names : tuple of str
        Fields wanted, of the job's.
    cells : int, optional
        A side; one per mean separation of the run's dark matter if left out.
    assignment : {"kernel", "cic"}
        See ASSIGNMENTS.
    step : callable
        Called with the number of particles done since the last call.
    """
    if not names:
        return
    box_size = job.snapshot.header.box_size
    side = cells or round(job.dark_matter ** (1 / 3))
    how = "cloud in cell" if assignment == "cic" else "adaptive kernel"
    made = f"{job.snapshot.name}, {job.keep} of {job.number} particles, {how}"
    bits = max(mantissa_bits - LEVELS.index(job.level), 1)
    stored = {
        name: create_grid(file, Run(name, job.level, job.origin), side, job.keep, made, bits)
        for name in names
    }
    for first, sums in grid_planes(particles, box_size, side, assignment, step):
        values = job.values(sums, (box_size / side) ** 3)
        for name, dataset in stored.items():
            dataset[first : first + sums.shape[1]] = round_mantissa(values[name], bits)


def grid_planes(
    particles: Particles,
    box_size: float,
    cells: int,
    assignment: str,
    step: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Sum the particles' weights in the cells of a box.

    Parameters
    ----------
    box_size : float
        Comoving, [kpc/h].
    cells : int
        A side.
    assignment : {"kernel", "cic"}
        See ASSIGNMENTS.

    Yields
    ------
    int
        Number of the lowest plane.
    array, (q, nz, cells, cells)
        Weight in each cell of this and the next planes.
    """
    quantities, number = particles.weights.shape[1], len(particles.position)
    together = max(1, GRID_MEMORY // (8 * quantities * cells**2))
    for first in range(0, cells, together):
        planes = min(together, cells - first)
        sums = np.zeros((quantities, planes, cells, cells))
        for start in range(0, number, CHUNK):
            piece = slice(start, start + CHUNK)
            place = particles.position[piece].astype(np.float64) * (cells / box_size)
            weights = particles.weights[piece].T
            if assignment == "cic":
                deposit_cic(place, weights, cells, sums, first)
            else:
                support = particles.support[piece] * (cells / box_size)
                deposit_kernel(place, support, weights, cells, sums, first)
            step(len(place) * planes // cells)
        yield first, sums
