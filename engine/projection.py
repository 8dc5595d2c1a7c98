"""From a snapshot's particles to slab maps, as in EMBER section 3."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.deposition import deposit
from engine.fields import AXES, INPUT_FIELDS, LEVELS, field, map_axes, one_of
from engine.formats import open_snapshot
from engine.formats.slab_file import (
    MANTISSA_BITS,
    SlabFileHeader,
    create_maps,
    new_slab_file,
    round_mantissa,
    write_halos,
)
from engine.formats.snapshot import CHUNK, Snapshot
from engine.results import Progress
from engine.smoothing import NEIGHBOURS, neighbour_distance

SLAB_DEPTH = 1.5
"""Comoving depth aimed at, [Mpc/h] (EMBER section 3)."""

PIXELS_PER_SEPARATION = 4
"""Pixels per mean particle separation (EMBER section 3)."""

THINNING = 8
"""Every level has an eighth of the particles of the one above, half of them along each side."""

MAP_MEMORY = 1 << 30
"""Bytes of maps summed at a time; slabs beyond them wait for the next pass."""

SMOOTHINGS = ("neighbours", "file")

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Job:
    """Maps that are made of the same particles.

    Parameters
    ----------
    snapshot : Snapshot
        Where the particles are.
    fields : tuple of str
        All of one species.
    level, origin : str
        Under which the maps are stored.
    keep : int
        Number of particles kept, drawn at random; all of them if none is left out.
    """

    snapshot: Snapshot
    fields: tuple[str, ...]
    level: str
    origin: str
    keep: int

    @property
    def species(self) -> str:
        """Of the particles."""
        return field(self.fields[0]).species

    @property
    def carried(self) -> tuple[str, ...]:
        """What is deposited: the fields, and gas where temperature needs it as weight."""
        extra = ("gas",) if "temperature" in self.fields and "gas" not in self.fields else ()
        return self.fields + extra


def project_snapshot(
    paths: Paths,
    out: str | Path,
    name: str | None = None,
    fields: Sequence[str] = ("dm", "gas", "hi"),
    n_slabs: int | None = None,
    pixels: int | None = None,
    levels: Sequence[str] = LEVELS,
    axes: str = AXES,
    offset: float = 0.0,
    seed: int = 0,
    twins: Mapping[tuple[str, str], Paths] | None = None,
    smoothing: str = "neighbours",
    mantissa_bits: int = MANTISSA_BITS,
    provenance: str = "",
    progress: Progress = lambda fraction, doing: None,
) -> Path:
    """Project a snapshot to slabs and write them as a slab file.

    Particles belong whole to the slab that holds their centre; mass is conserved in every
    slab to 1e-5. Memory is bounded whatever the number of particles and slabs; particles
    wait in temporary files beside `out`.

    Parameters
    ----------
    paths : path or sequence of path
        The snapshot's file, files, or folder.
    out : path
        The slab file; it appears only when it is complete.
    name : str, optional
        Of the simulation; the name of `out` if left out.
    fields : sequence of str
        Maps wanted. `dmo` alone is for a dark-matter-only run.
    n_slabs : int, optional
        Slabs an axis; left out, such that they are about 1.5 Mpc/h deep.
    pixels : int, optional
        Pixels a side; left out, 4 per mean separation of the dark-matter particles.
    levels : sequence of str
        Resolutions of the input maps; those under HR are thinned out at random by 8 each.
    axes : str
        Lines of sight.
    offset : float
        Where slab 0 begins, comoving [Mpc/h].
    seed : int
        Of the thinning.
    twins : mapping of (field, level) to path, optional
        Runs with the same phases: ("dmo", "HR") is thinned out too, the others are native.
    smoothing : {"neighbours", "file"}
        Kernel support: distance to the 80th neighbour of the same species, or, for gas,
        the support radius in the file.
    mantissa_bits : int
        Bits of the mantissa stored.
    provenance : str
        Where the simulation comes from.
    progress : callable
        Called with the fraction done and what is being done.

    Returns
    -------
    Path
        Of the slab file.

    Raises
    ------
    ValueError
        In one sentence, if a snapshot or an argument is unusable; nothing is written then.

    References
    ----------
    Bernardini et al. 2022, section 3.
    """
    out = Path(out)
    main = open_snapshot(paths)
    _check_request(main, fields, levels, axes, smoothing)
    box = main.header.box_size
    header = SlabFileHeader(
        name=name or out.stem,
        box_size=box / 1000,
        redshift=main.header.redshift,
        cosmology=main.header.cosmology,
        code=main.header.code,
        provenance=_provenance(main, provenance, smoothing, seed),
        pixels=pixels or _default_pixels(main),
        n_slabs=n_slabs or max(round(box / 1000 / SLAB_DEPTH), 1),
        offset=offset,
    )
    opened = {key: open_snapshot(path) for key, path in (twins or {}).items()}
    jobs = _jobs(main, tuple(fields), tuple(levels), opened)
    steps = _Steps(sum(job.keep * (1 + len(axes)) for job in jobs), progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_slab_file(out, header) as file, TemporaryDirectory(dir=out.parent) as folder:
        for run, snapshot in _catalogues(main, opened):
            if halos := snapshot.halos(run):
                write_halos(file, halos)
        for job in jobs:
            particles = Particles.collect(job, Path(folder), smoothing, seed, header, steps)
            for axis in axes:
                _write_axis(file, job, particles, header, axis, mantissa_bits, steps)
    progress(1.0, "done")
    return out


def _check_request(
    main: Snapshot, fields: Sequence[str], levels: Sequence[str], axes: str, smoothing: str
) -> None:
    """Refuse what the snapshot can't give before any work is done."""
    for name in fields:
        field(name)
    for level in levels:
        one_of("level", level, LEVELS)
    for axis in axes:
        map_axes(axis)
    one_of("smoothing", smoothing, SMOOTHINGS)
    if not fields or not axes or "HR" not in levels:
        raise ValueError("expected at least one field and one axis, and HR among the levels.")
    hydro = "gas" in main.header.counts
    unfit = [name for name in fields if name not in INPUT_FIELDS and not hydro]
    if "dm" in fields and not hydro:
        unfit.append("dm")
    if unfit:
        raise ValueError(
            f"{main.name} is a dark-matter-only run, but {', '.join(unfit)} was asked for; "
            "ask for the field dmo alone."
        )
    if "stars" in fields and "stars" not in main.header.counts:
        raise ValueError(f"{main.name} holds no stars, but the field stars was asked for.")


