"""Statistics of grids: analytic truths, a slow reference, an independent library, errors."""

import sys
import tracemalloc
from itertools import pairwise, product

import numpy as np
import powerbox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.fields import FIELDS
from engine.fourier import modes
from engine.mesh import Grid, Slab

CELL = 0.5  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
EVERYTHING = (1e-6, 1e6)


ABOUT = {"cell_size": 1000 * CELL, "box_size": 32.0, "redshift": 0.0, "cosmology": PLANCK}


def grid_of(values, field="dm", **changes):
    return Grid(values, field, **(ABOUT | changes))


def slab_of(values, field):
    return Slab(values, field, depth=1.0, **ABOUT)


def lognormal(shape, seed=3, spread=1.0):
    return np.random.default_rng(seed).lognormal(sigma=spread, size=shape)


def spectrum_by_loops(values, edges):
    """Mean |k|, P and number of modes of each bin: one mode after the other, no FFT."""
    delta = values.astype(np.float64) / values.mean(dtype=np.float64) - 1
    cells = np.indices(values.shape)
    wavenumber, power, count = (np.zeros(len(edges) - 1) for _ in range(3))
    for wave in product(*(range(-((n - 1) // 2), n // 2 + 1) for n in values.shape)):
        turns = [m / n for m, n in zip(wave, values.shape, strict=True)]
        k = 2 * np.pi / CELL * np.sqrt(sum(turn**2 for turn in turns))
        delta_k = (delta * np.exp(-2j * np.pi * np.tensordot(turns, cells, 1))).sum()
        for b, (low, high) in enumerate(pairwise(edges)):
            if low <= k < high:
                wavenumber[b] += k
                power[b] += abs(delta_k) ** 2 * CELL**3 / values.size
                count[b] += 1
    return wavenumber / count, power / count, count


@pytest.mark.parametrize("shape", [(4, 4, 4), (6, 5, 4), (5, 6, 7), (4, 8, 5)])
def test_fast_path_equals_loops_over_modes(shape):
    grid = grid_of(lognormal(shape))
    found = statistics.power_spectrum(grid)
    k, power, count = spectrum_by_loops(grid.values, found.edges)
    assert_array_equal(found.count, count)
    assert_allclose(found.x, k, rtol=1e-12)
    assert_allclose(found.y, power, rtol=1e-5)
    assert found.y_label == "P(k) [(Mpc/h)^3]"


@pytest.mark.parametrize("wave", [(3, 5, 1), (0, 0, 2), (-4, 0, 7), (0, 12, 0)])
def test_plane_wave_falls_in_its_bin_with_its_power(wave):
    n, amplitude = 24, 0.4
    phase = 2 * np.pi / n * np.tensordot(wave, np.indices((n, n, n)), 1)
    found = statistics.power_spectrum(grid_of(1 + amplitude * np.cos(phase)))
    k = 2 * np.pi * np.linalg.norm(wave) / (n * CELL)
    (own,) = np.flatnonzero((found.edges[:-1] <= k) & (k < found.edges[1:]))
    # a^2/4 at k and at -k; at the Nyquist wavenumber they are one mode of a^2.
    power = amplitude**2 * (1 if n // 2 in wave else 0.5) * (n * CELL) ** 3
    assert found.y[own] * found.count[own] == pytest.approx(power, rel=1e-5)
    assert np.delete(found.y, own).max() < 1e-9 * found.y[own]


def test_points_have_shot_noise_of_one_over_their_density():
    per_cell = 3.0
    rng = np.random.default_rng(2)
    found = statistics.power_spectrum(
        [grid_of(rng.poisson(per_cell, (32, 32, 32))) for _ in range(6)]
    )
    pull = (found.y - CELL**3 / per_cell) / found.error
    assert (np.abs(pull) < 3.5).all()
    assert found.y[-1] == pytest.approx(CELL**3 / per_cell, rel=0.02)
    assert found.note == "Mean over 6 grids, every mode weighs the same."


@settings(deadline=None)  # other work on the machine is not a failure
@given(shape=some.tuples(*[some.integers(4, 15)] * 3), seed=some.integers(0, 2**32 - 1))
def test_power_of_all_modes_is_the_variance(shape, seed):
    grid = grid_of(lognormal(shape, seed))
    found = statistics.power_spectrum(grid, bins=EVERYTHING)
    contrast = grid.values / grid.values.mean(dtype=np.float64)
    assert found.count[0] == grid.values.size - 1
    volume = grid.values.size * CELL**3
    assert found.y[0] * found.count[0] / volume == pytest.approx(contrast.var(), rel=1e-4)


def test_equals_powerbox():
    n = 48
    values = lognormal((n, n, n)).astype(np.float32)
    found = statistics.power_spectrum(grid_of(values))
    contrast = values / values.mean(dtype=np.float64) - 1
    other = powerbox.get_power(contrast, n * CELL, bins=found.edges, dimensionless=False)
    assert_array_equal(found.count, other.nsamples)
    assert_allclose(found.x, other.bin_avg, rtol=1e-10)
    assert_allclose(found.y, other.power, rtol=1e-4)


def test_powerboxs_gaussian_field_is_recovered_and_errors_match_scatter():
    n, realisations = 16, 150

    def truth(k):
        return 0.02 * k**-1.5

    fields = [
        powerbox.PowerBox(shape=(n,) * 3, pk=truth, size=(n * CELL,) * 3, seed=seed)
        for seed in range(1, realisations + 1)
    ]
    curves = [statistics.power_spectrum(grid_of(f.delta_x(), "delta"), bins=8) for f in fields]
    power = np.array([curve.y for curve in curves])
    axis = 2 * np.pi * np.fft.fftfreq(n, CELL)
    k = np.sqrt(sum(np.square(each) for each in np.ix_(axis, axis, axis))).ravel()
    in_bin = [(k >= low) & (k < high) for low, high in pairwise(curves[0].edges)]
    expected = np.array([truth(k[inside]).mean() for inside in in_bin])
    pull = (power.mean(axis=0) - expected) / (power.std(axis=0) / np.sqrt(realisations))
    assert (np.abs(pull) < 3.5).all()
    error = np.array([curve.error for curve in curves]).mean(axis=0)
    # 150 draws tell a scatter to 6 %.
    assert_allclose(power.std(axis=0), error, rtol=0.2)


def test_layers_after_one_another_are_the_whole(monkeypatch):
    grid = grid_of(lognormal((12, 10, 9)))
    parts = [grid, grid.cut((0, 9, 0, 8, 0, 7))]
    at_once = [statistics.power_spectrum(part).y for part in parts]
    monkeypatch.setattr(modes, "CELLS_AT_A_TIME", 300)  # three layers
    for part, whole in zip(parts, at_once, strict=True):
        assert_allclose(statistics.power_spectrum(part).y, whole, rtol=1e-6)


def test_a_grid_needs_little_more_memory_than_it_has(monkeypatch):
    for module in (modes, sys.modules["engine.statistics.pdf"]):
        monkeypatch.setattr(module, "CELLS_AT_A_TIME", 1 << 16)
    grid = grid_of(lognormal((96, 96, 96)))
    size = grid.values.nbytes
    statistics.power_spectrum(grid)  # the modes are remembered
    for name, allowed in (("power_spectrum", 1.3), ("pdf", 0.2), ("total_mass", 0.2)):
        tracemalloc.start()
        statistics.get(name)(grid)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < allowed * size, name


def test_correlation_and_transfer_of_a_grid_with_noise_are_known():
    # painted = b truth + noise: r = b / sqrt(b^2 + s^2), T = sqrt(b^2 + s^2) of white fields.
    b, noise = 1.5, 0.8
    rng = np.random.default_rng(4)
    fields = rng.standard_normal((2, 8, 24, 24, 24))
    truths = [grid_of(field, "delta") for field in fields[0]]
    painted = [
        grid_of(b * one + noise * other, "delta") for one, other in zip(*fields, strict=True)
    ]
    strength = np.sqrt(b**2 + noise**2)
    expected = {"cross_correlation": b / strength, "transfer_function": strength}
    for name, value in expected.items():
        found = statistics.get(name)(truths, painted)
        assert (np.abs(found.y - value) < 3.5 * found.error).all()
        assert found.y[-1] == pytest.approx(value, rel=0.01)
    same = statistics.cross_correlation(truths[0], truths[0])
    assert_allclose(same.y, 1, rtol=1e-6)


def test_white_noise_keeps_its_level_and_errors_under_the_window():
    sigma, realisations = 0.1, 150
    rng = np.random.default_rng(1)
    curves = [
        statistics.power_spectrum(
            grid_of(1 + sigma * rng.standard_normal((14, 17, 16)), periodic=False), bins=6
        )
        for _ in range(realisations)
    ]
    power = np.array([curve.y for curve in curves])
    error = np.array([curve.error for curve in curves]).mean(axis=0)
    pull = (power.mean(axis=0) - sigma**2 * CELL**3) / (error / np.sqrt(realisations))
    assert (np.abs(pull) < 3.5).all()
    assert_allclose(power.std(axis=0), error, rtol=0.2)
    assert curves[0].note.startswith("The grid is not periodic: a Hann window was used")


@pytest.mark.parametrize("dimensions", [2, 3])
def test_of_a_signed_field_it_is_the_power_of_the_field_itself(dimensions):
    shape, sigma = (64, 64, 64)[:dimensions], 2.0
    values = sigma * np.random.default_rng(5).standard_normal(shape)
    about = {"cell_size": 1000 * CELL, "box_size": 32.0, "redshift": 0.0, "cosmology": PLANCK}
    mesh = (
        Slab(values, "delta", depth=1.0, **about) if dimensions == 2 else grid_of(values, "delta")
    )
    level = statistics.power_spectrum(mesh, bins=EVERYTHING)
    assert level.y[0] == pytest.approx(values.var() * CELL**dimensions, rel=1e-3)
    # Whatever its mean is.
    raised = statistics.power_spectrum(mesh.with_values(mesh.values + 10), bins=EVERYTHING)
    assert raised.y[0] == pytest.approx(level.y[0], rel=1e-4)


def test_pdf_of_a_signed_field_is_over_its_value():
    sigma = 2.0
    found = statistics.pdf(
        grid_of(sigma * np.random.default_rng(6).standard_normal((48, 48, 48)), "delta")
    )
    normal = np.exp(-((found.x / sigma) ** 2) / 2) / (np.sqrt(2 * np.pi) * sigma)
    many = found.count > 100
    pull = (found.y - normal)[many] / found.error[many]
    assert many.sum() > 40
    assert (np.abs(pull) < 4).all()
    assert (found.y * np.diff(found.edges)).sum() == pytest.approx(1, rel=1e-12)
    assert not found.x_log
    assert found.note == ""
    assert (found.x_label, found.y_label) == ("linear overdensity [1]", "probability [1]")


@pytest.mark.parametrize("field", [name for name in FIELDS if FIELDS[name].is_density])
def test_own_bins_of_a_volume_density_are_those_of_a_slab_over_its_depth(field):
    values = 10.0 ** (np.mean(FIELDS[field].decades) + np.random.default_rng(7).normal(size=4**3))
    slab = slab_of(values.reshape(8, 8), field)
    depth = 1000.0  # kpc/h
    grid = grid_of(values.reshape(4, 4, 4) / depth, field)
    of_slab, of_grid = statistics.pdf(slab), statistics.pdf(grid)
    assert_allclose(of_grid.x, of_slab.x / depth, rtol=1e-6)
    assert np.abs(of_grid.count - of_slab.count).sum() <= 2  # of single precision
    assert of_grid.x_label.endswith("density [Msun h^2 / ckpc^3]")


def test_mass_of_a_grid_is_that_of_its_projection():
    grid = grid_of(lognormal((12, 12, 12)))
    mass = statistics.total_mass(grid)
    assert mass == pytest.approx(grid.values.sum(dtype=np.float64) * 500.0**3, rel=1e-7)
    assert statistics.total_mass(grid.slab("y")) == pytest.approx(mass, rel=1e-5)
    halves = [grid.cut((0, 5, 0, 12, 0, 12)), grid.cut((5, 12, 0, 12, 0, 12))]
    assert statistics.total_mass(halves) == pytest.approx(mass, rel=1e-12)


@pytest.mark.parametrize(("name", "field"), [("bispectrum", "dm"), ("cddf", "hi")])
def test_statistics_of_maps_refuse_grids_in_a_sentence(name, field):
    with pytest.raises(ValueError, match=rf"^The {field} grid of box is a grid, expected a slab"):
        statistics.get(name)(grid_of(lognormal((8, 8, 8)), field, simulation="box"))
    assert not statistics.get(name).takes(field, "grid")
    assert statistics.get(name).takes(field, "slab")


def test_grids_of_no_use_are_refused_in_a_sentence():
    values = lognormal((8, 8, 8))
    with pytest.raises(ValueError, match="is 8 x 3 x 8 cells, expected 4 or more a side"):
        statistics.power_spectrum(grid_of(values[:, :3]))
    with pytest.raises(ValueError, match="1 cells that are negative or not finite, expected"):
        statistics.power_spectrum(grid_of(np.where(values == values.max(), -1, values)))
    with pytest.raises(ValueError, match="1 cells that are not finite, expected none"):
        statistics.pdf(grid_of(np.where(values == values.max(), np.inf, values), "delta"))
    with pytest.raises(ValueError, match="counterpart 8 x 8 x 6 periodic cells of 500 kpc/h"):
        statistics.cross_correlation(grid_of(values), grid_of(values[:, :, :6]))


def test_sums_of_maps_and_grids_dont_add():
    grid = grid_of(lognormal((8, 8, 8)))
    for name in ("power_spectrum", "pdf"):
        compute = statistics.get(name).compute
        with pytest.raises(ValueError, match="dimensions of the meshes are 3 and 2"):
            compute(grid) + compute(grid.slab())
