"""Every layout is read to the same numbers, lazily; what can't be read is refused in words."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from engine.formats import open_snapshot
from engine.formats.snapshot import Snapshot
from engine.units import temperature

H = 0.6774
KPC = 3.0856775814913673e21
MSUN = 1.988409870698051e33
COSMOLOGY = {"Omega0": 0.3089, "OmegaLambda": 0.6911, "HubbleParam": H}
UNITS = {
    "UnitLength_in_cm": 3.085678e21,
    "UnitMass_in_g": 1.989e43,
    "UnitVelocity_in_cm_per_s": 1e5,
}


def gadget2(folder, universe, write):
    return write(folder / "g2.hdf5", universe, COSMOLOGY, mass_table=False)


def mp_gadget(folder, universe, write):
    return write(folder / "mp.hdf5", universe, {**COSMOLOGY, **UNITS, "OmegaBaryon": 0.0486})


def gadget4(folder, universe, write):
    parameters = {**COSMOLOGY, **UNITS, "OmegaBaryon": 0.0486}
    return write(folder / "g4.hdf5", universe, {"Git_commit": b"abc"}, parameters)


def arepo(folder, universe, write):
    path = write(folder / "arepo.hdf5", universe, {**COSMOLOGY, **UNITS, "OmegaBaryon": 0.0486})
    with h5py.File(path, "a") as file:
        file["PartType4/GFM_StellarFormationTime"] = np.full(universe.stars, 0.2)
    return path


def gizmo(folder, universe, write, per_h=1.0):
    attributes = {
        "Omega_Matter": 0.3089, "Omega_Baryon": 0.0486, "HubbleParam": H, "GIZMO_version": 2022,
        "UnitLength_In_CGS": 3.085678e21 * per_h, "UnitMass_In_CGS": 1.989e43 * per_h,
        "UnitVelocity_In_CGS": 1e5,
    }  # fmt: skip
    return write(folder / "gizmo.hdf5", universe, attributes)


def gizmo_per_h(folder, universe, write):
    return gizmo(folder, universe, write, 1 / H)


def swift(folder, universe, write):
    path = folder / "swift.hdf5"
    names = {
        "position": ("Coordinates", 1 / H / 1000), "mass": ("Masses", 1 / H / 1e10),
        "energy": ("InternalEnergies", 1.0), "electrons": ("ElectronAbundances", 1.0),
        "neutral": ("NeutralHydrogenAbundance", 1.0),
        "support": ("SmoothingLengths", 1 / H / 1000 / 1.825742),
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        counts = np.array(universe.counts())
        file.create_group("Header").attrs.update(
            BoxSize=np.full(3, 10.0 / H), NumPart_ThisFile=counts, NumPart_Total=counts,
            NumPart_Total_HighWord=np.zeros(6, np.uint32), Redshift=np.array([2.0]),
            MassTable=np.zeros(6), NumFilesPerSnapshot=np.array([1]), Code=b"SWIFT",
        )  # fmt: skip
        file.create_group("Cosmology").attrs.update(
            {"h": [H], "Omega_m": [0.3089], "Omega_b": [0.0486], "Redshift": [2.0]}
        )
        file.create_group("Units").attrs.update(
            {
                "Unit length in cgs (U_L)": [KPC * 1000],
                "Unit mass in cgs (U_M)": [MSUN * 1e10],
                "Unit time in cgs (U_t)": [KPC * 1000 / 1e5],
            }
        )
        file.create_group("HydroScheme").attrs["Kernel gamma"] = [1.825742]
        for species, columns in universe.columns.items():
            kind = {"gas": 0, "dark matter": 1, "stars": 4}[species]
            for column, values in columns.items():
                block, factor = names[column]
                file[f"PartType{kind}/{block}"] = values * factor
    return path


LAYOUTS = (gadget2, mp_gadget, gadget4, arepo, gizmo, gizmo_per_h, swift)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
class TestEveryLayout:
    def test_header(self, layout, tmp_path, universe, write):
        header = open_snapshot(layout(tmp_path, universe, write)).header
        assert header.box_size == pytest.approx(10000, rel=1e-6)
        assert header.redshift == 2
        cosmology = header.cosmology
        assert (cosmology.Omega_m, cosmology.h) == pytest.approx((0.3089, H))
        assert cosmology.Omega_b == pytest.approx(0.0486, rel=0.01)
        assert header.counts == {"gas": 512, "dark matter": 512, "stars": 60}

    def test_particles(self, layout, tmp_path, universe, write):
        snapshot = open_snapshot(layout(tmp_path, universe, write))
        for species, columns in universe.columns.items():
            number = len(columns["mass"])
            found = snapshot.positions(species, 0, number)
            assert np.allclose(found, columns["position"], atol=0.01)
            assert np.allclose(snapshot.masses(species, 0, number), columns["mass"], rtol=1e-6)
            assert total_mass(snapshot, species) == pytest.approx(columns["mass"].sum(), rel=1e-6)

    def test_gas(self, layout, tmp_path, universe, write):
        snapshot = open_snapshot(layout(tmp_path, universe, write))
        gas = universe.columns["gas"]
        expected = temperature(gas["energy"], gas["electrons"])
        assert np.allclose(snapshot.temperatures(0, 512), expected, rtol=1e-6)
        neutral = 0.76 * gas["neutral"] * gas["mass"]
        assert np.allclose(snapshot.hi_masses(0, 512), neutral, rtol=1e-6)
        assert np.allclose(snapshot.smoothing_lengths("gas", 0, 512), gas["support"], rtol=1e-6)


def total_mass(snapshot, species):
    """Mass of all particles of a species, [Msun/h]."""
    return sum(float(snapshot.masses(species, *c).sum()) for c in snapshot.chunks(species))


def test_temperature_of_ionised_and_neutral_gas():
    # (gamma - 1) u mu m_p / k: 10^4 K of fully ionised primordial gas is 207 (km/s)^2.
    u = np.array([207.0, 207.0])
    ionised, neutral = temperature(u, np.array([1.16, 0.0]))
    assert ionised == pytest.approx(9.83e3, rel=0.01)
    assert neutral / ionised == pytest.approx((1 + 3 * 0.76 + 4 * 0.76 * 1.16) / (1 + 3 * 0.76))


def test_swift_prefers_its_own_hydrogen_and_temperature(tmp_path, universe, write):
    path = swift(tmp_path, universe, write)
    with h5py.File(path, "a") as file:
        file["PartType0/AtomicHydrogenMasses"] = np.full(512, 1 / H / 1e10)
        file["PartType0/Temperatures"] = np.full(512, 12345.0)
    snapshot = open_snapshot(path)
    assert np.allclose(snapshot.hi_masses(3, 7), 1, rtol=1e-6)
    assert np.all(snapshot.temperatures(0, 512) == 12345)


def test_comoving_energies_of_swift_are_made_physical(tmp_path, universe, write):
    path = swift(tmp_path, universe, write)
    stored = open_snapshot(path).temperatures(0, 512)
    with h5py.File(path, "a") as file:
        file["PartType0/InternalEnergies"].attrs["a-scale exponent"] = [-2.0]
    # At z = 2, a^-2 = 9.
    assert np.allclose(open_snapshot(path).temperatures(0, 512), 9 * stored, rtol=1e-6)
    with h5py.File(path, "a") as file:
        file["PartType0/InternalEnergies"].attrs["Value stored as physical"] = [1]
    assert np.allclose(open_snapshot(path).temperatures(0, 512), stored, rtol=1e-6)


@pytest.mark.parametrize("mass_table", [True, False])
def test_a_silent_file_in_mpc_is_known_by_its_density(tmp_path, universe, write, mass_table):
    path = write(tmp_path / "g2.hdf5", universe, COSMOLOGY, mass_table=mass_table)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["BoxSize"] = 10.0
        for kind in (0, 1, 4):
            file[f"PartType{kind}/Coordinates"][...] /= 1000
        file["PartType0/SmoothingLength"][...] /= 1000
    snapshot = open_snapshot(path)
    assert snapshot.header.box_size == pytest.approx(10000)
    assert "taken as 1000 kpc/h" in " ".join(snapshot.header.notes)
    gas = universe.columns["gas"]
    assert np.allclose(snapshot.positions("gas", 0, 512), gas["position"], atol=0.01)
    assert np.allclose(snapshot.smoothing_lengths("gas", 0, 512), gas["support"], rtol=1e-6)
    assert np.allclose(snapshot.masses("gas", 0, 512), gas["mass"], rtol=1e-6)


def test_heavier_particles_of_a_zoom_are_left_out_and_this_is_said(gadget, universe):
    numbers = np.array([512, 512, 99, 0, 60, 7], np.uint32)
    counted = {"NumPart_Total": numbers, "NumPart_ThisFile": numbers}
    snapshot = open_snapshot(gadget(universe, attributes=counted))
    assert "particles of type 2 and 5 left out" in snapshot.header.notes
    assert snapshot.header.counts == {
        "gas": 512, "dark matter": 512, "stars": 60, "type 2": 99, "type 5": 7,
    }  # fmt: skip


def test_wind_particles_of_arepo_weigh_nothing(tmp_path, universe, write):
    path = arepo(tmp_path, universe, write)
    with h5py.File(path, "a") as file:
        file["PartType4/GFM_StellarFormationTime"][:10] = -1
    mass = open_snapshot(path).masses("stars", 0, 60)
    assert not mass[:10].any()
    assert np.all(mass[10:] > 0)


def test_what_a_silent_file_is_taken_to_mean_is_said(tmp_path, universe, write):
    notes = " ".join(open_snapshot(gadget2(tmp_path, universe, write)).header.notes)
    assert "units not given" in notes
    assert "Omega_b not given" in notes


class TestManyFiles:
    def test_one_file_finds_the_others(self, gadget, universe):
        whole = open_snapshot(gadget(universe, "one"))
        first = gadget(universe, "many", files=3)
        for paths in (first, sorted(first.parent.glob("many.*.hdf5"))):
            many = open_snapshot(paths)
            assert len(many.paths) == 3
            for start, stop in ((0, 512), (100, 400), (170, 171), (511, 512)):
                assert np.array_equal(
                    many.positions("gas", start, stop), whole.positions("gas", start, stop)
                )

    def test_a_folder_will_do(self, gadget, universe, tmp_path):
        gadget(universe, "many", files=2)
        assert open_snapshot(tmp_path).header.counts["gas"] == 512

    def test_a_missing_file_is_named(self, gadget, universe):
        first = gadget(universe, "many", files=3)
        first.with_name("many.1.hdf5").unlink()
        with pytest.raises(ValueError, match=r"many\.0\.hdf5 is one of 3 files.*many\.1\.hdf5 is"):
            open_snapshot(first)
        with pytest.raises(ValueError, match="give all files of the snapshot"):
            open_snapshot([first, first.with_name("many.2.hdf5")])

    def test_more_particles_than_32_bits_count(self, gadget, universe):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            file["Header"].attrs["NumPart_Total_HighWord"] = np.array([0, 1, 0, 0, 0, 0], np.uint32)
        with pytest.raises(ValueError, match=str(512 + 2**32)):
            open_snapshot(path)


def test_nothing_is_read_before_it_is_asked_for(gadget, universe, monkeypatch):
    path = gadget(universe)
    read: list[str] = []
    original = Snapshot._read_file

    def spy(self, path, species, quantity, low, high, number):
        read.append(f"{species} {quantity} {low}:{high}")
        return original(self, path, species, quantity, low, high, number)

    monkeypatch.setattr(Snapshot, "_read_file", spy)
    snapshot = open_snapshot(path)
    assert read == []
    snapshot.positions("gas", 10, 20)
    assert read == ["gas position 10:20"]


def test_coordinates_are_wrapped_into_the_box(gadget, universe):
    universe.columns["gas"]["position"][:3] = [
        [10000, 0, 9999.9999999],
        [-1e-9, 5, 1],
        [10001, 1, 2],
    ]
    found = open_snapshot(gadget(universe)).positions("gas", 0, 3)
    assert found.min() >= 0
    assert found.max() < 10000
    assert found[0, 0] == 0
    assert found[2, 0] == pytest.approx(1)


def test_haloes_of_the_file(gadget, universe):
    path = gadget(universe)
    assert open_snapshot(path).halos("hydro") is None
    with h5py.File(path, "a") as file:
        group = file.create_group("Halos")
        group["Coordinates"] = np.array([[10000.0, 5000, 1]])
        group["Mvir"], group["Rvir"], group["FoFMass"] = [12.0], [150.0], [13.0]
    halos = open_snapshot(path).halos("hydro")
    assert np.allclose(halos.position, [[0, 5, 0.001]])
    assert (halos.mvir[0], halos.rvir[0], halos.fof_mass[0]) == pytest.approx((12e10, 150, 13e10))
    with h5py.File(path, "a") as file:
        del file["Halos/Rvir"]
    with pytest.raises(ValueError, match=r"snap\.hdf5 has a group Halos without Rvir"):
        open_snapshot(path).halos("hydro")


SHIPPED = Path(__file__).parents[2] / "assets" / "snapshots" / "hydro11-z2.hdf5"


def test_the_shipped_snapshot():
    snapshot = open_snapshot(SHIPPED)
    header = snapshot.header
    assert (header.box_size, header.code) == (11250, "MP-Gadget")
    assert header.redshift == pytest.approx(2)
    species = ("gas", "dark matter", "stars")
    volume = (header.box_size / 1000) ** 3
    expected = header.cosmology.mean_matter_density * volume
    assert sum(total_mass(snapshot, each) for each in species) == pytest.approx(expected, rel=1e-3)
    assert len(snapshot.halos("hydro")) == 1160
