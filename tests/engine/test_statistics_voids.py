"""Balls on grids: their mean contrast, its distribution, and the voids that they find."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.fourier.filtering import top_hat
from engine.mesh import Grid
from engine.statistics.void_sizes import find_voids

CELL = 0.5  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def grid_of(values, field="dm", **changes):
    about = {"cell_size": 1000 * CELL, "box_size": 16.0, "redshift": 0.0, "cosmology": PLANCK}
    return Grid(values, field, **(about | changes))


def wavenumbers(shape):
    axes = (2 * np.pi * np.fft.fftfreq(n, CELL) for n in shape)
    return np.sqrt(sum(np.square(each) for each in np.ix_(*axes)))


def smoothed_by_hand(values, radius):
    """Contrast times the top-hat on the whole of Fourier space."""
    x = wavenumbers(values.shape) * radius
    x[0, 0, 0] = 1  # the contrast has no mean
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    return np.fft.ifftn(np.fft.fftn(values / values.mean() - 1) * window).real


def clumpy(n=12, seed=3, scale=1.2):
    """A lognormal field with structure larger than its cells, most of it nearly empty."""
    white_k = np.fft.fftn(np.random.default_rng(seed).standard_normal((n, n, n)))
    field = np.fft.ifftn(white_k * np.exp(-((wavenumbers((n, n, n)) * scale) ** 2) / 2)).real
    return np.exp(2.5 * field / field.std()).astype(np.float32)


def distances(shape, centre, periodic):
    """From every cell to one, [cells]."""
    apart = np.abs(np.indices(shape) - np.reshape(centre, (3, 1, 1, 1)))
    if periodic:
        apart = np.minimum(apart, np.reshape(shape, (3, 1, 1, 1)) - apart)
    return np.sqrt((apart**2).sum(0))


def voids_by_loops(delta_of, shape, cells, threshold, periodic):
    """Centre and radius of every void: cell after cell, void after void."""
    found = []
    for radius in sorted(cells, reverse=True):
        delta = delta_of(radius)
        for flat in np.argsort(delta, axis=None, kind="stable"):
            centre = np.unravel_index(flat, shape)
            if delta[centre] >= threshold:
                break
            apart = distances(shape, centre, periodic)
            if all(apart[other] >= radius + size - 1e-6 for other, size in found):
                found.append((tuple(int(i) for i in centre), radius))
    return found


def test_smoothing_a_wave_multiplies_it_by_the_top_hat():
    n, radius = 24, 1.7
    wave = 0.3 * np.cos(2 * np.pi / n * np.tensordot((2, 1, -1), np.indices((n, n, n)), 1))
    x = 2 * np.pi * np.sqrt(6) / (n * CELL) * radius
    factor = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    assert_allclose(top_hat(grid_of(1 + wave), radius), wave * factor, atol=1e-6)


def test_smoothing_is_the_mean_over_a_ball_of_cells():
    # A ball of many cells, so that it hardly matters which are counted at its rim.
    n, radius = 32, 4.0
    values = np.random.default_rng(1).lognormal(size=(n, n, n))
    found = top_hat(grid_of(values), radius)
    contrast = values / values.mean() - 1
    inside = distances((n, n, n), (5, 6, 7), True) <= radius / CELL
    assert found[5, 6, 7] == pytest.approx(contrast[inside].mean(), abs=0.3 * float(found.std()))
    assert found.std() < 0.1 * contrast.std()


def test_a_grid_that_is_not_periodic_is_mirrored():
    rise = np.broadcast_to(np.linspace(1, 3, 16), (16, 16, 16))
    found = top_hat(grid_of(rise, periodic=False), 1.0)
    assert found[8, 8, 0] == pytest.approx(-0.5, abs=0.1)  # wrapped, it would be near zero
    assert found[8, 8, -1] == pytest.approx(0.5, abs=0.1)


def test_smoothed_pdf_of_a_gaussian_field_has_the_spread_of_its_smoothed_power():
    n, radius = 48, 1.0
    values = np.random.default_rng(4).standard_normal((n, n, n))
    k = wavenumbers((n, n, n))
    x = np.where(k > 0, k * radius, 1)
    window = np.where(k > 0, 3 * (np.sin(x) - x * np.cos(x)) / x**3, 0)
    sigma = np.sqrt((window**2).mean())  # white noise of variance one
    measure = statistics.get("smoothed_pdf", radius=radius, bins=np.linspace(-2, 2, 81))
    found = measure(grid_of(values, "delta"))
    width = np.diff(found.edges)
    assert (found.y * width).sum() == pytest.approx(1, rel=1e-9)
    spread = np.sqrt((found.y * width * found.x**2).sum())
    assert spread == pytest.approx(sigma, rel=0.03)
    normal = np.exp(-((found.x / sigma) ** 2) / 2) / (np.sqrt(2 * np.pi) * sigma)
    many = found.count > 1000
    assert (np.abs(found.y - normal)[many] < 4 * found.error[many]).all()
    assert "balls of 1 Mpc/h" in found.note


def test_smoothed_pdf_tells_what_is_outside_its_bins():
    grid = grid_of(clumpy(24))
    found = statistics.get("smoothed_pdf", radius=0.8, bins=(-0.5, 0.0, 0.5))(grid)
    delta = smoothed_by_hand(grid.values.astype(float), 0.8)
    outside = np.mean((delta < -0.5) | (delta > 0.5))
    assert f"Of all cells {outside:.2%} outside" in found.note
    assert (found.y * 0.5).sum() == pytest.approx(1 - outside, abs=1e-3)


def test_voids_are_those_of_a_search_cell_by_cell():
    values = clumpy(14)
    cells = np.array([1.0, 1.5, 2.0, 3.0, 3.5])
    for periodic in (True, False):
        grid = grid_of(values, periodic=periodic)
        found = find_voids(grid, cells * CELL, -0.6)
        expected = voids_by_loops(
            lambda radius, grid=grid: top_hat(grid, radius * CELL),
            grid.shape,
            cells,
            -0.6,
            periodic,
        )
        assert len(expected) > 10
        assert len({radius for _, radius in expected}) >= 3
        assert_array_equal(found.centre, [centre for centre, _ in expected])
        assert_allclose(found.radius, [radius * CELL for _, radius in expected])
        inside = [distances(grid.shape, c, periodic) < r - 1e-6 for c, r in expected]
        assert_array_equal(found.inside, np.any(inside, axis=0))
    smooth = smoothed_by_hand(values.astype(float), 2.0 * CELL)
    assert_allclose(top_hat(grid_of(values), 2.0 * CELL), smooth, atol=1e-5 * np.abs(smooth).max())


def test_a_lattice_of_empty_spheres_is_found_as_it_is():
    n, size = 32, 6
    values = np.ones((n, n, n))
    lattice = [(z, y, x) for z in (3, 19) for y in (5, 21) for x in (0, 16)]
    for centre in lattice:
        values[distances(values.shape, centre, True) <= size] = 0
    measure = statistics.get("void_sizes", radii=CELL * np.arange(3.0, 9.0))
    found = measure(grid_of(values))
    assert_array_equal(found.count, [0, 0, 8, 0, 0])  # of 4, 5, 6, 7 and 8 cells
    assert found.x[2] == pytest.approx(5.5 * CELL)
    assert found.y[2] == pytest.approx(8 / ((n * CELL) ** 3 * CELL))
    voids = find_voids(grid_of(values), CELL * np.arange(3.0, 9.0))
    assert sorted(map(tuple, voids.centre[voids.radius == size * CELL])) == sorted(lattice)


def test_default_radii_are_whole_cells_and_two_boxes_add():
    grid = grid_of(clumpy(60, scale=3.0), box_size=30.0)
    one = statistics.void_sizes(grid)
    assert_allclose(one.edges, CELL * np.arange(4, 16))
    assert one.count.sum() > 0
    both = statistics.void_sizes([grid, grid])
    assert_allclose(both.y, one.y)
    assert_allclose(both.error, one.error / np.sqrt(2))


def test_what_is_no_ball_and_no_void_is_refused():
    grid = grid_of(clumpy())
    with pytest.raises(ValueError, match=r"is 6 Mpc/h wide, expected radii of voids from 0 to a q"):
        statistics.get("void_sizes", radii=(1.0, 2.0))(grid)
    with pytest.raises(ValueError, match=r"threshold of voids is 0.5, expected a contrast from -1"):
        statistics.get("void_sizes", threshold=0.5)
    with pytest.raises(ValueError, match=r"Void radius bins are .* increasing"):
        statistics.get("void_sizes", radii=(2.0, 1.0))
    with pytest.raises(ValueError, match="radius is 0 Mpc/h, expected above zero"):
        statistics.get("smoothed_pdf", radius=0)
    with pytest.raises(ValueError, match="8 Mpc/h wide, expected room for balls of a radius of 10"):
        statistics.get("smoothed_pdf")(grid_of(clumpy(8), cell_size=1000.0, box_size=8.0))
