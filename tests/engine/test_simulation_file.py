"""A simulation file comes back as it was written; a damaged or foreign one is refused in words."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

import engine
from engine.assets import DATA_VARIABLE
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_halos
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.rounding import round_mantissa
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Halos

HEADER = SimulationHeader(
    name="toy", box_size=6.0, redshift=2.0, cosmology=Cosmology(0.3, 0.05, 0.7), code="none",
    provenance="made in a test",
)  # fmt: skip
LAYOUT = SlabLayout(6.0, 16, 4)
ROOT = Path(__file__).parents[2]
HALOS = Halos(
    position=[[1, 2, 3]], mvir=[1e12], rvir=[200], fof_mass=[1.1e12], run="hydro", definition="d"
)


@pytest.fixture
def maps():
    return np.random.default_rng(0).lognormal(10, 2, (4, 16, 16)).astype(np.float32)


@pytest.fixture
def path(tmp_path, maps):
    path = tmp_path / "toy.hdf5"
    with new_simulation_file(path, HEADER) as file:
        create_maps(file, LAYOUT, ("dm", "HR", "ds", "z"), 4096, "made")[:] = maps
        create_maps(file, LAYOUT, ("gas", "HR", "ds", "z"), 4000, "made")[:] = maps / 5
        create_maps(file, LAYOUT, ("dm", "MR", "ds", "z"), 512, "made")[:] = maps
        write_halos(file, HALOS)
    return path


def test_maps_come_back(path, maps):
    simulation = engine.open_simulation(path)
    assert (simulation.name, simulation.axes, simulation.n_slabs("z")) == ("toy", "z", 4)
    slab = simulation.slab("dm", axis="z", index=3)
    assert np.array_equal(slab.values, maps[3])
    assert not slab.values.flags.writeable
    assert slab.pixel_size == pytest.approx(375)
    assert (slab.depth, slab.box_size, slab.redshift) == (1.5, 6, 2)
    assert (slab.level, slab.particles) == ("HR", 4096)
    assert slab.separation == pytest.approx(375)
    assert simulation.slab("dm", index=1, level="MR").separation == pytest.approx(750)
    assert simulation.cosmology == HEADER.cosmology
    assert simulation.provenance == "made in a test"


def test_at_full_resolution_both_origins_are_one_map(path, maps):
    simulation = engine.open_simulation(path)
    native = simulation.slab("dm", index=2, origin="native")
    assert native.origin == "native"
    assert np.array_equal(native.values, maps[2])
    assert not simulation.has("dm", level="MR", origin="native")


def test_haloes_come_back(path):
    simulation = engine.open_simulation(path)
    assert simulation.runs == ("hydro",)
    halos = simulation.halos("hydro")
    assert np.array_equal(halos.position, HALOS.position)
    assert (halos.mvir[0], halos.rvir[0], halos.definition) == (HALOS.mvir[0], 200, "d")
    assert not halos.mvir.flags.writeable
    with pytest.raises(
        ValueError, match="run of the haloes of toy is 'dmo', expected one of hydro"
    ):
        simulation.halos("dmo")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"field": "stars"}, "toy has no maps of 'stars', expected one of dm, gas"),
        ({"field": "neutrinos"}, "field is 'neutrinos', expected one of dm"),
        ({"axis": "w"}, "axis is 'w', expected one of x, y, z"),
        ({"axis": "x"}, r"toy has no map dm/HR/ds/x, expected one of .*HR/ds/z"),
        ({"level": "LR"}, r"toy has no map dm/LR/ds/z"),
        ({"index": 4}, "slab is 4, expected 0 to 3"),
        ({"index": -1}, "slab is -1, expected 0 to 3"),
    ],
)
def test_an_unknown_map_is_refused_in_words(path, arguments, words):
    with pytest.raises(ValueError, match=words):
        engine.open_simulation(path).slab(**{"field": "dm", **arguments})


def test_what_is_not_known_is_left_alone(path, maps):
    with h5py.File(path, "a") as file:
        file["maps/magnetic/HR/ds/z"] = np.ones((4, 16, 16))
        file["maps/dm/HR/ds/z-squared"] = np.ones(3)
        file["spectra/lyman alpha"] = np.ones(5)
        file["halos/hydro/spin"] = np.ones(7)
        file["maps/lost"] = h5py.SoftLink("/nowhere")
    simulation = engine.open_simulation(path)
    assert {key[0] for key in simulation.available()} == {"dm", "gas"}
    assert np.array_equal(simulation.slab("dm", index=1).values, maps[1])
    assert len(simulation.halos("hydro")) == 1


def test_maps_of_coarser_pixels_stand_beside_finer_ones(path):
    with h5py.File(path, "a") as file:
        coarse = create_maps(file, SlabLayout(6.0, 8, 4), ("dmo", "MR", "native", "z"), 64, "made")
        coarse[:] = 1
    simulation = engine.open_simulation(path)
    assert simulation.pixels == 16
    assert simulation.slab("dmo", level="MR", origin="native").pixel_size == 750


def test_a_signed_field_may_be_negative(path):
    with h5py.File(path, "a") as file:
        create_maps(file, LAYOUT, ("delta", "HR", "ds", "z"), 64, "made")[:] = -0.5
    slab = engine.open_simulation(path).slab("delta", index=2)
    assert (slab.values == -0.5).all()
    assert slab.unit == "1"


class TestTheFirstVersion:
    """It had the geometry at its root, one for all maps."""

    @pytest.fixture
    def old(self, path):
        with h5py.File(path, "a") as file:
            file.attrs.update(format="baryon-explorer slabs", format_version=1)
            file.attrs.update(pixels=16, n_slabs=4, offset=0.25)
            for key in (("dm", "HR"), ("gas", "HR"), ("dm", "MR")):
                maps = file["/".join(("maps", *key, "ds", "z"))]
                for word in ("cell_size", "depth", "offset"):
                    del maps.attrs[word]
        return path

    def test_opens_unchanged(self, old, maps):
        simulation = engine.open_simulation(old)
        assert (simulation.pixels, simulation.n_slabs("z"), simulation.offset) == (16, 4, 0.25)
        slab = simulation.slab("dm", index=2)
        assert np.array_equal(slab.values, maps[2])
        assert (slab.pixel_size, slab.depth, slab.start) == (375, 1.5, 3.25)

    def test_a_wrong_shape_is_refused(self, old):
        with h5py.File(old, "a") as file:
            del file["maps/gas/HR/ds/z"]
            file["maps/gas/HR/ds/z"] = np.ones((4, 16, 17))
        with pytest.raises(ValueError, match=r"shape \(4, 16, 17\), but .* \(4, 16, 16\)"):
            engine.open_simulation(old)

    def test_the_shipped_one_opens(self):
        simulation = engine.open_simulation("hydro11-z2")
        assert (simulation.pixels, simulation.n_slabs("z"), simulation.depth) == (384, 8, 1.40625)
        assert simulation.slab("hi", index=7).values.sum() > 0
        assert simulation.has("dmo", level="VLR", origin="native")
        assert not simulation.grids()


class TestFolders:
    def test_the_users_come_first(self, path, tmp_path, monkeypatch):
        folder = tmp_path / "mine" / "simulations"
        folder.mkdir(parents=True)
        (folder / "hydro11-z2.hdf5").write_bytes(path.read_bytes())
        path.rename(folder / "toy.hdf5")
        assert "toy" not in engine.simulations()
        assert engine.open_simulation("hydro11-z2").pixels == 384
        monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "mine"))
        assert {"toy", "hydro11-z2"} <= set(engine.simulations())
        assert engine.open_simulation("hydro11-z2").pixels == 16

    def test_an_unknown_name_lists_what_there_is(self):
        with pytest.raises(ValueError, match=r"simulation is 'nowhere', expected one of .*hydro11"):
            engine.open_simulation("nowhere")


class TestBadFiles:
    def refused(self, path, words):
        with pytest.raises(ValueError, match=words) as error:
            [engine.open_simulation(path).slab("dm", index=index) for index in range(4)]
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(("version", "words"), [(9, "9"), ([[2], [9]], r"\[\[2\] \[9\]\]")])
    def test_newer_version(self, path, version, words):
        with h5py.File(path, "a") as file:
            file.attrs["format_version"] = version
        self.refused(path, rf"toy\.hdf5 has version {words} of the format .*, expected 2")

    def test_missing_attribute(self, path):
        with h5py.File(path, "a") as file:
            del file.attrs["box_size"]
        self.refused(path, r"toy\.hdf5 lacks the root attributes .*box_size")

    @pytest.mark.parametrize("value", ["large", h5py.Empty("f")])
    def test_an_attribute_of_no_number(self, path, value):
        with h5py.File(path, "a") as file:
            file.attrs["redshift"] = value
        self.refused(path, r"toy\.hdf5.* redshift")

    def test_cells_that_do_not_fill_the_box(self, path):
        with h5py.File(path, "a") as file:
            file["maps/gas/HR/ds/z"].attrs["cell_size"] = 380
        self.refused(path, r"maps/gas/HR/ds/z has shape \(4, 16, 16\), but its geometry .* 6 Mpc/h")

    def test_slabs_that_are_missing(self, path):
        with h5py.File(path, "a") as file:
            file["maps/gas/HR/ds/z"].attrs["depth"] = 0.75
        self.refused(path, r"shape \(4, 16, 16\), but its geometry says \(8, 16, 16\)")

    @pytest.mark.parametrize("value", ["deep", np.nan, h5py.Empty("f")])
    def test_a_geometry_of_no_number(self, path, value):
        with h5py.File(path, "a") as file:
            file["maps/gas/HR/ds/z"].attrs["depth"] = value
        self.refused(path, "maps/gas/HR/ds/z has no attribute depth that is a finite number")

    def test_maps_of_other_slabs(self, path):
        with h5py.File(path, "a") as file:
            create_maps(file, SlabLayout(6.0, 16, 3), ("stars", "MR", "ds", "z"), 8, "made")
        self.refused(path, "holds maps of . slabs from 0 Mpc/h and . slabs .* expected the same")

    @pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
    def test_impossible_values(self, path, value):
        with h5py.File(path, "a") as file:
            file["maps/dm/HR/ds/z"][2, 3, 4] = value
        self.refused(path, r"maps/dm/HR/ds/z, slab 2, holds values that are negative or not finite")

    def test_damaged_chunk(self, path):
        with h5py.File(path) as file:
            place = file["maps/dm/HR/ds/z"].id.get_chunk_info(1)
        with path.open("r+b") as file:
            file.seek(place.byte_offset + place.size // 2)
            file.write(b"\xff" * 16)
        self.refused(path, r"maps/dm/HR/ds/z can't be read .*damaged")

    def test_truncated(self, path):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) * 2 // 3])
        self.refused(path, r"toy\.hdf5 .*truncated")

    @pytest.mark.parametrize("value", [0, -3])
    def test_no_cells(self, path, value):
        with h5py.File(path, "a") as file:
            file["maps/dm/HR/ds/z"].attrs["cell_size"] = value
        self.refused(path, r"shape \(4, 16, 16\), but its geometry says \(4, 0, 0\)")

    def test_haloes_of_different_numbers(self, path):
        with h5py.File(path, "a") as file:
            del file["halos/hydro/mvir"]
            file["halos/hydro/mvir"] = [1e12, 1e13]
        with pytest.raises(ValueError, match=r"halos/hydro has columns of .* expected as many"):
            engine.open_simulation(path).halos("hydro")

    def test_nothing_in_it(self, path):
        with h5py.File(path, "a") as file:
            del file["maps"], file["halos"]
        self.refused(path, r"toy\.hdf5 holds nothing this version reads, expected maps/")

    def test_haloes_alone(self, path):
        with h5py.File(path, "a") as file:
            del file["maps"]
        simulation = engine.open_simulation(path)
        assert len(simulation.halos("hydro")) == 1
        assert (simulation.axes, simulation.pixels, simulation.depth) == ("", 0, 0)
        self.refused(path, "toy has no maps of 'dm', expected one of none")

    def test_a_snapshot(self, gadget, universe):
        self.refused(
            gadget(universe), r"snap\.hdf5 is no simulation file.*python -m engine project"
        )


class TestWriting:
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, path, tmp_path):
        before = path.read_bytes()
        with pytest.raises(RuntimeError), new_simulation_file(path, HEADER) as file:  # noqa: PT012
            create_maps(file, LAYOUT, ("dm", "HR", "ds", "z"), 1, "made")
            raise RuntimeError
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["toy.hdf5"]

    def test_killed_while_writing_leaves_the_old_file(self, path):
        before = path.read_bytes()
        killed = """
