"""What chooses a generator's weights: the law of the truth is best, however one is wrong."""

import numpy as np
import pytest

from engine.calibration import mean_dark_matter
from engine.cosmology import Cosmology
from engine.mesh import Slab
from training.data.slabs import Pair
from training.systems.close_look import WANTED, look_closely

SIDE, MAPS = 96, 6
PLANCK = Cosmology(0.3089, 0.0486, 0.6774)


def smooth(noise, size):
    k = np.fft.fftfreq(SIDE)
    kernel = np.exp(-2 * (np.pi * size) ** 2 * (k[:, None] ** 2 + k**2))
    blurred = np.fft.ifft2(np.fft.fft2(noise) * kernel).real
    return blurred / blurred.std()


def draw(below, seed, strength=0.2, size=1.0, factor=1.0):
    """Gas that follows dark matter but for a smooth scatter."""
    noise = smooth(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), size)
    values = 0.2 * factor * below.values * np.exp(strength * noise - strength**2 / 2)
    return below.with_values(values.astype(np.float32), field="gas")


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(2)
    found = []
    for number in range(MAPS):
        values = np.exp(1.2 * smooth(random.normal(size=(SIDE, SIDE)), 4))
        slab = Slab(
            (values / values.mean()).astype(np.float32),
            "dm",
            cell_size=29.3,
            depth=1.5,
            box_size=SIDE * 0.0293,
            redshift=2.0,
            cosmology=PLANCK,
            simulation=f"box {number}",
        )
        below = slab.with_values(slab.values * np.float32(mean_dark_matter(slab)))
        found.append(Pair(below, draw(below, 1000 + number)))
    return found


def look(pairs, **wrong):
    return look_closely(pairs, lambda slab, seed: draw(slab, seed, **wrong), WANTED["gas"])[0]


def test_the_truths_law_fits_better_than_any_that_is_wrong(pairs):
    right = look(pairs)
    assert right["mass"] == pytest.approx(1, abs=0.02)
    assert right["spread_error_0"] == pytest.approx(1, abs=0.1)
    assert right["direction_difference"] == pytest.approx(1, abs=0.15)
    for wrong in ({"factor": 1.1}, {"strength": 0.4}, {"strength": 0.08}, {"size": 0.1}):
        assert look(pairs, **wrong)["misfit"] > 1.5 * right["misfit"], wrong


def test_samples_that_are_all_the_truth_have_no_misfit_and_faint_ones_a_large_one(pairs):
    truths = {pair.dark_matter.simulation: pair.target for pair in pairs}
    found, picture = look_closely(pairs, lambda slab, _: truths[slab.simulation], WANTED["hi"])
    assert found["misfit"] < 0.2
    assert "direction_difference" not in found
    assert picture.shape == (SIDE, 3 * SIDE)

    faint = look(pairs, factor=1e-4)["misfit"]
    assert faint > 10
