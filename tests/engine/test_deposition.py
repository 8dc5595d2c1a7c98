"""Deposition: no mass is lost, nothing depends on where the edges are, and the slow way agrees."""

import numpy as np
import pytest

from engine.projection import deposition
from engine.projection.deposition import RESOLVED_SUPPORT, deposit, deposit_reference
from engine.projection.kernel import cubic_spline, projected_cubic_spline, projected_polynomial

SHAPE = (100, 120)
"""More rows than a band has, and not square."""

SUPPORTS = (0.01, 0.2, 0.25, 0.7, 1.0, 1.5, 2.9, 3.0, 5.0, 7.5, 8.99, 9.0, 9.5, 14.0, 60.0, 250.0)


def particles(number=400, seed=0, quantities=1, supports=SUPPORTS):
    """Columns, rows, supports and weights, in pixels."""
    random = np.random.default_rng(seed)
    ny, nx = SHAPE
    return (
        (random.random(number) * nx).astype(np.float32),
        (random.random(number) * ny).astype(np.float32),
        random.choice(supports, number).astype(np.float32),
        random.uniform(0.5, 2, (quantities, number)).astype(np.float32),
    )


class TestKernel:
    def test_the_spline_integrates_to_one_over_space(self):
        u = (np.arange(100_000) + 0.5) / 100_000
        assert (4 * np.pi * u**2 * cubic_spline(u)).mean() == pytest.approx(1, rel=1e-8)

    def test_the_column_through_it_integrates_to_one_over_the_disc(self):
        q = (np.arange(100_000) + 0.5) / 100_000
        assert np.pi * projected_cubic_spline(q).mean() == pytest.approx(1, rel=1e-8)
        # Twice the integral of both pieces along the axis, by hand: 16/pi (11/32 + 1/32).
        assert projected_cubic_spline(np.zeros(1))[0] == pytest.approx(6 / np.pi, rel=1e-12)

    def test_the_polynomial_is_good_to_1e_4_of_the_peak_and_never_negative(self):
        q = np.linspace(0, 1, 100_001)
        exact = projected_cubic_spline(q)
        found = np.polynomial.polynomial.polyval(q, projected_polynomial().astype(np.float64))
        found *= (1 - q) ** 3
        assert np.abs(found - exact).max() < 1e-4 * exact.max()
        assert found.min() >= 0
        assert np.pi * np.trapezoid(found, q) == pytest.approx(1, abs=1e-6)


class TestMass:
    @pytest.mark.parametrize("support", SUPPORTS)
    def test_one_particle_arrives_whole_wherever_it_lies(self, support):
        # Corners and centres of pixels are the worst places for a kernel sampled at centres;
        # the edges of the map and of the band that ends at row 96 are where it could be cut.
        ny, nx = SHAPE
        places = [
            (0, 0),
            (0.5, 0.5),
            (nx, ny),
            (3.25, 96),
            (7.9, 95.99),
            (60.001, 1e-3),
            (0.1, 99.9),
        ]
        for x, y in places:
            found = deposit(*(np.array([v], np.float32) for v in (x, y, support)), WEIGHT, SHAPE)
            assert found.sum() == pytest.approx(3, rel=1e-5)
            assert found.min() >= 0

    def test_of_many_particles(self):
        column, row, support, weights = particles(quantities=3)
        maps = deposit(column, row, support, weights, SHAPE)
        expected = weights.sum(1, dtype=np.float64)
        assert maps.sum((1, 2)) == pytest.approx(expected, rel=1e-5)


WEIGHT = np.array([[3.0]], np.float32)


