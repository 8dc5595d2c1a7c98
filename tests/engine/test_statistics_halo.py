"""Haloes: which slab holds them, masses in exact apertures, neighbours, scatter, profiles."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import engine
from engine import statistics
from engine.cosmology import Cosmology
from engine.halos import Halos
from engine.mesh import Slab
from engine.results import Points
from engine.statistics.apertures import discs
from engine.statistics.halo_scatter import quantile, scatter

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
SIDE, PIXEL = 64, 50.0
BOX = SIDE * PIXEL / 1000  # 3.2 Mpc/h
DEPTH = 0.8


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": PIXEL, "depth": DEPTH, "box_size": BOX}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def dark(values, **changes):
    return slab_of(values, field="dm", **changes)


def halos_of(position, rvir=200.0, mvir=1e11):
    n = len(position)
    return Halos(position, np.full(n, mvir), np.broadcast_to(rvir, n), np.zeros(n), "hydro")


def random_halos(number=40, seed=1):
    rng = np.random.default_rng(seed)
    return halos_of(rng.random((number, 3)) * BOX, rng.uniform(20, 500, number))


@pytest.mark.parametrize("axis", "xyz")
def test_every_halo_is_in_just_one_slab(axis):
    halos = random_halos(200)
    slabs = [
        dark(np.ones((SIDE, SIDE)), axis=axis, index=i, start=0.3 + i * DEPTH) for i in range(4)
    ]
    found = [halos.in_slab(slab) for slab in slabs]
    assert_array_equal(np.sort(np.concatenate(found)), np.arange(200))
    for slab, numbers in zip(slabs, found, strict=True):
        height = halos.position[numbers, "xyz".index(axis)]
        assert ((height - slab.start) % BOX < DEPTH).all()
        assert len(numbers)


def test_a_halo_on_an_edge_is_in_the_upper_slab_and_the_box_is_periodic():
    halos = halos_of([(1, 1, 0.0), (1, 1, 0.8), (1, 1, BOX)])
    below, above = (dark(np.ones((SIDE, SIDE)), index=i, start=i * DEPTH) for i in (0, 1))
    assert_array_equal(halos.in_slab(below), [0, 2])
    assert_array_equal(halos.in_slab(above), [1])


@given(
    column=st.floats(0, SIDE),
    row=st.floats(0, SIDE),
    radius=st.floats(1e-3, SIDE / 2),
)
def test_a_disc_on_a_uniform_map_holds_its_area_wherever_it_lies(column, row, radius):
    centre = np.mod(np.array([[column, row]]), SIDE)
    (covered,) = discs(centre, np.array([radius]), (SIDE, SIDE))
    assert covered.fraction.min() >= 0
    assert covered.fraction.max() <= 1
    (area,) = covered.sum_over(np.ones((SIDE, SIDE)))
    assert area == pytest.approx(np.pi * radius**2, rel=1e-9)


@pytest.mark.parametrize("radius", [0.3, 0.8, 2.7, 11.4])
def test_exact_parts_of_pixels_equal_fine_samples(radius):
    centre = np.array([[10.37, 61.82]])  # wraps around an edge
    (covered,) = discs(centre, np.array([radius]), (SIDE, SIDE))
    values = np.random.default_rng(2).random((SIDE, SIDE))
    fine = 32
    place = (np.arange(SIDE * fine) + 0.5) / fine
    dx = (place - centre[0, 0] + SIDE / 2) % SIDE - SIDE / 2
    dy = (place - centre[0, 1] + SIDE / 2) % SIDE - SIDE / 2
    inside = np.hypot(dx, dy[:, np.newaxis]) < radius
    part = inside.reshape(SIDE, fine, SIDE, fine).mean((1, 3))
    found = np.zeros((SIDE, SIDE))
    np.add.at(found, np.ix_(covered.row[0], covered.column[0]), covered.fraction[0])
    assert_allclose(found, part, atol=0.02)
    assert covered.sum_over(values)[0] == pytest.approx((part * values).sum(), rel=0.01)


def test_discs_done_together_equal_each_alone():
    rng = np.random.default_rng(3)
    centre, radius = rng.random((60, 2)) * SIDE, 10 ** rng.uniform(-1, 1.4, 60)
    values = rng.random((SIDE, SIDE))
    together, alone = np.zeros(60), np.zeros(60)
    for covered in discs(centre, radius, values.shape):
        together[covered.disc] += covered.sum_over(values)
    for i in range(60):
        (covered,) = discs(centre[i : i + 1], radius[i : i + 1], values.shape)
        alone[i] = covered.sum_over(values)[0]
    assert_allclose(together, alone, rtol=1e-12)


def test_a_disc_wider_than_the_map_is_refused():
    with pytest.raises(ValueError, match=r"100\.0 pixels wide, expected at most the 64"):
        list(discs(np.zeros((1, 2)), np.array([50.0]), (SIDE, SIDE)))


@pytest.mark.parametrize("axis", "xyz")
def test_a_known_halo_gives_its_known_mass(axis):
    # Rows and columns are the two axes that remain, in the order x < y < z.
    position = np.array([1.2, 0.4, 2.9])
    column, row = (i for i in range(3) if i != "xyz".index(axis))
    x, y = position[[column, row]] * 1000 / PIXEL
    edge = np.arange(SIDE)
    distance = np.hypot(
        (edge + 0.5 - x + SIDE / 2) % SIDE - SIDE / 2,
        ((edge + 0.5 - y + SIDE / 2) % SIDE - SIDE / 2)[:, np.newaxis],
    )
    kernel = np.maximum(1 - distance / 4, 0)  # ends at 4 pixels, inside the radius of 5
    values = 7e11 * kernel / kernel.sum() / PIXEL**2
    slab = slab_of(values, axis=axis, depth=BOX)
    halos = halos_of([position, (0.1, 2.0, 1.0)], 300.0)
    found = statistics.halo_relation(dark(3 * values, axis=axis, depth=BOX), slab, halos=halos)
    assert_allclose(found.y[0], 7e11, rtol=1e-5)
    assert_allclose(found.x[0], 2.1e12, rtol=1e-5)
    assert found.y[1] < 1e-3 * found.y[0]


def test_uniform_maps_give_density_times_area():
    halos = random_halos()
    slab = slab_of(np.full((SIDE, SIDE), 2e4), depth=BOX)
    found = statistics.halo_relation(dark(np.full((SIDE, SIDE), 6e4), depth=BOX), slab, halos=halos)
    area = np.pi * halos.rvir.astype(float) ** 2
    assert_array_equal(found.columns["number"], np.arange(40))
    assert_allclose(found.y, 2e4 * area, rtol=1e-9)
    assert_allclose(found.x, 6e4 * area, rtol=1e-9)
    assert_array_equal(found.columns["resolved"], halos.rvir >= 3 * PIXEL)
    assert f"{(halos.rvir < 150).sum()} of 40 have R_vir below 3 pixels" in found.note


@given(rows=st.integers(0, SIDE - 1), columns=st.integers(0, SIDE - 1))
def test_a_periodic_shift_of_map_and_haloes_changes_nothing(rows, columns):
    values = np.random.default_rng(4).lognormal(size=(SIDE, SIDE))
    halos = random_halos()
    shift = np.array([columns, rows, 0]) * PIXEL / 1000
    moved = halos_of((halos.position + shift) % BOX, halos.rvir)
    rolled = np.roll(values, (rows, columns), (0, 1))
    before = statistics.halo_relation(dark(values), slab_of(values), halos=halos)
    after = statistics.halo_relation(dark(rolled), slab_of(rolled), halos=moved)
    assert_allclose(before.y, after.y, rtol=1e-4)  # positions are single precision
    assert_array_equal(before.columns["environment"], after.columns["environment"])


@cache
def box():
    """Pairs of the slabs of a box, and their haloes."""
    rng = np.random.default_rng(6)
    pairs = []
    for i in range(4):
        place = {"index": i, "start": i * DEPTH}
        values = rng.lognormal(size=(SIDE, SIDE))
        pairs.append((dark(values, **place), slab_of(values**2, **place)))
    return pairs, random_halos(60)


def test_slabs_in_any_order_give_the_same_points():
    pairs, halos = box()
    relation = statistics.get("halo_relation", halos=halos)
    forward = relation(*zip(*pairs, strict=True))
    backward = relation(*zip(*reversed(pairs), strict=True))
    assert len(forward) == 60
    for found in (forward.y, forward.x, *forward.columns.values()):
        assert len(found) == 60
    assert_array_equal(forward.y, backward.y)
    for name, values in forward.columns.items():
        assert_array_equal(values, backward.columns[name])
    by_number = np.argsort(forward.columns["number"])
    assert_array_equal(forward.columns["mvir"][by_number], halos.mvir)
    assert_array_equal(forward.columns["rvir"][by_number], halos.rvir)
    assert (np.diff(forward.columns["slab"]) >= 0).all()


def test_realisations_of_one_slab_add_in_any_order():
    pairs, halos = box()
    relation = statistics.get("halo_relation", halos=halos)
    matter, gas = pairs[0]
    drawn = [relation.compute(matter, gas.with_values(f * gas.values)) for f in (1.0, 3.0, 2.0)]
    one = relation.finish(drawn[0] + drawn[1] + drawn[2])
    other = relation.finish(drawn[2] + (drawn[0] + drawn[1]))
    assert_array_equal(one.y, other.y)
    assert len(one) == 3 * len(relation(matter, gas))


def test_neighbours_are_counted_within_one_mpc_around_the_box():
    centres = [(0.1, 1.0, 0.1), (BOX - 0.8, 1.0, 0.1), (1.0, 1.0, 0.1), (1.2, 1.0, 0.1)]
    halos = halos_of([*centres, (0.1, 1.0, 1.5)])  # the last is in another slab
    ones = np.ones((SIDE, SIDE))
    found = statistics.halo_relation(dark(ones), slab_of(ones), halos=halos)
    assert_allclose(found.columns["environment"] * np.pi, [2, 1, 2, 1])
    light = Halos(halos.position, [1e11, 4e9, 1e11, 1e11, 1e11], halos.rvir, np.zeros(5), "hydro")
    found = statistics.halo_relation(dark(ones), slab_of(ones), halos=light)
    assert_allclose(found.columns["environment"] * np.pi, [1, 1, 2, 1])
    assert "Neighbours are haloes of 5e+09 Msun/h or more" in found.note
    none = statistics.halo_relation(dark(ones), slab_of(ones), halos=halos, neighbour_mass=1e13)
    assert not none.columns["environment"].any()


def test_a_dark_matter_only_map_counts_as_the_dark_matter_of_a_run_with_baryons():
    ones, halos = np.ones((SIDE, SIDE)), random_halos()
    hydro = statistics.halo_relation(dark(ones), slab_of(ones), halos=halos)
    only = statistics.halo_relation(slab_of(ones, field="dmo"), slab_of(ones), halos=halos)
    assert_allclose(only.x, hydro.x * (1 - 0.0486 / 0.3089), rtol=1e-12)
    assert "1 - Omega_b / Omega_m" in only.note


def test_maps_that_cant_be_paired_are_refused():
    ones, halos = np.ones((SIDE, SIDE)), random_halos()
    relation = statistics.get("halo_relation", halos=halos)
    with pytest.raises(ValueError, match="came first, expected the dark-matter map"):
        relation(slab_of(ones), slab_of(ones))
    with pytest.raises(ValueError, match="expected the same slab twice"):
        relation(dark(ones), slab_of(ones, index=1))
    with pytest.raises(ValueError, match=r"is of gas temperature, expected dark matter \(dm\)"):
        relation(dark(ones), slab_of(ones, field="temperature"))
    tile = {"periodic": False}
    with pytest.raises(ValueError, match=r"64 by 64 pixels and is not periodic, expected the 64"):
        relation(dark(ones, **tile), slab_of(ones, **tile))
    with pytest.raises(ValueError, match=r"32 by 64 pixels, expected the 64 a side"):
        relation(dark(ones[:32]), slab_of(ones[:32]))


def lognormal_points(number=4000, dex=0.3, seed=8):
    rng = np.random.default_rng(seed)
    x = 10 ** rng.uniform(9, 12, number)
    y = 0.1 * x * 10 ** (dex * rng.standard_normal(number))
    return Points(x, y, name="gas in haloes", x_label="x", y_label="y")


def test_scatter_and_median_of_a_lognormal_relation_are_found_within_errors():
    edges = np.arange(9, 12.01, 0.1)  # narrow: the slope adds little
    points = lognormal_points()
    found, median = scatter(points, edges), quantile(points, bins=edges)
    assert found.count.sum() == 4000
    assert (np.abs(found.y - 0.3) / found.error < 4).all()
    assert np.mean(found.y) == pytest.approx(0.3, rel=0.05)
    pull = (median.y / (0.1 * median.x) - 1) * median.y / median.error
    assert (np.abs(pull) < 4).mean() > 0.9
    low, high = (quantile(points, q, edges) for q in (0.16, 0.84))
    assert_allclose(np.log10(high.y / low.y) / 2, found.y, rtol=1e-9)
    assert "seed 0" in found.error_kind


def test_scatter_knows_nothing_of_the_points_order():
    points = lognormal_points(300)
    shuffled = points.select(np.random.default_rng(1).permutation(300))
    assert_array_equal(scatter(points).error, scatter(shuffled).error)
    assert_array_equal(scatter(points).y, scatter(shuffled).y)


def test_thin_bins_are_nan_and_zeros_are_told():
    points = Points(np.full(9, 1e10), [0, 0, 1, 2, 3, 4, 5, 6, 7], "hi", "x", "y")
    found = scatter(points, bins=(9, 9.5, 10.5))
    assert_array_equal(np.isnan(found.y), [True, False])
    assert_array_equal(found.count, [0, 7])
    assert found.note == "2 of 9 points are zero and left out."


def test_default_bins_are_round_and_hold_all_points():
    found = scatter(lognormal_points(200))
    assert_allclose(np.log10(found.edges) * 4, np.round(np.log10(found.edges) * 4), atol=1e-9)
    assert found.count.sum() == 200


def test_default_bins_are_the_same_for_maps_that_leave_haloes_empty():
    full = lognormal_points(200)
    empty = Points(full.x, np.where(full.x < 3e9, 0, full.y), "hi", "x", "y")
    assert_array_equal(scatter(empty).edges, scatter(full).edges)
    nothing = quantile(Points(full.x, np.zeros(200), "hi", "x", "y"))
    assert np.isnan(nothing.y).all()
    assert nothing.note == "200 of 200 points are zero and left out."


def test_points_refuse_lengths_that_differ_and_colours_that_are_none():
    with pytest.raises(ValueError, match="arrays of different lengths"):
        Points([1, 2], [1, 2], "a", "x", "y", columns={"number": np.arange(3)})
    with pytest.raises(ValueError, match="coloured by 'age', expected one of number"):
        Points([1], [1], "a", "x", "y", columns={"number": np.arange(1)}, colour="age")
    with pytest.raises(ValueError, match="read-only"):
        Points([1], [1], "a", "x", "y", columns={"number": np.arange(1)}).columns["number"][0] = 3


EDGES = (0.0, 0.25, 0.5, 1.0, 2.0)


def test_profile_of_a_uniform_map_is_flat_and_its_rings_hold_their_area():
    slab = slab_of(np.full((SIDE, SIDE), 5.0), depth=BOX)
    halos = halos_of([(0.13, 3.1, 1.0)], 333.0)
    found = statistics.halo_profile(slab, halos=halos, edges=EDGES)
    assert_allclose(found.y, 5, rtol=1e-12)
    assert_allclose(found.error, 0, atol=1e-6)
    rings = np.pi * np.diff(np.square(np.array(EDGES) * 333 / PIXEL))
    assert_allclose(found.count, rings, rtol=1e-6)
    assert_allclose(found.edges, np.array(EDGES) * 333, rtol=1e-6)
    assert found.x_label == "radius [ckpc/h]"
    assert_allclose(found.x[0], 2 / 3 * found.edges[1], rtol=1e-6)


def test_profile_of_a_cone_is_its_height_at_each_radius():
    # A cone's mean over a ring is its value at the ring's mean radius.
    row, column = np.mgrid[:SIDE, :SIDE] + 0.5
    distance = np.hypot(column - 32.2, row - 31.7) * PIXEL
    slab = slab_of(2000 - distance.clip(max=2000), depth=BOX)
    halos = halos_of([(32.2 * PIXEL / 1000, 31.7 * PIXEL / 1000, 1.0)], 500.0)
    found = statistics.halo_profile(slab, halos=halos, edges=EDGES)
    assert_allclose(found.y[1:], 2000 - found.x[1:], rtol=0.01)
    assert_allclose(found.error[-1] * np.sqrt(found.count[-1]), 500 / np.sqrt(12), rtol=0.1)


def test_mass_of_the_rings_is_the_mass_of_the_aperture():
    pairs, halos = box()
    (matter, gas), number = pairs[0], int(halos.in_slab(pairs[0][0])[0])
    profile = statistics.halo_profile(gas, halos=halos, numbers=(number,), edges=(0, 0.3, 0.7, 1))
    mass = (profile.y * profile.count).sum() * PIXEL**2
    relation = statistics.halo_relation(matter, gas, halos=halos)
    assert mass == pytest.approx(relation.y[relation.columns["number"] == number][0], rel=1e-9)


def test_a_stack_over_slabs_is_the_mean_over_all_pixels():
    pairs, halos = box()
    small = halos_of(halos.position, halos.rvir / 3)
    numbers = (3, 11, 29, 44)
    stacked = statistics.halo_profile(
        [gas for _, gas in pairs], halos=small, numbers=numbers, edges=EDGES
    )
    alone = []
    for number in numbers:
        (home,) = (gas for _, gas in pairs if number in small.in_slab(gas))
        alone.append(statistics.halo_profile(home, halos=small, numbers=(number,), edges=EDGES))
    count = np.sum([curve.count for curve in alone], axis=0)
    mean = np.sum([curve.y * curve.count for curve in alone], axis=0) / count
    assert_allclose(stacked.count, count)
    assert_allclose(stacked.y, mean)
    assert stacked.x_label == "radius / R_vir"
    assert_allclose(stacked.edges, EDGES)
    assert stacked.name == "gas around 4 haloes"


def test_haloes_elsewhere_or_nowhere_are_refused():
    pairs, halos = box()
    (gas,) = (gas for _, gas in pairs[:1])
    elsewhere = int(np.setdiff1d(np.arange(60), halos.in_slab(gas))[0])
    with pytest.raises(
        ValueError, match=f"holds the centre of halo {elsewhere}, expected the slab"
    ):
        statistics.halo_profile(gas, halos=halos, numbers=(elsewhere,), edges=EDGES)
    with pytest.raises(ValueError, match=r"Haloes are \(60,\), expected one number .* 0 to 59"):
        statistics.halo_profile(gas, halos=halos, numbers=(60,))
    with pytest.raises(ValueError, match="expected a radius of 0 or more"):
        statistics.halo_profile(gas, halos=halos, edges=(-1, 1))


@cache
def shipped():
    simulation = engine.open_simulation("hydro11-z2")
    return simulation, simulation.halos("hydro")


def test_resolved_haloes_of_the_shipped_simulation_hold_their_mass_and_its_gas():
    simulation, halos = shipped()
    slabs = [[simulation.slab(f, index=i) for i in range(8)] for f in ("dm", "gas")]
    points = statistics.halo_relation(*slabs, halos=halos)
    assert_array_equal(np.sort(points.columns["number"]), np.arange(len(halos)))
    resolved = points.select(points.columns["resolved"])
    # The virial mass is of all matter, what lies before and behind adds a few per cent.
    ratio = (
        np.median(resolved.x / resolved.columns["mvir"]) / simulation.cosmology.dark_matter_fraction
    )
    assert 1.0 < ratio < 1.5
    fraction = np.median(resolved.y / (resolved.x + resolved.y))
    assert 0.7 < fraction / (simulation.cosmology.Omega_b / simulation.cosmology.Omega_m) < 1.1
