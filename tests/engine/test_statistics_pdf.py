"""PDF: normalisation, tiles, known distributions, pixels outside the bins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.fields import FIELDS
from engine.mesh import Slab

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


POSITIVE = [name for name, about in FIELDS.items() if not about.signed]


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 29.3, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def lognormal(seed=0, shape=(64, 96), median=1e4, dex=0.8):
    return median * 10 ** (dex * np.random.default_rng(seed).standard_normal(shape))


def integral(curve):
    return (curve.y * np.diff(np.log10(curve.edges))).sum()


@pytest.mark.parametrize("field", POSITIVE)
def test_integrates_to_one_with_the_bins_of_every_field(field):
    middle = 10 ** np.mean(FIELDS[field].decades)
    found = statistics.pdf(slab_of(lognormal(median=middle, dex=0.3), field=field))
    assert integral(found) == pytest.approx(1, rel=1e-12)
    assert found.note == ""
    assert FIELDS[field].unit in found.x_label


@pytest.mark.parametrize("field", POSITIVE)
def test_default_bins_are_tenths_of_a_dex(field):
    edges = np.log10(statistics.pdf(slab_of(np.ones((2, 2)), field=field)).edges)
    assert_allclose(np.diff(edges), 0.1, rtol=1e-9)
    assert_allclose(edges * 10, np.round(edges * 10), atol=1e-9)


@settings(deadline=None)  # other work on the machine is not a failure
@given(row=st.integers(1, 63), column=st.integers(1, 95), seed=st.integers(0, 99))
def test_tiles_add_to_the_whole(row, column, seed):
    values = lognormal(seed, dex=3.0)
    values[values < 1e2] = 0
    compute, finish = statistics.pdf.compute, statistics.pdf.finish
    quarters = [
        compute(slab_of(values[rows, columns], periodic=False))
        for rows in (slice(row), slice(row, None))
        for columns in (slice(column), slice(column, None))
    ]
    added = quarters[0] + quarters[1] + quarters[2] + quarters[3]
    tiled, whole = finish(added), statistics.pdf(slab_of(values))
    assert_array_equal(tiled.count, whole.count)
    assert_array_equal(tiled.y, whole.y)
    assert tiled.note == whole.note


def test_counts_equal_numpys_histogram_and_outsiders_are_told():
    values = lognormal(seed=3, dex=3.0).astype(np.float32)
    values[:4] = 0
    slab = slab_of(values)
    sums = statistics.pdf.compute(slab)
    inside = np.histogram(values, (10**sums.edges).astype(np.float32))[0]
    assert_array_equal(sums.count, inside)
    assert sums.zero == 4 * 96
    assert sums.below == np.count_nonzero((values > 0) & (values < 10)) > 0
    assert sums.above == np.count_nonzero(values >= 1e9) > 0
    assert sums.cells == values.size
    found = statistics.pdf(slab)
    outside = (sums.zero + sums.below + sums.above) / sums.cells
    assert integral(found) == pytest.approx(1 - outside, rel=1e-12)
    assert found.note.startswith(f"Of all pixels {4 / 64:.2%} zero, ")


def test_known_distribution_is_found_within_poisson_errors():
    dex = 0.8
    found = statistics.pdf(slab_of(lognormal(shape=(512, 512), dex=dex)))
    z = (np.log10(found.x) - 4) / dex
    normal = np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * dex)
    many = found.count > 100
    pull = (found.y - normal)[many] / found.error[many]
    assert many.sum() > 30
    assert (np.abs(pull) < 4).all()
    assert 0.5 < np.mean(pull**2) < 2


def test_poisson_errors_match_scatter():
    maps = [slab_of(lognormal(seed, shape=(32, 32))) for seed in range(400)]
    curves = [statistics.pdf(slab, bins=(3.0, 3.5, 4.0, 4.1)) for slab in maps]
    scatter = np.std([curve.y for curve in curves], axis=0)
    error = np.mean([curve.error for curve in curves], axis=0)
    # Of a fraction p of the pixels; Poisson's leaves the factor sqrt(1 - p) out.
    fraction = np.mean([curve.count for curve in curves], axis=0) / 32**2
    assert_allclose(scatter, error * np.sqrt(1 - fraction), rtol=0.15)


def test_uniform_map_fills_one_bin():
    found = statistics.pdf(slab_of(np.full((8, 8), 10**4.25)))
    (filled,) = np.flatnonzero(found.count)
    assert found.x[filled] == pytest.approx(10**4.25, rel=1e-6)
    assert found.y[filled] == pytest.approx(10)


def test_sums_of_other_bins_pixels_or_fields_dont_add():
    slab = slab_of(lognormal())
    sums = statistics.pdf.compute(slab)
    other_bins = statistics.get("pdf", bins=(2.0, 4.0, 6.0)).compute(slab)
    with pytest.raises(ValueError, match=r"bins are 80 from 1 to 9 and 2 from 2 to 6"):
        sums + other_bins
    with pytest.raises(ValueError, match=r"cells' sides \[kpc/h\] are 29.3 and 3.66"):
        sums + statistics.pdf.compute(slab_of(lognormal(), cell_size=3.66))
    with pytest.raises(ValueError, match="fields are 'gas' and 'hi'"):
        sums + statistics.get("pdf", bins=sums.edges).compute(slab_of(lognormal(), field="hi"))


@pytest.mark.parametrize("bins", [(1.0,), (3.0, 2.0), 20, (1.0, np.inf)])
def test_bins_of_no_use_are_refused(bins):
    with pytest.raises(ValueError, match=r"^PDF bins .*expected two or more"):
        statistics.pdf(slab_of(lognormal()), bins=bins)
