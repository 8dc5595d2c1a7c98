"""Depositing on a periodic map: nothing lost, shifts respected, the reference agreed with."""

import numba
import numpy as np
import pytest

from engine.deposition import deposit, deposit_reference
from engine.kernel import projected_cubic_spline, projected_polynomial

SHAPE = (40, 56)


def particles(number=60, smallest=0.01, largest=30.0, seed=0):
    random = np.random.default_rng(seed)
    column, row = random.random((2, number)) * np.array([[SHAPE[1]], [SHAPE[0]]])
    support = np.geomspace(smallest, largest, number)
    return column, row, support, random.uniform(0.5, 2, (2, number))


def test_the_projected_kernel_holds_one_and_its_polynomial_fits():
    q = np.linspace(0, 1, 4001)
    column = projected_cubic_spline(q)
    assert np.pi * np.trapezoid(column, q) == pytest.approx(1, abs=1e-6)
    fit = (1 - q) ** 3 * np.polynomial.polynomial.polyval(q, projected_polynomial())
    assert np.pi * np.trapezoid(fit, q) == pytest.approx(1, abs=1e-6)
    assert np.abs(fit - column).max() < 2e-4 * column[0]
    # Through the centre: twice the integral of 8/pi W along a radius.
    assert column[0] == pytest.approx(6 / np.pi, rel=1e-6)


@pytest.mark.parametrize("support", [0.01, 0.3, 0.9, 1.4, 3.2, 5.9, 6.0, 11.0, 60.0, 130.0])
def test_every_particle_arrives_whole(support):
    column, row, _, weights = particles()
    for i in range(20):
        one = slice(i, i + 1)
        maps = deposit(column[one], row[one], np.array([support]), weights[:, one], SHAPE)
        assert maps.sum((1, 2)) == pytest.approx(weights[:, i], rel=3e-5)
        assert maps.min() >= 0
    column, row, _, weights = particles(4000)
    maps = deposit(column, row, np.full(4000, support), weights, SHAPE)
    assert maps.sum((1, 2)) == pytest.approx(weights.sum(1), rel=1e-5)


@pytest.mark.parametrize(
    ("smallest", "largest", "off"),
    # Sampled at pixel centres from 3 pixels on, within pixels below: there the difference
    # from the kernel integrated over pixels is largest, and falls with the square beyond.
    [(0.01, 1, 0.06), (1, 3, 0.06), (3, 6, 0.06), (6, 12, 0.015), (12, 30, 0.005)],
)
def test_agrees_with_the_reference(smallest, largest, off):
    placed = particles(50, smallest, largest)
    expected = deposit_reference(*placed, SHAPE)
    assert np.abs(deposit(*placed, SHAPE) - expected).sum() < off * expected.sum()


def test_a_periodic_shift_shifts_the_map():
    column, row, support, weights = particles()
    maps = deposit(column, row, support, weights, SHAPE)
    moved = deposit((column + 17) % SHAPE[1], (row + 33) % SHAPE[0], support, weights, SHAPE)
    assert np.allclose(moved, np.roll(maps, (33, 17), (1, 2)), rtol=0, atol=1e-4 * maps.max())


def test_rows_and_columns_are_alike():
    column, row, support, weights = particles()
    maps = deposit(column, row, support, weights, SHAPE)
    turned = deposit(row, column, support, weights, SHAPE[::-1])
    assert np.allclose(turned, maps.transpose(0, 2, 1), rtol=0, atol=1e-4 * maps.max())


def test_the_number_of_threads_changes_no_bit():
    shape = (500, 64)
    random = np.random.default_rng(5)
    column, row = random.random(900) * 64, random.random(900) * 500
    support, weights = random.uniform(0.1, 40, 900), np.ones((1, 900))
    before = numba.get_num_threads()
    found = []
    for threads in {1, before}:
        numba.set_num_threads(threads)
        found.append(deposit(column, row, support, weights, shape))
    numba.set_num_threads(before)
    assert all(np.array_equal(maps, found[0]) for maps in found)


def test_several_quantities_at_once_are_the_single_ones_and_input_stays():
    placed = particles()
    copies = [array.copy() for array in placed]
    both = deposit(*placed, SHAPE)
    for i in range(2):
        single = deposit(*placed[:3], placed[3][i : i + 1], SHAPE)[0]
        assert np.allclose(both[i], single, rtol=1e-6, atol=1e-9)
    for array, copy in zip(placed, copies, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize("support", [1.0, 2.0, 4.0])
def test_a_narrow_kernel_stays_where_its_particle_is(support):
    for x in (20.1, 20.5, 20.93):
        (values,) = deposit(
            np.array([x]), np.array([15.5]), np.array([support]), np.ones((1, 1)), SHAPE
        )
        centre = (values.sum(0) * (np.arange(SHAPE[1]) + 0.5)).sum()
        # Where the kernel is sampled a pixel knows no more than a sample's width.
        assert centre == pytest.approx(x, abs=0.5)
    far = deposit(np.array([20.5]), np.array([15.5]), np.array([0.01]), np.ones((1, 1)), SHAPE)[0]
    assert far[15, 20] == pytest.approx(1)


def test_a_particle_outside_of_the_map_is_refused():
    with pytest.raises(ValueError, match=r"column reaches from 57 to 57, expected .* 0 to 56"):
        deposit(np.array([57.0]), np.array([1.0]), np.ones(1), np.ones((1, 1)), SHAPE)
