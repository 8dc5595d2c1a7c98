"""B of two sides against their angle: loops over triangles, fields of known B, errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Grid

CELL = 0.5  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def grid_of(values, field="dm", **changes):
    about = {"cell_size": 1000 * CELL, "box_size": 32.0, "redshift": 0.0, "cosmology": PLANCK}
    return Grid(values, field, **(about | changes))


def wavenumbers(n):
    axis = 2 * np.pi * np.fft.fftfreq(n, CELL)
    return np.sqrt(sum(np.square(each) for each in np.ix_(axis, axis, axis)))


def gaussian_field(rng, n, power):
    """Contrast on n^3 cells of a Gaussian field with the power spectrum power(k)."""
    k = wavenumbers(n)
    k[0, 0, 0] = 1  # the mean is taken out below
    white_k = np.fft.fftn(rng.standard_normal((n, n, n)))
    white_k[0, 0, 0] = 0
    return np.fft.ifftn(white_k * np.sqrt(power(k) / CELL**3)).real


def by_loops(values, k1, k2, angles):
    """B and number of triangles at each angle: every pair of modes, no transform of shells."""
    n = len(values)
    fundamental = 2 * np.pi / (n * CELL)
    delta_k = np.fft.fftn(values / values.mean() - 1) / n**3
    most = (n - 1) // 2
    waves = np.stack(np.meshgrid(*[np.arange(-most, most + 1)] * 3), -1).reshape(-1, 3)
    waves = waves[np.abs(waves).sum(1) > 0]
    length = np.linalg.norm(waves, axis=1) * fundamental
    result = []
    for angle in np.linspace(0, np.pi, angles):
        k3 = np.sqrt(max(k1**2 + k2**2 + 2 * k1 * k2 * np.cos(angle), 0))
        shell1, shell2 = (
            waves[(length >= k - fundamental) & (length < k + fundamental)] for k in (k1, k2)
        )
        first, second = np.repeat(shell1, len(shell2), 0), np.tile(shell2, (len(shell1), 1))
        third = -first - second
        side = np.linalg.norm(third, axis=1) * fundamental
        closed = (side >= max(k3 - fundamental, 1e-9)) & (side < k3 + fundamental)
        closed &= (np.abs(third) <= most).all(1)
        products = [delta_k[tuple(each[closed].T)] for each in (first, second, third)]
        product = np.prod(products, axis=0).sum().real * (n * CELL) ** 6
        result.append((product / closed.sum(), closed.sum()))
    return np.array(result).T


@pytest.mark.parametrize(("k1", "k2"), [(1.7, 1.9), (1.6, 2.6)])
def test_fast_path_equals_loops_over_triangles(k1, k2):
    values = np.random.default_rng(3).lognormal(size=(8, 8, 8)).astype(np.float32)
    compute = statistics.get("bispectrum_angle", k1=k1, k2=k2, angles=4, cloud_in_cell=False)
    found = compute(grid_of(values))
    expected, count = by_loops(values.astype(float), k1, k2, 4)
    assert_array_equal(found.count, count)
    assert_allclose(found.y, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())
    assert_allclose(found.x, np.linspace(0, np.pi, 4))


@pytest.mark.parametrize(("periodic", "number"), [(True, 12), (False, 100)])
def test_points_have_one_over_their_density_squared_at_all_angles(periodic, number):
    per_cell = 0.1
    rng = np.random.default_rng(6)
    compute = statistics.get("bispectrum_angle", k1=1.5, k2=2.0, angles=5, cloud_in_cell=False)
    curves = [
        compute(grid_of(rng.poisson(per_cell, (24, 24, 24)), periodic=periodic))
        for _ in range(number)
    ]
    y = np.array([curve.y for curve in curves]) * per_cell**2 / CELL**6
    mean, error = y.mean(axis=0), y.std(axis=0, ddof=1) / np.sqrt(number)
    assert error[:3].max() < 0.15  # a window's norm left out would be seen
    assert (np.abs(mean - 1) < 4 * error).all()
    assert (curves[0].error is None) == (not periodic)
    assert ("Hann window" in curves[0].note) == (not periodic)


def test_quadratic_field_has_a_reduced_bispectrum_of_two_f():
    # delta = g + f (g^2 - <g^2>): B = 2 f (P1 P2 + P2 P3 + P3 P1) to leading order in f, so
    # Q = 2 f at any angle. What is odd in f is left of two grids that share their g.
    n, f = 32, 0.3
    rng = np.random.default_rng(7)

    def power(k):  # without the waves whose squares would alias
        return 0.01 * (k / 1.5) ** -1.0 * (k < np.pi / CELL / 2)

    compute = statistics.get("bispectrum_angle", k1=1.0, k2=1.5, angles=4, cloud_in_cell=False)
    reduced = statistics.get(
        "bispectrum_angle", k1=1.0, k2=1.5, angles=4, cloud_in_cell=False, reduced=True
    )
    odd = []
    for _ in range(24):
        g = gaussian_field(rng, n, power)
        skew = f * (g**2 - (g**2).mean())
        up, down = (compute.compute(grid_of(g + sign * skew, "delta")) for sign in (1, -1))
        odd.append((reduced.finish(up).y - reduced.finish(down).y) / 2)
    mean, error = np.mean(odd, axis=0), np.std(odd, axis=0, ddof=1) / np.sqrt(len(odd))
    assert (np.abs(mean - 2 * f) < 4 * error + 0.03 * f).all()
    assert_allclose(mean, 2 * f, rtol=0.15)


@pytest.mark.parametrize(("k1", "k2"), [(1.0, 2.2), (1.5, 1.5)])
def test_gaussian_field_has_none_and_errors_match_scatter(k1, k2):
    rng = np.random.default_rng(5)
    compute = statistics.get("bispectrum_angle", k1=k1, k2=k2, angles=4, cloud_in_cell=False)
    curves = [
        compute(grid_of(gaussian_field(rng, 16, lambda k: 0.02 * k**-1.0), "delta"))
        for _ in range(250)
    ]
    values = np.array([curve.y for curve in curves])
    scatter = values.std(axis=0)
    there = np.isfinite(scatter)
    pull = values.mean(axis=0) / (scatter / np.sqrt(len(values)))
    assert (np.abs(pull[there]) < 3.5).all()
    error = np.sqrt((np.array([curve.error for curve in curves]) ** 2).mean(axis=0))
    assert there.sum() >= 3
    assert_allclose(scatter[there], error[there], rtol=0.2)


def test_kernel_of_cloud_in_cell_is_taken_out():
    values = np.random.default_rng(9).lognormal(sigma=0.5, size=(24, 24, 24))
    axis = np.sinc(np.fft.fftfreq(24)) ** 2
    z, y, x = np.ix_(axis, axis, axis)
    spread = np.fft.ifftn(np.fft.fftn(values) * z * y * x).real
    compute = statistics.get("bispectrum_angle", k1=1.5, k2=2.0, angles=5)
    before = compute(grid_of(values), cloud_in_cell=False)
    assert_allclose(compute(grid_of(spread)).y, before.y, rtol=1e-3)
    assert np.abs(compute(grid_of(spread), cloud_in_cell=False).y / before.y - 1).max() > 0.05


def test_sides_that_the_grid_doesnt_hold_are_refused():
    grid = grid_of(np.random.default_rng(1).lognormal(size=(16, 16, 16)))
    for k1, k2 in [(0.15, 1.0), (3.0, 3.5)]:
        with pytest.raises(ValueError, match=r"modes from 0.7854 to 6.283 h/Mpc, expected tri"):
            statistics.get("bispectrum_angle", k1=k1, k2=k2)(grid)
    with pytest.raises(ValueError, match=r"sides are -1 and 0.25 h/Mpc, expected two numbers"):
        statistics.get("bispectrum_angle", k1=-1)
    with pytest.raises(ValueError, match="number of angles is 1, expected 2 or more"):
        statistics.get("bispectrum_angle", angles=1)
