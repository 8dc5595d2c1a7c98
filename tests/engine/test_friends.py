"""Haloes by friends of friends: the same as every pair tried, whatever the box's edges."""

import numpy as np
import pytest

import engine
from engine.projection.friends import FEWEST, LINKING, find_halos, friends_of_friends

BOX = 10.0


def clustered(seed=0):
    """Clumps on faces, an edge and a corner of the box, a filament through it, and a field."""
    draw = np.random.default_rng(seed)
    clumps = [[0, 0, 0], [5, 5, 9.99], [0.02, 5, 2], [9.98, 0.01, 7], [4, 4, 4]]
    near = [centre + 0.15 * draw.normal(size=(60, 3)) for centre in clumps]
    row = np.linspace(0, BOX, 40, endpoint=False)
    filament = np.stack([row, np.full(40, 8.0), np.full(40, 1.0)], axis=1)
    return np.mod(np.concatenate([*near, filament, draw.uniform(0, BOX, (300, 3))]), BOX)


def one_by_one(place, length):
    """Every pair of points, nearest images; labels spread until nothing changes."""
    apart = place[:, None] - place[None]
    apart -= BOX * np.round(apart / BOX)
    linked = (apart**2).sum(-1) <= length**2
    label = np.arange(len(place))
    while True:
        spread = np.where(linked, label[None], len(place)).min(1)
        if (spread == label).all():
            return label
        label = spread


@pytest.mark.parametrize("length", [0.05, 0.26, 0.6, 4.0])
def test_groups_are_those_of_every_pair_tried(length):
    place = clustered()
    found, expected = friends_of_friends(place, length, BOX), one_by_one(place, length)
    np.testing.assert_array_equal(found[:, None] == found, expected[:, None] == expected)
    assert length > 1 or 1 < len(set(expected)) < len(place)


def test_a_halo_across_a_corner_has_its_centre_there_and_all_its_mass():
    draw = np.random.default_rng(3)
    lattice = (np.indices((12, 12, 12)).reshape(3, -1).T + 0.5) * BOX / 12
    corner = np.mod([0.03, 9.96, 0.0] + 0.02 * draw.normal(size=(100, 3)), BOX)
    position = np.concatenate([lattice, corner]).astype(np.float32)
    halos = find_halos(position, BOX, 1e10)
    (mass,) = halos.mvir
    assert mass == pytest.approx(100 / len(position) * 1e13, rel=1e-5)
    apart = halos.position[0] - [0.03, 9.96, 0.0]
    assert np.abs(apart - BOX * np.round(apart / BOX)).max() < 0.01
    assert 0 <= halos.position.min() < halos.position.max() < BOX
    volume = 4 / 3 * np.pi * (halos.rvir[0] / 1000) ** 3
    assert mass / volume == pytest.approx(200 * 1e10, rel=1e-4)
    assert f"friends of friends (b={LINKING}, >={FEWEST})" in halos.definition


def test_too_few_friends_are_no_halo():
    for number in (FEWEST - 1, FEWEST):
        place = np.full((number, 3), 5.0, np.float32)
        assert len(find_halos(place, BOX, 1e10)) == (number == FEWEST)


def test_a_new_universe_has_its_haloes(tmp_path):
    out = engine.simulate(tmp_path / "new.hdf5", box_size=20, particles=32, seed=5, redshift=0.0)
    simulation = engine.open_simulation(out)
    halos = simulation.halos("dmo")
    each = simulation.cosmology.mean_matter_density * 20**3 / 32**3
    assert len(halos) > 5
    assert halos.mvir[0] == halos.mvir.max() > 100 * each
    assert halos.mvir.min() >= FEWEST * each * (1 - 1e-5)
    # Where the heaviest is, the grid is densest about there.
    grid = simulation.grid("dmo")
    x, y, z = np.floor(halos.position[0] / 20 * 32).astype(int)
    near = grid.values[np.ix_(*(np.arange(n - 2, n + 3) % 32 for n in (z, y, x)))]
    assert near.mean() > 5 * grid.values.mean()
