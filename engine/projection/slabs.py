"""Particles to the maps of a box's slabs along one axis, a bounded number at a time."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.fields import map_axes
from engine.formats.maps import SlabLayout
from engine.places import slab_numbers
from engine.projection.deposition import deposit
from engine.projection.particles import Particles

MAP_MEMORY = 1 << 30
"""Bytes of maps summed at a time; slabs beyond them wait for the next pass."""

CHUNK = 1 << 22
"""Particles deposited at a time: few enough for memory, enough to be worth a walk over the map."""


def slab_maps(
    particles: Particles,
    layout: SlabLayout,
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
    shape = (layout.pixels, layout.pixels)
    together = max(1, MAP_MEMORY // (8 * quantities * layout.pixels**2))
    for first in range(0, layout.n_slabs, together):
        group = range(first, min(first + together, layout.n_slabs))
        maps = np.zeros((len(group), quantities, *shape))
        for start in range(0, number, CHUNK):
            piece = slice(start, start + CHUNK)
            position = particles.position[piece]
            slab = slab_numbers(
                position[:, depth], 1000 * layout.box_size, layout.n_slabs, 1000 * layout.offset
            )
            for index in group:
                mine = np.flatnonzero(slab == index)
                if len(mine):
                    deposit(
                        position[mine, column] / layout.pixel_size,
                        position[mine, row] / layout.pixel_size,
                        particles.support[piece][mine] / layout.pixel_size,
                        particles.weights[piece][mine].T,
                        shape,
                        out=maps[index - first],
                    )
                step(len(mine))
        for index in group:
            yield index, maps[index - first]
