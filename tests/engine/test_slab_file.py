"""The slab file comes back as it was written, and a damaged or foreign one is refused in words."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

import engine
from engine.assets import DATA_VARIABLE
from engine.cosmology import Cosmology
from engine.formats.slab_file import (
    SlabFileHeader,
    create_maps,
    new_slab_file,
    round_mantissa,
    write_halos,
)
from engine.halos import Halos

HEADER = SlabFileHeader(
    name="toy", box_size=6.0, redshift=2.0, cosmology=Cosmology(0.3, 0.05, 0.7), code="none",
    provenance="made in a test", pixels=16, n_slabs=4,
)  # fmt: skip
HALOS = Halos(
    position=[[1, 2, 3]], mvir=[1e12], rvir=[200], fof_mass=[1.1e12], run="hydro", definition="d"
)


@pytest.fixture
def maps():
    return np.random.default_rng(0).lognormal(10, 2, (4, 16, 16)).astype(np.float32)


@pytest.fixture
def path(tmp_path, maps):
    path = tmp_path / "toy.hdf5"
    with new_slab_file(path, HEADER) as file:
        create_maps(file, ("dm", "HR", "ds", "z"), 4096, "made")[:] = maps
        create_maps(file, ("gas", "HR", "ds", "z"), 4000, "made")[:] = maps / 5
        create_maps(file, ("dm", "MR", "ds", "z"), 512, "made")[:] = maps
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

    def test_newer_version(self, path):
        with h5py.File(path, "a") as file:
            file.attrs["format_version"] = 9
        self.refused(path, r"toy\.hdf5 has slab format version 9, expected 1")

    def test_missing_attribute(self, path):
        with h5py.File(path, "a") as file:
            del file.attrs["box_size"]
        self.refused(path, r"toy\.hdf5 lacks the root attribute .*box_size")

    def test_unknown_dataset(self, path):
        with h5py.File(path, "a") as file:
            file["maps/magnetic/HR/ds/z"] = np.ones((4, 16, 16))
        self.refused(path, r"maps/magnetic/HR/ds/z is not one this version knows")

    def test_wrong_shape(self, path):
        with h5py.File(path, "a") as file:
            del file["maps/gas/HR/ds/z"]
            file["maps/gas/HR/ds/z"] = np.ones((4, 16, 17))
        self.refused(path, r"maps/gas/HR/ds/z has shape \(4, 16, 17\), expected \(4, 16, 16\)")

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
    def test_no_pixels(self, path, value):
        with h5py.File(path, "a") as file:
            file.attrs["pixels"] = value
        self.refused(path, rf"toy\.hdf5: its attribute pixels is {value}, expected a positive")

    def test_haloes_of_different_numbers(self, path):
        with h5py.File(path, "a") as file:
            del file["halos/hydro/mvir"]
            file["halos/hydro/mvir"] = [1e12, 1e13]
        with pytest.raises(ValueError, match=r"halos/hydro has columns of .* expected as many"):
            engine.open_simulation(path).halos("hydro")

    def test_no_maps(self, path):
        with h5py.File(path, "a") as file:
            del file["maps"]
        self.refused(path, r"toy\.hdf5 holds no maps")

    def test_a_snapshot(self, gadget, universe):
        self.refused(gadget(universe), r"snap\.hdf5 is no slab file.*python -m engine project")


class TestWriting:
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, path, tmp_path):
        before = path.read_bytes()
        with pytest.raises(RuntimeError), new_slab_file(path, HEADER) as file:  # noqa: PT012
            create_maps(file, ("dm", "HR", "ds", "z"), 1, "made")
            raise RuntimeError
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["toy.hdf5"]

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
