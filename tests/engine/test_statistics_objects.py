"""Statistics of cut-outs: radial profiles, scaling relations, mass and luminosity functions."""

import numpy as np
import pytest
from astropy import units as u
from numpy.testing import assert_allclose
from scipy.stats import poisson

from engine import statistics
from engine.cosmology import PLANCK
from engine.mesh import Cutout
from engine.results import Points
from engine.statistics.mass_function import poisson_band
from engine.statistics.object_totals import total
from engine.statistics.profile_spread import spread_of
from engine.statistics.scaling_fit import fit, residual_correlation, residuals

SIDE, CELL, BOX, REDSHIFT = 64, 30.0, 64.0, 0.5


def cutout(values, field="gas", **changes):
    given = {"cell_size": CELL, "depth": 1.9, "box_size": BOX, "redshift": REDSHIFT}
    return Cutout(values, field, cosmology=PLANCK, simulation="groups", **(given | changes))


def radius_map(side=SIDE):
    """Distance of each pixel's middle from that of the map, [kpc/h]."""
    along = (np.arange(side) + 0.5 - side / 2) * CELL
    return np.hypot(along, along[:, np.newaxis])


def test_rings_of_a_uniform_map_are_uniform_and_hold_their_exact_area():
    profile = statistics.radial_profile(cutout(np.full((SIDE, SIDE), 7.0)))
    assert_allclose(profile.y, 7, rtol=1e-6)
    assert_allclose(profile.error, 0, atol=1e-3)
    areas = np.pi * np.diff(np.arange(SIDE // 2 + 1) ** 2)
    assert_allclose(profile.count, areas, rtol=1e-9)
    assert_allclose(profile.edges, CELL * np.arange(SIDE // 2 + 1))


def test_profile_of_a_beta_model_is_the_analytic_one():
    core = 240.0
    values = 1e5 / (1 + (radius_map() / core) ** 2)  # a beta model's surface brightness, beta 1/2
    profile = statistics.radial_profile(cutout(values))
    inner, outer = profile.edges[:-1], profile.edges[1:]
    ring = np.log((core**2 + outer**2) / (core**2 + inner**2)) / (outer**2 - inner**2)
    assert_allclose(profile.y, 1e5 * core**2 * ring, rtol=0.004)


def test_profile_of_a_map_that_is_not_square_reaches_to_its_nearest_edge():
    profile = statistics.radial_profile(cutout(np.ones((20, 50))))
    assert len(profile.x) == 10
    assert_allclose(profile.count, np.pi * np.diff(np.arange(11) ** 2), rtol=1e-9)


def test_temperatures_are_averaged_over_pixels_that_have_gas():
    values = np.full((SIDE, SIDE), 3e7)
    values[:, ::2] = 0
    values[radius_map() > 600] = np.nan
    found = cutout(values, "temperature_sl")
    profile = statistics.radial_profile(found)
    some = profile.count > 0
    assert_allclose(profile.y[some], 3e7, rtol=1e-6)
    assert profile.edges[:-1][~some].min() == pytest.approx(600, abs=1.5 * CELL)
    assert total(found) == pytest.approx(3e7, rel=1e-6)
    assert np.isnan(total(cutout(np.zeros((4, 4)), "temperature_sl")))


def test_profile_of_several_weighs_every_pixel_the_same():
    one, three = cutout(np.ones((SIDE, SIDE))), cutout(np.full((SIDE, SIDE), 3.0), number=1)
    both = statistics.radial_profile([one, three])
    assert_allclose(both.y, 2, rtol=1e-6)
    assert_allclose(both.error * np.sqrt(both.count), 1, rtol=1e-6)
    assert both.name == "gas around 2 objects"


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ((-1, 2), "begin at -1, expected a radius of 0 or more"),
        ((3, 2), "two or more increasing"),
        ((0, 1e4), "reach to 10000 ckpc/h, expected at most the 960"),
    ],
)
def test_rings_that_are_none_are_refused(edges, words):
    with pytest.raises(ValueError, match=words):
        statistics.radial_profile(cutout(np.ones((SIDE, SIDE))), edges=edges)


def test_spread_is_that_of_the_objects_and_leaves_out_those_without_a_value():
    maps = [cutout(np.full((SIDE, SIDE), level)) for level in (1.0, 2.0, 3.0, 4.0, 50.0)]
    spread = spread_of([statistics.radial_profile(each) for each in maps])
    for name, value in (("lowest", 1), ("lower", 2), ("median", 3), ("upper", 4), ("highest", 50)):
        assert_allclose(getattr(spread, name), value, rtol=1e-6)
    cold = cutout(np.zeros((SIDE, SIDE)), "temperature_sl")
    hot = cutout(np.full((SIDE, SIDE), 2e7), "temperature_sl")
    curves = [statistics.radial_profile(each) for each in (cold, hot)]
    assert_allclose(spread_of(curves).lowest, 2e7, rtol=1e-6)
    assert np.isnan(spread_of(curves[:1]).median).all()
    with pytest.raises(ValueError, match="different bins"):
        spread_of([curves[0], statistics.radial_profile(hot, edges=(0, 60, 90))])


def test_luminosity_is_brightness_times_the_physical_area():
    brightness = 3e-4
    found = total(cutout(np.full((SIDE, SIDE), brightness), "xray"))
    side = SIDE * CELL * u.kpc / PLANCK.h / (1 + REDSHIFT)
    expected = (brightness * u.erg / u.s / u.cm**2 * side**2).to_value("erg/s")
    assert found == pytest.approx(expected, rel=1e-6)
    assert total(cutout(np.full((SIDE, SIDE), 2.0))) == pytest.approx(2 * (SIDE * CELL) ** 2)


def test_only_what_lies_within_a_radius_counts_if_there_is_one():
    radius = 450.0
    found = cutout(np.full((SIDE, SIDE), 2.0))
    assert total(found, radius) == pytest.approx(2 * np.pi * radius**2, rel=1e-9)
    hot = np.where(radius_map() < radius + 2 * CELL, 5e7, 1e7)
    assert total(cutout(hot, "temperature_sl"), radius) == pytest.approx(5e7, rel=1e-6)
    dark = cutout(np.full((SIDE, SIDE), 3.0), "dm")
    relation = statistics.scaling_relation(dark, found, radii=[radius])
    assert relation.x == pytest.approx(3 * np.pi * radius**2, rel=1e-9)
    assert relation.y == pytest.approx(2 * np.pi * radius**2, rel=1e-9)
    assert relation.x_label == "dark-matter mass within the radius [Msun/h]"


def population(number, slope=1.6, scatter=0.2, seed=3):
    """Masses between 1e13 and 1e15, a power law's values, and their lognormal residuals."""
    random = np.random.default_rng(seed)
    mass = 10 ** random.uniform(13, 15, number)
    off = random.normal(0, scatter, number)
    return mass, 1e43 * (mass / 1e14) ** slope * 10**off, off


def points(x, y):
    columns = {
        "simulation": np.full(len(x), "groups"),
        "number": np.arange(len(x)),
        "axis": np.full(len(x), "z"),
    }
    return Points(x, y, "luminosity", "mass [Msun/h]", "luminosity [erg/s]", columns)


def test_relation_puts_the_totals_of_both_maps_against_each_other_in_one_order():
    masses, lights = (4e13, 1e13, 2e13), (3.0, 1.0, 2.0)
    pairs = []
    for number, (mass, light) in enumerate(zip(masses, lights, strict=True)):
        dark = np.full((8, 8), mass / (8 * CELL) ** 2)
        place = {"number": number, "axis": "y"}
        pairs.append((cutout(dark, "dm", **place), cutout(np.full((8, 8), light), "xray", **place)))
    forward, backward = (
        statistics.scaling_relation(*zip(*order, strict=True)) for order in (pairs, pairs[::-1])
    )
    assert_allclose(forward.x, masses, rtol=1e-6)
    assert_allclose(forward.y / forward.y[1], lights, rtol=1e-6)
    assert list(forward.columns["number"]) == [0, 1, 2]
    assert_allclose(backward.x, forward.x)


def test_dark_matter_of_a_run_without_baryons_counts_without_their_share():
    dark = np.full((8, 8), 1e6)
    gas = cutout(np.ones((8, 8)))
    with_baryons = statistics.scaling_relation(cutout(dark, "dm"), gas)
    without = statistics.scaling_relation(cutout(dark, "dmo"), gas)
    assert without.x / with_baryons.x == pytest.approx(PLANCK.dark_matter_fraction)
    assert "1 - Omega_b / Omega_m" in without.note


def test_relation_refuses_maps_of_two_objects_and_a_first_that_is_no_dark_matter():
    gas, dark = cutout(np.ones((8, 8))), cutout(np.ones((8, 8)), "dm", number=1)
    with pytest.raises(ValueError, match="came first, expected the cut-out of dark matter"):
        statistics.scaling_relation(gas, gas)
    with pytest.raises(ValueError, match="expected the same object twice"):
        statistics.scaling_relation(dark, gas)


def test_fit_recovers_slope_scatter_and_their_uncertainty():
    mass, light, off = population(4000)
    found = fit(points(mass, light))
    assert found.slope == pytest.approx(1.6, abs=3 * found.slope_error)
    assert found.slope_error == pytest.approx(0.2 / np.log10(mass).std() / np.sqrt(4000), rel=0.03)
    assert found.scatter == pytest.approx(0.2, rel=0.04)
    assert_allclose(found(np.array([1e14])), 1e43, rtol=0.02)
    slope, constant = np.polyfit(np.log10(mass), np.log10(light), 1)
    assert found.slope == pytest.approx(slope)
    assert_allclose(np.log10(found(mass)), slope * np.log10(mass) + constant)
    assert_allclose(residuals(points(mass, light)), off, atol=0.02)


def test_residuals_go_together_as_they_were_made_to():
    mass, light, off = population(4000)
    independent = np.random.default_rng(9).normal(0, 0.2, 4000)
    for share in (0.0, 0.6, 1.0):
        mixed = share * off + np.sqrt(1 - share**2) * independent
        painted = 3e42 * (mass / 1e14) ** 1.2 * 10**mixed  # of another slope and height
        found = residual_correlation(points(mass, light), points(mass, painted))
        assert found == pytest.approx(share, abs=0.03)
    straight = points(mass, 1e42 * mass / 1e14)
    assert np.isnan(residual_correlation(points(mass, light), straight))


def test_dark_objects_are_left_out_of_a_fit_and_too_few_are_refused():
    mass, light, _ = population(50)
    light[::10] = 0
    assert fit(points(mass, light)).count == 45
    assert np.isnan(residuals(points(mass, light))[::10]).all()
    with pytest.raises(ValueError, match=r"2 points above zero, expected 3 or more"):
        fit(points(mass[:2], light[:2] + 1))
    with pytest.raises(ValueError, match="are of different objects"):
        residual_correlation(points(mass, light), points(mass[:40], light[:40]))


def of_masses(masses, **changes):
    return [
        cutout(np.full((2, 2), mass / (2 * CELL) ** 2), number=number, **changes)
        for number, mass in enumerate(masses)
    ]


def test_mass_function_is_the_number_per_volume_and_decade():
    masses = np.repeat([1.2e13, 1.3e13, 4e13, 2e14], [5, 3, 2, 1])
    found = statistics.mass_function(of_masses(masses))
    assert_allclose(found.count, [8, 0, 2, 0, 0, 1])
    assert_allclose(found.y, found.count / BOX**3 / 0.25)
    assert_allclose(np.log10(found.edges), np.arange(13, 14.6, 0.25))
    assert_allclose(found.error * BOX**3 * 0.25, np.sqrt(found.count))


def test_cumulative_function_counts_what_lies_above_each_edge():
    masses = np.repeat([1.2e13, 4e13, 2e14], [8, 2, 1])
    found = statistics.mass_function(of_masses(masses), cumulative=True)
    assert_allclose(found.y * BOX**3, [11, 3, 3, 1, 1, 1])
    assert_allclose(np.log10(found.x), np.arange(13, 14.3, 0.25))


def test_three_lines_of_sight_are_one_object_and_two_boxes_two_volumes():
    masses = [1.2e13, 4e13]
    once = statistics.mass_function(of_masses(masses))
    thrice = statistics.mass_function([c for axis in "xyz" for c in of_masses(masses, axis=axis)])
    assert_allclose(thrice.y, once.y)
    assert_allclose(thrice.count, once.count)
    two = [c for name in ("a", "b") for c in of_masses(masses)]
    two = [c.with_values(c.values, simulation=name) for c, name in zip(two, "aabb", strict=True)]
    both = statistics.mass_function(two)
    assert_allclose(both.count, 2 * once.count)
    assert_allclose(both.y, once.y)


def test_poisson_bounds_leave_a_sixth_on_either_side():
    masses = np.repeat([1.2e13, 4e13, 7e13], [12, 3, 1])
    found = statistics.mass_function(of_masses(masses))
    low, high = (each * BOX**3 * 0.25 for each in poisson_band(found))
    tail = poisson.sf(1, 0) + 0.15865525
    counted = found.count > 0
    assert_allclose(poisson.cdf(found.count, high), tail, rtol=1e-6)
    assert_allclose(poisson.sf(found.count - 1, low)[counted], tail, rtol=1e-6)
    assert low[~counted] == 0
    assert (low <= found.count).all()
    assert (found.count < high).all()


def test_functions_refuse_temperatures_redshifts_that_differ_and_empty_maps():
    with pytest.raises(ValueError, match="expected"):
        statistics.mass_function(cutout(np.ones((4, 4)), "temperature_sl"))
    with pytest.raises(ValueError, match=r"redshifts are .* expected the same"):
        statistics.mass_function([*of_masses([1e13]), *of_masses([1e13], redshift=1.0)])
    with pytest.raises(ValueError, match="None of 1 cut-outs of gas holds any"):
        statistics.mass_function(cutout(np.zeros((4, 4))))
