"""Mean profiles: what they go with, and that a fit finds what was put in."""

import numpy as np
import pytest

from engine.systems.mean_profiles import PIVOT, TRAITS, MeanProfiles, fit_profiles, traits_of
from engine.systems.proper import radii

PIXEL = 0.0625
SIDE = 32


def clusters(count=40, seed=0):
    """Round clusters of several masses and widths, some of a run without baryons, at two times."""
    random = np.random.default_rng(seed)
    place = radii((SIDE, SIDE), PIXEL)
    wide = random.uniform(0.1, 0.6, count)
    maps = 1 / (1 + (place / wide[:, None, None]) ** 2)
    mass = 10 ** random.uniform(13, 14.5, count)
    redshift, bare = random.choice([0.0, 1.0], count), random.random(count) < 0.5
    return maps, mass, redshift, bare


def test_traits_tell_mass_time_run_and_how_dark_matter_lies():
    maps, mass, redshift, bare = clusters()
    traits = traits_of(maps, mass, redshift, bare, PIXEL)
    assert traits.shape == (40, TRAITS)
    np.testing.assert_allclose(traits[:, 1], np.log10(mass) - PIVOT)
    np.testing.assert_allclose(traits[:, 3], np.log10(1 + redshift))
    np.testing.assert_array_equal(traits[:, 4], bare)
    # The wider, the less lumpy and the less in the middle, in whatever unit.
    narrow, wide = maps.reshape(40, -1).mean(1).argsort()[[0, -1]]
    assert (traits[narrow, 5:] > traits[wide, 5:]).all()
    np.testing.assert_allclose(traits_of(7 * maps, mass, redshift, bare, PIXEL), traits)
    flat = traits_of(np.ones((1, SIDE, SIDE)), 1e13, 0.0, False, PIXEL)[0]
    assert flat[5] == pytest.approx(0)
    share = (radii((SIDE, SIDE), PIXEL) < 0.25).mean()
    assert flat[6] == pytest.approx(np.log10(share))


def test_an_empty_map_has_traits_too():
    assert np.isfinite(traits_of(np.zeros((1, SIDE, SIDE)), 0.0, 0.0, False, PIXEL)).all()


def test_a_fit_finds_the_law_of_every_ring():
    maps, mass, redshift, bare = clusters()
    traits = traits_of(maps, mass, redshift, bare, PIXEL)
    place = radii((SIDE, SIDE), PIXEL)
    law = np.array([2.0, 1.5, -0.2, 0.7, 0.3, 1.1, 0.4])
    rings = np.floor(place / PIXEL)  # the same all along a ring
    field = 10 ** ((traits @ law)[:, None, None] - rings)
    found = fit_profiles(field, np.ones(field.shape, bool), traits, PIXEL, np.log10)
    np.testing.assert_allclose(found.powers[0, 1:, 0], law[1:], atol=1e-6)
    drawn = found.maps(traits[3], (SIDE, SIDE), PIXEL)[0]
    at = np.unravel_index(place.argmin(), place.shape)
    assert drawn[at] == pytest.approx(np.log10(field[3])[at], abs=1e-6)


def test_what_is_the_same_for_all_counts_for_nothing():
    maps, mass, _, _ = clusters()
    traits = traits_of(maps, mass, 0.0, False, PIXEL)
    found = fit_profiles(maps, np.ones(maps.shape, bool), traits, PIXEL, np.log10)
    np.testing.assert_allclose(found.powers[0, 3:5], 0, atol=1e-9)


def test_a_table_by_mass_alone_leaves_other_traits_out():
    table = MeanProfiles(np.array([0.1, 1.0]), np.array([[[1.0, 0.5], [0.2, 0.2], [0.0, 0.0]]]))
    maps, mass, redshift, bare = clusters(1)
    traits = traits_of(maps, mass, redshift, bare, PIXEL)[0]
    drawn = table.maps(traits, (SIDE, SIDE), PIXEL)
    np.testing.assert_array_equal(drawn, table.maps(traits[:3], (SIDE, SIDE), PIXEL))
    with pytest.raises(ValueError, match="profiles have"):
        MeanProfiles(np.array([0.1, 1.0]), np.ones((1, TRAITS + 1, 2)))
