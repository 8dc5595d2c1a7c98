"""Scatter over octants, against fields of which it is known."""

import numpy as np
import pytest

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Grid
from engine.statistics import octants

SIDE = 32


def box(values):
    return Grid(
        values,
        "dmo",
        cell_size=2000.0,
        box_size=2.0 * SIDE,
        redshift=0.0,
        cosmology=Cosmology(Omega_m=0.3, Omega_b=0.05, h=0.7),
    )


def noise(seed=1, side=SIDE):
    return np.random.default_rng(seed).lognormal(0, 0.5, (side,) * 3)


def test_octants_cut_a_box_into_eight_without_rest():
    values = np.zeros((4, 6, 8), int)
    for z0, z1, y0, y1, x0, x1 in octants.regions(values.shape):
        values[z0:z1, y0:y1, x0:x1] += 1
        assert (z1 - z0, y1 - y0, x1 - x0) == (2, 3, 4)
    assert (values == 1).all()
    assert len(list(octants.regions(values.shape))) == 8


@pytest.mark.parametrize("name", ["power_spectrum", "smoothed_pdf", "bispectrum_angle"])
def test_octants_that_are_all_alike_have_no_scatter(name):
    alike = box(np.tile(noise(side=SIDE // 2), (2, 2, 2)))
    options = {"smoothed_pdf": {"radius": 3.0}, "bispectrum_angle": {"k1": 0.5, "k2": 0.6}}
    statistic = statistics.get(name, **options.get(name, {}))
    whole = statistic(alike)
    found = octants.with_scatter(statistic, whole, alike)
    np.testing.assert_array_equal(found.y, whole.y)
    some = np.isfinite(found.error)
    assert some.sum() > 5
    np.testing.assert_allclose(found.error[some], 0, atol=1e-6 * np.nanmax(np.abs(whole.y)))
    assert "octants" in found.error_kind


def test_scatter_of_white_noise_is_that_of_its_modes():
    whole = statistics.power_spectrum(box(noise()))
    found = octants.with_scatter(statistics.get("power_spectrum"), whole, box(noise()))
    # An octant has an eighth of the modes: its power scatters by the root of eight more, and a
    # Hann window mixes neighbours.
    ratio = (found.error / whole.error)[-4:]
    assert 1.5 < ratio.mean() < 8


def test_voids_belong_to_the_octant_of_their_centre_and_add_up():
    values = np.ones((SIDE,) * 3)
    z, y, x = np.ogrid[:SIDE, :SIDE, :SIDE]
    for centre in ((8, 8, 8), (24, 24, 8)):
        distance = sum((a - b) ** 2 for a, b in zip((z, y, x), centre, strict=True))
        values[distance < 36] = 0.01
    grid = box(values)
    statistic = statistics.get("void_sizes", radii=(6.0, 8.0, 10.0, 12.0))
    whole = statistic(grid)
    each = np.array(list(octants.of_octants(statistic, whole, grid)))
    assert whole.y.sum() > 0
    np.testing.assert_allclose(each.mean(axis=0), whole.y)
    assert (each.sum(axis=1) > 0).sum() == 2


def test_a_smoothed_distribution_is_the_mean_of_its_octants():
    grid = box(noise(3))
    statistic = statistics.get("smoothed_pdf", radius=5.0)
    whole = statistic(grid)
    each = np.array(list(octants.of_octants(statistic, whole, grid)))
    np.testing.assert_allclose(each.mean(axis=0), whole.y)
