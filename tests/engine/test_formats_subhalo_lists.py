"""Lists of subhaloes by AHF and Subfind: units, hosts, and what is none of them."""

import h5py
import numpy as np
import pytest

from engine.cosmology import PLANCK
from engine.formats.subhalo_lists import read_subhalo_list

BOX, REDSHIFT = 6.0, 1.0

AHF_HEADING = (
    "#ID(1)\thostHalo(2)\tnumSubStruct(3)\tMvir(4)\tnpart(5)\tXc(6)\tYc(7)\tZc(8)\tVXc(9)"
    "\tVYc(10)\tVZc(11)\tRvir(12)\tRmax(13)\tr2(14)\tmbp_offset(15)\tcom_offset(16)\tVmax(17)\t\n"
)


def ahf_row(identity, host, mass, x, y, z, radius, vmax):
    return (
        f"{identity}\t{host}\t0\t{mass}\t99\t{x}\t{y}\t{z}\t1\t2\t3\t{radius}\t9\t9\t9\t9\t{vmax}\n"
    )


LONG = 18446744073709551000
"""Identities have 20 digits, more than a float keeps apart."""

AHF_ROWS = [
    ahf_row(LONG, LONG + 1, 1e10, 5900, 5999.9, 3000, 30, 40),
    ahf_row(LONG + 1, 0, 1e12, 100, 2000, 3000, 200, 150),
    ahf_row(LONG + 2, 0, 1e11, 4000, 4000, 4000, 80, 90),
]


def read(path, box=BOX, redshift=REDSHIFT):
    return read_subhalo_list(path, "dmo", box, redshift, PLANCK)


def refused(words, path, **universe):
    with pytest.raises(ValueError, match=words) as error:
        read(path, **universe)
    assert "\n" not in str(error.value)


class TestAhf:
    def write(self, folder, text, name="run.z1.000.AHF_halos"):
        path = folder / name
        path.write_text(text)
        return path

    def test_units_and_hosts_are_those_of_the_contract(self, tmp_path):
        found = read(self.write(tmp_path, AHF_HEADING + "".join(AHF_ROWS)))
        assert found.host.tolist() == [1, -1, -1]
        assert found.mvir.tolist() == pytest.approx([1e10, 1e12, 1e11])
        assert found.position[0] == pytest.approx([5.9, 5.9999, 3.0])
        assert found.rvir.tolist() == [30, 200, 80]
        assert found.vmax.tolist() == [40, 150, 90]
        assert found.definition.startswith("AHF")

    def test_other_versions_name_columns_and_no_host_otherwise(self, tmp_path):
        heading = AHF_HEADING.replace("Mvir", "Mhalo").replace("Rvir", "Rhalo")
        rows = [ahf_row(0, -1, 1e12, 9, 9, 5000, 9, 9), ahf_row(1, 0, 1e10, 10, 9, 5000, 9, 9)]
        assert read(self.write(tmp_path, heading + "".join(rows))).host.tolist() == [-1, 0]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (AHF_HEADING.replace("Rvir", "R") + AHF_ROWS[1], "no column Rvir or Rhalo, expected"),
            (AHF_HEADING, "can't be read"),
            (AHF_HEADING + AHF_ROWS[2] + "12\t0\t", "can't be read"),
            (AHF_HEADING + AHF_ROWS[2].replace("100000000000.0", "massive"), "can't be read"),
            (AHF_HEADING + AHF_ROWS[2].replace("100000000000.0", "nan"), "not finite"),
            (AHF_HEADING + AHF_ROWS[0], "1 parents are not in the list"),
            (AHF_HEADING + AHF_ROWS[1].replace("3000", "3"), "reach from 3 to 2000, expected com"),
            (AHF_HEADING + AHF_ROWS[1].replace("3000", "6100"), "throughout a box of 6000 kpc/h"),
        ],
    )
    def test_what_is_damaged_or_of_another_box_is_refused(self, tmp_path, text, words):
        refused(words, self.write(tmp_path, text))

    def test_another_redshift_is_refused(self, tmp_path):
        path = self.write(tmp_path, AHF_HEADING + AHF_ROWS[2], "run.0000.z0.500.AHF_halos")
        refused("is of redshift 0.500, expected 1", path)


NO_SUBHALO = 2**32 - 1
"""As Arepo writes that a group has none, in numbers without a sign."""


def write_subfind(path, groups, subhalos, files=1, **header):
    """Groups are rows of their first subhaloes; subhaloes group, mass, position and velocity."""
    with h5py.File(path, "w") as file:
        about = {"BoxSize": 6000.0, "Redshift": 1.0, "NumFiles": files}
        file.create_group("Header").attrs.update(about | header)
        file["Group/GroupFirstSub"] = np.array(groups, np.uint32)
        parent = file.create_group("Subhalo")
        if subhalos:
            group, mass, position, vmax = zip(*subhalos, strict=True)
            parent["SubhaloGrNr"] = np.array(group, np.int32)
            parent["SubhaloMass"] = np.array(mass, np.float32)
            parent["SubhaloPos"] = np.array(position, np.float32)
            parent["SubhaloVmax"] = np.array(vmax, np.float32)
    return path


GROUPS = [0, NO_SUBHALO, 2]
SUBHALOS = [
    (0, 100.0, (100, 2000, 3000), 150),
    (0, 1.0, (5900, 2000, 3000), 40),
    (2, 10.0, (4000, 4000, 4000), 90),
]