def _default_pixels(main: Snapshot) -> int:
    return PIXELS_PER_SEPARATION * round(main.header.counts["dark matter"] ** (1 / 3))


def _provenance(main: Snapshot, told: str, smoothing: str, seed: int) -> str:
    """What a reader of the maps must know of their making."""
    kernel = (
        f"to the {NEIGHBOURS}th neighbour of the same species"
        if smoothing == "neighbours"
        else "as the file gives it for gas, else to the "
        f"{NEIGHBOURS}th neighbour of the same species"
    )
    parts = [
        told,
        f"Snapshot {main.name} ({main.header.code}).",
        *(f"{note}." for note in main.header.notes),
        f"Cubic spline with support {kernel}; stars: one pixel. Particles belong whole to the "
        "slab of their centre. HI: 0.76 hydrogen times the file's neutral fraction, star-forming "
        "gas and molecular hydrogen included; temperature weighted by gas mass. "
        f"Levels thinned at random with seed {seed}.",
    ]
    return " ".join(part for part in parts if part)


def _jobs(
    main: Snapshot,
    fields: tuple[str, ...],
    levels: tuple[str, ...],
    twins: Mapping[tuple[str, str], Snapshot],
) -> list[Job]:
    """Everything to be projected, grouped by particles."""
    for (name, level), twin in twins.items():
        one_of("field of a twin", name, INPUT_FIELDS)
        one_of("level of a twin", level, LEVELS)
        _check_twin(main, twin)
    runs = {name: main for name in fields if name in INPUT_FIELDS}
    runs |= {name: twin for (name, level), twin in twins.items() if level == "HR"}
    if "dmo" in runs and "gas" in runs["dmo"].header.counts:
        raise ValueError(
            f"{main.name} is a run with gas, but dmo was asked for; "
            "give the dark-matter-only run as the twin ('dmo', 'HR')."
        )
    jobs = []
    for name, snapshot in runs.items():
        number = snapshot.header.counts["dark matter"]
        for level in levels:
            keep = number // THINNING ** LEVELS.index(level)
            if keep > 1:
                jobs.append(Job(snapshot, (name,), level, "ds", keep))
    for (name, level), twin in twins.items():
        if level != "HR":
            jobs.append(Job(twin, (name,), level, "native", twin.header.counts["dark matter"]))
    for species in ("gas", "stars"):
        wanted = tuple(name for name in fields if field(name).species == species)
        if wanted:
            jobs.append(Job(main, wanted, "HR", "ds", main.header.counts[species]))
    return jobs


