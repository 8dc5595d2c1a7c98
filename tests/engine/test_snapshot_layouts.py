"""Layouts as suites leave them: other names, silent headers, missing parts, many in a folder."""

import shutil

import h5py
import numpy as np
import pytest

from engine.formats import open_snapshot
from engine.projection.consistency import doubts, survey

H = 0.6774
KPC, MSUN = 3.0856775814913673e21, 1.988409870698051e33
COSMOLOGY = {"Omega0": 0.3089, "OmegaLambda": 0.6911, "HubbleParam": H}


def changed(path, header=None, drop=(), rename=None):
    """The same file with another header or other block names."""
    with h5py.File(path, "a") as file:
        for name in drop:
            del file["Header"].attrs[name]
        file["Header"].attrs.update(header or {})
        for old, new in (rename or {}).items():
            file.move(old, new)
    return path


def in_units(path, length, mass):
    """The same particles in units of that many kpc/h and 1e10 Msun/h."""
    with h5py.File(path, "a") as file:
        header = file["Header"].attrs
        header["BoxSize"] /= length
        header["MassTable"] = header["MassTable"] / mass
        for kind in ("PartType0", "PartType1", "PartType4"):
            for name, factor in (("Coordinates", length), ("Masses", mass)):
                if name in file[kind]:
                    file[f"{kind}/{name}"][...] /= factor
        file["PartType0/SmoothingLength"][...] /= length
    return path


def is_that_universe(path, universe):
    """Whether box, masses and places are the universe's, however they were written."""
    snapshot = open_snapshot(path)
    assert snapshot.header.box_size == pytest.approx(10000, rel=1e-3)
    for species, columns in universe.columns.items():
        number = len(columns["mass"])
        masses = snapshot.masses(species, 0, number)
        assert np.allclose(masses, columns["mass"], rtol=1e-3)
        assert np.allclose(snapshot.positions(species, 0, number), columns["position"], rtol=1e-3)
    assert doubts(snapshot, survey(snapshot)) == []
    return snapshot


class TestUnits:
    @pytest.mark.parametrize("length", [1.0, 1000.0])
    @pytest.mark.parametrize("mass", [1.0, 1e-10])
    @pytest.mark.parametrize("mass_table", [True, False])
    def test_of_a_silent_file(self, tmp_path, universe, write, length, mass, mass_table):
        path = write(tmp_path / "snap.hdf5", universe, COSMOLOGY, mass_table=mass_table)
        snapshot = is_that_universe(in_units(path, length, mass), universe)
        assert f"taken as {length:g} kpc/h, {1e10 * mass:g} Msun/h" in " ".join(
            snapshot.header.notes
        )

    def test_of_a_silent_first_file_without_dark_matter(self, tmp_path, universe, write):
        dark = universe.columns["dark matter"]
        last = slice(256, None)
        universe.columns["dark matter"] = {name: values[last] for name, values in dark.items()}
        dark["mass"] *= 2  # a view: half as many, twice as heavy
        path = write(tmp_path / "many.hdf5", universe, COSMOLOGY, mass_table=False, files=2)
        for number in (0, 1):
            in_units(path.with_name(f"many.{number}.hdf5"), 1000.0, 1.0)
        first, second = (path.with_name(f"many.{n}.hdf5") for n in (0, 1))
        with h5py.File(first, "a") as one, h5py.File(second, "a") as two:
            for name in ("Coordinates", "Masses"):
                both = [file[f"PartType1/{name}"][:] for file in (one, two)]
                for file in (one, two):
                    del file[f"PartType1/{name}"]
                two[f"PartType1/{name}"] = np.concatenate(both)
            one["Header"].attrs["NumPart_ThisFile"] = np.array([256, 0, 0, 0, 30, 0])
            two["Header"].attrs["NumPart_ThisFile"] = np.array([256, 256, 0, 0, 30, 0])
        is_that_universe(path, universe)

    @pytest.mark.parametrize("per_h", [1.0, 1 / H])
    def test_that_are_no_power_of_ten(self, tmp_path, universe, write, per_h):
        # 5 kpc/h and 3e9 Msun/h, as GIZMO writes them: with h or without.
        path = write(tmp_path / "gizmo.hdf5", universe, {**COSMOLOGY, "GIZMO_version": 2022})
        changed(
            in_units(path, 5.0, 0.3),
            {
                "UnitLength_In_CGS": 5 * KPC * per_h,
                "UnitMass_In_CGS": 3e9 * MSUN * per_h,
                "UnitVelocity_In_CGS": 1e5,
            },
        )
        is_that_universe(path, universe)

    def test_of_zero_or_without_a_value(self, gadget, universe):
        with pytest.raises(ValueError, match=r"snap\.hdf5: UnitLength_in_cm is 0, expected a pos"):
            open_snapshot(gadget(universe, attributes={"UnitLength_in_cm": 0.0}))
        path = gadget(universe, attributes={"OmegaBaryon": h5py.Empty("f8")})
        assert "Omega_b not given" in " ".join(open_snapshot(path).header.notes)
        with pytest.raises(ValueError, match="no header attribute BoxSize"):
            open_snapshot(gadget(universe, attributes={"BoxSize": h5py.Empty("f8")}))
        with pytest.raises(ValueError, match=r"HubbleParam is .* expected a number"):
            open_snapshot(gadget(universe, attributes={"HubbleParam": "0.7 or so"}))


