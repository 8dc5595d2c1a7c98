"""Distances to the n-th neighbour against brute force, in one tree or layer by layer."""

import numpy as np
import pytest

from engine.projection.smoothing import neighbour_distance

BOX = 50.0


def brute_force(position, neighbours):
    apart = position[:, None, :].astype(np.float64) - position[None, :, :]
    apart -= BOX * np.round(apart / BOX)
    return np.sort(np.sqrt((apart**2).sum(-1)), axis=1)[:, neighbours]


@pytest.fixture
def position():
    random = np.random.default_rng(4)
    clump = 25 + random.normal(0, 1, (300, 3))
    return (np.concatenate([clump, random.random((500, 3)) * BOX]) % BOX).astype(np.float32)


@pytest.mark.parametrize("neighbours", [1, 8, 80])
def test_against_brute_force(position, neighbours):
    found = neighbour_distance(position, BOX, neighbours)
    assert np.allclose(found, brute_force(position, neighbours), rtol=1e-6)


@pytest.mark.parametrize("void", [False, True])
def test_layers_give_the_same(position, void):
    if void:
        position = position[position[:, 2] < 8]
    whole = neighbour_distance(position, BOX, 20)
    layered = neighbour_distance(position, BOX, 20, particles_per_tree=70)
    assert np.array_equal(whole, layered)


def test_progress_counts_every_particle_once(position):
    for bound in (10**6, 100):
        done = []
        neighbour_distance(position, BOX, 5, bound, done.append)
        assert sum(done) == len(position)


def test_fewer_particles_than_neighbours(position):
    few = position[300:310]
    assert np.allclose(neighbour_distance(few, BOX, 80), brute_force(few, 9), rtol=1e-6)
    assert neighbour_distance(few[:1], BOX, 80) == [BOX / 2]
