"""Particles to the maps of cubes around objects, wherever these lie in the periodic box."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.fields import LEVELS, OF_HOT_GAS, map_axes, one_of
from engine.formats.cutouts import create_cutouts
from engine.formats.header import Header
from engine.formats.rounding import round_mantissa
from engine.formats.snapshot import Snapshot
from engine.projection.clusters import NAME, Clusters
from engine.projection.deposition import deposit
from engine.projection.overdensity import around
from engine.projection.particles import Job, Particles
from engine.projection.refusals import has_gas

WIDTH = 4.0
"""Of the cube around an object, proper [Mpc] (Chadayammuri et al. 2023, section 2)."""

PIXELS = 64
"""A side: 62.5 proper kpc, the softening and a third of the kernels of gas in the runs of groups
that emulators of clusters are trained on; finer pixels would hold nothing more of them."""

MOST_PIXELS, MOST_ORIENTATIONS = 4096, 1000

MAP_MEMORY = 1 << 30
"""Bytes of maps summed at a time; objects beyond them wait for the next pass."""

CHUNK = 1 << 22
"""Particles looked at together."""


@dataclass(frozen=True)
class CutoutRequest:
    """What is to be cut out of a snapshot.

    Parameters
    ----------
    lightest : float
        Mass that an object must have, [Msun/h].
    table : path, optional
        Of the objects, see `engine.formats.object_table`; the haloes in the snapshot if left out.
    pixels : int
        A side.
    level : str
        Resolution of the dark matter, which is thinned out below HR.
    orientations : int
        How often each object is cut out: as it is, and turned at random, to train on.
    """

    lightest: float
    table: str | Path | None = None
    pixels: int = PIXELS
    level: str = LEVELS[0]
    orientations: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no maps."""
        one_of("level of cut-outs", self.level, LEVELS)
        if not 0 < self.lightest < 1e20 or not 1 <= self.orientations <= MOST_ORIENTATIONS:
            raise ValueError(
                f"Cut-outs are of objects above {self.lightest:g} Msun/h, {self.orientations} "
                f"times each, expected a mass above 0 and 1 to {MOST_ORIENTATIONS} times."
            )

    @staticmethod
    def fields(snapshot: Snapshot) -> tuple[str, ...]:
        """Fields of a snapshot that are cut out."""
        return ("dm", *OF_HOT_GAS) if has_gas(snapshot) else ("dmo",)


@dataclass(frozen=True)
class CutoutLayout:
    """Geometry of cut-outs.

    Parameters
    ----------
    width : float
        Of the cube, comoving [kpc/h].
    pixels : int
        A side.
    axes : str
        Lines of sight.
    """

    width: float
    pixels: int
    axes: str

    @property
    def pixel_size(self) -> float:
        """Comoving, [kpc/h]."""
        return self.width / self.pixels


def cutout_layout(header: Header, pixels: int, axes: str) -> CutoutLayout:
    """Lay out cut-outs of a snapshot.

    Raises
    ------
    ValueError
        In one sentence, if the box is smaller than the cube, or the pixels are too few or many.
    """
    width = 1000 * WIDTH * header.cosmology.h * (1 + header.redshift)
    if not 8 <= pixels <= MOST_PIXELS:
        raise ValueError(f"Pixels of cut-outs are {pixels}, expected 8 to {MOST_PIXELS} a side.")
    if width > header.box_size:
        raise ValueError(
            f"The box is {header.box_size / 1000:g} Mpc/h wide, expected at least the "
            f"{width / 1000:.4g} Mpc/h of a cut-out ({WIDTH:g} proper Mpc)."
        )
    return CutoutLayout(width, pixels, axes)


def write_cutouts(
    file: h5py.File,
    job: Job,
    particles: Particles,
    clusters: Clusters,
    layout: CutoutLayout,
    mantissa_bits: int,
    step: Callable[[int], None],
) -> None:
    """Store the cut-outs of a job's fields.

    Parameters
    ----------
    step : callable
        Called with the number of particles done since the last call, in all as many as the job's.
    """
    shape = (len(clusters.objects), layout.pixels, layout.pixels)
    made = f"{job.snapshot.name}, {job.keep} of {job.number} particles"
    stored = {
        (name, axis): create_cutouts(
            file,
            (name, axis),
            shape,
            layout.pixel_size,
            layout.width / 1000,
            made,
            NAME,
            job.level,
            job.dark_matter,
            mantissa_bits,
        )
        for name in job.fields
        for axis in layout.axes
    }
    box_size = job.snapshot.header.box_size
    for number, sums in object_maps(particles, clusters, layout, box_size, step):
        for axis, maps in zip(layout.axes, sums, strict=True):
            for name, values in job.values(maps, layout.pixel_size**2).items():
                stored[name, axis][number] = round_mantissa(values, mantissa_bits)


def object_maps(
    particles: Particles,
    clusters: Clusters,
    layout: CutoutLayout,
    box_size: float,
    step: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Sum the particles' weights over the pixels around each object.

    Along the line of sight a particle belongs whole to the cube of its centre, or not; across
    it kernels reach in from beside the cube, so that maps have no darker edges.

    Parameters
    ----------
    box_size : float
        Comoving, [kpc/h].

    Yields
    ------
    int
        Number of the object.
    array, (axes, q, ny, nx)
        Weight in each pixel.
    """
    quantities, total = particles.weights.shape[1], len(particles.position)
    shape = (len(layout.axes), quantities, layout.pixels, layout.pixels)
    together = max(1, MAP_MEMORY // (8 * int(np.prod(shape))))
    objects = len(clusters.objects)
    for first in range(0, objects, together):
        group = slice(first, min(first + together, objects))
        sums = np.zeros((group.stop - first, *shape))
        for start in range(0, total, CHUNK):
            piece = slice(start, start + CHUNK)
            support = np.asarray(particles.support[piece])
            reach = min(np.sqrt(3) / 2 * layout.width + float(support.max(initial=0)), box_size)
            near = around(particles.position[piece], clusters.centres[group], reach, box_size)
            for number, rows, away in near:
                turned = away @ clusters.turns[first + number].T
                weights = particles.weights[piece][rows]
                _add(sums[number], turned, support[rows], weights, layout)
            step(len(support) * len(sums) // objects)
        yield from enumerate(sums, first)


def _add(
    sums: NDArray[np.float64],
    away: NDArray[np.float64],
    support: NDArray[np.float32],
    weights: NDArray[np.float32],
    layout: CutoutLayout,
) -> None:
    """Add particles, seen from the centre, to the maps of one object, (axes, q, ny, nx)."""
    half = layout.width / 2
    for maps, axis in zip(sums, layout.axes, strict=True):
        column, row, sight = map_axes(axis)
        across = np.abs(away[:, (column, row)]).max(1)
        # As slabs: of two cubes that touch, one holds a particle between them.
        mine = (across < half + support) & (-half <= away[:, sight]) & (away[:, sight] < half)
        if not mine.any():
            continue
        wide = support[mine] / layout.pixel_size
        # As wide as the widest kernel: what wraps around the wider map ends beside the narrow one.
        beside = int(np.ceil(wide.max())) + 1
        side = layout.pixels + 2 * beside
        x, y = ((away[mine, i] + half) / layout.pixel_size + beside for i in (column, row))
        wider = deposit(x, y, wide, weights[mine].T, (side, side))
        maps += wider[:, beside : side - beside, beside : side - beside]
