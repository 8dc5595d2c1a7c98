"""What a projection writes, a job's particles at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py

from engine.fields import LEVELS
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.rounding import round_mantissa
from engine.projection.clusters import Clusters
from engine.projection.cutouts import CutoutLayout, write_cutouts
from engine.projection.grids import write_grids
from engine.projection.particles import Job, Particles, collect
from engine.projection.slabs import slab_maps
from engine.results import Progress


@dataclass(frozen=True)
class Making:
    """How particles become meshes.

    Parameters
    ----------
    out : path
        The simulation file; particles wait beside it.
    layout : SlabLayout
        Of the maps.
    axes : tuple of str
        Lines of sight.
    smoothing, assignment : str
        How particles are spread, see `project_snapshot`.
    cells : int or None
        A side of the grids.
    seed : int
        Of the thinning.
    mantissa_bits : int
        Stored at HR.
    """

    out: Path
    layout: SlabLayout
    axes: tuple[str, ...]
    smoothing: str
    assignment: str
    cells: int | None
    seed: int
    mantissa_bits: int

    def waiting(self) -> TemporaryDirectory[str]:
        """Make a folder for particles that wait."""
        return TemporaryDirectory(dir=self.out.parent, prefix=f".{self.out.name}.")


@dataclass
class Steps:
    """Counts particles handled and passes the fraction on."""

    total: int
    progress: Progress
    done: int = 0

    def advance(self, doing: str) -> Callable[[int], None]:
        """Tell of particles handled, and what is being done to them."""

        def step(particles: int) -> None:
            self.done += particles
            self.progress(min(self.done / self.total, 1.0), doing)

        return step


def write_meshes(
    file: h5py.File,
    job: Job,
    maps: tuple[str, ...],
    grids: tuple[str, ...],
    making: Making,
    steps: Steps,
) -> None:
    """Project a job's particles and store maps and grids of some of its fields."""
    with making.waiting() as folder:
        smoothed = steps.advance(f"{job.title}: smoothing")
        kernels = making.smoothing if maps or making.assignment == "kernel" else None
        particles = collect(
            job, Path(folder), kernels, making.seed, making.layout.pixel_size, smoothed
        )
        for axis in making.axes if maps else ():
            _write_axis(file, job, maps, particles, axis, making, steps)
        gridded = steps.advance(f"{job.title}: grid")
        write_grids(
            file,
            job,
            grids,
            particles,
            making.cells,
            making.assignment,
            making.mantissa_bits,
            gridded,
        )


def write_cut_out(
    file: h5py.File,
    job: Job,
    clusters: Clusters,
    shape: CutoutLayout,
    making: Making,
    steps: Steps,
) -> None:
    """Store maps of a job's fields around every object."""
    with making.waiting() as folder:
        smoothed = steps.advance(f"{job.title}: smoothing")
        particles = collect(job, Path(folder), making.smoothing, making.seed, 0.0, smoothed)
        made = steps.advance(f"{job.title}: cut-outs")
        write_cutouts(file, job, particles, clusters, shape, making.mantissa_bits, made)


def _write_axis(
    file: h5py.File,
    job: Job,
    names: tuple[str, ...],
    particles: Particles,
    axis: str,
    making: Making,
    steps: Steps,
) -> None:
    """Project along one axis and store the maps of some of the job's fields."""
    layout = making.layout
    made = f"{job.snapshot.name}, {job.keep} of {job.number} particles"
    bits = max(making.mantissa_bits - LEVELS.index(job.level), 1)
    stored = {
        name: create_maps(file, layout, (name, job.level, job.origin, axis), job.keep, made, bits)
        for name in names
    }
    advance = steps.advance(f"{job.title}: axis {axis}")
    for index, maps in slab_maps(particles, layout, axis, advance):
        values = job.values(maps, layout.pixel_size**2)
        for name, dataset in stored.items():
            dataset[index] = round_mantissa(values[name], bits)
