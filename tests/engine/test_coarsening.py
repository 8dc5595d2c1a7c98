"""Meshes of two cell sizes are compared on the coarser one."""

from dataclasses import replace

import numpy as np
import pytest

from engine import statistics
from engine.coarsening import coarsened, on_coarsest
from tests.engine.systems.example import dark_matter


def fine_map():
    values = np.random.default_rng(3).lognormal(size=(96, 96)).astype(np.float32)
    return replace(dark_matter(), values=values)


def test_means_over_larger_cells_keep_the_mass_and_the_place():
    fine = fine_map()
    coarse = coarsened(fine, 3 * fine.cell_size)
    assert coarse.shape == (32, 32)
    assert coarse.cell_size == pytest.approx(3 * fine.cell_size)
    assert coarse.values[4, 7] == pytest.approx(fine.values[12:15, 21:24].mean())
    mass = statistics.get("total_mass")
    assert mass(coarse) == pytest.approx(mass(fine), rel=1e-6)
    assert (coarse.index, coarse.depth, coarse.periodic) == (fine.index, fine.depth, True)


def test_the_coarsest_stays_as_it_is_whatever_the_order():
    fine = fine_map()
    coarse = coarsened(fine, 2 * fine.cell_size)
    for meshes in ((fine, coarse), (coarse, fine)):
        first, second = on_coarsest(meshes)
        np.testing.assert_array_equal(first.values, coarse.values)
        np.testing.assert_array_equal(second.values, coarse.values)
        assert coarse in (first, second)
    assert on_coarsest((fine, fine))[0] is fine


def test_a_map_agrees_with_its_own_means_at_all_their_wavenumbers():
    fine = fine_map()
    coarse = coarsened(fine, 2 * fine.cell_size)
    for one, other in ((fine, coarse), (coarse, fine)):
        correlation = statistics.get("cross_correlation")(one, other)
        np.testing.assert_allclose(correlation.y, 1, rtol=1e-6)
        transfer = statistics.get("transfer_function")(one, other)
        np.testing.assert_allclose(transfer.y, 1, rtol=1e-6)


def test_a_cell_between_two_larger_ones_counts_in_both_by_its_parts():
    fine = fine_map()
    coarse = coarsened(fine, 1.5 * fine.cell_size)
    assert coarse.shape == (64, 64)
    expected = [1, 0.5] @ fine.values[:2, :2] @ [1, 0.5] / 1.5**2
    assert coarse.values[0, 0] == pytest.approx(expected, rel=1e-6)
    mass = statistics.get("total_mass")
    assert mass(coarse) == pytest.approx(mass(fine), rel=1e-6)
    turned = coarsened(replace(fine, values=fine.values[::-1].T), 1.5 * fine.cell_size)
    np.testing.assert_allclose(turned.values, coarse.values[::-1].T, rtol=1e-5)


@pytest.mark.parametrize("times", [0.5, 5])
def test_cells_that_do_not_fill_the_others_place_are_refused(times):
    fine = fine_map()
    with pytest.raises(ValueError, match=r"expected a mesh that a whole number of pixels of"):
        coarsened(fine, times * fine.cell_size)


def test_what_is_weighted_by_mass_has_no_mean_over_area():
    warm = replace(fine_map(), field="temperature")
    with pytest.raises(ValueError, match=r"weighted by mass .* project the snapshot with these\."):
        coarsened(warm, 2 * warm.cell_size)
