"""Measures of texture: zero or one for the right law, and not for what they are there to catch."""

import numpy as np
import pytest
from scipy.fft import dctn
from scipy.spatial.distance import cdist

from engine.statistics.texture import (
    CLASSES,
    PATCH,
    class_distances,
    cosines,
    coverage,
    diagonal_ratio,
    distances,
    empty_share,
    energy_distance,
    patch_distances,
    patch_waves,
    patches,
)

SIDE, MAPS = 64, 6


def smooth(noise, side=3):
    """Gaussian noise of unit variance without pixel-sized detail, periodic."""
    k = np.fft.fftfreq(SIDE)
    kernel = np.exp(-2 * (np.pi * side / 2.5) ** 2 * (k[:, None] ** 2 + k**2))
    blurred = np.fft.ifft2(np.fft.fft2(noise) * kernel).real
    return blurred / blurred.std()


@pytest.fixture
def random():
    return np.random.default_rng(3)


@pytest.fixture
def dark_matter(random):
    density = 10 ** (0.5 * smooth(random.normal(size=(MAPS, SIDE, SIDE)), 9))
    return density / density.mean()


def fields(random, dark_matter, size=1.0, side=3):
    noise = smooth(random.normal(size=dark_matter.shape), side)
    return np.log10(dark_matter) + 0.2 * size * noise


def test_patches_of_one_law_have_no_distance(random, dark_matter):
    truth, painted = (fields(random, dark_matter) for _ in range(2))
    found = patch_distances(truth, painted, dark_matter)
    assert found.shape == (len(CLASSES) - 1,)
    assert np.isnan(found[3])  # no patch is as dense as a halo here
    assert (np.abs(found[:3]) < 0.1).all()


@pytest.mark.parametrize("wrong", [{"size": 1.5}, {"size": 0.5}, {"side": 0.1}, {"side": 6}])
def test_patches_of_another_law_have(random, dark_matter, wrong):
    truth, painted = fields(random, dark_matter), fields(random, dark_matter, **wrong)
    same = patch_distances(truth, fields(random, dark_matter), dark_matter)
    found = patch_distances(truth, painted, dark_matter)
    assert (found[:3] > 4 * np.abs(same[:3]).max()).all()


def test_a_truth_without_texture_has_no_distance_to_tell(random, dark_matter):
    noise = smooth(random.normal(size=(SIDE, SIDE)))
    flat, rough = (patch_waves(each, dark_matter[0], 4000, random) for each in (0 * noise, noise))
    assert np.isnan(class_distances(flat, rough)).all()
    assert np.isfinite(class_distances(rough, flat)).any()


def test_patches_wrap_and_a_shift_of_their_mean_is_no_texture(random, dark_matter):
    values = random.normal(size=(SIDE, SIDE))
    corners = np.array([[60, 62], [0, 5]])
    found = patches(values, corners)
    for patch, (y, x) in zip(found, corners, strict=True):
        expected = np.roll(values, (-y, -x), (0, 1))[:PATCH, :PATCH]
        np.testing.assert_array_equal(patch.reshape(PATCH, PATCH), expected)
    truth = fields(random, dark_matter)
    found = patch_distances(truth, truth + 3, dark_matter)
    np.testing.assert_allclose(found, patch_distances(truth, truth, dark_matter), atol=1e-8)


def test_cosines_are_the_orthonormal_transform(random):
    patch = random.normal(size=(PATCH, PATCH))
    expected = dctn(patch, norm="ortho").ravel()
    np.testing.assert_allclose(cosines(PATCH) @ patch.ravel(), expected, atol=1e-12)


def test_energy_distance_is_its_definition(random):
    one, other = random.normal(size=(20, 3)), 0.5 + random.normal(size=(30, 3))
    np.testing.assert_allclose(distances(one, other), cdist(one, other), atol=1e-7)
    within = cdist(one, one).sum() / (20 * 19) + cdist(other, other).sum() / (30 * 29)
    assert energy_distance(one, other) == pytest.approx(2 * cdist(one, other).mean() - within)


def test_no_direction_is_preferred_by_white_noise(random):
    ratios = [diagonal_ratio(random.normal(size=(SIDE, SIDE)), 29.3) for _ in range(20)]
    assert np.mean(np.log(ratios)) == pytest.approx(0, abs=0.1)


def test_hatching_along_a_diagonal_shows_and_a_mirror_turns_it_round(random):
    noise = random.normal(size=(SIDE, SIDE))
    hatched = noise + np.roll(noise, (1, 1), (0, 1)) + np.roll(noise, (2, 2), (0, 1))
    # Bright along lines of equal x - y: its waves run across them, k_x k_y < 0.
    found = diagonal_ratio(hatched, 29.3)
    assert found < 0.5
    # A mirror sends column x to n - 1 - x and k_x to -k_x.
    assert diagonal_ratio(hatched[:, ::-1], 29.3) == pytest.approx(1 / found)
    assert diagonal_ratio(hatched.T, 29.3) == pytest.approx(found)


def test_a_band_without_modes_is_refused():
    with pytest.raises(ValueError, match="choose another band"):
        diagonal_ratio(np.zeros((8, 8)), 1000.0)


def test_empty_pixels_are_counted():
    assert empty_share(np.array([[0.0, 1e-9], [2.0, 0.0]])) == 0.5
    assert empty_share(np.array([0.1, 0.3]), faintest=0.2) == 0.5


def test_calibrated_samples_cover_as_often_as_they_say(random):
    truth, samples = random.normal(size=20000), random.normal(size=(200, 20000))
    assert coverage(samples, truth) == pytest.approx(0.68, abs=0.015)
    assert coverage(0.5 * samples, truth) < 0.45
    assert coverage(2 * samples, truth) > 0.9
    assert coverage(samples, 3 + truth) < 0.1
    truth[:10000] = np.nan
    assert coverage(samples, truth) == pytest.approx(0.68, abs=0.02)
