"""Spread over error by scale: which scale of an ensemble is too narrow, or too wide."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from engine.calibration import CLASSES, scaled
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.normalization import normalization
from engine.spread_by_scale import SIZES, SpreadsByScale, details

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
SIDE = 128


def slab(values, field="gas"):
    given = {"field": field, "cell_size": 29.3, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **given)


def painted(normalised):
    return slab(normalization("gas").inverse(1 + 0.05 * normalised).astype(np.float32))


def noise(random, size=0, width=1.0):
    """White noise with so many times as much detail of one size."""
    white = random.standard_normal((SIDE, SIDE))
    return white + (width - 1) * details(white)[size]


def dark_matter(random):
    """Of the three classes below five times the mean."""
    values = 1e5 * np.exp(random.standard_normal((SIDE, SIDE)))
    return slab(values.clip(max=5e5).astype(np.float32), "dm")


def test_details_add_up_and_each_holds_its_waves():
    random = np.random.default_rng(0)
    values = random.standard_normal((SIDE, SIDE))
    assert_allclose(sum(details(values)), values, atol=1e-12)
    phase = 2 * np.pi * np.arange(SIDE) / 3
    for size in range(len(SIZES) - 1):
        wave = np.sin(phase / 2**size) * np.ones((SIDE, 1))
        squares = [np.square(each[:, 32:96]).mean() for each in details(wave)]
        assert np.argmax(squares) == size
    flat = details(np.full((SIDE, SIDE), 3.0))
    assert not np.any(flat[:-1])
    assert_allclose(flat[-1], 3)


@pytest.mark.parametrize(("width", "least", "most"), [(0.3, 0.3, 0.8), (1, 0.9, 1.1), (3, 1.6, 3)])
@pytest.mark.parametrize(("size", "other"), [(0, 4), (3, 0)])
def test_a_scale_of_another_width_is_found_and_no_other(size, other, width, least, most):
    random = np.random.default_rng(1)
    found = []
    for _ in range(3):
        mean = random.standard_normal((SIDE, SIDE))
        spreads = SpreadsByScale(painted(mean + noise(random)), dark_matter(random))
        for _ in range(12):
            spreads.add(painted(mean + noise(random, size, width)))
        found.append(spreads.found())
    ratios = sum(found[1:], found[0]).spread_error
    assert np.isnan(ratios[:, 3:]).all()  # no pixel is that dense
    # Details overlap, so that some of its noise is of other sizes.
    assert (ratios[size, :3] >= least).all()
    assert (ratios[size, :3] <= most).all()
    assert_allclose(ratios[other, :3], 1, atol=0.15)


def test_it_is_the_definition_term_by_term():
    random = np.random.default_rng(2)
    truth, below = painted(random.standard_normal((SIDE, SIDE))), dark_matter(random)
    samples = [painted(random.standard_normal((SIDE, SIDE))) for _ in range(5)]
    spreads = SpreadsByScale(truth, below)
    for each in samples:
        spreads.add(each)
    found = spreads.found()
    mean = np.mean([scaled(each).astype(float) for each in samples], axis=0)
    error = details(mean - scaled(truth))
    apart = np.array([details(scaled(each).astype(float)) for each in samples])
    void = spreads.classes.reshape(SIDE, SIDE) == 0
    for size in range(len(SIZES)):
        assert found.error2[size, 0] == pytest.approx(np.square(error[size][void]).sum())
        variance = apart[:, size].var(axis=0, ddof=1)
        assert found.spread2[size, 0] == pytest.approx(variance[void].sum(), rel=1e-5)
        ratio = (1.2 * found.spread2[size, 0] / found.error2[size, 0]) ** 0.5
        assert found.spread_error[size, 0] == pytest.approx(ratio)
    assert found.count.shape == (len(SIZES), len(CLASSES))
    assert (found.count.sum(axis=1) == SIDE**2).all()


def test_few_samples_and_other_numbers_of_them_are_refused():
    random = np.random.default_rng(3)
    truth, below = painted(random.standard_normal((SIDE, SIDE))), dark_matter(random)
    spreads = SpreadsByScale(truth, below)
    spreads.add(truth)
    with pytest.raises(ValueError, match="There are 1 samples, expected two or more"):
        spreads.found()
    spreads.add(truth)
    two = spreads.found()
    spreads.add(truth)
    with pytest.raises(ValueError, match="of 2 and of 3 samples can't be added"):
        two + spreads.found()
