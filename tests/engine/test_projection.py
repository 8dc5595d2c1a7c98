"""Particles to slab maps: mass, geometry, levels, twins, and that a failure leaves nothing."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import engine
from engine.projection import slabs, writing
from engine.projection.snapshots import project_snapshot

ROOT = Path(__file__).parents[2]
ALL = ("dm", "gas", "hi", "stars", "temperature")
SMALL = {"pixels": 32, "n_slabs": 4}


@pytest.fixture
def snapshot(gadget, universe):
    return gadget(universe)


def mass_of(slab):
    return slab.values.sum(dtype=np.float64) * slab.pixel_area


@pytest.fixture
def particle_mass(universe):
    gas, stars = universe.columns["gas"], universe.columns["stars"]
    return {
        "dm": ("dark matter", universe.columns["dark matter"]["mass"]),
        "gas": ("gas", gas["mass"]),
        "hi": ("gas", 0.76 * gas["neutral"] * gas["mass"]),
        "stars": ("stars", stars["mass"]),
    }


@pytest.mark.parametrize("offset", [0.0, 1.1])
def test_every_slab_holds_the_mass_of_its_particles(
    snapshot, universe, particle_mass, tmp_path, offset
):
    out = project_snapshot(snapshot, tmp_path / "out.hdf5", fields=ALL, offset=offset, **SMALL)
    simulation = engine.open_simulation(out)
    for axis in "xyz":
        for name, (species, mass) in particle_mass.items():
            height = universe.columns[species]["position"][:, "xyz".index(axis)] / 1000
            number = np.floor((height - offset) % 10 / 2.5).astype(int)
            for index in range(4):
                assert simulation.slab(name, axis, index).start == offset + 2.5 * index
                expected = mass[number == index].sum()
                found = mass_of(simulation.slab(name, axis, index))
                assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("axis", "column", "row", "index"), [("x", 14, 25, 0), ("y", 4, 25, 1), ("z", 4, 14, 3)]
)
def test_columns_and_rows_are_the_axes_that_remain(
    gadget, universe, tmp_path, axis, column, row, index
):
    # One clump at x, y, z = 1.4, 4.6, 8.0 Mpc/h, on pixels of 0.3125 and slabs of 2.5 Mpc/h.
    clump = np.array([1400.0, 4600, 8000])
    universe.columns["dark matter"]["position"][:] = clump + np.random.default_rng(0).normal(
        0, 1, (512, 3)
    )
    out = project_snapshot(
        gadget(universe), tmp_path / "out.hdf5", fields=("dm",), allow_incomplete=True, **SMALL
    )
    slabs = [engine.open_simulation(out).slab("dm", axis, i).values for i in range(4)]
    assert [bool(values.any()) for values in slabs] == [i == index for i in range(4)]
    assert np.unravel_index(slabs[index].argmax(), (32, 32)) == (row, column)


def test_temperature_is_the_mean_weighted_by_gas_mass(gadget, universe, tmp_path):
    gas = universe.columns["gas"]
    gas["energy"][:], gas["electrons"][:] = 100.0, 1.0
    hot = np.arange(512) % 2 == 0
    gas["energy"][hot], gas["mass"][hot], gas["mass"][~hot] = 400.0, 3e7, 1e7
    universe.balance()
    gas["position"][1::2] = gas["position"][::2]
    gas["support"][:] = 900
    out = project_snapshot(
        gadget(universe), tmp_path / "out.hdf5", fields=("temperature",), smoothing="file", **SMALL
    )
    simulation = engine.open_simulation(out)
    assert not simulation.has("gas")
    cold = engine.formats.open_snapshot(tmp_path / "snap.hdf5").temperatures(1, 2)[0]
    values = np.stack([simulation.slab("temperature", "z", i).values for i in range(4)])
    assert values[values > 0] == pytest.approx((3 * 4 + 1) / 4 * cold, rel=1e-4)
    assert (values > 0).any()


class TestLevels:
    @pytest.fixture
    def opened(self, snapshot, tmp_path):
        def project(seed=0):
            out = tmp_path / f"{seed}.hdf5"
            return engine.open_simulation(
                project_snapshot(snapshot, out, fields=("dm",), axes="z", seed=seed, **SMALL)
            )

        return project

    def test_thinned_maps_keep_number_and_mass(self, opened):
        simulation = opened()
        full = sum(mass_of(simulation.slab("dm", index=i)) for i in range(4))
        for level, kept in (("HR", 512), ("MR", 64), ("LR", 8)):
            slabs = [simulation.slab("dm", index=i, level=level) for i in range(4)]
            assert {slab.particles for slab in slabs} == {kept}
            assert sum(map(mass_of, slabs)) == pytest.approx(full, rel=1e-5)
            assert slabs[0].separation == pytest.approx(10000 / kept ** (1 / 3))

    def test_each_level_is_kept_to_one_bit_fewer(self, snapshot, tmp_path):
        out = project_snapshot(
            snapshot, tmp_path / "out.hdf5", fields=("dm",), axes="z", mantissa_bits=6, **SMALL
        )
        with h5py.File(out) as file:
            for level, bits in (("HR", 6), ("MR", 5), ("LR", 4)):
                maps = file[f"maps/dm/{level}/ds/z"]
                assert f" {bits} bits" in maps.attrs["rounding"]
                mantissas = maps[...].view(np.uint32) & 0x7FFFFF
                assert np.bitwise_or.reduce(mantissas, axis=None) == (2**bits - 1) << (23 - bits)

    def test_the_draw_is_the_seed_s(self, opened):
        again, first, other = opened(), opened(), opened(seed=1)
        for level, same in (("HR", True), ("MR", False)):
            values = [s.slab("dm", level=level).values for s in (first, again, other)]
            assert np.array_equal(values[0], values[1])
            assert np.array_equal(values[0], values[2]) == same


class TestTwins:
    @pytest.fixture
    def twins(self, gadget):
        kind = type(self).universe
        return {
            ("dmo", "HR"): gadget(kind(seed=2, gas=False), "dmo"),
            ("dmo", "MR"): gadget(kind(seed=3, gas=False, number=64), "dmo-mr"),
        }

    @pytest.fixture(autouse=True)
    def _universe(self, universe):
        type(self).universe = type(universe)

    def test_native_and_thinned_stand_side_by_side(self, snapshot, twins, tmp_path):
        out = project_snapshot(
            snapshot, tmp_path / "out.hdf5", fields=("dm",), axes="z", twins=twins, **SMALL
        )
        simulation = engine.open_simulation(out)
        origins = {(key[1], key[2]) for key in simulation.available() if key[0] == "dmo"}
        assert origins == {
            ("HR", "ds"), ("HR", "native"), ("MR", "ds"), ("MR", "native"), ("LR", "ds"),
        }  # fmt: skip
        thinned, native = (simulation.slab("dmo", level="MR", origin=o) for o in ("ds", "native"))
        assert thinned.particles == native.particles == 64
        assert not np.array_equal(thinned.values, native.values)

    def test_a_twin_of_another_box_or_time_is_refused(self, snapshot, twins, tmp_path):
        for name, value, words in (
            ("BoxSize", 9000.0, r"dmo\.hdf5 has a box of 9 Mpc/h, expected 10"),
            ("Redshift", 3.0, r"dmo\.hdf5 is at redshift 3, expected 2"),
        ):
            with h5py.File(twins["dmo", "HR"], "a") as file:
                before = file["Header"].attrs[name]
                file["Header"].attrs[name] = value
            with pytest.raises(ValueError, match=words):
                project_snapshot(snapshot, tmp_path / "out.hdf5", twins=twins)
            with h5py.File(twins["dmo", "HR"], "a") as file:
                file["Header"].attrs[name] = before

    @pytest.mark.parametrize(
        ("key", "options", "words"),
        [
            (("dm", "HR"), {}, r"dm at HR is snap\.hdf5 itself"),
            (("dmo", "HR"), {}, r"twin\.hdf5 is a run with gas, but was given as the twin of dmo"),
            (("dm", "MR"), {"gas": False}, r"twin\.hdf5 is a run without gas, but was given as"),
            (
                ("dmo", "LR"),
                {"gas": False},
                r"twin\.hdf5 has 512 dark-matter particles, .* about 8",
            ),
            (("gas", "MR"), {}, "field of a twin is 'gas', expected one of dm, dmo"),
            (("dmo", "XR"), {}, "level of a twin is 'XR', expected one of HR"),
        ],
    )
    def test_a_twin_that_is_not_what_it_is_called(
        self, snapshot, gadget, tmp_path, key, options, words
    ):
        twin = gadget(type(self).universe(seed=4, **options), "twin")
        with pytest.raises(ValueError, match=words):
            project_snapshot(snapshot, tmp_path / "out.hdf5", twins={key: twin})

    def test_a_twin_of_another_cosmology_is_refused(self, snapshot, gadget, tmp_path):
        other = type(self).universe(gas=False)
        twin = gadget(other, "twin", attributes={"Omega0": 0.27})
        with pytest.raises(ValueError, match=r"twin\.hdf5 has Omega_m 0\.27, expected 0\.3089"):
            project_snapshot(snapshot, tmp_path / "out.hdf5", twins={("dmo", "HR"): twin})


class TestDarkMatterOnly:
    @pytest.fixture
    def run(self, gadget, universe):
        return gadget(type(universe)(seed=5, gas=False), "dmo")

    def test_is_projected_as_dmo(self, run, tmp_path):
        out = project_snapshot(run, tmp_path / "out.hdf5", fields=("dmo",), axes="y")
        simulation = engine.open_simulation(out)
        # 8^3 particles in 10 Mpc/h: 4 pixels a separation, slabs of about 1.5 Mpc/h.
        assert (simulation.pixels, simulation.n_slabs("y"), simulation.axes) == (32, 7, "y")
        assert {key[0] for key in simulation.available()} == {"dmo"}
        total = sum(mass_of(simulation.slab("dmo", "y", i)) for i in range(7))
        whole = simulation.cosmology.mean_matter_density * simulation.box_size**3
        assert total == pytest.approx(whole, rel=1e-5)

    @pytest.mark.parametrize("fields", [("dm", "gas", "hi"), ("dm",), ("dmo", "stars")])
    def test_has_no_gas_to_ask_for(self, run, tmp_path, fields):
        with pytest.raises(ValueError, match=r"dmo\.hdf5 is a dark-matter-only run, but .* asked"):
            project_snapshot(run, tmp_path / "out.hdf5", fields=fields)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": ("dm", "dust")}, "field is 'dust', expected one of"),
        ({"levels": ("HR", "XR")}, "level is 'XR', expected one of HR"),
        ({"levels": ("MR",)}, "HR among the levels"),
        ({"axes": "xw"}, "axis is 'w', expected one of x, y, z"),
        ({"smoothing": "adaptive"}, "smoothing is 'adaptive', expected one of neighbours, file"),
        ({"fields": ("dmo",)}, r"snap\.hdf5 is a run with gas, but dmo was asked for"),
        ({"pixels": -4}, "pixels is -4, expected 0 to"),
        ({"n_slabs": -1}, "n_slabs is -1, expected 0 to"),
        ({"offset": np.nan}, "offset is nan, expected"),
        ({"seed": -1}, "seed is -1, expected 0 to"),
        ({"mantissa_bits": 24}, "mantissa_bits is 24, expected 1 to 23"),
        ({"mantissa_bits": 0}, "mantissa_bits is 0, expected 1 to 23"),
    ],
)
def test_an_impossible_wish_is_refused_before_any_work(snapshot, tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        project_snapshot(snapshot, tmp_path / "out.hdf5", **arguments)
    assert [p.name for p in tmp_path.iterdir()] == ["snap.hdf5"]


def test_what_is_asked_for_twice_is_made_once(snapshot, tmp_path):
    out = project_snapshot(
        snapshot, tmp_path / "out.hdf5", fields=("gas", "gas"), levels=("HR", "HR"), axes="zz",
        **SMALL,
    )  # fmt: skip
    assert len(engine.open_simulation(out).available()) == 2  # ds and native, which are one


def test_nothing_is_written_over_a_snapshot_or_a_folder(snapshot, tmp_path):
    before = snapshot.read_bytes()
    with pytest.raises(ValueError, match=r"snap\.hdf5 is the snapshot itself"):
        project_snapshot(snapshot, tmp_path / "sub" / ".." / "snap.hdf5")
    with pytest.raises(ValueError, match="is a folder, expected the name of the simulation file"):
        project_snapshot(snapshot, tmp_path)
    assert snapshot.read_bytes() == before


def test_a_snapshot_without_dark_matter_is_refused(gadget, universe, tmp_path):
    del universe.columns["dark matter"]
    with pytest.raises(ValueError, match=r"snap\.hdf5 holds no dark matter"):
        project_snapshot(gadget(universe), tmp_path / "out.hdf5")


def test_smoothing_as_in_the_file_is_for_gas_alone(gadget, universe, tmp_path):
    path = gadget(universe)
    maps = {}
    for smoothing in ("neighbours", "file"):
        out = project_snapshot(
            path, tmp_path / f"{smoothing}.hdf5", axes="z", smoothing=smoothing, **SMALL
        )
        simulation = engine.open_simulation(out)
        maps[smoothing] = [simulation.slab(name, "z").values for name in ("dm", "gas")]
        assert (smoothing == "file") == ("as the file gives it" in simulation.provenance)
    assert np.array_equal(maps["file"][0], maps["neighbours"][0])
    assert not np.allclose(maps["file"][1], maps["neighbours"][1], rtol=0.1)
    with h5py.File(path, "a") as file:
        del file["PartType0/SmoothingLength"]
    with pytest.raises(ValueError, match="no block SmoothingLength in PartType0"):
        project_snapshot(path, tmp_path / "out.hdf5", smoothing="file")


def test_a_star_is_a_pixel_wide(gadget, universe, tmp_path):
    universe.columns["stars"]["position"][:] = [5156.25, 5156.25, 5156.25]  # mid of pixel 16
    out = project_snapshot(gadget(universe), tmp_path / "out.hdf5", fields=("stars",), **SMALL)
    values = engine.open_simulation(out).slab("stars", "z", 2).values
    rows, columns = np.nonzero(values)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (15, 17, 15, 17)
    assert values[16, 16] == values.max()


def test_a_failure_midway_leaves_what_was_there(gadget, universe, tmp_path, monkeypatch):
    out = tmp_path / "out" / "maps.hdf5"
    project_snapshot(gadget(universe), out, axes="z", **SMALL)
    before = out.read_bytes()
    written = []

    def full_disk(values, bits):
        written.append(bits)
        if len(written) > 5:
            raise OSError("no space left on device")
        return values

    monkeypatch.setattr(writing, "round_mantissa", full_disk)
    with pytest.raises(OSError, match="no space left"):
        project_snapshot(gadget(universe), out, axes="z", **SMALL)
    assert out.read_bytes() == before
    assert [p.name for p in out.parent.iterdir()] == ["maps.hdf5"]


def test_bounds_on_memory_change_no_map(snapshot, tmp_path, monkeypatch):
    def maps(name):
        out = project_snapshot(snapshot, tmp_path / name, fields=ALL, axes="xz", **SMALL)
        simulation = engine.open_simulation(out)
        keys = [key for key in simulation.available() if key[2] == "ds"]
        return {
            (key, i): simulation.slab(key[0], key[3], i, key[1]).values
            for key in keys
            for i in range(4)
        }

    whole = maps("whole.hdf5")
    monkeypatch.setattr(slabs, "MAP_MEMORY", 1)
    monkeypatch.setattr(slabs, "CHUNK", 37)
    for key, values in maps("pieces.hdf5").items():
        assert np.allclose(values, whole[key], rtol=5e-5, atol=1e-6 * whole[key].max())


def test_progress_goes_up_to_one(snapshot, tmp_path):
    told = []
    project_snapshot(
        snapshot,
        tmp_path / "out.hdf5",
        axes="z",
        progress=lambda f, what: told.append((f, what)),
        **SMALL,
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[-1] == (1.0, "done")
    assert any("smoothing" in what for _, what in told)


def run(*arguments):
    command = [sys.executable, "-m", "engine", "project", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command(snapshot, tmp_path):
    out = tmp_path / "made.hdf5"
    done = run(snapshot, out, "--axes", "z", "--fields", "dm,gas", "--slabs", 4, "--levels", "HR")
    assert done.returncode == 0, done.stderr
    assert engine.open_simulation(out).n_slabs("z") == 4
    failed = run(snapshot, tmp_path / "not.hdf5", "--fields", "dm,dust")
    assert failed.returncode == 2
    assert "field is 'dust', expected one of" in " ".join(failed.stderr.split())
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "not.hdf5").exists()
    nowhere = run(snapshot, snapshot / "not.hdf5", "--fields", "dm")
    assert nowhere.returncode == 2
    assert nowhere.stderr.strip().endswith("is a file, expected a folder to write not.hdf5 into.")
    assert "Traceback" not in nowhere.stderr
