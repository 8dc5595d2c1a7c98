"""P(k) of periodic maps: analytic truth, slow references, an independent library, errors."""

from itertools import pairwise

import numpy as np
import powerbox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Slab

PIXEL = 0.03  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
EVERYTHING = (1e-6, 1e6)


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 1000 * PIXEL, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def gaussian_field(rng, n, power):
    """Overdensity on n^2 pixels of a Gaussian field with the power spectrum power(k)."""
    k = wavenumbers((n, n))
    k[0, 0] = 1  # the mean is taken out below
    white_k = np.fft.fft2(rng.standard_normal((n, n)))
    white_k[0, 0] = 0
    return np.fft.ifft2(white_k * np.sqrt(power(k)) / PIXEL).real


def wavenumbers(shape):
    """|k| on the full plane, [h/Mpc]."""
    ky, kx = (2 * np.pi * np.fft.fftfreq(n, PIXEL) for n in shape)
    return np.hypot(ky[:, np.newaxis], kx)


def spectrum_by_loops(values, edges):
    """Mean |k|, P and number of modes of each bin: one mode after the other, no FFT."""
    ny, nx = values.shape
    delta = values.astype(np.float64) / values.mean(dtype=np.float64) - 1
    row, column = np.mgrid[:ny, :nx]
    wavenumber, power, count = (np.zeros(len(edges) - 1) for _ in range(3))
    for m in range(-((ny - 1) // 2), ny // 2 + 1):
        for n in range(-((nx - 1) // 2), nx // 2 + 1):
            k = 2 * np.pi / PIXEL * np.hypot(m / ny, n / nx)
            wave = np.exp(-2j * np.pi * (m * row / ny + n * column / nx))
            for b in range(len(edges) - 1):
                if edges[b] <= k < edges[b + 1]:
                    wavenumber[b] += k
                    power[b] += abs((delta * wave).sum()) ** 2 * PIXEL**2 / (ny * nx)
                    count[b] += 1
    return wavenumber / count, power / count, count


@pytest.mark.parametrize("shape", [(4, 4), (6, 5), (5, 6), (7, 7), (8, 12), (16, 16)])
def test_fast_path_equals_loops_over_modes(shape):
    slab = slab_of(np.random.default_rng(3).lognormal(size=shape))
    found = statistics.power_spectrum(slab)
    k, power, count = spectrum_by_loops(slab.values, found.edges)
    assert_array_equal(found.count, count)
    assert_allclose(found.x, k, rtol=1e-12)
    assert_allclose(found.y, power, rtol=1e-5)


def test_white_noise_is_flat_at_variance_times_pixel_area():
    sigma = 0.1
    rng = np.random.default_rng(1)
    maps = [slab_of(1 + sigma * rng.standard_normal((128, 128))) for _ in range(20)]
    found = statistics.power_spectrum(maps)
    pull = (found.y - sigma**2 * PIXEL**2) / found.error
    assert (np.abs(pull) < 3.5).all()
    assert np.mean(pull**2) < 2
    # The last bins hold so many modes that the level is known to a per cent.
    assert found.y[-1] == pytest.approx(sigma**2 * PIXEL**2, rel=0.01)


@pytest.mark.parametrize("wave", [(3, 5), (0, 1), (7, 0), (32, 0)])
def test_sine_wave_falls_in_its_bin_with_its_power(wave):
    n, amplitude = 64, 0.4
    row, column = np.mgrid[:n, :n]
    values = 1 + amplitude * np.cos(2 * np.pi * (wave[0] * row + wave[1] * column) / n)
    found = statistics.power_spectrum(slab_of(values))
    k = 2 * np.pi * np.hypot(*wave) / (n * PIXEL)
    (own,) = np.flatnonzero((found.edges[:-1] <= k) & (k < found.edges[1:]))
    # a^2/4 at k and at -k; at the Nyquist wavenumber they are one mode of a^2.
    power = amplitude**2 * (1 if 32 in wave else 0.5) * (n * PIXEL) ** 2
    assert found.y[own] * found.count[own] == pytest.approx(power, rel=1e-5)
    assert np.delete(found.y, own).max() < 1e-9 * found.y[own]


@settings(deadline=None)  # other work on the machine is not a failure
@given(
    shape=st.tuples(st.integers(4, 33), st.integers(4, 33)),
    spread=st.floats(0.01, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_power_of_all_modes_is_the_variance(shape, spread, seed):
    slab = slab_of(np.random.default_rng(seed).lognormal(sigma=spread, size=shape))
    found = statistics.power_spectrum(slab, bins=EVERYTHING)
    area = slab.values.size * PIXEL**2
    contrast = slab.values / slab.values.mean(dtype=np.float64)
    assert found.count[0] == slab.values.size - 1
    assert found.y[0] * found.count[0] / area == pytest.approx(contrast.var(), rel=1e-4)


@settings(deadline=None)  # other work on the machine is not a failure
@given(rows=st.integers(-50, 50), columns=st.integers(-50, 50), seed=st.integers(0, 99))
def test_periodic_shift_and_units_of_mass_change_nothing(rows, columns, seed):
    values = np.random.default_rng(seed).lognormal(size=(24, 30)).astype(np.float32)
    before = statistics.power_spectrum(slab_of(values))
    shifted = slab_of(1e10 * np.roll(values, (rows, columns), (0, 1)))
    assert_allclose(statistics.power_spectrum(shifted).y, before.y, rtol=1e-4)


def test_gaussian_field_is_recovered_and_errors_match_scatter():
    n, realisations = 64, 800

    def truth(k):
        return 1e-5 * k**-1.0

    rng = np.random.default_rng(5)
    curves = [
        statistics.power_spectrum(slab_of(1 + gaussian_field(rng, n, truth)))
        for _ in range(realisations)
    ]
    k, edges = wavenumbers((n, n)).ravel(), curves[0].edges
    in_bin = [(k >= low) & (k < high) for low, high in pairwise(edges)]
    expected = np.array([truth(k[bin_]).mean() for bin_ in in_bin])
    power = np.array([curve.y for curve in curves])
    assert_allclose(power.mean(axis=0), expected, rtol=5 / np.sqrt(realisations * 4))
    pull = (power.mean(axis=0) - expected) / (power.std(axis=0) / np.sqrt(realisations))
    assert (np.abs(pull) < 3.5).all()
    error = np.array([curve.error for curve in curves]).mean(axis=0)
    assert_allclose(power.std(axis=0), error, rtol=0.15)


def test_equals_powerbox():
    n = 128
    rng = np.random.default_rng(8)
    values = np.exp(2 * gaussian_field(rng, n, lambda k: 0.05 * k**-1.5)).astype(np.float32)
    found = statistics.power_spectrum(slab_of(values))
    contrast = values / values.mean(dtype=np.float64) - 1
    other = powerbox.get_power(contrast, n * PIXEL, bins=found.edges, dimensionless=False)
    assert contrast.std() > 0.5
    assert_array_equal(found.count, other.nsamples)
    assert_allclose(found.x, other.bin_avg, rtol=1e-10)
    assert_allclose(found.y, other.power, rtol=1e-4)


def test_single_precision_follows_a_steep_spectrum_down():
    n = 256
    rng = np.random.default_rng(11)
    values = 1 + 0.05 * gaussian_field(rng, n, lambda k: k**-4.0)
    found = statistics.power_spectrum(slab_of(values))
    contrast = values / values.mean() - 1
    exact = powerbox.get_power(contrast, n * PIXEL, bins=found.edges, dimensionless=False)
    assert found.y.max() > 1e7 * found.y.min()
    assert_allclose(found.y, exact.power, rtol=1e-3)


def test_default_bins_reach_from_fundamental_to_nyquist_and_hold_modes():
    for shape in [(384, 384), (96, 40), (5, 5), (4, 9)]:
        found = statistics.power_spectrum(slab_of(np.random.default_rng(2).random(shape)))
        assert (found.count > 0).all()
        assert (np.diff(found.x) > 0).all()
        assert found.edges[0] == pytest.approx(2 * np.pi / (max(shape) * PIXEL), rel=1e-5)
        assert found.edges[-1] == pytest.approx(np.pi / PIXEL, rel=1e-5)
        assert found.count.sum() == np.count_nonzero(
            (wavenumbers(shape) > 0) & (wavenumbers(shape) < found.edges[-1])
        )
    assert len(statistics.power_spectrum(slab_of(np.ones((384, 384)))).x) == 18


def test_chosen_bins_are_kept_and_empty_ones_are_nan():
    slab = slab_of(np.random.default_rng(2).random((32, 32)))
    edges = np.array([0.1, 1.0, 20.0, 60.0])  # the fundamental is 6.5 h/Mpc
    found = statistics.power_spectrum(slab, bins=edges)
    assert_array_equal(found.edges, edges)
    assert_array_equal(np.isnan(found.y), [True, False, False])
    assert_array_equal(found.count == 0, [True, False, False])
    assert len(statistics.get("power_spectrum", bins=5)(slab).x) == 5


def test_mean_over_maps_weighs_modes_not_masses():
    rng = np.random.default_rng(4)
    light, heavy = slab_of(rng.random((32, 32))), slab_of(1e6 * rng.random((32, 32)) ** 4)
    one, other = statistics.power_spectrum(light), statistics.power_spectrum(heavy)
    both = statistics.power_spectrum([light, heavy])
    assert_allclose(both.y, (one.y + other.y) / 2, rtol=1e-12)
    assert_allclose(both.error, both.y / np.sqrt(one.count), rtol=1e-12)
    assert_array_equal(both.count, 2 * one.count)
    assert "2 maps" in both.note


def test_temperature_contrast_is_labelled():
    found = statistics.power_spectrum(slab_of(np.full((8, 8), 1e4), field="temperature"))
    assert "gas temperature" in found.name
    assert_array_equal(found.y, 0)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (np.ones((3, 64)), r"3 x 64 pixels, expected 4 or more"),
        (np.zeros((8, 8)), "zero everywhere"),
    ],
)
def test_maps_of_no_use_are_refused(values, complaint):
    with pytest.raises(ValueError, match=complaint):
        statistics.power_spectrum(slab_of(values))


@pytest.mark.parametrize(
    "bins", [0, (1.0,), (2.0, 1.0), (0.0, 1.0), (1.0, np.nan), ((1.0, 2.0),), (1e5, 1e6)]
)
def test_bins_of_no_use_are_refused(bins):
    with pytest.raises(ValueError, match=r"^Wavenumber bins .*expected"):
        statistics.power_spectrum(slab_of(np.ones((8, 8))), bins=bins)
