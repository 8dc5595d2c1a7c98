"""Maps of one band of wavenumbers: which waves remain, how much power, what edges do."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from engine import statistics
from engine.cosmology import Cosmology
from engine.fourier.filtering import band_pass
from engine.mesh import Slab

PIXEL = 0.03  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 1000 * PIXEL, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def wave(shape, rows, columns, amplitude):
    row, column = (np.arange(n) / n for n in shape)
    return amplitude * np.cos(2 * np.pi * (rows * row[:, None] + columns * column))


def k_of(shape, rows, columns):
    return 2 * np.pi / PIXEL * np.hypot(rows / shape[0], columns / shape[1])


@pytest.mark.parametrize("shape", [(64, 64), (45, 60)])
def test_of_two_plane_waves_one_remains(shape):
    slow, fast = wave(shape, 2, -1, 0.3), wave(shape, 5, 9, 0.2)
    slab = slab_of(7e3 * (1 + slow + fast))
    between = (k_of(shape, 2, 1) + k_of(shape, 5, 9)) / 2
    low, high = band_pass(slab, 0, between), band_pass(slab, between, np.inf)
    assert low.dtype == np.float32
    assert_allclose(low, slow, atol=1e-6)
    assert_allclose(high, fast, atol=1e-6)


def test_the_lower_edge_belongs_to_the_band_and_the_upper_does_not():
    shape = (32, 32)
    slab, k = slab_of(1 + wave(shape, 0, 4, 0.3)), k_of(shape, 0, 4)
    assert band_pass(slab, k, 2 * k).std() > 0.2
    assert not band_pass(slab, k / 2, k).std() > 1e-6


def test_variance_of_each_band_is_the_power_of_its_bin():
    values = np.random.default_rng(3).lognormal(size=(48, 66))
    slab = slab_of(values)
    power = statistics.power_spectrum(slab)
    area = values.size * PIXEL**2
    for i, expected in enumerate(power.y * power.count / area):
        band = band_pass(slab, power.edges[i], power.edges[i + 1])
        assert band.mean() == pytest.approx(0, abs=1e-6)
        assert band.var() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("periodic", [True, False])
def test_bands_add_up_to_the_contrast(periodic):
    values = np.random.default_rng(4).lognormal(size=(30, 41))
    slab = slab_of(values, periodic=periodic)
    edges = (0, 10, 40, np.inf)
    whole = sum(band_pass(slab, *edges[i : i + 2]) for i in range(3))
    assert_allclose(whole, values / values.mean() - 1, atol=1e-5)


def test_edges_of_a_cut_out_dont_ring():
    rise = np.linspace(1, 3, 64)
    slab = slab_of(np.tile(rise, (64, 1)), periodic=False)
    wrapped = slab.with_values(slab.values, periodic=True)
    fast = k_of((64, 64), 0, 8)
    assert np.abs(band_pass(slab, fast, np.inf)).max() < 0.05
    assert np.abs(band_pass(wrapped, fast, np.inf)).max() > 0.2


@pytest.mark.parametrize("band", [(2.0, 2.0), (3.0, 1.0), (-1.0, 2.0), (np.nan, 2.0)])
def test_a_band_that_is_none_is_refused(band):
    with pytest.raises(ValueError, match=r"band of wavenumbers is .* expected"):
        band_pass(slab_of(np.ones((8, 8))), *band)