def test_eagle_s_names_and_units(tmp_path, universe, write):
    path = write(
        tmp_path / "snap_028_z000p000.hdf5", universe, {**COSMOLOGY, "OmegaBaryon": 0.0486}
    )
    names = {f"PartType{kind}/Masses": f"PartType{kind}/Mass" for kind in (0, 4)}
    changed(in_units(path, 1000.0, 1.0), rename=names)
    with h5py.File(path, "a") as file:
        del file["PartType0/ElectronAbundance"]
        file["PartType0/Temperature"] = np.full(512, 4321.0)
        file.create_group("Units").attrs.update(
            UnitLength_in_cm=3.085678e24, UnitMass_in_g=1.989e43, UnitVelocity_in_cm_per_s=1e5
        )
    snapshot = is_that_universe(path, universe)
    assert snapshot.header.notes == ()
    assert np.all(snapshot.temperatures(0, 9) == 4321)


def test_a_block_of_masses_is_more_than_the_table(gadget, universe):
    path = changed(gadget(universe), {"MassTable": np.array([5.0, 1e-9, 0, 0, 0, 0])})
    with h5py.File(path, "a") as file:
        file["PartType1/Masses"] = universe.columns["dark matter"]["mass"] * 1e-10
    notes = " ".join(is_that_universe(path, universe).header.notes)
    assert "masses of gas as in their block, MassTable has others" in notes
    assert "masses of dark matter as in their block" in notes


class TestBox:
    def test_that_is_no_cube(self, gadget, universe):
        path = gadget(universe, attributes={"BoxSize": np.array([10000.0, 10000.0, 20000.0])})
        with pytest.raises(ValueError, match=r"sides \[10000\.0, 10000\.0, 20000\.0\], expected a"):
            open_snapshot(path)
        path = gadget(universe, attributes={"BoxSize": np.full(3, 10000.0)})
        assert open_snapshot(path).header.box_size == 10000

    @pytest.mark.parametrize(
        ("option", "value", "cube"),
        [("LONG_X", "2", False), ("LONG_Y", 1.0, True), ("LONG_Z_BITS", 1, False)],
    )
    def test_that_the_build_stretches(self, gadget, universe, option, value, cube):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            file.create_group("Config").attrs[option] = value
        if cube:
            assert open_snapshot(path).header.box_size == 10000
            return
        with pytest.raises(ValueError, match=f"run with {option}={value}, expected a cubic box"):
            open_snapshot(path)


@pytest.mark.parametrize(("redshift", "read"), [(-1e-10, 0.0), (0.5, 0.5)])
def test_a_redshift_just_below_zero_is_the_present(gadget, universe, redshift, read):
    path = gadget(universe, attributes={"Redshift": redshift})
    assert open_snapshot(path).header.redshift == read


def test_the_future_is_refused(gadget, universe):
    with pytest.raises(ValueError, match=r"is at redshift -0\.5, expected 0 or more"):
        open_snapshot(gadget(universe, attributes={"Redshift": -0.5}))


def test_molecules_apart_are_added(gadget, universe):
    path = gadget(universe)
    before = open_snapshot(path)
    atoms = before.hi_masses(0, 512)
    assert "molecular hydrogen included" in before.neutral_hydrogen
    with h5py.File(path, "a") as file:
        file["PartType0/FractionH2"] = np.full(512, 0.25)
    gas = universe.columns["gas"]
    both = np.minimum(gas["neutral"] + 0.25, 1)
    snapshot = open_snapshot(path)
    assert np.allclose(snapshot.hi_masses(0, 512), 0.76 * both * gas["mass"], rtol=1e-6)
    assert snapshot.hi_masses(0, 512).sum() > 1.2 * atoms.sum()
    assert "FractionH2" in snapshot.neutral_hydrogen


