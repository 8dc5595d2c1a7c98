"""A snapshot whose particles are not its header's universe is refused before any work."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import engine
from engine.formats import open_snapshot
from engine.formats import snapshot as snapshots
from engine.projection.consistency import doubts, survey
from engine.projection.snapshots import project_snapshot

ROOT = Path(__file__).parents[2]
H = 0.6774


def found_in(path):
    snapshot = open_snapshot(path)
    return doubts(snapshot, survey(snapshot))


def scaled(universe, masses=1.0, positions=1.0):
    for columns in universe.columns.values():
        columns["mass"] *= masses
        columns["position"] *= positions
    return universe


def selected(universe, inside):
    for columns in universe.columns.values():
        chosen = inside(columns["position"])
        for name, values in columns.items():
            columns[name] = values[chosen]
    return universe


def test_a_whole_universe_raises_no_doubt(gadget, universe, monkeypatch):
    monkeypatch.setattr(snapshots, "CHUNK", 100)
    path = gadget(universe)
    assert found_in(path) == []
    snapshot = open_snapshot(path)
    found = survey(snapshot)
    for species, columns in universe.columns.items():
        assert found.matter[species] == pytest.approx(columns["mass"].sum(), rel=1e-6)
        assert np.allclose(found.lowest[species], columns["position"].min(0), atol=0.01)
        assert np.allclose(found.highest[species], columns["position"].max(0), atol=0.01)


@pytest.mark.parametrize("shift", [-5000.0, 3000.0])
def test_another_origin_of_a_periodic_box_is_as_good(gadget, universe, shift):
    for columns in universe.columns.values():
        columns["position"] += shift
    assert found_in(gadget(universe)) == []


def test_black_holes_and_wind_weigh_too(gadget, universe):
    moved = 0.05 * universe.columns["gas"]["mass"].sum()
    universe.columns["gas"]["mass"] *= 0.95
    counts = np.array([*universe.counts()[:5], 5], np.uint32)
    path = gadget(universe, attributes={"NumPart_ThisFile": counts, "NumPart_Total": counts})
    # 5 % of the baryons are 0.8 % of the matter: none missing, whoever has them.
    with h5py.File(path, "a") as file:
        file["PartType5/Masses"] = np.full(5, moved / 5 * 1e-10)
        file["PartType5/Coordinates"] = np.zeros((5, 3))
        file["PartType4/GFM_StellarFormationTime"] = np.full(universe.stars, -1.0)
    snapshot = open_snapshot(path)
    found = survey(snapshot)
    whole = snapshot.header.cosmology.mean_matter_density * 1000
    assert sum(found.matter.values()) == pytest.approx(whole, rel=1e-4)
    assert not snapshot.masses("stars", 0, universe.stars).any()
    assert doubts(snapshot, found) == []


MATTER = [
    ({"masses": 0.98}, {}, r"carry Omega_m = 0\.3027, but the header says 0\.3089; it is a piece"),
    ({"masses": 1e-10}, {}, "another unit than assumed, 1e-10 in all"),
    ({"masses": 1 / H}, {}, "a factor of h is missing"),
    ({}, {"BoxSize": 10000.0 / 3}, "the box is physical and not comoving"),
    ({}, {"Omega0": 0.1}, r"0\.3089, but the header says 0\.1; the header is another run's"),
]


@pytest.mark.parametrize(("changed", "header", "words"), MATTER)
def test_matter_that_is_not_the_header_s_is_refused(gadget, universe, changed, header, words):
    path = gadget(scaled(universe, **changed), attributes=header, mass_table=False)
    with pytest.raises(ValueError, match=words):
        project_snapshot(path, path.with_name("out.hdf5"), fields=("dm", "gas"))


def test_matter_within_one_per_cent_will_do(gadget, universe):
    assert found_in(gadget(scaled(universe, 1.009), mass_table=False)) == []
    assert found_in(gadget(scaled(universe, 1.012 / 1.009), "more", mass_table=False)) != []


def test_gas_that_is_not_there_is_named(gadget, universe):
    for species in ("gas", "stars"):
        del universe.columns[species]
    path = gadget(universe)
    with pytest.raises(ValueError, match="the baryons' share is missing"):
        project_snapshot(path, path.with_name("out.hdf5"), fields=("dmo",))


def test_a_reduced_snapshot_is_refused(gadget, universe, tmp_path):
    centre = universe.columns["dark matter"]["position"][0]
    near = lambda x: np.abs((x - centre + 5000) % 10000 - 5000).max(1) < 2500  # noqa: E731
    with pytest.raises(ValueError, match="a reduced snapshot or one with parts left out"):
        project_snapshot(gadget(selected(universe, near)), tmp_path / "out.hdf5")


PLACES = [
    (1e-3, "in one stretch; it is a piece of the box, or coordinates are in another unit"),
    (1 / 3, "leaves 6[67].* % of the box of 10000 kpc/h empty in one stretch"),
    (1 / H, "reaches from .* kpc/h, but the box is 10000 kpc/h; the header's units"),
    (1e3, "reaches from .* kpc/h, but the box is 10000 kpc/h; the header's units"),
]


@pytest.mark.parametrize(("factor", "words"), PLACES)
def test_places_that_are_not_in_the_box_s_units(gadget, universe, tmp_path, factor, words):
    random = np.random.default_rng(2)
    for columns in universe.columns.values():
        columns["position"] = random.random(columns["position"].shape) * 10000
    with pytest.raises(ValueError, match=words):
        project_snapshot(gadget(scaled(universe, positions=factor)), tmp_path / "out.hdf5")
    assert not (tmp_path / "out.hdf5").exists()


def test_a_zoom_s_heavier_particles_are_missed_in_its_maps(gadget, universe, tmp_path):
    dark = universe.columns["dark matter"]
    counts = np.array([512, 412, 100, 0, 60, 0], np.uint32)
    heavy = {name: values[412:] for name, values in dark.items()}
    universe.columns["dark matter"] = {name: values[:412] for name, values in dark.items()}
    path = gadget(universe, attributes={"NumPart_ThisFile": counts, "NumPart_Total": counts})
    with h5py.File(path, "a") as file:
        file["PartType2/Masses"] = heavy["mass"] * 1e-10
        file["PartType2/Coordinates"] = heavy["position"]
    # 100 of 512 particles of 1 - 0.0486 / 0.3089 of the matter.
    with pytest.raises(ValueError, match=r"16\.5 % of the matter is in particles of type 2, "):
        project_snapshot(path, tmp_path / "out.hdf5")


def test_who_means_it_gets_the_maps_and_the_file_says_so(gadget, universe, tmp_path):
    path = gadget(scaled(universe, 0.9), mass_table=False)
    out = tmp_path / "out.hdf5"
    command = [sys.executable, "-m", "engine", "project", str(path), str(out)]
    options = ["--fields", "dm,gas", "--axes", "z", "--levels", "HR", "--slabs", "4"]
    refused = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "carry Omega_m = 0.278, but the header says 0.3089" in refused.stderr
    assert not out.exists()
    subprocess.run([*command, *options, "--allow-incomplete"], cwd=ROOT, check=True)
    simulation = engine.open_simulation(out)
    assert "Projected although incomplete: snap.hdf5: the particles" in simulation.provenance
    mass = (
        sum(simulation.slab("dm", index=i).values.sum(dtype=float) for i in range(4))
        * simulation.slab("dm").pixel_area
    )
    assert mass == pytest.approx(universe.columns["dark matter"]["mass"].sum(), rel=1e-5)


def test_a_twin_is_looked_at_too(gadget, universe, tmp_path):
    twin = scaled(type(universe)(seed=2, gas=False), 0.5)
    path = gadget(twin, "twin", mass_table=False)
    with pytest.raises(ValueError, match=r"twin\.hdf5: the particles of all species carry"):
        project_snapshot(gadget(universe), tmp_path / "out.hdf5", twins={("dmo", "HR"): path})


class TestBeforeAnyWork:
    @pytest.fixture
    def steps(self, tmp_path):
        def project(path, **options):
            seen = []
            with pytest.raises(ValueError, match=options.pop("match")):
                project_snapshot(
                    path, tmp_path / "out.hdf5", progress=lambda f, d: seen.append(f), **options
                )
            return seen

        return project

    def test_a_run_without_neutral_fractions(self, gadget, universe, steps):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/NeutralHydrogenAbundance"]
        assert steps(path, match=r"leave hi out \(--fields dm,gas\)") == []

    def test_a_run_without_kernels(self, gadget, universe, steps):
        path = gadget(universe)
        with h5py.File(path, "a") as file:
            del file["PartType0/SmoothingLength"]
        assert steps(path, smoothing="file", match="--smoothing neighbours does without") == []

    def test_a_value_that_is_no_number_deep_in_the_last_file(self, gadget, universe, steps):
        universe.columns["gas"]["neutral"][511] = np.nan
        seen = steps(gadget(universe, files=3), match=r"snap\.2\.hdf5: neutral fraction of gas")
        assert set(seen) == {0.0}


SHIPPED = ROOT / "assets" / "snapshots" / "hydro11-z2.hdf5"


def test_the_shipped_snapshot_is_whole():
    snapshot = open_snapshot(SHIPPED)
    found = survey(snapshot, ("dm", "gas", "hi", "temperature", "stars"), "file")
    assert doubts(snapshot, found) == []
