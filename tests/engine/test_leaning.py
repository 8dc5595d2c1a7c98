"""Which diagonal samples lean to, and how much of that is chance."""

import numpy as np
import pytest

from engine.cosmology import Cosmology
from engine.leaning import Leanings
from engine.likeness import logarithm
from engine.mesh import Slab
from engine.statistics.texture import BAND, diagonal_ratio

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
SIDE = 96


def gas(values, pixel=29.3):
    return Slab(
        np.asarray(values, np.float32),
        "gas",
        cell_size=pixel,
        depth=1.5,
        box_size=SIDE * pixel / 1e3,
        redshift=2.0,
        cosmology=PLANCK,
        simulation="a box",
    )


def noise(random):
    """Draw a map that prefers no direction."""
    return np.exp(0.3 * random.normal(size=(SIDE, SIDE)))


def hatched(random):
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = np.sin(2 * np.pi * (y + x) / 12 + random.uniform(0, 2 * np.pi))
    return noise(random) * np.exp(0.3 * wave)


def leaning(draw, slabs=4, samples=6, seed=3):
    random = np.random.default_rng(seed)
    each = []
    for _ in range(slabs):
        looks = Leanings(gas(noise(random)))
        for _ in range(samples):
            looks.add(gas(draw(random)))
        each.append(looks.found())
    return sum(each[1:], each[0])


def test_ratios_are_geometric_means_and_differences_are_of_neighbours():
    random = np.random.default_rng(1)
    truth, *samples = (gas(noise(random)) for _ in range(4))
    looks = Leanings(truth)
    for sample in samples:
        looks.add(sample)
    maps = [logarithm(each) for each in (truth, *samples)]
    single = [diagonal_ratio(values, truth.pixel_size) for values in maps]
    apart = [diagonal_ratio(maps[i + 1] - maps[i], truth.pixel_size) for i in (1, 2)]
    expected = (single[0], np.prod(single[1:]) ** (1 / 3), np.prod(apart) ** (1 / 2))
    found = looks.found()
    np.testing.assert_allclose(found.ratios, expected)
    assert found.spread == pytest.approx(np.std(np.log(single[1:]), ddof=1) * np.sqrt(4 / 3))


def test_what_prefers_no_direction_is_off_by_chance_alone_and_hatching_is_not():
    found = leaning(noise)
    true, painted, difference = found.ratios
    chance = found.spread
    # Of the band's modes a quarter are free along each diagonal; the slabs are four.
    lowest = 2e3 * np.pi / SIDE / 29.3
    modes = np.pi * (BAND[1] ** 2 - BAND[0] ** 2) / lowest**2 / 4
    expected = np.sqrt(2 / modes / 4 * (1 + 1 / 6))
    assert 0.5 * expected < chance < 2 * expected
    assert abs(np.log(painted / true)) < 3 * chance
    assert abs(np.log(difference)) < 3 * chance
    true, painted, difference = leaning(hatched).ratios
    assert max(painted / true, true / painted) > 2
    assert max(difference, 1 / difference) > 2


def test_slabs_of_other_numbers_of_samples_are_refused():
    with pytest.raises(ValueError, match="of 3 and of 2 samples can't be added"):
        leaning(noise, slabs=1, samples=3) + leaning(noise, slabs=1, samples=2)


def test_one_painting_has_no_spread_and_coarse_pixels_no_direction():
    alone = leaning(noise, samples=1)
    assert np.isfinite(alone.ratios[:2]).all()
    assert np.isnan(alone.ratios[2])
    assert np.isnan(alone.spread)
    assert np.isnan(leaning(noise, samples=2).spread)
    random = np.random.default_rng(2)
    looks = Leanings(gas(noise(random), pixel=300.0))
    for _ in range(3):
        looks.add(gas(noise(random), pixel=300.0))
    assert np.isnan(looks.found().ratios).all()
    assert np.isnan(looks.found().spread)


def test_flat_and_tiny_maps_have_no_direction_and_take_none_from_others():
    random = np.random.default_rng(4)
    truth = gas(noise(random))
    looks, others = Leanings(truth), Leanings(truth)
    for draw in range(4):
        sample = gas(noise(random))
        others.add(sample)
        looks.add(sample)
        if draw == 1:
            looks.add(gas(np.ones((SIDE, SIDE))))
    np.testing.assert_allclose(looks.found().ratios[:2], others.found().ratios[:2])
    assert looks.found().spread == pytest.approx(others.found().spread)
    tiny = Leanings(truth.with_values(truth.values[:4, :4]))
    tiny.add(truth.with_values(truth.values[4:8, 4:8]))
    assert np.isnan(tiny.found().ratios).all()