@pytest.fixture
def swift(tmp_path):
    """Writes the dark matter and gas of a universe as SWIFT does, in parts and a file of them."""

    def write(universe, parts=1, Omega_b=0.0486, extra=None):
        names = [tmp_path / f"run_0007.{i}.hdf5" for i in range(parts)]
        if parts == 1:
            names = [tmp_path / "run_0007.hdf5"]
        total = np.array(universe.counts())
        for number, name in enumerate(names):
            with h5py.File(name, "w") as file:
                here = total * (number + 1) // parts - total * number // parts
                file.create_group("Header").attrs.update(
                    BoxSize=np.full(3, 10.0 / H), NumPart_ThisFile=here, NumPart_Total=total,
                    NumFilesPerSnapshot=[parts], MassTable=np.zeros(6), Redshift=[2.0],
                )  # fmt: skip
                file.create_group("Cosmology").attrs.update(
                    h=[H], Omega_m=[0.3089], Omega_b=Omega_b
                )
                file.create_group("Units").attrs.update(
                    {
                        "Unit length in cgs (U_L)": [KPC * 1000],
                        "Unit mass in cgs (U_M)": [MSUN * 1e10],
                        "Unit time in cgs (U_t)": [KPC * 1000 / 1e5],
                    }
                )
                for species, kind in (("gas", 0), ("dark matter", 1), ("stars", 4)):
                    if species not in universe.columns:
                        continue
                    columns = universe.columns[species]
                    cut = slice(total[kind] * number // parts, total[kind] * (number + 1) // parts)
                    group = file.create_group(f"PartType{kind}")
                    group["Coordinates"] = columns["position"][cut] / H / 1000
                    group["Masses"] = columns["mass"][cut] / H / 1e10
                    for block, factor in (extra or {}).items():
                        if species == "gas":
                            group[block] = factor * columns["mass"][cut] / H / 1e10
        return names

    return write


def virtual(parts, whole):
    """A file of virtual datasets over the parts, as SWIFT and THESAN write beside them."""
    with h5py.File(parts[0]) as first, h5py.File(whole, "w", libver="latest") as file:
        for name in ("Header", "Cosmology", "Units"):
            first.copy(name, file)
        file["Header"].attrs["NumPart_ThisFile"] = first["Header"].attrs["NumPart_Total"]
        for kind in [name for name in first if name.startswith("PartType")]:
            for block in first[kind]:
                shapes = []
                for part in parts:
                    with h5py.File(part) as opened:
                        shapes.append(opened[f"{kind}/{block}"].shape)
                layout = h5py.VirtualLayout(
                    (sum(shape[0] for shape in shapes), *shapes[0][1:]), dtype="f8"
                )
                start = 0
                for part, shape in zip(parts, shapes, strict=True):
                    source = h5py.VirtualSource(part.name, f"{kind}/{block}", shape=shape)
                    layout[start : start + shape[0]] = source
                    start += shape[0]
                file.create_virtual_dataset(f"{kind}/{block}", layout)
    return whole


class TestSwift:
    def test_dark_matter_only_without_baryons_is_given_planck_s(self, swift, universe):
        (path,) = swift(type(universe)(gas=False), Omega_b=0.0)
        header = open_snapshot(path).header
        assert header.cosmology.Omega_b == 0.0486
        assert "Omega_b not given" in " ".join(header.notes)

    def test_atoms_and_molecules(self, swift, universe):
        mass = universe.columns["gas"]["mass"]
        (path,) = swift(universe, extra={"AtomicHydrogenMasses": 0.1})
        snapshot = open_snapshot(path)
        assert np.allclose(snapshot.hi_masses(0, 512), 0.1 * mass, rtol=1e-6)
        assert "atomic hydrogen alone" in snapshot.neutral_hydrogen
        (path,) = swift(
            universe, extra={"AtomicHydrogenMasses": 0.1, "MolecularHydrogenMasses": 0.2}
        )
        snapshot = open_snapshot(path)
        assert np.allclose(snapshot.hi_masses(0, 512), 0.3 * mass, rtol=1e-6)
        assert "sum of the file's atomic and molecular" in snapshot.neutral_hydrogen

    def test_a_virtual_file_is_its_parts(self, swift, universe, tmp_path):
        parts = swift(universe, parts=3)
        whole = virtual(parts, tmp_path / "run_0007.hdf5")
        for paths in (whole, parts[1], parts, tmp_path):
            is_that_universe(paths, universe)

    @pytest.mark.parametrize("lost", [(1,), (0, 1, 2)])
    def test_a_missing_part_of_a_virtual_file_is_named(self, swift, universe, tmp_path, lost):
        parts = swift(universe, parts=3)
        whole = virtual(parts, tmp_path / "run_0007.hdf5")
        for number in lost:
            parts[number].unlink()
        snapshot = open_snapshot(whole)
        with pytest.raises(
            ValueError, match=r"Coordinates lies in run_0007\.\d\.hdf5, which is not th"
        ):
            snapshot.check_blocks("dm", "dark matter", "neighbours")
        with pytest.raises(ValueError, match="put all parts of the snapshot beside"):
            snapshot.masses("gas", 0, 10)

    def test_virtual_files_in_a_ring_are_refused(self, swift, universe, tmp_path):
        (path,) = swift(universe)
        with h5py.File(path, "a") as file:
            del file["PartType1/Masses"]
            layout = h5py.VirtualLayout((512,), dtype="f8")
            layout[:] = h5py.VirtualSource(path.name, "PartType1/Masses", shape=(512,))
            file.create_virtual_dataset("PartType1/Masses", layout)
        with pytest.raises(ValueError, match="virtual dataset of virtual datasets"):
            open_snapshot(path).masses("dark matter", 0, 10)


class TestParts:
    def test_a_linked_file_that_is_not_there(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0"]
            file["PartType0"] = h5py.ExternalLink("gas.hdf5", "/PartType0")
        with pytest.raises(ValueError, match=r"PartType0 lies in gas\.hdf5, which is not there"):
            open_snapshot(path).masses("gas", 0, 10)

    @pytest.mark.parametrize("size", [None, 100])
    def test_numbers_outside_that_are_not_all_there(self, gadget, universe, size):
        path = gadget(universe)
        if size:
            path.with_name("masses.raw").write_bytes(b"\0" * size)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0"].create_dataset(
                "Masses", (512,), "f8", external=[("masses.raw", 0, 512 * 8)]
            )
        with pytest.raises(ValueError, match=r"Masses lies in masses\.raw, which is not there"):
            open_snapshot(path).masses("gas", 0, 10)

    @pytest.mark.parametrize("written", [0, 300])
    def test_a_block_that_was_never_written_in_whole(self, gadget, universe, written):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            block = file["PartType0"].create_dataset("Masses", (512,), "f8", chunks=(100,))
            block[:written] = 1.0
        with pytest.raises(ValueError, match=r"PartType0/Masses was never written in whole"):
            open_snapshot(path).masses("gas", 0, 10)

    def test_chunks_that_unpack_to_more_than_memory(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0"].create_dataset(
                "Masses", (512,), "f8", chunks=(10**8,), maxshape=(None,), compression="gzip"
            )
        with pytest.raises(
            ValueError, match=r"stored in chunks of 0\.8 GB, expected at most 0\.27"
        ):
            open_snapshot(path).masses("gas", 0, 10)

    def test_a_filter_that_is_not_installed_is_named(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk((512,))
            plan.set_filter(32100, h5py.h5z.FLAG_OPTIONAL)  # registered to nobody's package
            space = h5py.h5s.create_simple((512,))
            block = h5py.h5d.create(
                file["PartType0"].id, b"Masses", h5py.h5t.NATIVE_DOUBLE, space, plan
            )
            block.write_direct_chunk((0,), b"packed", 0)
        with pytest.raises(
            ValueError, match=r"HDF5 filter 32100, which is not .*; pip install hdf5plugin"
        ):
            open_snapshot(path).masses("gas", 0, 10)


class TestFolders:
    def test_of_several_snapshots_lists_them(self, gadget, universe, tmp_path):
        for number in range(3):
            gadget(universe, f"snapshot_{number:03d}", attributes={"Redshift": 4.0 - number})
        for paths in (tmp_path, sorted(tmp_path.iterdir())):
            with pytest.raises(
                ValueError, match=r"holds 3 snapshots \(snapshot_000, snapshot_001, snapshot_002\)"
            ):
                open_snapshot(paths)

    def test_with_a_catalogue_of_haloes_beside_the_snapshot(self, gadget, universe, tmp_path):
        gadget(universe)
        with h5py.File(tmp_path / "fof_subhalo_tab_000.hdf5", "w") as file:
            file.create_group("Header").attrs["Ngroups_Total"] = 3
        is_that_universe(tmp_path, universe)

    def test_files_of_two_snapshots_are_not_mixed(self, gadget, universe, tmp_path):
        first = gadget(universe, "many", files=2)
        other = gadget(universe, "other", files=2, attributes={"Redshift": 3.0})
        shutil.copy(other.with_name("other.1.hdf5"), first.with_name("many.1.hdf5"))
        with pytest.raises(ValueError, match=r"many\.1\.hdf5 has Redshift \[3\.0\] and many\.0"):
            open_snapshot(first)
