"""Equilateral B(k): loops over triangles, Gaussian and skewed fields, aliasing, the window."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.fourier.triangles import shells
from engine.mesh import Slab

PIXEL = 0.03  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 1000 * PIXEL, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def wavenumbers(shape):
    """|k| on the full plane, [h/Mpc]."""
    ky, kx = (2 * np.pi * np.fft.fftfreq(n, PIXEL) for n in shape)
    return np.hypot(ky[:, np.newaxis], kx)


def gaussian_field(rng, n, power):
    """Contrast on n^2 pixels of a Gaussian field with the power spectrum power(k)."""
    k = wavenumbers((n, n))
    k[0, 0] = 1  # the mean is taken out below
    white_k = np.fft.fft2(rng.standard_normal((n, n)))
    white_k[0, 0] = 0
    return np.fft.ifft2(white_k * np.sqrt(power(k)) / PIXEL).real


def triangles_by_loops(values, edges):
    """Mean side, B and number of ordered triangles of each bin: every pair of modes, no trick."""
    ny, nx = values.shape
    delta = values.astype(np.float64) / values.mean(dtype=np.float64) - 1
    delta_k = np.fft.fft2(delta) / delta.size
    area = delta.size * PIXEL**2
    side, product, count = (np.zeros(len(edges) - 1) for _ in range(3))
    for b, (low, high) in enumerate(pairwise(edges)):
        shell = {}  # frequency: |k|; without those of the Nyquist wavenumber
        for m in range(-((ny - 1) // 2), (ny - 1) // 2 + 1):
            for n in range(-((nx - 1) // 2), (nx - 1) // 2 + 1):
                k = 2 * np.pi / PIXEL * np.hypot(m / ny, n / nx)
                if low <= k < high:
                    shell[m, n] = k
        for m1, n1 in shell:
            for m2, n2 in shell:
                third = (-m1 - m2, -n1 - n2)
                if third in shell:
                    side[b] += (shell[m1, n1] + shell[m2, n2] + shell[third]) / 3
                    modes = delta_k[m1, n1] * delta_k[m2, n2] * delta_k[third]
                    product[b] += area**2 * modes.real
                    count[b] += 1
    return side / count, product / count, count


@pytest.mark.parametrize("shape", [(4, 4), (5, 7), (14, 10), (16, 16), (24, 24)])
def test_fast_path_equals_loops_over_triangles(shape):
    slab = slab_of(np.random.default_rng(3).lognormal(size=shape))
    found = statistics.bispectrum(slab, bins=6)
    k, bispectrum, count = triangles_by_loops(slab.values, found.edges)
    assert_array_equal(found.count, count)
    assert_allclose(found.x, k, rtol=1e-10)
    assert_allclose(found.y, bispectrum, rtol=1e-4, atol=1e-6 * np.abs(bispectrum).max())


def test_no_triangle_is_aliased_up_to_nyquist():
    # On 12 pixels the three waves of frequency 4 sum to 12, which a grid of 12 takes for 0.
    n = 12
    edges = 2 * np.pi / (n * PIXEL) * np.array([3.5, 5.9])
    values = 1 + 0.3 * np.cos(2 * np.pi * 4 * np.arange(n) / n) * np.ones((n, 1))
    found = statistics.bispectrum(slab_of(values), bins=edges)
    assert found.count[0] == triangles_by_loops(values, edges)[2][0] > 0
    assert abs(found.y[0]) < 1e-12
    # The naive transform on the map's own grid finds the alias.
    shell = np.cos(2 * np.pi * 4 * np.arange(n) / n)
    assert (shell**3).mean() == pytest.approx(1 / 4)


@pytest.mark.parametrize(("slope", "periodic"), [(0, True), (-2.5, True), (0, False), (-1, False)])
def test_gaussian_field_has_none_and_errors_match_scatter(slope, periodic):
    n, realisations = 48, 600
    rng = np.random.default_rng(5)
    curves = [
        statistics.bispectrum(
            slab_of(
                1 + gaussian_field(rng, n, lambda k: 1e-6 * (k / 20) ** slope), periodic=periodic
            )
        )
        for _ in range(realisations)
    ]
    values = np.array([curve.y for curve in curves])
    scatter = values.std(axis=0)
    assert (np.abs(values.mean(axis=0) / (scatter / np.sqrt(realisations))) < 3.5).all()
    error = np.sqrt((np.array([curve.error for curve in curves]) ** 2).mean(axis=0))
    assert_allclose(scatter, error, rtol=0.15)


@pytest.mark.parametrize("periodic", [True, False])
def test_poisson_points_lie_at_one_over_their_density_squared(periodic):
    density = 2.0  # a pixel
    rng = np.random.default_rng(6)
    maps = [slab_of(rng.poisson(density, (96, 96)), periodic=periodic) for _ in range(60)]
    found = statistics.bispectrum(maps)
    expected = PIXEL**4 / density**2
    pull = (found.y - expected) / found.error
    assert (np.abs(pull) < 4).all()
    weight = found.error**-2 / (found.error**-2).sum()
    assert (weight * found.y).sum() == pytest.approx(expected, rel=0.06)


def test_quadratic_field_has_six_f_times_its_power_squared():
    # delta = g + f (g^2 - <g^2>): B = 2 f (P1 P2 + P2 P3 + P3 P1) to leading order in f,
    # 6 f P^2 for equal sides. What is odd in f is left of two maps that share their g.
    n, f = 128, 0.4
    nyquist = np.pi / PIXEL

    def power(k):  # without the waves whose squares would alias
        return 2e-5 * (k / 10) ** -1.0 * (k < nyquist / 2)

    edges = nyquist * np.geomspace(0.1, 0.5, 8)
    rng = np.random.default_rng(7)
    odd = []
    for _ in range(150):
        g = gaussian_field(rng, n, power)
        skew = f * (g**2 - (g**2).mean())
        maps = (slab_of(1 + g + skew), slab_of(1 + g - skew))
        up, down = (statistics.bispectrum(slab, bins=edges) for slab in maps)
        odd.append((up.y - down.y) / 2)
    mean, error = np.mean(odd, axis=0), np.std(odd, axis=0) / np.sqrt(len(odd))
    expected = 6 * f * power(up.x) ** 2
    assert (np.abs(mean - expected) < 3.5 * error).all()
    assert_allclose(mean[2:], expected[2:], rtol=0.06)


def test_single_precision_follows_a_steep_skewed_field_down():
    n = 128
    rng = np.random.default_rng(11)
    g = gaussian_field(rng, n, lambda k: 1e-2 * k**-3.0)
    values = np.exp(g / g.std()).astype(np.float32)
    found = statistics.bispectrum(slab_of(values), bins=10)
    delta_k = np.fft.fft2(values / values.mean(dtype=np.float64) - 1) / n**2
    k = wavenumbers((n, n))
    centred = slice(n // 2, n // 2 + n)
    for b, (low, high) in enumerate(pairwise(found.edges)):
        shell_k = np.where((k >= low) & (k < high), delta_k, 0)
        shell_k[n // 2] = shell_k[:, n // 2] = 0
        padded = np.zeros((2 * n, 2 * n), complex)
        padded[centred, centred] = np.fft.fftshift(shell_k)
        cube = (np.fft.ifft2(np.fft.ifftshift(padded)).real * (2 * n) ** 2) ** 3
        exact = cube.mean() * (n**2 * PIXEL**2) ** 2 / found.count[b]
        assert abs(found.y[b] - exact) < 1e-3 * found.error[b] + 1e-5 * abs(exact)
    assert np.abs(found.y).max() > 1e6 * np.abs(found.y).min()


@settings(deadline=None)  # other work on the machine is not a failure
@given(rows=st.integers(-50, 50), columns=st.integers(-50, 50), seed=st.integers(0, 99))
def test_shift_quarter_turn_and_units_of_mass_change_nothing(rows, columns, seed):
    values = np.random.default_rng(seed).lognormal(size=(24, 30)).astype(np.float32)
    before = statistics.bispectrum(slab_of(values))
    shifted = statistics.bispectrum(slab_of(1e10 * np.roll(values, (rows, columns), (0, 1))))
    turned = statistics.bispectrum(slab_of(np.rot90(values)))
    for after in (shifted, turned):
        assert_array_equal(after.count, before.count)
        assert_allclose(after.y, before.y, rtol=1e-3, atol=1e-3 * before.error.min())


def test_default_bins_reach_nyquist_and_hold_triangles():
    for shape, periodic in [
        ((384, 384), True),
        ((96, 40), True),
        ((64, 64), False),
        ((5, 8), True),
    ]:
        slab = slab_of(np.random.default_rng(2).lognormal(size=shape), periodic=periodic)
        found = statistics.bispectrum(slab)
        assert (found.count > 0).all()
        assert (np.diff(found.edges) > 0).all()
        assert ((found.x >= found.edges[:-1]) & (found.x < found.edges[1:])).all()
        assert found.edges[-1] == pytest.approx(np.pi / PIXEL, rel=1e-5)
        assert np.isfinite(found.error).all()
    assert len(statistics.bispectrum(slab_of(np.ones((384, 384)))).x) == 12


def test_transforms_are_no_larger_than_their_triangles_need():
    fundamental = 2 * np.pi / (64 * PIXEL)
    found = shells((64, 64), PIXEL, (fundamental, 5.5 * fundamental, 31.5 * fundamental), True)
    assert found.each[0].grid == (16, 16)  # more than three times 5
    assert found.each[1].grid == (96, 96)  # more than three times 31


@pytest.mark.parametrize("periodic", [True, False])
def test_chosen_bins_are_kept_and_empty_ones_are_nan(periodic):
    slab = slab_of(np.random.default_rng(2).lognormal(size=(32, 32)), periodic=periodic)
    edges = (0.1, 6.5, 6.6, 20.0, 60.0)  # the fundamental is 6.545 h/Mpc, without a triangle
    found = statistics.bispectrum(slab, bins=edges)
    assert_array_equal(found.edges, edges)
    assert_array_equal(np.isnan(found.x), [True, True, False, False])
    assert_array_equal(np.isnan(found.y), [True, True, False, False])
    assert_array_equal(np.isnan(found.error), [True, True, False, False])


def test_mean_over_maps_weighs_triangles_and_shrinks_errors():
    rng = np.random.default_rng(4)
    light, heavy = slab_of(rng.random((32, 32))), slab_of(1e6 * rng.random((32, 32)) ** 4)
    one, other = statistics.bispectrum(light), statistics.bispectrum(heavy)
    both = statistics.bispectrum([light, heavy])
    assert_allclose(both.y, (one.y + other.y) / 2, rtol=1e-12)
    assert_allclose(both.error, np.hypot(one.error, other.error) / 2, rtol=1e-12)
    assert_array_equal(both.count, 2 * one.count)
    assert "2 maps" in both.note


def test_curve_says_its_units_and_that_a_window_was_used():
    values = np.random.default_rng(1).random((16, 16))
    found = statistics.bispectrum(slab_of(values, periodic=False))
    assert found.y_label == "B(k) [(Mpc/h)^4]"
    assert "Hann window" in found.note
    assert found.edges[0] == pytest.approx(2 * 2 * np.pi / (16 * PIXEL), rel=1e-5)
    compute = statistics.bispectrum.compute
    with pytest.raises(ValueError, match="periodic are False and True"):
        compute(slab_of(values, periodic=False)) + compute(slab_of(values))


def test_bins_without_triangles_are_refused():
    for shape, bins in [((8, 8), (1e5, 1e6)), ((64, 64), (3.2, 3.3)), ((4, 100), 12)]:
        with pytest.raises(
            ValueError, match=r"^Wavenumber bins .*hold no closed triangle.*expected"
        ):
            statistics.bispectrum(slab_of(np.ones(shape), periodic=False), bins=bins)
    with pytest.raises(ValueError, match="Wavenumber bins are 0, expected"):
        statistics.bispectrum(slab_of(np.ones((8, 8))), bins=0)