import os, sys
from pathlib import Path
from engine.formats.maps import create_maps
from tests.engine.test_simulation_file import HEADER, LAYOUT
from engine.formats.simulation_file import new_simulation_file
with new_simulation_file(Path(sys.argv[1]), HEADER) as file:
    create_maps(file, LAYOUT, ("dm", "HR", "ds", "z"), 1, "made")[:] = 1
    file.flush()
    os.kill(os.getpid(), 9)
"""
        done = subprocess.run([sys.executable, "-c", killed, path], cwd=ROOT, check=False)
        assert done.returncode == -9
        assert path.read_bytes() == before
        assert engine.open_simulation(path).has("gas")
        with new_simulation_file(path, HEADER) as file:  # what the killed one left is no hindrance
            create_maps(file, LAYOUT, ("dm", "HR", "ds", "z"), 1, "made")[:] = 1
        assert [p.name for p in path.parent.iterdir()] == ["toy.hdf5"]

    @given(
        values=arrays.arrays(
            np.float32, (32, 32), elements=some.floats(0, 2.0**60, width=32, allow_subnormal=False)
        ),
        bits=some.integers(4, 23),
    )
    def test_rounding_is_bounded_and_keeps_zeros(self, values, bits):
        rounded = round_mantissa(values, bits)
        error = np.abs(rounded.astype(np.float64) - values)
        # Half a step by rounding, one more where the sum is mended.
        assert np.all(error <= 1.5 * 2.0**-bits * values.astype(np.float64) * 1.01)
        assert np.all(rounded[values == 0] == 0)

    @pytest.mark.parametrize(
        ("bits", "within"), [(4, 3e-6), (5, 1e-6), (7, 1e-6), (10, 1e-6), (16, 1e-6)]
    )
    def test_rounding_keeps_the_sum(self, bits, within):
        values = np.random.default_rng(3).lognormal(10, 2, (384, 384)).astype(np.float32)
        total = values.sum(dtype=np.float64)
        assert round_mantissa(values, bits).sum(dtype=np.float64) == pytest.approx(
            total, rel=within
        )