class TestAgainstTheSlowWay:
    @pytest.mark.parametrize("support", SUPPORTS)
    def test_pixel_by_pixel(self, support):
        # The reference integrates over pixels, the fast way takes the middle of samples: to
        # second order in the samples' distance, the projected spline's curvature being about
        # 10 peaks per support squared, that is 10 / 24 in the middle, and more around it.
        fast_support = max(support, deposition.SMALLEST_SUPPORT)
        fine = 1.0
        if fast_support < RESOLVED_SUPPORT:
            fine = np.ceil(deposition.SAMPLES_PER_SUPPORT / fast_support)
        wide = support > 20  # where a pixel is all the same, and the slow way very slow
        for seed in range(2 if wide else 8):
            lone = particles(1, seed, supports=(support,))
            found = deposit(*lone, SHAPE)
            expected = deposit_reference(*lone, SHAPE, samples=2 if wide else 16)
            tolerance = expected.max() / (fast_support * fine) ** 2 + 2e-4 * expected.max()
            assert np.abs(found - expected).max() < tolerance

    def test_centres_of_mass(self):
        # Narrow kernels too: a particle's place within its pixel is not forgotten.
        _, nx = SHAPE
        for support, tolerance in (
            (0.3, 0.02),
            (1.0, 0.02),
            (2.0, 2e-3),
            (5.0, 2e-3),
            (12.0, 2e-4),
        ):
            for x in (50, 50.2, 50.45, 50.5, 50.9):
                lone = (*(np.array([v], np.float32) for v in (x, 40.3, support)), WEIGHT)
                centres = [
                    (way(*lone, SHAPE)[0].sum(0) * (np.arange(nx) + 0.5)).sum() / 3
                    for way in (deposit, deposit_reference)
                ]
                assert centres[0] == pytest.approx(centres[1], abs=tolerance)
                if support >= 2:
                    assert centres[0] == pytest.approx(x, abs=tolerance)


class TestGeometry:
    @pytest.fixture
    def on_a_lattice(self):
        """Particles at 1/64 pixels, which single precision moves and mirrors exactly."""
        column, row, support, weights = particles()
        return np.floor(column * 64) / 64, np.floor(row * 64) / 64, support, weights

    @pytest.mark.parametrize(("down", "right"), [(0, 1), (1, 0), (37, -50), (96, 119)])
    def test_a_shift_by_whole_pixels_only_shifts_the_map(self, on_a_lattice, down, right):
        column, row, support, weights = on_a_lattice
        ny, nx = SHAPE
        here = deposit(column, row, support, weights, SHAPE)
        there = deposit((column + right) % nx, (row + down) % ny, support, weights, SHAPE)
        assert np.allclose(there, np.roll(here, (down, right), (1, 2)), rtol=1e-5, atol=0)

    def test_rows_and_columns_are_alike(self, on_a_lattice):
        column, row, support, weights = on_a_lattice
        here = deposit(column, row, support, weights, SHAPE)
        turned = deposit(row, column, support, weights, SHAPE[::-1])
        assert np.allclose(turned, here.transpose(0, 2, 1), rtol=1e-5, atol=0)

    def test_a_round_kernel_is_round(self):
        x, y = np.array([50.5]), np.array([40.5])
        for support in SUPPORTS[:-2]:
            one = deposit(x, y, np.array([support]), WEIGHT, SHAPE)[0, 20:61, 30:71]
            for turned in (one.T, one[::-1], one[:, ::-1]):
                assert np.allclose(turned, one, rtol=1e-4, atol=1e-7 * one.max())


def test_a_kernel_within_a_pixel_fills_it():
    found = deposit(np.array([20.5]), np.array([15.7]), np.array([0.01]), WEIGHT, SHAPE)[0]
    assert found[15, 20] == pytest.approx(3, rel=1e-6)
    assert np.count_nonzero(found) == 1


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    maps = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(deposition.numba, "get_num_threads", lambda threads=threads: threads)
        maps.append(deposit(*particles(5000), SHAPE))
    assert np.array_equal(maps[0], maps[1])
    assert np.array_equal(maps[0], maps[2])


def test_several_quantities_equal_single_ones():
    column, row, support, weights = particles(quantities=3)
    together = deposit(column, row, support, weights, SHAPE)
    for i in range(3):
        alone = deposit(column, row, support, weights[i : i + 1], SHAPE)[0]
        assert np.allclose(together[i], alone, rtol=1e-6, atol=0)


def test_the_input_is_left_as_it_was():
    given = particles()
    before = [array.copy() for array in given]
    deposit(*given, SHAPE)
    assert all(np.array_equal(array, copy) for array, copy in zip(given, before, strict=True))


def test_maps_given_are_added_to():
    out = np.full((1, *SHAPE), 5.0)
    returned = deposit(*particles(), SHAPE, out=out)
    assert returned is out
    assert np.allclose(out - 5, deposit(*particles(), SHAPE), rtol=1e-9)


def test_no_particles_make_an_empty_map():
    none = np.zeros(0, np.float32)
    assert not deposit(none, none, none, np.zeros((2, 0)), SHAPE).any()


@pytest.mark.parametrize("place", [-0.1, 120.5, np.nan])
def test_places_outside_are_refused(place):
    column, row, support, weights = particles()
    column[7] = place
    with pytest.raises(
        ValueError, match=r"column reaches from .* expected places in the map, 0 to"
    ):
        deposit(column, row, support, weights, SHAPE)
