"""Initial conditions: a plane wave comes back, moved by a phase and grown by linear theory."""

import numpy as np
import pytest
from astropy import constants, units
from colossus.cosmology import cosmology as colossus

from engine.cosmology import RADIATION, Cosmology
from engine.initial_conditions import growth_to_today, linear_overdensity, moved

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
N, CELL = 12, 2.5


def lattice():
    """Coordinates (z, y, x) of lattice points, [cells]."""
    return np.meshgrid(*(np.arange(N),) * 3, indexing="ij")


@pytest.mark.parametrize(("axis", "waves"), [(0, 1), (1, 3), (2, 5)])
def test_a_displacement_along_one_axis_compresses_along_it(axis, waves):
    # Psi = A sin(k q) along an axis gives delta = -A k cos(k q).
    q = lattice()[2 - axis]
    k = 2 * np.pi * waves / N
    displacement = np.zeros((3, N, N, N))
    displacement[axis] = 0.3 * np.sin(k * q)
    expected = -0.3 * k / CELL * np.cos(k * q)
    assert linear_overdensity(displacement, CELL) == pytest.approx(expected, abs=1e-12)


def test_a_shear_compresses_nothing():
    y = lattice()[1]
    displacement = np.zeros((3, N, N, N))
    displacement[0] = np.sin(2 * np.pi * y / N)
    assert linear_overdensity(displacement, CELL) == pytest.approx(0, abs=1e-12)


def test_it_is_the_density_of_slightly_displaced_particles():
    # Of a line of particles, counted exactly by their spacing.
    x = np.arange(N)
    displacement = np.zeros((3, N, N, N))
    displacement[0] = 1e-5 * np.cos(2 * np.pi * x / N)
    at = x + displacement[0, 0, 0]
    spacing = (np.roll(at, -1) - np.roll(at, 1)) % N / 2
    counted = 1 / spacing - 1
    found = linear_overdensity(displacement, 1.0)[0, 0]
    # Spacings to both sides stand for the wave to (sin k / k) of it.
    assert found * np.sinc(2 / N) == pytest.approx(counted, rel=1e-3, abs=1e-9)


def test_moving_by_whole_cells_is_a_roll():
    random = np.random.default_rng(0)
    odd = random.standard_normal((9, 9, 9))  # no wave lies at the Nyquist wavenumber
    assert moved(odd, (1, 2, -3)) == pytest.approx(np.roll(odd, (3, -2, -1), (0, 1, 2)), abs=1e-12)


def test_moving_by_half_a_cell_is_exact_for_a_wave():
    x = lattice()[2]
    k = 2 * np.pi * 3 / N
    found = moved(np.cos(k * x), (0.5, 0.5, 0.5))
    assert found == pytest.approx(np.cos(k * (x + 0.5)), abs=1e-12)


def test_the_nyquist_waves_are_left_out():
    z, *_ = lattice()
    assert moved((-1.0) ** z, (0, 0, 0)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("redshift", [0.0, 1.0, 2.0, 49.0, 127.0])
def test_growth_is_that_of_an_independent_library(redshift):
    theirs = colossus.Cosmology(
        name="test", flat=True, H0=67.74, Om0=0.3089, Ob0=0.0486, sigma8=0.8, ns=0.96, Neff=3.046,
        Tcmb0=2.7255, interpolation=False, persistence="",
    )  # fmt: skip
    assert PLANCK.linear_growth(redshift) == pytest.approx(
        float(theirs.growthFactor(redshift)), rel=1e-3
    )
    assert growth_to_today(redshift, PLANCK) == pytest.approx(1 / PLANCK.linear_growth(redshift))


def test_growth_without_dark_energy_is_that_of_meszaros():
    cosmology = Cosmology(1.0 - RADIATION / 0.49, 0.05, 0.7)
    y = cosmology.Omega_m * 0.49 / RADIATION
    assert cosmology.linear_growth(99) == pytest.approx((1 + 1.5 * y / 100) / (1 + 1.5 * y))


def test_the_density_of_radiation():
    photons = 4 * constants.sigma_sb / constants.c**3 * (2.7255 * units.K) ** 4
    critical = 3 * (100 * units.Unit("km / (s Mpc)")) ** 2 / (8 * np.pi * constants.G)
    neutrinos = 3.046 * 7 / 8 * (4 / 11) ** (4 / 3)
    assert (photons / critical).to_value("") * (1 + neutrinos) == pytest.approx(RADIATION, rel=1e-4)
