"""CDDF: units against astropy, normalisation, slabs and tiles, the whole box."""

import numpy as np
import pytest
from astropy import constants, units
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.statistics.cddf import whole_box
from engine.units import HYDROGEN_MASS_IN_G, SPEED_OF_LIGHT, absorption_distance, column_density

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
DEPTH, PIXEL = 1.5, 30.0


def slab_of(values, **changes):
    given = {"field": "hi", "cell_size": PIXEL, "depth": DEPTH, "box_size": 12.0, "redshift": 2.0}
    return Slab(values=values, cosmology=PLANCK, **(given | changes))


def with_columns(column, **changes):
    """HI map with these N [cm^-2]."""
    return slab_of(column / column_density(1.0, 2.0, PLANCK.h), **changes)


def lognormal(seed=0, shape=(96, 64), median=1e16, dex=1.0):
    return median * 10 ** (dex * np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("redshift", [0.0, 2.0, 5.0])
def test_column_density_is_astropys(redshift):
    little_h = PLANCK.h
    length = units.kpc / little_h / (1 + redshift)  # comoving kpc/h, as it is then
    density = 505 * (units.Msun / little_h) / length**2
    expected = (density / (constants.m_p + constants.m_e)).to_value("cm-2")
    assert column_density(505.0, redshift, little_h) == pytest.approx(expected, rel=1e-4)


def test_constants_are_astropys():
    assert pytest.approx((constants.m_p + constants.m_e).to_value("g"), rel=1e-7) == (
        HYDROGEN_MASS_IN_G
    )
    assert constants.c.to_value("km/s") == SPEED_OF_LIGHT


def test_column_density_of_a_map_stays_single_precision():
    found = column_density(np.full(3, 505, np.float32), 2.0, PLANCK.h)
    assert found.dtype == np.float32
    assert_allclose(found, column_density(505.0, 2.0, PLANCK.h), rtol=1e-6)


@pytest.mark.parametrize("redshift", [0.0, 2.0, 5.0])
def test_absorption_distance_is_astropys_over_a_short_step(redshift):
    background, step = PLANCK.background, 1e-4
    ends = (redshift, redshift + step)
    depth = np.diff(background.comoving_distance(ends).value)[0] * PLANCK.h
    expected = step * background.abs_distance_integrand(redshift + step / 2)
    assert absorption_distance(depth, redshift + step / 2) == pytest.approx(expected, rel=1e-6)


def test_uniform_map_fills_one_bin_with_one_absorber_per_path():
    found = statistics.cddf(with_columns(np.full((8, 8), 10**20.3)))
    (filled,) = np.flatnonzero(found.count)
    width = 10**20.4 - 10**20.2
    assert np.log10(found.x[filled]) == pytest.approx(20.3)
    # 100 / 299792.458 * 3^2 * 1.5
    assert found.y[filled] * width == pytest.approx(1 / 0.00450312, rel=1e-5)
    assert found.error[filled] == pytest.approx(found.y[filled] / 8)


def test_counts_equal_numpys_histogram_and_outsiders_are_told():
    column = lognormal(dex=3.0)
    column[:3] = 0
    found = statistics.cddf(with_columns(column))
    inside = np.histogram(column, found.edges)[0]
    assert np.abs(found.count - inside).sum() <= 2  # of single precision
    absorbers = (found.y * np.diff(found.edges)).sum() * absorption_distance(DEPTH, 2.0)
    assert absorbers == pytest.approx(found.count.sum() / column.size)
    assert f"{1 - absorbers:.2%} of them are outside the bins" in found.note


def test_power_law_is_found_within_poisson_errors():
    # N with a cumulative share (N / 1e15)^-0.5, so f falls as N^-1.5.
    share = np.random.default_rng(5).random((512, 512))
    found = statistics.cddf(with_columns(1e15 * share**-2))
    many = found.count > 100
    bounds = np.maximum(found.edges, 1e15)
    expected = -np.diff((bounds / 1e15) ** -0.5) / np.diff(found.edges)
    pull = (found.y - expected / absorption_distance(DEPTH, 2.0))[many] / found.error[many]
    assert many.sum() > 15
    assert (np.abs(pull) < 4).all()


def test_tiles_and_slabs_add():
    compute, finish = statistics.cddf.compute, statistics.cddf.finish
    column = lognormal()
    whole = statistics.cddf(with_columns(column))
    tiles = compute(with_columns(column[:40], periodic=False)) + compute(
        with_columns(column[40:], periodic=False)
    )
    assert_array_equal(finish(tiles).count, whole.count)
    assert_allclose(finish(tiles).y, whole.y, rtol=1e-12)
    # The same slab twice is twice the absorbers on twice the path.
    twice = statistics.cddf([with_columns(column)] * 2)
    assert_allclose(twice.y, whole.y, rtol=1e-12)
    assert_allclose(twice.error, whole.error / np.sqrt(2), rtol=1e-12)


def test_a_map_that_is_not_hi_is_refused():
    with pytest.raises(ValueError, match=r"is of gas, expected neutral hydrogen \(hi\)"):
        statistics.cddf(slab_of(np.ones((8, 8)), field="gas"))


def test_slabs_of_other_depth_or_redshift_dont_add():
    compute = statistics.cddf.compute
    sums = compute(with_columns(lognormal()))
    with pytest.raises(ValueError, match=r"depths \[Mpc/h\] are 1.5 and 3, expected the same"):
        sums + compute(with_columns(lognormal(), depth=3.0))
    with pytest.raises(ValueError, match=r"redshifts are 2 and 3, expected the same"):
        sums + compute(with_columns(lognormal(), redshift=3.0))


def slabs_of_a_box(columns):
    return [with_columns(c, index=i, start=i * DEPTH) for i, c in enumerate(columns)]


def test_whole_box_of_a_uniform_universe_has_all_its_columns_at_once():
    box = whole_box(reversed(slabs_of_a_box([np.full((4, 4), 10**17.1)] * 8)))
    assert (box.depth, box.start, box.index) == (12.0, 0.0, 0)
    assert_allclose(column_density(box.values, 2.0, PLANCK.h), 8 * 10**17.1, rtol=1e-6)
    found = statistics.cddf(box)
    (filled,) = np.flatnonzero(found.count)
    assert np.log10(found.x[filled]) == pytest.approx(18.1)
    width = 10**18.2 - 10**18.0
    assert found.y[filled] * width * 8 * absorption_distance(DEPTH, 2.0) == pytest.approx(1)


def test_rare_absorbers_are_the_same_in_slabs_and_in_the_whole_box():
    columns = np.full((8, 16, 16), 1e10)
    for i in range(8):
        columns[i, i, i] = 10**20.5  # none behind another
    slabs = slabs_of_a_box(columns)
    added, joined = statistics.cddf(slabs), statistics.cddf(whole_box(slabs))
    assert_array_equal(added.count, joined.count)
    assert_allclose(added.y, joined.y, rtol=1e-12)


def test_a_part_of_the_box_is_not_the_whole():
    slabs = slabs_of_a_box([lognormal()] * 8)
    with pytest.raises(ValueError, match="slabs 0, 2 of 1 kinds, expected slabs 0 to 7 once each"):
        whole_box([slabs[0], slabs[2]])
    with pytest.raises(ValueError, match="of 2 kinds"):
        whole_box([*slabs[:7], slabs[7].with_values(slabs[7].values, axis="x")])
    with pytest.raises(ValueError, match="got no slab"):
        whole_box([])
