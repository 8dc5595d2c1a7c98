"""What holds for every statistic: found by name, sums add, bad maps are refused in words."""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import pytest

from engine import statistics
from engine.cosmology import Cosmology
from engine.halos import Halos
from engine.mesh import Cutout, Grid, Slab
from engine.results import Curve, Points
from engine.statistics import Statistic, Sums

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)

COMPANIONS = {"dark_matter": "dm"}
"""Fields of the maps that a statistic takes beside the one it looks at."""

TWO_HALOES = Halos([(0.1, 0.2, 0.3), (0.4, 0.1, 0.4)], [1e11, 3e10], [90, 60], [0, 0], "hydro")

OPTIONS = {
    "halo_relation": {"halos": TWO_HALOES},
    "halo_profile": {"halos": TWO_HALOES, "edges": (0, 0.5, 1, 2)},
    "bispectrum_angle": {"k1": 30.0, "k2": 40.0},
    "smoothed_pdf": {"radius": 0.04},
    "void_sizes": {"radii": (0.03, 0.06, 0.09), "threshold": -0.1},
}
"""What a statistic can't do without, or in so small a box."""


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 29.3, "depth": 1.4, "box_size": 16 * 0.0293}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def grid_of(values):
    about = {"cell_size": 29.3, "box_size": 16 * 0.0293, "redshift": 2.0, "cosmology": PLANCK}
    return Grid(values, "gas", **about)


def cutout_of(values):
    about = {"cell_size": 29.3, "depth": 0.4688, "box_size": 16 * 0.0293, "redshift": 2.0}
    return Cutout(values, "gas", cosmology=PLANCK, **about)


MAKE = {"slab": (slab_of, 2), "cutout": (cutout_of, 2), "grid": (grid_of, 3)}
"""Meshes of a kind and their dimensions."""


def maps(number, kind="slab"):
    rng = np.random.default_rng(7)
    make, shape = MAKE[kind][0], (16,) * MAKE[kind][1]
    return [make(1e4 * rng.lognormal(size=shape)) for _ in range(number)]


def statistic_of(name):
    return statistics.get(name, **OPTIONS.get(name, {}))


def maps_for(name, number):
    """So many tuples of the maps that one call of the statistic's `compute` takes."""
    statistic = statistics.get(name)
    drawn = iter(maps(len(statistic.maps) * number, statistic.kinds[0]))
    own = "gas" if statistic.takes("gas", statistic.kinds[0]) else statistic.fields[0]
    fields = [COMPANIONS.get(each, own) for each in statistic.maps]
    return [
        tuple((slab := next(drawn)).with_values(slab.values, field=field) for field in fields)
        for _ in range(number)
    ]


def numbers_of(result):
    return result.y if isinstance(result, Curve | Points) else np.array([result])


@pytest.fixture(params=statistics.names())
def name(request):
    return request.param


def test_the_first_statistics_are_there():
    assert {"total_mass", "pdf", "power_spectrum", "bispectrum", "cddf"} <= set(statistics.names())
    assert {"cross_correlation", "transfer_function", "halo_relation", "halo_profile"} <= set(
        statistics.names()
    )
    assert {"radial_profile", "scaling_relation", "mass_function"} <= set(statistics.names())
    assert statistics.names() == sorted(statistics.names())


def test_attribute_is_the_statistic_not_its_module(name):
    assert callable(getattr(statistics, name))
    assert getattr(statistics, name) == statistics.get(name)


def test_unknown_names_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"statistic is 'spectre', expected one of .*pdf"):
        statistics.get("spectre")
    with pytest.raises(AttributeError, match="no 'spectre', its statistics are"):
        statistics.spectre  # noqa: B018


def test_sums_of_slabs_add_in_any_order(name):
    statistic = statistic_of(name)
    first, second, third = (statistic.compute(*row) for row in maps_for(name, 3))
    left = numbers_of(statistic.finish(first + second + third))
    right = numbers_of(statistic.finish(third + (second + first)))
    at_once = numbers_of(statistic(*map(iter, zip(*maps_for(name, 3), strict=True))))
    assert np.isfinite(left).all()
    np.testing.assert_allclose(left, right, rtol=1e-12)
    np.testing.assert_array_equal(left, at_once)


def test_one_slab_and_a_list_of_it_are_the_same(name):
    (row,) = maps_for(name, 1)
    one, listed = statistic_of(name)(*row), statistic_of(name)(*([slab] for slab in row))
    np.testing.assert_array_equal(numbers_of(one), numbers_of(listed))


def test_adding_changes_neither_summand(name):
    statistic = statistic_of(name)
    first, second = (statistic.compute(*row) for row in maps_for(name, 2))
    before = numbers_of(statistic.finish(first)).copy()
    assert first + second is not first
    np.testing.assert_array_equal(numbers_of(statistic.finish(first)), before)


