"""Statistics of maps that aren't periodic: the Hann window's level, leakage and errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.fourier.window import (
    HANN_CUBE,
    HANN_POWER,
    HANN_SIXTH,
    hann,
    independent_modes,
    triangle_overlap,
)
from engine.mesh import Slab

PIXEL = 0.03  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def cut_out(values):
    return Slab(
        values=values,
        field="gas",
        cell_size=1000 * PIXEL,
        depth=1.4,
        box_size=11.25,
        redshift=2.0,
        cosmology=PLANCK,
        periodic=False,
    )


@pytest.mark.parametrize("shape", [(64, 64), (47, 80)])
def test_white_noise_keeps_its_level_and_its_errors(shape):
    sigma, realisations = 0.1, 600
    rng = np.random.default_rng(1)
    curves = [
        statistics.power_spectrum(cut_out(1 + sigma * rng.standard_normal(shape)))
        for _ in range(realisations)
    ]
    power = np.array([curve.y for curve in curves])
    error = np.array([curve.error for curve in curves]).mean(axis=0)
    pull = (power.mean(axis=0) - sigma**2 * PIXEL**2) / (error / np.sqrt(realisations))
    assert (np.abs(pull) < 3.5).all()
    assert_allclose(power.std(axis=0), error, rtol=0.15)


def test_cut_out_of_a_red_field_has_its_spectrum_where_raw_edges_would_leak():
    n, side, realisations = 256, 100, 40

    def truth(k):
        return 1e-3 * k**-4.0

    ky, kx = (2 * np.pi * np.fft.fftfreq(n, PIXEL) for _ in range(2))
    k = np.hypot(ky[:, np.newaxis], kx)
    k[0, 0] = np.inf
    rng = np.random.default_rng(2)
    maps = []
    for _ in range(realisations):
        white_k = np.fft.fft2(rng.standard_normal((n, n)))
        field = np.fft.ifft2(white_k * np.sqrt(truth(k)) / PIXEL).real
        maps.append(cut_out(1 + field[:side, :side]))
    windowed = statistics.power_spectrum(maps)
    raw = statistics.power_spectrum([m.with_values(m.values, periodic=True) for m in maps])
    assert_allclose(windowed.y[5:-1] / truth(windowed.x[5:-1]), 1, atol=0.25)
    assert raw.y[-2] > 3 * truth(raw.x[-2])


def test_curve_says_that_a_window_was_used():
    found = statistics.power_spectrum(cut_out(np.random.default_rng(1).random((16, 16))))
    assert "Hann window" in found.note
    assert found.edges[0] == pytest.approx(2 * 2 * np.pi / (16 * PIXEL), rel=1e-5)


@pytest.mark.parametrize("shape", [(7, 9), (8, 5), (5, 6, 7)])
def test_independent_modes_equal_a_loop_over_pairs(shape):
    n = 3
    ladder = [np.minimum(np.arange(side), side - np.arange(side)) for side in shape]
    bin_index = np.random.default_rng(3).integers(0, n + 1, [side // 2 + 1 for side in shape])
    bin_of_mode = bin_index[np.ix_(*ladder)]  # n is in no bin
    correlation = np.fft.fftn(hann(shape).astype(float) ** 2)
    overlap = np.abs(correlation / correlation.flat[0]) ** 2
    expected = []
    for b in range(n):
        inside = np.argwhere(bin_of_mode == b)
        pairs = sum(overlap[tuple(one - other)] for one in inside for other in inside)
        expected.append(len(inside) ** 2 / (2 * pairs))
    assert_allclose(independent_modes(bin_index, shape, n), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(30, 40), (14, 20, 9)])
def test_moments_of_the_window_are_those_of_its_cells(shape):
    window = hann(shape).astype(float)
    for moment, power in ((HANN_POWER, 2), (HANN_CUBE, 3), (HANN_SIXTH, 6)):
        assert (window**power).mean() == pytest.approx(moment ** len(shape), rel=1e-5)


def test_triangles_overlap_between_not_at_all_and_as_the_window_does_everywhere():
    shape = (64, 64)
    one_bin = np.zeros((33, 33), int)
    widest = np.prod(shape) / (2 * independent_modes(one_bin, shape, 1))
    window = hann(shape).astype(float)
    everywhere = (window**6).mean() / (window**2).mean() ** 3
    assert_allclose(triangle_overlap(widest), everywhere, rtol=1e-4)
    assert_array_equal(triangle_overlap(np.ones(1)), 1)


def test_smallest_cut_outs_work():
    for shape in [(4, 4), (4, 100), (5, 6)]:
        found = statistics.power_spectrum(cut_out(np.random.default_rng(1).random(shape)))
        assert np.isfinite(found.y).all()
        assert len(found.y) >= 1


def test_windowed_and_periodic_sums_dont_add():
    compute = statistics.power_spectrum.compute
    window = cut_out(np.random.default_rng(1).random((16, 16)))
    with pytest.raises(ValueError, match="periodic are False and True"):
        compute(window) + compute(window.with_values(window.values, periodic=True))
