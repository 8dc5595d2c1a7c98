"""Noise by coordinates: the generator's own test vectors, normal statistics, any block alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats
from scipy.special import ndtri

from engine.noise import LANES, Realisation, normal_quantile, normals, philox, smooth_normals

WHOLE = (0, 256, 0, 256)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        # Known answers that come with the authors' Random123 library.
        ([0, 0, 0, 0], 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (
            [0xFFFFFFFF] * 4,
            0xFFFFFFFFFFFFFFFF,
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            0x299F31D0A4093822,
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, expected):
    assert philox(np.array(counter, np.uint64), key).tolist() == expected


def test_quantiles_are_the_normal_distribution_s():
    p = np.concatenate([np.geomspace(1e-10, 0.5, 4001), 1 - np.geomspace(1e-10, 0.5, 4001)])
    assert np.allclose(normal_quantile(p), ndtri(p), rtol=0, atol=2e-6)


def test_moments_and_distribution():
    values = normals(7, 0, (0, 512, 0, 512), (512, 512)).ravel()
    assert values.dtype == np.float32
    number = len(values)
    assert abs(values.mean()) < 4 / np.sqrt(number)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / number)
    assert abs(stats.skew(values)) < 4 * np.sqrt(6 / number)
    assert abs(stats.kurtosis(values)) < 4 * np.sqrt(24 / number)
    assert stats.kstest(values, "norm").pvalue > 1e-3


def correlation(a, b):
    return float(np.mean(a.astype(np.float64) * b))


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (1, 1), (0, LANES), (0, LANES - 1)])
def test_neighbours_are_independent(shift):
    field = normals(3, 1, WHOLE, (256, 256))
    for power in (1, 2):
        values = field**power - (power == 2)
        size = 4 * (1 if power == 1 else 2) / 256
        assert abs(correlation(values, np.roll(values, shift, (0, 1)))) < size


def test_scales_and_seeds_are_independent():
    fields = [
        normals(seed, scale, WHOLE, (256, 256)) for seed in (0, 1, 2**64 - 1) for scale in (0, 5)
    ]
    for i, a in enumerate(fields):
        for b in fields[:i]:
            assert abs(correlation(a, b)) < 5 / 256


def test_white_at_every_scale():
    field = normals(11, 2, WHOLE, (256, 256))
    power = np.abs(np.fft.fft2(field)) ** 2 / field.size
    rings = np.hypot(*np.meshgrid(*[np.fft.fftfreq(256)] * 2))
    for low, high in ((0.01, 0.05), (0.05, 0.2), (0.2, 0.5)):
        ring = power[(rings >= low) & (rings < high)]
        assert abs(ring.mean() - 1) < 5 * np.sqrt(2 / len(ring))


@given(
    y0=some.integers(-50, 80),
    x0=some.integers(-50, 80),
    height=some.integers(1, 30),
    width=some.integers(1, 30),
    seed=some.integers(0, 2**64 - 1),
)
def test_any_block_equals_the_same_pixels_of_the_whole(y0, x0, height, width, seed):
    whole = normals(seed, 3, (0, 40, 0, 52), (40, 52))
    block = normals(seed, 3, (y0, y0 + height, x0, x0 + width), (40, 52))
    rows, columns = np.arange(y0, y0 + height) % 40, np.arange(x0, x0 + width) % 52
    assert np.array_equal(block, whole[np.ix_(rows, columns)])


@given(
    y0=some.integers(-50, 80),
    x0=some.integers(-50, 80),
    height=some.integers(1, 30),
    width=some.integers(1, 30),
    number=some.integers(0, 1),
)
def test_any_block_of_smooth_noise_equals_the_same_pixels_of_the_whole(
    y0, x0, height, width, number
):
    whole = smooth_normals(5, 3, (0, 40, 0, 52), (40, 52), number)
    block = smooth_normals(5, 3, (y0, y0 + height, x0, x0 + width), (40, 52), number)
    rows, columns = np.arange(y0, y0 + height) % 40, np.arange(x0, x0 + width) % 52
    assert np.array_equal(block, whole[np.ix_(rows, columns)])


def test_smooth_noise_has_unit_variance_and_the_kernel_s_correlations():
    field = smooth_normals(8, 1, WHOLE, (256, 256))
    assert field.dtype == np.float32
    one = np.array([1, 4, 6, 4, 1]) / 6  # 1, 2, 1 with itself, over its own square
    for dy in range(3):
        for dx in range(3):
            found = correlation(field, np.roll(field, (dy, dx), (0, 1)))
            assert found == pytest.approx(one[2 + dy] * one[2 + dx], abs=0.04)


def test_maps_of_one_scale_are_independent_and_the_first_is_as_ever():
    fields = [normals(1, 2, WHOLE, (256, 256), number) for number in (0, 1)]
    assert abs(correlation(*fields)) < 5 / 256
    assert np.array_equal(fields[0], normals(1, 2, WHOLE, (256, 256)))


def test_the_same_bits_as_ever():
    # A change of these numbers changes every picture ever linked to.
    field = normals(2026, 4, (10, 12, 5, 8), (64, 64))
    assert field.tobytes().hex() == ("a30023bf18f384be9b9893bfb5c7d03ee017903f5e59183f")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused_in_words(seed):
    with pytest.raises(ValueError, match=r"seed is .*expected a whole number from 0 to"):
        Realisation(seed)


def test_strengths():
    realisation = Realisation(1, (0.5, 2.0))
    assert [realisation.strength(i) for i in range(3)] == [0.5, 2.0, 1.0]
    with pytest.raises(ValueError, match="finite"):
        Realisation(1, (float("nan"),))
