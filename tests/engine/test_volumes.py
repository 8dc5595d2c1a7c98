"""Deposition in three dimensions: no mass is lost, edges are nowhere, the slow way agrees."""

import numpy as np
import pytest

from engine.projection import volumes
from engine.projection.deposition import deposit
from engine.projection.volumes import (
    deposit_cic,
    deposit_cic_reference,
    deposit_kernel,
    deposit_kernel_reference,
)

CELLS = 20
SUPPORTS = (0.01, 0.2, 0.25, 0.7, 1.0, 1.5, 2.9, 3.0, 5.0, 9.5, 14.0, 40.0)


def empty(quantities=1, planes=CELLS):
    return np.zeros((quantities, planes, CELLS, CELLS))


def particles(number=60, seed=0, quantities=2, supports=SUPPORTS):
    """Places, supports and weights, in cells."""
    random = np.random.default_rng(seed)
    return (
        random.random((number, 3)) * CELLS,
        random.choice(supports, number),
        random.uniform(0.5, 2, (quantities, number)),
    )


class TestMass:
    @pytest.mark.parametrize("support", [*SUPPORTS, 100.0])
    def test_one_particle_arrives_whole_wherever_it_lies(self, support):
        # Corners, centres and faces of cells are the worst places for samples at centres.
        for place in [(0, 0, 0), (0.5, 0.5, 0.5), (CELLS,) * 3, (3.25, 19.99, 0.5), (7.9, 1e-3, 6)]:
            at = np.array([place], float)
            found = deposit_kernel(at, np.array([support]), np.array([[3.0]]), CELLS, empty())
            assert found.sum() == pytest.approx(3, rel=1e-6)
            assert found.min() >= 0

    def test_of_many_particles(self):
        place, support, weights = particles()
        for found in (
            deposit_kernel(place, support, weights, CELLS, empty(2)),
            deposit_cic(place, weights, CELLS, empty(2)),
        ):
            assert found.sum((1, 2, 3)) == pytest.approx(weights.sum(1), rel=1e-6)


class TestAgainstTheSlowWay:
    def test_cloud_in_cell(self):
        place, _, weights = particles(500)
        expected = deposit_cic_reference(place, weights, CELLS)
        assert deposit_cic(place, weights, CELLS, empty(2)) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize(
        ("support", "within"),
        [(0.25, 0.05), (0.7, 0.08), (2.9, 0.08), (3, 0.15), (5, 0.08), (9.5, 0.03)],
    )
    def test_kernels(self, support, within):
        # Of the mass, what lies in another cell; three samples a support are few.
        place, _, weights = particles(5)
        supports = np.full(5, float(support))
        expected = deposit_kernel_reference(place, supports, weights, CELLS)
        found = deposit_kernel(place, supports, weights, CELLS, empty(2))
        assert np.abs(found - expected).sum() < within * expected.sum()

    @pytest.mark.parametrize("support", [1.5, 4.0])
    def test_many_kernels_of_a_smooth_cloud_leave_little_of_that(self, support):
        random = np.random.default_rng(1)
        place = (CELLS / 2 + 3 * random.standard_normal((400, 3))) % CELLS
        supports, weights = np.full(400, support), np.ones((1, 400))
        expected = deposit_kernel_reference(place, supports, weights, CELLS, samples=6)
        found = deposit_kernel(place, supports, weights, CELLS, empty())
        assert np.abs(found - expected).sum() < 0.05 * expected.sum()


