"""Particles to grids: mass, geometry, levels, and that they are the maps once summed."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import engine
from engine.places import Run
from engine.projection import grids
from engine.projection.snapshots import project_snapshot

ROOT = Path(__file__).parents[2]
ALL = ("dm", "gas", "hi", "stars", "temperature")
ONLY_GRIDS = {"fields": (), "levels": ("HR",)}


@pytest.fixture
def snapshot(gadget, universe):
    return gadget(universe)


def mass_of(mesh):
    return mesh.values.sum(dtype=np.float64) * mesh.cell_volume


@pytest.mark.parametrize("assignment", ["kernel", "cic"])
def test_a_grid_holds_the_mass_of_the_particles(snapshot, universe, tmp_path, assignment):
    out = project_snapshot(
        snapshot, tmp_path / "o.hdf5", grids=ALL, cells=12, assignment=assignment, **ONLY_GRIDS
    )
    simulation = engine.open_simulation(out)
    gas = universe.columns["gas"]
    expected = {
        "dm": universe.columns["dark matter"]["mass"].sum(),
        "gas": gas["mass"].sum(),
        "hi": (0.76 * gas["neutral"] * gas["mass"]).sum(),
        "stars": universe.columns["stars"]["mass"].sum(),
    }
    for name, mass in expected.items():
        grid = simulation.grid(name)
        assert grid.shape == (12, 12, 12)
        assert mass_of(grid) == pytest.approx(mass, rel=2e-6)
        slabs = [mass_of(grid.slab("y", start, 2.5)) for start in (0, 2.5, 5, 7.5)]
        assert sum(slabs) == pytest.approx(mass, rel=1e-5)
    assert not simulation.available()
    temperature = simulation.grid("temperature").values
    assert (temperature[simulation.grid("gas").values > 1e-3] > 0).all()


def test_planes_rows_and_columns_are_z_y_and_x(gadget, universe, tmp_path):
    clump = np.array([1400.0, 4600, 8200])
    universe.columns["dark matter"]["position"][:] = clump + np.random.default_rng(0).normal(
        0, 1, (512, 3)
    )
    out = project_snapshot(
        gadget(universe),
        tmp_path / "o.hdf5",
        grids=("dm",),
        cells=20,
        allow_incomplete=True,
        **ONLY_GRIDS,
    )
    values = engine.open_simulation(out).grid("dm").values
    assert np.unravel_index(values.argmax(), values.shape) == (16, 9, 2)


@pytest.mark.parametrize("axis", "xyz")
def test_a_grid_summed_over_the_box_is_the_map(snapshot, tmp_path, axis):
    out = project_snapshot(
        snapshot, tmp_path / "o.hdf5", fields=("dm",), grids=("dm",), cells=32, pixels=32,
        n_slabs=1, levels=("HR",), axes=axis,
    )  # fmt: skip
    simulation = engine.open_simulation(out)
    found, expected = simulation.grid("dm").slab(axis), simulation.slab("dm", axis)
    assert found.depth == expected.depth
    assert mass_of(found) == pytest.approx(mass_of(expected), rel=1e-5)
    apart = np.abs(found.values - expected.values).sum() / expected.values.sum()
    assert apart < 0.02  # the kernel's samples: a pixel's are in a plane, a cell's in space


def test_cells_are_one_per_separation_of_each_level(snapshot, universe, tmp_path):
    out = project_snapshot(snapshot, tmp_path / "o.hdf5", fields=("gas",), grids=("dm", "stars"))
    simulation = engine.open_simulation(out)
    assert simulation.grids() == {
        Run("dm", "HR"): 8, Run("dm", "HR", "native"): 8, Run("dm", "MR"): 4, Run("dm", "LR"): 2,
        Run("stars", "HR"): 8, Run("stars", "HR", "native"): 8,
    }  # fmt: skip
    assert {key[0] for key in simulation.available()} == {"gas"}
    masses = [mass_of(simulation.grid("dm", level=level)) for level in ("HR", "MR", "LR")]
    mass = universe.columns["dark matter"]["mass"].sum()
    assert masses == pytest.approx([mass] * 3, rel=1e-5)
    assert simulation.grid("dm", level="MR").particles == 64


def test_bounds_on_memory_change_no_grid(snapshot, tmp_path, monkeypatch):
    wish = {"grids": ALL, "cells": 12, "mantissa_bits": 23, **ONLY_GRIDS}
    whole = engine.open_simulation(project_snapshot(snapshot, tmp_path / "a.hdf5", **wish))
    monkeypatch.setattr(grids, "GRID_MEMORY", 8 * 12**2 * 5)
    parts = engine.open_simulation(project_snapshot(snapshot, tmp_path / "b.hdf5", **wish))
    monkeypatch.setattr(grids, "CHUNK", 100)
    pieces = engine.open_simulation(project_snapshot(snapshot, tmp_path / "c.hdf5", **wish))
    for name in ALL:
        expected = whole.grid(name).values
        assert np.array_equal(parts.grid(name).values, expected)
        assert pieces.grid(name).values == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"grids": ("dmo",)}, "is a run with gas, but dmo was asked for"),
        ({"grids": ("xray",)}, "xray is a surface brightness, expected fields that have a value"),
        ({"fields": ("delta",)}, "field is 'delta', expected one of dm, dmo, gas"),
        ({"grids": ("dm",), "cells": -4}, "cells is -4, expected 1 to 8192"),
        ({"cells": 64}, "cells is 64, but no grids were asked for"),
        ({"grids": ("dm",), "assignment": "ngp"}, "assignment is 'ngp', expected one of kernel"),
        ({"fields": ()}, "expected at least one field of maps or grids"),
    ],
)
def test_an_impossible_wish_is_refused_before_any_work(snapshot, tmp_path, wish, words):
    with pytest.raises(ValueError, match=words) as error:
        project_snapshot(snapshot, tmp_path / "o.hdf5", **wish)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["snap.hdf5"]


def write_start(path, side=8, waves=1, **attributes):
    """A wave along y, given as displacements."""
    with h5py.File(path, "w") as file:
        header = {"BoxSize": 10000.0, "Redshift": 49.0, "Omega0": 0.3089, **attributes}
        file.create_group("Header").attrs.update(header)
        k = 2 * np.pi * waves / 10000
        y = np.arange(side) * 10000 / side
        displacement = np.zeros((side, side, side, 3), np.float32)
        displacement[..., 1] = (np.sin(k * y) * 0.01 / k)[None, :, None]
        file["Displacement"] = displacement
    return path


LIST = """#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z left out PID
#a = 0.333333
#Box size: 10.000000 Mpc/h
7 -1 1e12 150 1 200 1 900 1.0 2.0 3.0 -1
9 -1 1e10 40 1 30 1 9 1.1 2.0 3.0 7
"""


class TestBeside:
    def test_the_start_stands_at_the_cells_centres_and_today(self, snapshot, tmp_path):
        start = write_start(tmp_path / "ics.hdf5")
        out = project_snapshot(
            snapshot, tmp_path / "o.hdf5", grids=("dm",), initial_conditions=start, **ONLY_GRIDS
        )
        found = engine.open_simulation(out).initial_conditions()
        growth = 1 / found.cosmology.linear_growth(49)
        y = (np.arange(8) + 0.5) / 8
        assert found.values[3, :, 5] == pytest.approx(
            -0.01 * growth * np.cos(2 * np.pi * y), rel=1e-3
        )
        assert np.ptp(found.values, axis=(0, 2)) == pytest.approx(0, abs=1e-5)
        assert (found.starting_redshift, found.lattice) == (49, (0, 0, 0))

    def test_subhaloes_are_read_from_a_list(self, snapshot, tmp_path):
        path = tmp_path / "parents.list"
        path.write_text(LIST)
        out = project_snapshot(
            snapshot, tmp_path / "o.hdf5", grids=("dm",), subhalos={"hydro": path}, **ONLY_GRIDS
        )
        found = engine.open_simulation(out).subhalos("hydro")
        assert found.host.tolist() == [-1, 0]
        assert found.position[1] == pytest.approx([1.1, 2, 3])

    @pytest.mark.parametrize(
        ("attributes", "words"),
        [
            ({"BoxSize": 9000.0}, "ics.hdf5 is of a box of 9 Mpc/h, expected 10"),
            ({"Omega0": 0.3}, "ics.hdf5 has Omega_m 0.3, expected 0.3089"),
            ({"Redshift": 1.0}, "ics.hdf5 begins at redshift 1, expected more than the snapshot's"),
        ],
    )
    def test_a_start_of_another_universe_is_refused(self, snapshot, tmp_path, attributes, words):
        start = write_start(tmp_path / "ics.hdf5", **attributes)
        with pytest.raises(ValueError, match=words):
            project_snapshot(snapshot, tmp_path / "o.hdf5", grids=("dm",), initial_conditions=start)
        assert not (tmp_path / "o.hdf5").exists()

    def test_the_command(self, snapshot, tmp_path):
        (tmp_path / "parents.list").write_text(LIST)
        command = [
            sys.executable, "-m", "engine", "project", snapshot, tmp_path / "o.hdf5",
            "--fields", "", "--levels", "HR", "--grids", "dm,stars", "--cells", "6",
            "--assignment", "cic", "--initial-conditions", write_start(tmp_path / "ics.hdf5"),
            "--subhalos", f"hydro={tmp_path / 'parents.list'}",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        simulation = engine.open_simulation(tmp_path / "o.hdf5")
        assert simulation.grid("stars").shape == (6, 6, 6)
        assert simulation.initial_conditions().shape == (8, 8, 8)
        assert len(simulation.subhalos("hydro")) == 2
