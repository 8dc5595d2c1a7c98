"""The odd one of four: found where samples agree with each other and not with the truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine.calibration import CLASSES, classes_of, mean_dark_matter, scaled
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.normalization import normalization
from engine.odd_one import SQUARE, OddOne, OddOnes
from engine.spread_by_scale import SIZES, details

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
SIDE = 2 * SQUARE + 5


def slab(values, field="gas"):
    given = {"field": field, "cell_size": 29.3, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values.astype(np.float32), redshift=2.0, cosmology=PLANCK, **given)


def painted(normalised):
    return slab(normalization("gas").inverse(1 + 0.05 * normalised))


def noise(random, size=0, width=1.0):
    """White noise with so many times as much detail of one size."""
    white = random.standard_normal((SIDE, SIDE))
    return white + (width - 1) * details(white)[size]


def dark_matter(random=None, most=1.0):
    """Of some number of times the mean, a tenth of each square's pixels the most."""
    values = np.ones((SIDE, SIDE)) if random is None else random.uniform(0, 0.5, (SIDE, SIDE))
    mean = mean_dark_matter(slab(values, "dm"))
    values[:, ::10] = most
    return slab(values * mean, "dm")


def shares(size, width, slabs=20, samples=12):
    random = np.random.default_rng(1)
    found = []
    for _ in range(slabs):
        mean = random.standard_normal((SIDE, SIDE))
        odd = OddOne(painted(mean + noise(random)), dark_matter(random))
        for _ in range(samples):
            odd.add(painted(mean + noise(random, size, width)))
        found.append(odd.found())
    together = sum(found[1:], found[0])
    assert_array_equal(together.squares, [4 * slabs * samples // 3, 0, 0])
    assert np.isnan(together.share[:, 1:]).all()
    return together.share[:, 0]


def test_a_truth_of_the_samples_law_is_the_odd_one_in_a_quarter():
    assert_allclose(shares(0, 1.0), 0.25, atol=0.07)


@pytest.mark.parametrize(("size", "other"), [(0, 4), (3, 0)])
def test_samples_that_agree_or_differ_too_much_are_found_out_at_their_scale(size, other):
    alike, wide = shares(size, 0.3), shares(size, 2.5)
    assert alike[size] > 0.8
    assert wide[size] < 0.03
    assert_allclose([alike[other], wide[other]], 0.25, atol=0.12)


def test_it_counts_as_a_slow_loop_does():
    random = np.random.default_rng(2)
    below = dark_matter(random, most=5.0)
    truth, samples = painted(noise(random)), [painted(noise(random)) for _ in range(3)]
    odd = OddOne(truth, below)
    for each in samples:
        odd.add(each)
    found, classes = odd.found(), classes_of(below)
    assert_array_equal(found.squares, [0, 4, 0])
    seen = np.array([details(scaled(each).astype(float)) for each in (truth, *samples)])
    expected = np.zeros(len(SIZES), int)
    for size in range(len(SIZES)):
        off = seen[:, size] - seen[:, size].mean(0)
        for y, x in np.ndindex(2, 2):
            square = np.s_[y * SQUARE : (y + 1) * SQUARE, x * SQUARE : (x + 1) * SQUARE]
            apart = np.zeros(4)
            for i in range(4):
                far = seen[i, size] - np.delete(seen[:, size], i, 0).mean(0)
                for c in range(len(CLASSES)):
                    inside = classes[square] == c
                    if inside.any():
                        apart[i] += (far[square][inside] ** 2).sum() / (
                            off[:, classes == c] ** 2
                        ).mean()
            expected[size] += apart.argmax() == 0
    assert_array_equal(found.odd[:, 1], expected)


@pytest.mark.parametrize(("most", "kind"), [(2.9, 0), (3.1, 1), (9.9, 1), (10.1, 2)])
def test_squares_are_told_apart_by_their_dense_pixels(most, kind):
    odd = OddOne(painted(np.zeros((SIDE, SIDE))), dark_matter(most=most))
    assert set(odd.kinds) == {kind}


def test_two_samples_and_small_maps_tell_nothing_and_counts_add_up():
    random = np.random.default_rng(3)
    odd = OddOne(painted(noise(random)), dark_matter(random))
    for _ in range(2):
        odd.add(painted(noise(random)))
    assert not odd.found().squares.any()
    assert np.isnan(odd.found().share).all()
    assert len(odd.waiting) == 2
    for shape in ((20, 20), (20, 100), (SQUARE - 1, SQUARE)):
        small = OddOne(slab(np.full(shape, 1e5)), slab(np.full(shape, 1e6), "dm"))
        for _ in range(3):
            small.add(slab(random.uniform(1e4, 1e5, shape)))
        assert not small.found().squares.any()
    one = OddOnes(np.array([4, 0, 2]), np.tile([1, 0, 1], (len(SIZES), 1)))
    assert_array_equal((one + one).squares, [8, 0, 4])
    assert_allclose((one + one).share[0], [0.25, np.nan, 0.5])
    with pytest.raises(ValueError, match="read-only"):
        one.odd[0] = 0


def test_a_truth_as_far_as_its_samples_is_not_odd():
    random = np.random.default_rng(4)
    truth = painted(noise(random))
    odd = OddOne(truth, dark_matter(random))
    for _ in range(3):
        odd.add(truth)
    assert odd.found().squares.sum() == 4
    assert not odd.found().odd.any()
