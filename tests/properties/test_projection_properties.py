"""What holds for the maps of any particles."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.fields import map_axes
from engine.formats.maps import SlabLayout
from engine.places import slab_numbers
from engine.projection.particles import Particles
from engine.projection.slabs import slab_maps

BOX = 4096  # kpc/h: pixels, slabs and lattice are powers of two, so that shifts are exact
PIXELS, SLABS = 32, 4
LATTICE = 1 / 8

LAYOUT = SlabLayout(BOX / 1000, PIXELS, SLABS)

coordinate = some.integers(0, int(BOX / LATTICE) - 1).map(lambda i: i * LATTICE)
support = some.floats(-1, 4).map(lambda power: 10**power)  # of a thousandth of a pixel to the box's
particle = some.tuples(coordinate, coordinate, coordinate, support, some.floats(0.1, 10))
axes = some.sampled_from("xyz")


def particles(rows, shift=(0, 0, 0)):
    table = np.array(rows)
    return Particles(
        position=((table[:, :3] + shift) % BOX).astype(np.float32),
        support=table[:, 3].astype(np.float32),
        weights=table[:, 4:5].astype(np.float32),
    )


def maps(some_particles, axis):
    return np.stack([values[0] for _, values in slab_maps(some_particles, LAYOUT, axis)])


@settings(max_examples=60)
@given(rows=some.lists(particle, min_size=1, max_size=12), axis=axes)
def test_every_slab_has_the_mass_of_the_particles_in_it(rows, axis):
    given_particles = particles(rows)
    values = maps(given_particles, axis)
    height = given_particles.position[:, map_axes(axis)[2]]
    slab = slab_numbers(height, 1000 * LAYOUT.box_size, LAYOUT.n_slabs, 1000 * LAYOUT.offset)
    assert np.array_equal(slab, (height // (BOX / SLABS)).astype(int))
    expected = np.bincount(slab, given_particles.weights[:, 0], SLABS)
    assert np.allclose(values.sum((1, 2)), expected, rtol=1e-5, atol=0)
    assert values.min() >= 0


@settings(max_examples=60)
@given(
    rows=some.lists(particle, min_size=1, max_size=12),
    axis=axes,
    cells=some.tuples(*[some.integers(-PIXELS, PIXELS)] * 2),
    slabs=some.integers(-SLABS, SLABS),
)
def test_maps_follow_a_shift_of_the_box(rows, axis, cells, slabs):
    column, row, depth = map_axes(axis)
    shift = np.zeros(3)
    shift[[column, row, depth]] = np.array([*cells, 0]) * BOX / PIXELS
    shift[depth] = slabs * BOX / SLABS
    moved = maps(particles(rows, shift), axis)
    rolled = np.roll(maps(particles(rows), axis), (slabs, cells[1], cells[0]), (0, 1, 2))
    assert np.allclose(moved, rolled, rtol=1e-4, atol=1e-7 * rolled.max())