class TestGeometry:
    def test_a_cell_is_exactly_eight_of_half_its_side(self):
        # At the centre of a coarse cell: all in it, and an eighth in each fine one within.
        place = np.array([[3.5, 7.5, 2.5]])
        coarse = deposit_cic(place, np.ones((1, 1)), CELLS, empty())[0]
        fine = deposit_cic(2 * place, np.ones((1, 1)), 2 * CELLS, np.zeros((1, 40, 40, 40)))[0]
        assert coarse[2, 7, 3] == 1
        assert fine[4:6, 14:16, 6:8] == pytest.approx(1 / 8)

    @pytest.mark.parametrize("cells", [CELLS, 2 * CELLS])
    def test_cloud_in_cell_keeps_the_centre_of_mass(self, cells):
        random = np.random.default_rng(3)
        share = random.uniform(0.1, 0.9, (50, 3))  # of the box: none reaches across its edge
        weights = random.uniform(1, 2, (1, 50))
        grid = deposit_cic(share * cells, weights, cells, np.zeros((1, cells, cells, cells)))[0]
        centres = (np.arange(cells) + 0.5) / cells
        found = [(grid.sum(axes) @ centres) for axes in ((0, 1), (0, 2), (1, 2))]
        assert np.array(found) == pytest.approx(weights[0] @ share, rel=1e-12)

    def test_a_periodic_shift_moves_all_by_whole_cells(self):
        place, support, weights = particles()
        place = np.round(place * 1024) / 1024  # shifts are exact
        moved = np.add(place, (7, 18, 3)) % CELLS
        for deposit_them in (
            lambda at: deposit_kernel(at, support, weights, CELLS, empty(2)),
            lambda at: deposit_cic(at, weights, CELLS, empty(2)),
        ):
            expected = np.roll(deposit_them(place), (3, 18, 7), (1, 2, 3))
            assert deposit_them(moved) == pytest.approx(expected, rel=1e-5, abs=1e-9)

    @pytest.mark.parametrize("support", [3.0, 4.0, 7.5])
    def test_summed_along_an_axis_it_is_the_map(self, support):
        place, _, weights = particles(200)
        supports = np.full(200, support)
        grid = deposit_kernel(place, supports, weights, CELLS, empty(2))
        column, row = place[:, 0], place[:, 1]
        expected = deposit(column, row, supports, weights.astype(np.float32), (CELLS, CELLS))
        found = grid.sum(1)
        assert found.sum() == pytest.approx(expected.sum(), rel=1e-5)
        assert np.abs(found - expected).sum() < 0.03 * expected.sum()


class TestThreads:
    def test_planes_by_themselves_are_those_of_the_whole(self):
        place, support, weights = particles()
        whole = deposit_kernel(place, support, weights, CELLS, empty(2))
        cloud = deposit_cic(place, weights, CELLS, empty(2))
        for first, planes in ((0, 7), (7, 12), (19, 1)):
            part = slice(first, first + planes)
            found = deposit_kernel(place, support, weights, CELLS, empty(2, planes), first)
            assert np.array_equal(found, whole[:, part])
            found = deposit_cic(place, weights, CELLS, empty(2, planes), first)
            assert np.array_equal(found, cloud[:, part])

    def test_their_number_changes_no_bit(self, monkeypatch):
        place, support, weights = particles()
        whole = deposit_kernel(place, support, weights, CELLS, empty(2))
        monkeypatch.setattr(volumes, "BANDS_PER_THREAD", 1)
        monkeypatch.setattr(volumes.numba, "get_num_threads", lambda: 1)
        assert np.array_equal(deposit_kernel(place, support, weights, CELLS, empty(2)), whole)

    def test_what_is_given_stays_as_it_was(self):
        given = particles()
        kept = [array.copy() for array in given]
        place, support, weights = given
        deposit_kernel(place, support, weights, CELLS, empty(2))
        deposit_cic(place, weights, CELLS, empty(2))
        assert all(np.array_equal(a, b) for a, b in zip(given, kept, strict=True))


def test_no_particle_is_no_mass():
    place, support, weights = np.empty((0, 3)), np.empty(0), np.empty((1, 0))
    assert not deposit_kernel(place, support, weights, CELLS, empty()).any()
    assert not deposit_cic(place, weights, CELLS, empty()).any()


def test_a_place_outside_of_the_box_is_refused():
    outside = np.array([[1.0, 2.0, CELLS + 1.0]])
    with pytest.raises(ValueError, match="from 1 to 21 cells, expected places in the box, 0 to 20"):
        deposit_cic(outside, np.ones((1, 1)), CELLS, empty())