def _check_twin(main: Snapshot, twin: Snapshot) -> None:
    """Refuse a twin that is not of the same box and time."""
    ours, other = main.header, twin.header
    if not np.isclose(ours.box_size, other.box_size, rtol=1e-4):
        raise ValueError(
            f"{twin.name} has a box of {other.box_size / 1000:g} Mpc/h, expected "
            f"{ours.box_size / 1000:g} as in {main.name}."
        )
    if abs(ours.redshift - other.redshift) > 1e-3:
        raise ValueError(
            f"{twin.name} is at redshift {other.redshift:g}, expected {ours.redshift:g} as "
            f"{main.name}."
        )


def _catalogues(
    main: Snapshot, twins: Mapping[tuple[str, str], Snapshot]
) -> Iterator[tuple[str, Snapshot]]:
    """Runs whose haloes are kept."""
    yield ("hydro" if "gas" in main.header.counts else "dmo"), main
    if ("dmo", "HR") in twins:
        yield "dmo", twins["dmo", "HR"]


@dataclass
class _Steps:
    """Counts particles handled and passes the fraction on."""

    total: int
    progress: Progress
    done: int = 0

    def advance(self, doing: str) -> Callable[[int], None]:
        def step(particles: int) -> None:
            self.done += particles
            self.progress(min(self.done / self.total, 1.0), doing)

        return step


@dataclass(frozen=True)
class Particles:
    """What a job deposits; arrays may be memory maps.

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, [kpc/h].
    support : array, (n,)
        Kernel radius, comoving [kpc/h].
    weights : array, (n, q)
        Mass, or mass times temperature, for each quantity carried.
    """

    position: NDArray[np.float32]
    support: NDArray[np.float32]
    weights: NDArray[np.float32]

    @classmethod
    def collect(
        cls,
        job: Job,
        folder: Path,
        smoothing: str,
        seed: int,
        header: SlabFileHeader,
        steps: _Steps,
    ) -> "Particles":
        """Read, thin out and smooth the particles of a job, chunk by chunk."""
        stem = f"{'-'.join(job.fields)}-{job.level}-{job.origin}"
        position = _memory_map(folder / f"{stem}.position", (job.keep, 3))
        support = _memory_map(folder / f"{stem}.support", (job.keep,))
        weights = _memory_map(folder / f"{stem}.weights", (job.keep, len(job.carried)))
        from_file = smoothing == "file" and job.species == "gas"
        filled, total = 0, np.zeros(len(job.carried))
        for start, stop, chosen in _draw(job, seed):
            into = slice(filled, filled + len(chosen))
            position[into] = job.snapshot.positions(job.species, start, stop)[chosen]
            carried = _carried(job, start, stop)
            total += carried.sum(0)
            weights[into] = carried[chosen]
            if from_file:
                lengths = job.snapshot.smoothing_lengths(job.species, start, stop)
                support[into] = lengths[chosen]
            filled += len(chosen)
        if job.keep < job.snapshot.header.counts[job.species]:
            weights *= total / weights.sum(0, dtype=np.float64)
        what = f"{' and '.join(job.fields)} {job.level} {job.origin}: smoothing"
        if job.species == "stars":
            support[:] = header.pixel_size
        elif not from_file:
            support[:] = neighbour_distance(
                position, job.snapshot.header.box_size, progress=steps.advance(what)
            )
        return cls(position, support, weights)