class TestSubfind:
    def test_units_and_hosts_are_those_of_the_contract(self, tmp_path):
        found = read(write_subfind(tmp_path / "fof_subhalo_tab_004.hdf5", GROUPS, SUBHALOS))
        assert found.host.tolist() == [-1, 0, -1]
        assert found.mvir.tolist() == pytest.approx([1e12, 1e10, 1e11])
        assert found.position[1] == pytest.approx([5.9, 2, 3])
        assert found.vmax.tolist() == [150, 40, 90]
        volume = 4 / 3 * np.pi * (found.rvir.astype(float) / 1000) ** 3
        density = found.mvir / volume / PLANCK.mean_matter_density
        assert density == pytest.approx(np.full(3, 200), rel=1e-4)

    def test_the_files_units_are_heeded(self, tmp_path):
        places = [(g, 10 * m, np.array(p) / 1000, v) for g, m, p, v in SUBHALOS]
        grams = 1.988409870698051e42
        path = write_subfind(
            tmp_path / "tab.hdf5", GROUPS, places, BoxSize=6.0, UnitMass_in_g=grams
        )
        found = read(path)
        assert found.mvir.tolist() == pytest.approx([1e12, 1e10, 1e11])
        assert found.position[1] == pytest.approx([5.9, 2, 3])

    def test_parts_make_one_catalogue(self, tmp_path):
        """Rows and groups are counted through all parts; one without subhaloes has none."""
        for number, (groups, subhalos) in enumerate(
            [(GROUPS[:1], SUBHALOS[:2]), (GROUPS[1:2], []), (GROUPS[2:], SUBHALOS[2:])]
        ):
            write_subfind(tmp_path / f"tab_004.{number}.hdf5", groups, subhalos, files=3)
        whole = read(write_subfind(tmp_path / "tab.hdf5", GROUPS, SUBHALOS))
        parts = read(tmp_path / "tab_004.1.hdf5")
        assert parts.host.tolist() == whole.host.tolist()
        assert np.array_equal(parts.position, whole.position)
        (tmp_path / "tab_004.2.hdf5").unlink()
        refused("one of 3 files of a group catalogue, but", tmp_path / "tab_004.0.hdf5")

    def test_names_of_gadget_4_are_known(self, tmp_path):
        path = write_subfind(tmp_path / "tab.hdf5", GROUPS, SUBHALOS)
        with h5py.File(path, "a") as file:
            file.move("Subhalo/SubhaloGrNr", "Subhalo/SubhaloGroupNr")
            del file["Group/GroupFirstSub"], file["Header"].attrs["Redshift"]
            file["Group/GroupFirstSub"] = np.array([0, -1, 2], np.int64)
            file["Header"].attrs["Time"] = 0.5
        assert read(path).host.tolist() == [-1, 0, -1]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"BoxSize": 7000.0}, "is of a box of 7000, expected 6 Mpc/h, or 6000 kpc/h"),
            ({"Redshift": 0.5}, "is of redshift 0.5, expected 1"),
        ],
    )
    def test_another_universe_is_refused(self, tmp_path, change, words):
        refused(words, write_subfind(tmp_path / "tab.hdf5", GROUPS, SUBHALOS, **change))

    @pytest.mark.parametrize(
        ("groups", "subhalos", "words"),
        [
            ([], [], "holds no subhalo, expected some"),
            (GROUPS[:2], SUBHALOS, "reach from 0 to 2, expected 0 to 1; a part is missing"),
            ([2, NO_SUBHALO, 2], SUBHALOS, "don't belong together"),
            ([0, NO_SUBHALO, NO_SUBHALO], SUBHALOS, "don't belong together"),
            (GROUPS, [(0, np.nan, (1, 2, 3), 1)], "not finite"),
        ],
    )
    def test_what_does_not_belong_together_is_refused(self, tmp_path, groups, subhalos, words):
        refused(words, write_subfind(tmp_path / "tab.hdf5", groups, subhalos))

    def test_friends_of_friends_alone_and_other_files_are_refused(self, tmp_path):
        path = write_subfind(tmp_path / "tab.hdf5", GROUPS, SUBHALOS)
        with h5py.File(path, "a") as file:
            del file["Subhalo/SubhaloMass"]
        refused("has no SubhaloMass, expected a group catalogue with the subhaloes", path)
        with h5py.File(path, "a") as file:
            del file["Header"]
        refused("has no Header with BoxSize, expected a group catalogue of Subfind", path)


class TestForeign:
    def test_what_is_no_list_is_refused_with_those_that_are_known(self, tmp_path):
        path = tmp_path / "haloes.txt"
        path.write_text("mass,x,y,z\n1,2,3,4\n")
        refused("haloes.txt is no list of haloes that is known here, expected Rockstar's", path)
        path.write_bytes(bytes(range(256)))
        refused("no list of haloes that is known here, .*AHF_halos or a group catalogue of", path)
        refused("does not exist, expected Rockstar's list", tmp_path / "gone")

    def test_rockstars_are_read_as_before(self, tmp_path):
        path = tmp_path / "parents.list"
        heading = "#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z PID\n#a = 0.5\n#Box size: 6.0 Mpc/h\n"
        path.write_text(heading + "10 -1 1e12 150 1 200 1 900 0.1 2.0 3.0 -1\n")
        assert read(path).definition.startswith("Rockstar")