def test_no_slab_is_refused(name):
    (row,) = maps_for(name, 1)
    with pytest.raises(ValueError, match="got no mesh, expected one or more"):
        statistics.get(name)(*([] for _ in row))


def test_what_a_statistic_says_of_its_curve_is_true(name):
    statistic = statistic_of(name)
    (row,) = maps_for(name, 1)
    result = statistic(*row)
    assert isinstance(result, Curve) == bool(statistic.title)
    assert set(statistic.needs) <= {entry.name for entry in fields(statistic)}
    assert not statistic.needs or name in OPTIONS
    if statistic.fields:
        with pytest.raises(ValueError, match="expected"):
            statistic(*(slab.with_values(slab.values, field="temperature") for slab in row))
    if statistic.title:
        assert result.y_log == (statistic.y_range is None)
        assert ("k [" in result.x_label) == (statistic.over == "wavenumber")
        assert statistic.place not in {
            statistics.get(other).place for other in statistics.names() if other != name
        }


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0])
def test_bad_pixels_are_refused_with_their_number_and_place(name, bad):
    (row,) = maps_for(name, 1)
    number = {"slab": {"index": 3}, "cutout": {"number": 3}, "grid": {}}
    where = {
        "slab": ", axis z, slab 3 has 2 pixels",
        "cutout": ", axis z, object 3 has 2 pixels",
        "grid": " has 2 cells",
    }
    row = [m.with_values(m.values, simulation="hydro11-z2", **number[m.KIND]) for m in row]
    for place, good in enumerate(row):
        values = good.values.copy()
        values.flat[3:5] = bad
        meshes = list(row)
        meshes[place] = good.with_values(values)
        with pytest.raises(ValueError, match=f"hydro11-z2{where[good.KIND]} that are"):
            statistic_of(name)(*meshes)


def test_sums_of_different_kinds_or_fields_dont_add(name):
    (row,) = maps_for(name, 1)
    sums = statistic_of(name).compute(*row)
    if statistics.get(name).takes("dm", row[0].KIND):
        of_dm = [slab.with_values(slab.values, field="dm") for slab in row]
        with pytest.raises(ValueError, match=r"fields are 'gas' and 'dm'.*expected the same"):
            sums + statistic_of(name).compute(*of_dm)
    others = [statistic_of(n).compute(*maps_for(n, 1)[0]) for n in statistics.names()]
    for other in others:
        if type(other) is not type(sums):  # r(k) and T(k) are made of the same sums
            with pytest.raises(TypeError):
                sums + other


@pytest.mark.parametrize("name", [n for n in OPTIONS if statistics.get(n).needs])
def test_haloes_are_asked_for_in_a_sentence(name):
    (row,) = maps_for(name, 1)
    with pytest.raises(ValueError, match=r"got no haloes, expected a catalogue: pass halos="):
        statistics.get(name)(*row)


def test_power_spectra_of_different_boxes_dont_add():
    compute = statistics.power_spectrum.compute
    (slab,) = maps(1)
    with pytest.raises(ValueError, match=r"wavenumber bins \[h/Mpc\] are .* and .* expected"):
        compute(slab) + compute(slab_of(slab.values, cell_size=30.0))


def test_total_mass_of_a_uniform_map_is_density_times_area():
    slab = slab_of(np.full((30, 50), 2e4), cell_size=10.0)
    assert statistics.total_mass(slab) == pytest.approx(2e4 * 300 * 500, rel=1e-7)
    assert statistics.total_mass([slab, slab]) == pytest.approx(2 * 2e4 * 300 * 500, rel=1e-7)


def test_total_mass_loses_no_small_pixel_beside_a_large_one():
    values = np.ones((1000, 1000))
    values[0, 0] = 1e9
    mass = statistics.total_mass(slab_of(values, cell_size=1.0))
    assert mass == pytest.approx(1e9 + 999_999, rel=1e-12)


def test_total_mass_of_a_temperature_map_is_refused():
    with pytest.raises(ValueError, match=r"is of gas temperature, expected dark matter \(dm\) or"):
        statistics.total_mass(slab_of(np.ones((8, 8)), field="temperature"))


def test_statistic_of_two_maps_pairs_them():
    @dataclass(frozen=True, eq=False)
    class ProductSums(Sums):
        SHARED: ClassVar[dict[str, str]] = {}
        product: float

    @dataclass(frozen=True)
    class Product(Statistic[ProductSums, float]):
        name = "product"
        maps = ("truth", "painted")

        def _compute(self, truth, painted):
            return ProductSums(float((truth.values * painted.values).sum()))

        def finish(self, sums):
            return sums.product

    one, two, three = (slab_of(np.full((2, 2), value)) for value in (1, 2, 3))
    assert Product()(two, three) == 4 * 6
    assert Product()([one, two], [two, three]) == 4 * 2 + 4 * 6
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Product()([one, two], [three])
    with pytest.raises(ValueError, match="product got 1 meshes, expected 2: truth, painted"):
        Product()(one)
