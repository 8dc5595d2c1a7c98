"""Cut-outs of a snapshot: an isothermal ball across the box's edge, its mass and its X-rays."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import engine
from engine.formats import open_snapshot
from engine.projection import cutouts as cutting
from engine.projection.clusters import _check_unit, find_clusters
from engine.projection.cutouts import CutoutRequest
from engine.projection.snapshots import project_snapshot

ROOT = Path(__file__).parents[2]
MASS, RADIUS = 1e14, 900.0
"""Of the ball, [Msun/h] and [kpc/h]; mass within r goes with r."""

CENTRE = np.array([9990.0, 5.0, 4000.0])
"""Beside two faces of the box."""

NUMBER = 14**3
OPTIONS = {"fields": (), "allow_incomplete": True}


def ball(random, n, radius=RADIUS):
    direction = random.normal(size=(n, 3))
    direction /= np.sqrt((direction**2).sum(1))[:, None]
    return (CENTRE + radius * random.random(n)[:, None] * direction) % 10000


@pytest.fixture
def cluster(universe):
    """A tenth of the ball is gas of one temperature; z = 0."""
    random = np.random.default_rng(4)
    columns = universe.columns
    columns["dark matter"] = {
        "position": ball(random, NUMBER),
        "mass": np.full(NUMBER, 0.9 * MASS / NUMBER),
    }
    columns["gas"] = {
        "position": ball(random, NUMBER),
        "mass": np.full(NUMBER, 0.1 * MASS / NUMBER),
        "energy": np.full(NUMBER, 4e5),
        "electrons": np.full(NUMBER, 1.158),
        "neutral": np.zeros(NUMBER),
        "support": np.full(NUMBER, 100.0),
        "density": np.full(NUMBER, 3e4),
        "forming": np.zeros(NUMBER),
    }
    del columns["stars"]
    return universe


@pytest.fixture
def snapshot(gadget, cluster):
    return gadget(cluster, attributes={"Redshift": 0.0, "Time": 1.0})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    wrapped = (CENTRE + np.array([60, -50, 20])) % 10000 / 1000
    path.write_text("x,y,z,mass\n" + ",".join(map(str, wrapped)) + ",3e13\n5,5,5,1e10\n")
    return path


@pytest.fixture
def found(snapshot, table, tmp_path):
    wish = CutoutRequest(1e13, table)
    return engine.open_simulation(
        project_snapshot(snapshot, tmp_path / "out.hdf5", cutouts=wish, **OPTIONS)
    )


def test_the_object_is_found_again_centred_and_weighed(found):
    objects = found.objects()
    away = 1000 * objects.position[0] - CENTRE
    assert np.abs(away - 10000 * np.round(away / 10000)).max() < 30
    # M(<r) = M r / R, so that the mean density is 500 times critical (277.5) where
    radius = np.sqrt(MASS / RADIUS / (4 / 3 * np.pi * 500 * 277.54))
    assert objects.columns["r500c"][0] == pytest.approx(radius, rel=0.03)
    assert objects.columns["m500c"][0] == pytest.approx(MASS * radius / RADIUS, rel=0.05)
    assert objects.columns["hot_gas"][0] == pytest.approx(0.1 * MASS * radius / RADIUS, rel=0.1)
    assert objects.columns["mass"].tolist() == pytest.approx([3e13])
    assert objects.columns["offset"][0] < 0.1
    assert set(objects.units) == set(objects.columns)


@pytest.mark.parametrize("axis", "xyz")
def test_mass_is_conserved_across_the_edge_of_the_box(found, axis):
    # The ball is smaller than the cube, and so are its kernels.
    for field, mass in (("dm", 0.9 * MASS), ("hot_gas", 0.1 * MASS)):
        cut = found.cutout(field, 0, axis)
        assert cut.values.sum(dtype=float) * cut.pixel_area == pytest.approx(mass, rel=1e-4)


def test_an_isothermal_ball_has_its_temperature_and_its_luminosity(found, snapshot):
    particles = open_snapshot(snapshot)
    T = particles.temperatures(0, 1)[0]
    cut = found.cutout("temperature_sl", 0, "x")
    assert cut.values[cut.values > 0] == pytest.approx(T, rel=1e-4)
    assert found.objects().columns["temperature"][0] == pytest.approx(8.617333e-8 * T, rel=1e-5)
    carried = cutting_sum(found.cutout("xray", 0, "x"))
    inside = found.objects().columns
    part = inside["hot_gas"][0] / (0.1 * MASS)
    assert carried * part == pytest.approx(1e44 * float(inside["luminosity"][0]), rel=1e-3)


def cutting_sum(cut):
    """Luminosity of a map of surface brightness, [erg/s]."""
    side = cut.cell_size / cut.cosmology.h / (1 + cut.redshift) * 3.0856775814913674e21
    return cut.values.sum(dtype=np.float64) * side**2


def test_cut_outs_are_four_proper_megaparsecs_wide(found):
    cut = found.cutout("dm", 0, "z")
    assert cut.shape == (64, 64)
    assert cut.pixel_size == pytest.approx(62.5 * 0.6774)
    assert cut.depth == pytest.approx(4 * 0.6774)
    assert (cut.level, cut.particles, cut.periodic) == ("HR", NUMBER, False)
    assert not found.available()
    assert set(found.cutouts()) == {
        (field, axis) for field in ("dm", "hot_gas", "temperature_sl", "xray") for axis in "xyz"
    }


def test_an_object_moved_through_the_box_looks_the_same(gadget, cluster, tmp_path, table, found):
    for columns in cluster.columns.values():
        columns["position"] = (columns["position"] + np.array([3000.0, 3000.0, 0])) % 10000
    path = gadget(cluster, "moved", attributes={"Redshift": 0.0, "Time": 1.0})
    table.write_text("x y z mass\n2.99 3.005 4 3e13\n")
    wish = CutoutRequest(1e13, table)
    moved = project_snapshot(path, tmp_path / "moved-out.hdf5", cutouts=wish, **OPTIONS)
    before = found.cutout("dm", 0, "y").values
    after = engine.open_simulation(moved).cutout("dm", 0, "y").values
    assert np.abs(after - before).sum() < 0.02 * before.sum()


def test_turned_objects_are_the_same_particles_seen_from_elsewhere(snapshot, table, tmp_path):
    wish = CutoutRequest(1e13, table, orientations=3)
    out = project_snapshot(snapshot, tmp_path / "turned.hdf5", cutouts=wish, **OPTIONS)
    turned = engine.open_simulation(out)
    assert turned.objects().columns["orientation"].tolist() == [0, 1, 2]
    maps = [turned.cutout("dm", i, "z") for i in range(3)]
    assert np.abs(maps[1].values - maps[0].values).sum() > 0.1 * maps[0].values.sum()
    masses = [m.values.sum(dtype=float) * m.pixel_area for m in maps]
    assert masses == pytest.approx([0.9 * MASS] * 3, rel=1e-4)


def test_a_coarser_run_has_fewer_particles_and_the_same_mass(snapshot, table, tmp_path):
    wish = CutoutRequest(1e13, table, level="MR")
    out = project_snapshot(snapshot, tmp_path / "coarse.hdf5", cutouts=wish, **OPTIONS)
    cut = engine.open_simulation(out).cutout("dm", 0, "x")
    assert (cut.level, cut.particles) == ("MR", NUMBER // 8)
    assert cut.values.sum(dtype=float) * cut.pixel_area == pytest.approx(0.9 * MASS, rel=0.05)


def test_bounds_on_memory_change_no_cut_out(snapshot, table, tmp_path, monkeypatch, found):
    monkeypatch.setattr(cutting, "MAP_MEMORY", 1)
    monkeypatch.setattr(cutting, "CHUNK", 1000)
    wish = CutoutRequest(1e13, table)
    out = project_snapshot(snapshot, tmp_path / "parts.hdf5", cutouts=wish, **OPTIONS)
    parts = engine.open_simulation(out).cutout("xray", 0, "y").values
    assert parts == pytest.approx(found.cutout("xray", 0, "y").values, rel=1e-4)


def test_a_run_of_dark_matter_alone_has_cut_outs_of_it(gadget, cluster, table, tmp_path):
    del cluster.columns["gas"]
    cluster.columns["dark matter"]["mass"][:] = MASS / NUMBER
    path = gadget(cluster, attributes={"Redshift": 0.0, "Time": 1.0})
    wish = CutoutRequest(1e13, table)
    out = project_snapshot(path, tmp_path / "out.hdf5", cutouts=wish, **OPTIONS)
    simulation = engine.open_simulation(out)
    assert {field for field, _ in simulation.cutouts()} == {"dmo"}
    assert "temperature" not in simulation.objects().columns


def test_two_rows_of_one_object_are_one(snapshot, tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text("# x y z mass name\n9.99 0.005 4.0 2e13 a\n9.95 0.03 4.02 3e13 b\n")
    found = find_clusters(open_snapshot(snapshot), 1e13, path)
    assert found.objects.columns["mass"].tolist() == pytest.approx([3e13])


@pytest.mark.parametrize("block", ["Density", "InternalEnergy"])
def test_gas_without_temperatures_or_densities_is_refused_by_name(snapshot, table, tmp_path, block):
    with h5py.File(snapshot, "a") as file:
        del file[f"PartType0/{block}"]
    with pytest.raises(ValueError, match=f"has no block {block} in PartType0") as error:
        project_snapshot(
            snapshot, tmp_path / "o.hdf5", cutouts=CutoutRequest(1e13, table), **OPTIONS
        )
    assert "\n" not in str(error.value)
    assert not (tmp_path / "o.hdf5").exists()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("x,y,z,mass\n9.99,0.005,4,3e3\n", "the heaviest of its table has 3000, expected one"),
        ("x,y,z,mass\n9.99,0.005,4,3e23\n", r"has 3e\+23 Msun/h, expected no more than all"),
        ("x,y,z,mass\n9990,5,4000,3e13\n", "reach from 5 to 9990, expected comoving Mpc/h"),
        ("x,y,z\n9.99,0.005,4\n", "no column mass in its first line, expected x, y, z, mass"),
        ("x,y,z,mass\n9.99,nan,4,3e13\n", "not finite, or masses that are not positive"),
    ],
)
def test_a_table_in_other_units_is_refused(snapshot, tmp_path, lines, words):
    path = tmp_path / "table.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=words) as error:
        project_snapshot(
            snapshot, tmp_path / "o.hdf5", cutouts=CutoutRequest(1e13, path), **OPTIONS
        )
    assert "\n" not in str(error.value)


def test_a_box_smaller_than_the_cube_and_silly_wishes_are_refused(gadget, universe, tmp_path):
    small = gadget(universe, attributes={"Redshift": 4.0, "Time": 0.2})
    wish = CutoutRequest(1e13)
    with pytest.raises(ValueError, match=r"no block Density"):
        project_snapshot(small, tmp_path / "o.hdf5", cutouts=wish, **OPTIONS)
    with pytest.raises(ValueError, match=r"box is 10 Mpc/h wide, expected at least the 13.55"):
        cutting.cutout_layout(open_snapshot(small).header, 64, "z")
    with pytest.raises(ValueError, match="expected 8 to 4096 a side"):
        cutting.cutout_layout(open_snapshot(small).header, 4, "z")
    with pytest.raises(ValueError, match="expected a mass above 0"):
        CutoutRequest(-1.0)


def test_the_command_line_cuts_out_and_asks_for_a_mass(snapshot, table, tmp_path):
    def run(*options):
        command = [sys.executable, "-m", "engine", "project", snapshot, tmp_path / "o.hdf5"]
        return subprocess.run(
            [*command, "--allow-incomplete", *options], cwd=ROOT, capture_output=True, text=True
        )

    refused = run("--objects", table)
    assert "expected --cutouts with the least mass too" in refused.stderr
    assert run("--cutouts", "1e13", "--objects", table, "--cutout-pixels", "16").returncode == 0
    assert engine.open_simulation(tmp_path / "o.hdf5").cutout("xray").shape == (16, 16)


def test_masses_that_cannot_be_of_what_is_there_are_refused_with_what_is(snapshot):
    mass = np.array([3e13, 4e13])
    with pytest.raises(ValueError, match="of the table are 10 times what lies within 500 times"):
        _check_unit(snapshot, mass, mass / 10)
    _check_unit(snapshot, mass, mass / 1.4)
    with pytest.raises(ValueError, match="nothing as dense as 500 times the critical density"):
        _check_unit(snapshot, mass, 0 * mass)
