"""Calibration: flat ranks where the truth is one more sample, and what too narrow looks like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import engine
from engine.calibration import CLASSES, Calibration, Ranking, classes_of, scaled
from engine.cosmology import Cosmology
from engine.fields import FIELDS
from engine.mesh import Slab

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
MANY = 40_000


def dark_matter(values, **changes):
    given = {"field": "dm", "cell_size": 29.3, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def ranked(truth, samples, group=None, groups=1) -> Calibration:
    ranking = Ranking(truth, np.zeros(np.shape(truth), int) if group is None else group, groups)
    for sample in samples:
        ranking.add(sample)
    return ranking.found()


def normal(samples, width=1.0, shift=0.0, number=MANY, seed=0):
    """Truths around centres that the samples share, and samples of another width."""
    random = np.random.default_rng(seed)
    centre = 10 * random.standard_normal(number)
    truth = centre + random.standard_normal(number)
    return truth, centre + shift + width * random.standard_normal((samples, number))


@pytest.mark.parametrize("samples", [7, 40])
def test_truths_that_are_one_more_sample_rank_evenly(samples):
    found = ranked(*normal(samples))
    assert found.samples == samples
    assert found.ranks.sum() == MANY
    assert stats.chisquare(found.ranks[0]).pvalue > 1e-3
    assert found.coverage(0.68) == pytest.approx(0.68, abs=0.01)
    assert found.spread_error == pytest.approx(1, abs=0.01)


def test_wide_intervals_are_covered_when_there_are_samples_for_them():
    assert ranked(*normal(40)).coverage(0.95) == pytest.approx(0.95, abs=0.005)
    assert np.isfinite(ranked(*normal(39, number=9)).coverage(0.95)).all()
    assert np.isnan(ranked(*normal(38, number=9)).coverage(0.95)).all()


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_coverage_of_samples_of_another_width_is_that_of_a_normal(width):
    found = ranked(*normal(99, width))
    expected = 2 * stats.norm.cdf(width * stats.norm.ppf(0.84)) - 1
    assert found.coverage(0.68) == pytest.approx(expected, abs=0.02)


def test_too_narrow_is_a_u_with_little_coverage_and_a_small_ratio():
    found = ranked(*normal(19, width=0.4))
    ends, middle = found.ranks[0, [0, -1]], found.ranks[0, 8:12]
    assert ends.min() > 5 * middle.max()
    assert found.coverage(0.68) < 0.4
    # Spread 0.4; the error is that of the truth and of the mean of 19 samples.
    assert found.spread_error == pytest.approx(
        np.sqrt((1 + 1 / 19) * 0.16 / (1 + 0.16 / 19)), abs=0.01
    )


def test_too_wide_is_a_hill():
    found = ranked(*normal(19, width=2.5))
    assert found.ranks[0, [0, -1]].max() < found.ranks[0, 8:12].min() / 5
    assert found.spread_error > 2


def test_samples_that_lie_high_leave_the_truth_at_low_ranks():
    found = ranked(*normal(19, shift=1.0))
    assert found.ranks[0, 0] > 5 * found.ranks[0, -1]
    assert found.spread_error < 0.8


def slow(truth, samples, group, groups):
    """The same from a stack that is kept, truth by truth."""
    n = len(samples)
    ranks, error2, spread2 = np.zeros((groups, n + 1)), np.zeros(groups), np.zeros(groups)
    for value, own, g in zip(truth, np.transpose(samples), group, strict=True):
        if g >= 0:
            ranks[g, sorted([*own, value]).index(value)] += 1
            error2[g] += (own.mean() - value) ** 2
            spread2[g] += own.var(ddof=1)
    return ranks, error2, spread2


def test_streaming_equals_one_pass_over_the_stack():
    truth, samples = normal(9, number=500, seed=3)
    group = np.random.default_rng(4).integers(-1, 3, 500)
    found = ranked(truth, samples, group, 3)
    ranks, error2, spread2 = slow(truth, samples, group, 3)
    assert_array_equal(found.ranks, ranks)
    assert_array_equal(found.count, ranks.sum(axis=1))
    assert_allclose(found.error2, error2, rtol=1e-10)
    assert_allclose(found.spread2, spread2, rtol=1e-10)


def test_a_small_spread_around_a_large_mean_is_not_lost():
    truth, samples = normal(9, number=200)
    near = ranked(truth, samples).spread2
    far = ranked(truth + 1e8, samples + 1e8).spread2
    assert_allclose(far, near, rtol=1e-6)
    assert ranked(truth, np.full((9, 200), 1 / 3)).spread2 == 0


def test_ties_are_shared_evenly_and_alike_each_time():
    truth = np.zeros(MANY)
    samples = np.zeros((8, MANY))
    found = ranked(truth, samples)
    assert stats.chisquare(found.ranks[0]).pvalue > 1e-3
    assert_array_equal(found.ranks, ranked(truth, samples).ranks)


def test_half_of_the_samples_tied():
    samples = np.repeat([-1.0, 0.0, 0.0, 1.0], MANY).reshape(4, MANY)
    found = ranked(np.zeros(MANY), samples)
    assert found.ranks[0, 0] == found.ranks[0, 4] == 0
    assert stats.chisquare(found.ranks[0, 1:4]).pvalue > 1e-3


def test_many_zeros_in_truth_and_samples_leave_calibrated_ranks_flat():
    truth, samples = normal(15)
    found = ranked(np.maximum(truth, 0), np.maximum(samples, 0))
    assert stats.chisquare(found.ranks[0]).pvalue > 1e-3
    assert found.coverage(0.68) == pytest.approx(0.68, abs=0.01)


@given(cut=st.integers(1, 199), seed=st.integers(0, 99))
def test_sums_of_two_parts_are_both_at_once(cut, seed):
    truth, samples = normal(5, number=200, seed=seed)
    group = np.random.default_rng(seed).integers(0, 2, 200)
    whole = ranked(truth, samples, group, 2)
    added = ranked(truth[:cut], samples[:, :cut], group[:cut], 2) + ranked(
        truth[cut:], samples[:, cut:], group[cut:], 2
    )
    assert_array_equal(added.ranks, whole.ranks)
    assert_array_equal(added.count, whole.count)
    assert_allclose(added.spread_error, whole.spread_error, rtol=1e-9)


def test_ranks_are_those_of_any_rising_function():
    truth, samples = normal(9, number=1000)
    assert_array_equal(
        ranked(truth, samples).ranks, ranked(np.exp(truth / 9), np.exp(samples / 9)).ranks
    )


def test_groups_without_truths_say_nothing():
    truth, samples = normal(9, number=10)
    found = ranked(truth, samples, np.zeros(10, int), 2)
    assert_array_equal(found.count, [10, 0])
    assert np.isnan(found.coverage(0.5)[1])
    assert np.isnan(found.spread_error[1])


def test_what_is_left_out_may_be_anything():
    truth, samples = normal(3, number=4)
    truth[2] = samples[1, 2] = np.nan
    assert ranked(truth, samples, np.array([0, 0, -1, 0])).count == 3


def test_what_cant_be_ranked_is_refused():
    truth, samples = normal(3, number=4)
    with pytest.raises(ValueError, match=r"shape \(4,\) and their groups \(3,\)"):
        Ranking(truth, np.zeros(3, int), 1)
    with pytest.raises(ValueError, match="highest group is 2, expected at most 1"):
        Ranking(truth, np.array([0, 1, 2, 0]), 2)
    with pytest.raises(ValueError, match="1 of 4 truths are not finite"):
        ranked(np.array([1, np.inf, 2, 3]), samples)
    with pytest.raises(ValueError, match=r"sample has shape \(3,\), expected the truth's, \(4,\)"):
        ranked(truth, samples[:, :3])
    with pytest.raises(ValueError, match="1 of 4 values of a sample are not finite"):
        ranked(truth, [np.array([1, np.nan, 2, 3])])
    with pytest.raises(ValueError, match="There are 1 samples to rank among, expected two"):
        ranked(truth, samples[:1])
    found = ranked(truth, samples)
    with pytest.raises(ValueError, match="1 groups by 3 samples and of 1 by 2 can't be added"):
        found + ranked(truth, samples[:2])
    with pytest.raises(ValueError, match="Level of an interval is 68"):
        found.coverage(68)


def test_classes_are_told_apart_by_the_mean_of_the_universe():
    # 0.3089 times the critical density of 2.775e11 h^2 Msun/Mpc^3, through 1.4 Mpc/h.
    mean = 0.3089 * 2.775e11 * 1.4 / 1e6
    ratios = np.array([[0.0, 0.99, 1.01], [1.99, 2.01, 4.99], [5.01, 19.9, 20.1]])
    expected = [[0, 0, 1], [1, 2, 2], [3, 3, 4]]
    assert_array_equal(classes_of(dark_matter(ratios * mean, field="dmo")), expected)
    of_hydro = dark_matter(ratios * mean * (1 - 0.0486 / 0.3089))
    assert_array_equal(classes_of(of_hydro), expected)
    assert_array_equal(classes_of(of_hydro.cut((0, 2, 1, 3))), np.array(expected)[:2, 1:])


def test_only_dark_matter_tells_pixels_apart():
    with pytest.raises(ValueError, match="gas map is not dark matter, expected dm or dmo"):
        classes_of(dark_matter(np.ones((2, 2)), field="gas"))


def test_every_class_has_pixels_in_every_slab_of_the_sample():
    simulation = engine.open_simulation("hydro11-z2")
    for index in range(8):
        classes = classes_of(simulation.slab("dm", axis="z", index=index, level="HR"))
        assert np.bincount(classes.ravel(), minlength=len(CLASSES)).min() > 100


def test_scaled_maps_keep_zero_and_order():
    values = np.array([[0.0, 1.0], [1e4, 1e8]])
    found = scaled(dark_matter(values, field="hi"))
    assert found[0, 0] == 0
    assert (np.diff(found.ravel()) > 0).all()
    assert found.max() < 10


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"delta"}))
def test_maps_of_every_field_can_be_compared(field):
    low, high = FIELDS[field].decades
    found = scaled(dark_matter(np.geomspace(10.0**low, 10.0**high, 4).reshape(2, 2), field=field))
    assert (np.diff(found.ravel()) > 0).all()


def test_groups_together_are_the_truths_ranked_as_one():
    truth, samples = normal(9, number=300)
    group = np.arange(300) % 3
    together, one = ranked(truth, samples, group, 3).together, ranked(truth, samples)
    assert_array_equal(together.ranks, one.ranks)
    assert_array_equal(together.count, [300])
    assert_allclose(together.spread_error, one.spread_error, rtol=1e-12)


def test_nothing_to_rank_is_no_failure():
    found = ranked(np.empty(0), np.empty((3, 0)))
    assert_array_equal(found.ranks, np.zeros((1, 4)))
    assert found.error2.dtype == np.float64
