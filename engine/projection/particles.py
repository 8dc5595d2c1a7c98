"""A snapshot's particles made ready for projection: thinned out, weighed and smoothed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.fields import LEVELS, OF_HOT_GAS, field_named
from engine.formats.snapshot import Snapshot
from engine.projection.smoothing import neighbour_distance
from engine.projection.xray import hot_gas

SMOOTHINGS = ("neighbours", "file")
"""Kernel support: distance to the 80th neighbour, or, for gas, what the file gives."""


WEIGHTS = {"temperature": "gas", "temperature_sl": "spectral weight"}
"""What means of temperature are weighted by."""


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
        return field_named(self.fields[0]).species

    @property
    def number(self) -> int:
        """Particles of the species in the snapshot."""
        return self.snapshot.header.counts[self.species]

    @property
    def dark_matter(self) -> int:
        """Dark-matter particles of a run of this level, which set the size of cells."""
        if self.species == "dark matter":
            return self.keep
        return self.snapshot.header.counts["dark matter"]

    @property
    def title(self) -> str:
        """What is made, in words."""
        return f"{' and '.join(self.fields)} {self.level} {self.origin}"

    @property
    def carried(self) -> tuple[str, ...]:
        """What is deposited: the fields, and what means of temperature are weighted by."""
        weights = (WEIGHTS[name] for name in self.fields if name in WEIGHTS)
        return self.fields + tuple(name for name in weights if name not in self.fields)

    def values(self, sums: NDArray[np.float64], measure: float) -> dict[str, NDArray[np.float64]]:
        """Turn sums of what is carried into the fields' values.

        Parameters
        ----------
        sums : array, (q, ...)
            In each cell, of what is carried.
        measure : float
            Area or volume of a cell, [(kpc/h)^2] or [(kpc/h)^3].

        Returns
        -------
        dict of str to array
            By field: weighted means of temperatures, 0 where there is no gas to weigh, and
            amounts per area or volume of all others.
        """
        carried = dict(zip(self.carried, sums, strict=True))
        found = {}
        for name in self.fields:
            if name in WEIGHTS:
                weight = carried[WEIGHTS[name]]
                mean = np.zeros_like(weight)
                found[name] = np.divide(carried[name], weight, out=mean, where=weight > 0)
            else:
                found[name] = carried[name] / measure
        return found


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


def collect(
    job: Job,
    folder: Path,
    smoothing: str | None,
    seed: int,
    star_support: float,
    progress: Callable[[int], None] = lambda done: None,
) -> Particles:
    """Read, thin out and smooth the particles of a job, chunk by chunk.

    Parameters
    ----------
    folder : Path
        Where the particles wait, in files of their own.
    smoothing : {"neighbours", "file"} or None
        See SMOOTHINGS; None where no kernels are wanted.
    seed : int
        Of the thinning.
    star_support : float
        Kernel radius of stars, comoving [kpc/h]: with 80 neighbours galaxies would be
        smeared over voids.
    progress : callable
        Called with the number of particles done since the last call.

    Returns
    -------
    Particles
        `job.keep` of them; those of a thinned level carry the mass of all.
    """
    stem = job.title.replace(" ", "-")
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
            support[into] = job.snapshot.smoothing_lengths(job.species, start, stop)[chosen]
        filled += len(chosen)
    if job.keep < job.number:
        weights *= total / weights.sum(0, dtype=np.float64)
    if job.species == "stars":
        support[:] = star_support
    if smoothing is None or job.species == "stars" or from_file:
        progress(job.keep)
    else:
        box_size = job.snapshot.header.box_size
        neighbour_distance(position, box_size, out=support, progress=progress)
    return Particles(position, support, weights)


def _memory_map(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def _draw(job: Job, seed: int) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """Chunks of the snapshot with the particles kept of each: exactly `keep` in all."""
    # Levels and runs are thinned independently of each other.
    stream = (seed, LEVELS.index(job.level), *map(ord, job.fields[0]))
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(stream)))
    chunks = list(job.snapshot.chunks(job.species))
    taken = _shares(np.array([stop - start for start, stop in chunks]), job.keep, random)
    for (start, stop), take in zip(chunks, taken, strict=True):
        yield start, stop, np.sort(random.choice(stop - start, take, replace=False))


def _shares(
    numbers: NDArray[np.int64], keep: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """How many of `keep` particles, drawn from all without replacement, fall in each chunk.

    Every particle is tossed for by itself; then single ones, all equally likely, are taken
    or given back until `keep` are left. (numpy's hypergeometric numbers end at 1e9.)
    """
    taken = random.binomial(numbers, keep / numbers.sum())
    while missing := keep - int(taken.sum()):
        pool = numbers - taken if missing > 0 else taken
        taken[random.choice(len(pool), p=pool / pool.sum())] += np.sign(missing)
    return taken


def _carried(job: Job, start: int, stop: int) -> NDArray[np.float64]:
    """Weights of particles [start, stop) for all that is carried, (n, q)."""
    snapshot = job.snapshot
    columns = {job.species: snapshot.masses(job.species, start, stop)}
    mass = columns[job.species]
    if "hi" in job.carried:
        columns["hi"] = snapshot.hi_masses(start, stop)
    if "hi_thin" in job.carried:
        columns["hi_thin"] = snapshot.thin_hi_masses(start, stop)
    if "temperature" in job.carried:
        columns["temperature"] = mass * snapshot.temperatures(start, stop)
    if set(job.carried) & set(OF_HOT_GAS):
        columns |= hot_gas(snapshot, start, stop)
    return np.stack([columns.get(name, mass) for name in job.carried], axis=1)