def _memory_map(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def _draw(job: Job, seed: int) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """Chunks of the snapshot with the particles kept of each: exactly `keep` in all."""
    # Levels and runs are thinned independently of each other.
    stream = (seed, LEVELS.index(job.level), *map(ord, job.fields[0]))
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(stream)))
    left, wanted = job.snapshot.header.counts[job.species], job.keep
    for start, stop in job.snapshot.chunks(job.species):
        number = stop - start
        # How many of a draw without replacement fall among the next `number` of those left.
        take = (
            int(random.hypergeometric(number, left - number, wanted)) if wanted < left else number
        )
        yield start, stop, np.sort(random.choice(number, take, replace=False))
        left, wanted = left - number, wanted - take


def _carried(job: Job, start: int, stop: int) -> NDArray[np.float64]:
    """Weights of particles [start, stop) for all that is carried, (n, q)."""
    snapshot = job.snapshot
    mass = snapshot.masses(job.species, start, stop)
    columns = []
    for name in job.carried:
        if name == "hi":
            columns.append(snapshot.hi_masses(start, stop))
        elif name == "temperature":
            columns.append(mass * snapshot.temperatures(start, stop))
        else:
            columns.append(mass)
    return np.stack(columns, axis=1)


def _write_axis(
    file: h5py.File,
    job: Job,
    particles: Particles,
    header: SlabFileHeader,
    axis: str,
    mantissa_bits: int,
    steps: _Steps,
) -> None:
    """Project along one axis and store the maps of all the job's fields."""
    made = f"{job.snapshot.name}, {job.keep} of {job.snapshot.header.counts[job.species]} particles"
    stored = {
        name: create_maps(file, (name, job.level, job.origin, axis), job.keep, made, mantissa_bits)
        for name in job.fields
    }
    what = f"{' and '.join(job.fields)} {job.level} {job.origin}: axis {axis}"
    for index, maps in slab_maps(particles, header, axis, steps.advance(what)):
        sums = dict(zip(job.carried, maps, strict=True))
        for name, dataset in stored.items():
            if name == "temperature":
                gas = sums["gas"]
                values = np.divide(sums[name], gas, out=np.zeros_like(gas), where=gas > 0)
            else:
                values = sums[name] / header.pixel_size**2
            dataset[index] = round_mantissa(values, mantissa_bits)


def slab_maps(
    particles: Particles,
    header: SlabFileHeader,
    axis: str,
    step: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Sum the particles' weights over the pixels of each slab along an axis.

    Yields
    ------
    int
        Number of the slab.
    array, (q, ny, nx)
        Weight in each pixel.
    """
    column, row, depth = map_axes(axis)
    quantities, number = particles.weights.shape[1], len(particles.position)
    shape = (header.pixels, header.pixels)
    together = max(1, MAP_MEMORY // (8 * quantities * header.pixels**2))
    for first in range(0, header.n_slabs, together):
        group = range(first, min(first + together, header.n_slabs))
        maps = np.zeros((len(group), quantities, *shape))
        for start in range(0, number, CHUNK):
            piece = slice(start, start + CHUNK)
            position = particles.position[piece]
            slab = slab_numbers(position[:, depth], header)
            for index in group:
                mine = np.flatnonzero(slab == index)
                if len(mine):
                    maps[index - first] += deposit(
                        position[mine, column] / header.pixel_size,
                        position[mine, row] / header.pixel_size,
                        particles.support[piece][mine] / header.pixel_size,
                        particles.weights[piece][mine].T,
                        shape,
                    )
                step(len(mine))
        for index in group:
            yield index, maps[index - first]


def slab_numbers(height: NDArray[np.floating], header: SlabFileHeader) -> NDArray[np.intp]:
    """Which slab holds each height along the line of sight, (n,); `height` in [kpc/h]."""
    above = np.mod(height.astype(np.float64) / 1000 - header.offset, header.box_size)
    return np.minimum((above / header.depth).astype(np.intp), header.n_slabs - 1)
