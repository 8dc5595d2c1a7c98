"""Snapshots that can't be read are refused in a sentence."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine.formats import open_snapshot


class TestBadInput:
    def test_no_such_file(self, tmp_path):
        with pytest.raises(ValueError, match="does not exist, expected an HDF5 file"):
            open_snapshot(tmp_path / "none.hdf5")

    def test_not_hdf5(self, tmp_path):
        path = tmp_path / "text.hdf5"
        path.write_text("no snapshot at all, only words\n" * 100)
        with pytest.raises(ValueError, match=r"text\.hdf5 is not a readable HDF5 file"):
            open_snapshot(path)

    def test_truncated(self, gadget, universe):
        path = gadget(universe)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match=r"snap\.hdf5 .*truncated"):
            open_snapshot(path)

    def test_foreign(self, tmp_path):
        path = tmp_path / "foreign.hdf5"
        with h5py.File(path, "w") as file:
            file["data"] = np.arange(3)
        with pytest.raises(ValueError, match=r"foreign\.hdf5 is HDF5 but no snapshot"):
            open_snapshot(path)

    def test_no_files_at_all(self):
        with pytest.raises(ValueError, match="list of the snapshot's files is empty"):
            open_snapshot([])

    @pytest.mark.parametrize(
        ("attribute", "value", "words"),
        [
            ("BoxSize", 0.0, "the box size in the header is 0, expected a positive number"),
            ("BoxSize", np.nan, "the box size in the header is nan, expected a positive number"),
            ("HubbleParam", -0.7, r"the Hubble parameter in the header is -0\.7"),
            ("Omega0", 0.0, "the Omega_m in the header is 0"),
        ],
    )
    def test_a_header_of_no_universe(self, gadget, universe, attribute, value, words):
        with pytest.raises(ValueError, match=rf"snap\.hdf5: {words}"):
            open_snapshot(gadget(universe, attributes={attribute: value}))

    def test_no_numbers_of_particles(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["Header"].attrs["NumPart_Total"]
        with pytest.raises(ValueError, match=r"snap\.hdf5 has no Header/NumPart_Total"):
            open_snapshot(path)

    def test_units_of_the_header_that_are_not_those_of_the_block(self, gadget, universe):
        universe.columns["gas"]["position"] *= 1000
        snapshot = open_snapshot(gadget(universe))
        with pytest.raises(
            ValueError, match=r"coordinates of gas reach .* inside the box of 10000"
        ):
            snapshot.positions("gas", 0, 512)

    def test_a_block_of_words(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0/Masses"] = [b"heavy"] * 512
        with pytest.raises(
            ValueError, match=r"PartType0/Masses holds words or records, expected numbers"
        ):
            open_snapshot(path).masses("gas", 0, 5)

    def test_bad_values_are_laid_to_their_own_file(self, gadget, universe):
        universe.columns["gas"]["mass"][500] = np.nan
        with pytest.raises(ValueError, match=r"many\.2\.hdf5: mass of gas holds 1 value"):
            open_snapshot(gadget(universe, "many", files=3)).masses("gas", 0, 512)

    def test_haloes_without_a_mass(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            file["Halos/Coordinates"] = np.ones((1, 3))
            file["Halos/Mvir"], file["Halos/Rvir"], file["Halos/FoFMass"] = [np.nan], [1.0], [1.0]
        with pytest.raises(ValueError, match=r"snap\.hdf5: Halos/Mvir holds 1 value"):
            open_snapshot(path).halos("hydro")

    def test_empty_folder(self, tmp_path):
        with pytest.raises(ValueError, match=r"is a folder without \.hdf5 files"):
            open_snapshot(tmp_path)

    @pytest.mark.parametrize("attribute", ["HubbleParam", "Omega0", "Redshift", "UnitMass_in_g"])
    def test_missing_attribute(self, gadget, universe, attribute):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["Header"].attrs[attribute]
        with pytest.raises(ValueError, match=rf"snap\.hdf5 has no header attribute {attribute}"):
            open_snapshot(path)

    def test_missing_block(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/NeutralHydrogenAbundance"]
        with pytest.raises(
            ValueError, match=r"snap\.hdf5 has no block NeutralHydrogenAbundance in PartType0"
        ):
            open_snapshot(path).hi_masses(0, 5)

    def test_wrong_shape(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0/Masses"] = np.ones(500)
        with pytest.raises(
            ValueError, match=r"PartType0/Masses has shape \(500,\), expected \(512,\)"
        ):
            open_snapshot(path).masses("gas", 0, 5)

    @pytest.mark.parametrize(
        ("value", "words"), [(np.nan, "not finite"), (-1.0, "negative"), (np.inf, "not finite")]
    )
    def test_bad_values(self, gadget, universe, value, words):
        universe.columns["gas"]["mass"][7] = value
        snapshot = open_snapshot(gadget(universe))
        assert np.all(snapshot.masses("gas", 8, 20) > 0)
        with pytest.raises(
            ValueError, match=rf"snap\.hdf5: mass of gas holds 1 value\(s\) that are {words}"
        ):
            snapshot.masses("gas", 0, 20)


SHIPPED = Path(__file__).parents[2] / "assets" / "snapshots" / "hydro11-z2.hdf5"


def test_a_file_cut_short_inside_a_block_is_said_to_be_truncated(tmp_path):
    path = tmp_path / "cut.hdf5"
    shutil.copy(SHIPPED, path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(ValueError, match=r"cut\.hdf5"):
        open_snapshot(path).positions("dark matter", 0, 100)
