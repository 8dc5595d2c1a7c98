"""Files that are damaged or hostile give one sentence or a result, in bounded memory."""

import json
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import engine
from engine import statistics as st
from engine.files import sha256
from engine.formats import open_snapshot
from engine.formats.catalogues import write_galaxies, write_objects, write_subhalos
from engine.formats.cutouts import create_cutouts
from engine.formats.map_file import read_map_file, write_map_file
from engine.formats.paintings import Work, read_work, write_paintings
from engine.formats.rockstar import read_rockstar
from engine.formats.start import read_start
from engine.galaxies import Galaxies
from engine.halos import Objects, Subhalos
from engine.mesh import Grid
from engine.places import SlabPlace, place_to_json
from engine.projection.consistency import check_snapshots
from engine.projection.snapshots import project_snapshot
from engine.recipe import Recipe, Source
from engine.recipe_file import Painting
from engine.results import Outcome
from engine.simulation import Simulation
from engine.surroundings import Surroundings
from engine.systems.card import read_card
from engine.systems.weights import read_weights, weights_path, write_model
from tests.engine.damage import (
    attempt,
    change_anywhere,
    change_bytes,
    change_object,
    change_text,
)
from tests.engine.systems import ember_wgan

LIST = """#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z left out PID
#a = 0.333333
#Box size: 10.000000 Mpc/h
7 -1 1e12 150 1 200 1 900 1.0 2.0 3.0 -1
9 -1 1e10 40 1 30 1 9 1.1 2.0 3.0 7
"""


def write_swift(path, universe):
    with h5py.File(path, "w") as file:
        counts = np.array(universe.counts())
        file.create_group("Header").attrs.update(
            BoxSize=np.full(3, 10.0), NumPart_ThisFile=counts, NumPart_Total=counts,
            NumPart_Total_HighWord=np.zeros(6, np.uint32), Redshift=[2.0], MassTable=np.zeros(6),
            NumFilesPerSnapshot=[1],
        )  # fmt: skip
        file.create_group("Cosmology").attrs.update(h=[1.0], Omega_m=[0.3089], Omega_b=[0.0486])
        file.create_group("Units").attrs.update(
            {
                "Unit length in cgs (U_L)": [3.0856775814913673e24],
                "Unit mass in cgs (U_M)": [1.988409870698051e33],
                "Unit time in cgs (U_t)": [3.0856775814913673e19],
            }
        )
        names = {
            "mass": "Masses", "energy": "InternalEnergies", "electrons": "ElectronAbundances",
            "neutral": "NeutralHydrogenAbundance", "support": "SmoothingLengths",
        }  # fmt: skip
        for species, kind in (("gas", 0), ("dark matter", 1), ("stars", 4)):
            group = file.create_group(f"PartType{kind}")
            for column, values in universe.columns[species].items():
                if column == "position":
                    group["Coordinates"] = values / 1000
                else:
                    group.create_dataset(names[column], data=values, compression="gzip")
    return add_haloes(path)


def add_haloes(path):
    with h5py.File(path, "a") as file:
        group = file.create_group("Halos")
        group["Coordinates"] = np.ones((2, 3))
        for name in ("Mvir", "Rvir", "FoFMass"):
            group[name] = [1.0, 2.0]
    return path


def read_snapshot(path):
    snapshot = open_snapshot(path)
    hydro = "gas" in snapshot.header.counts
    fields = ("dm", "gas", "hi", "temperature", "stars") if hydro else ("dmo",)
    attempt(check_snapshots, {snapshot: fields}, "file", False, lambda fraction, doing: None)
    attempt(snapshot.halos, "hydro")


def read_simulation(path):
    """Everything that a simulation file holds, each as if it were alone."""
    simulation = Simulation(path)
    for field, level, origin, axis in simulation.available():
        attempt(simulation.slab, field, axis, 0, level, origin)
        attempt(simulation.particles, field, axis, level, origin)
    for run in simulation.grids():
        attempt(simulation.grid, run.field, run.level, run.origin)
    for field, axis in simulation.cutouts():
        attempt(simulation.cutout, field, 1, axis)
    for run in ("hydro", "dmo"):
        attempt(simulation.halos, run)
        attempt(simulation.subhalos, run)
    for read in (simulation.galaxies, simulation.objects, simulation.initial_conditions):
        attempt(read)


def write_start(path):
    """Initial conditions on a lattice."""
    with h5py.File(path, "w") as file:
        header = {"BoxSize": 10000.0, "Redshift": 49.0, "Omega0": 0.3089}
        file.create_group("Header").attrs.update(header)
        file["Displacement"] = np.random.default_rng(3).normal(size=(4, 4, 4, 3))
    return path


def add_catalogues(path):
    """Write subhaloes, galaxies, objects and the maps around these into a simulation file."""
    ones, places, numbers = np.ones(2), np.ones((2, 3)), np.array([-1, 0])
    with h5py.File(path, "a") as file:
        write_subhalos(file, Subhalos(places, ones, ones, ones, numbers, "dmo", "found"))
        write_galaxies(file, Galaxies(places, ones, numbers, "hydro", "found"))
        columns = {"m500": ones, "r500": ones, "orientation": 0 * ones}
        units = {"m500": "Msun/h", "r500": "kpc/h", "orientation": ""}
        write_objects(file, Objects(places, columns, units, "clusters", "found"))
        for field in ("dm", "hot_gas"):
            create_cutouts(file, (field, "z"), (2, 6, 6), 100.0, 0.6, "drawn")[:] = 1.0
    return path


def read_model(card, path):
    """Weights whose card has their hash: who changes one can change the other."""
    read_weights(path.with_suffix(".json"), replace(card, weights_sha256=sha256(path)))


def write_recipe(path):
    """Of a slab that an emulator painted."""
    painting = Painting("ember-wgan", "HR", "b" * 64, 7)
    source = Source("file", "a" * 64, "z", 0, "dm", "HR", "ds")
    recipe = Recipe(
        source, "gas", painting, None, ("power_spectrum",), "slab", None, Surroundings.here("cpu")
    )
    path.write_text(recipe.to_json())
    return path


def write_painted(path, slab):
    """A file of two paintings."""
    place = json.dumps(place_to_json(SlabPlace("z", 0)))
    names = "file", "1 2", "ember-wgan", "gas", "HR", "b" * 64
    work = Work(*names, (place,), (0, 1), slab.shape, 0, 1 << 30)
    write_paintings(path, work, slab, [(0, seed, None, slab.values) for seed in (0, 1)])
    return path


def projected(made):
    """Maps of the snapshot."""
    return project_snapshot(
        made.snapshot, made.folder / "maps.hdf5", pixels=16, n_slabs=2, axes="z", levels=("HR",)
    )


def boxes(made):
    start = write_start(made.folder / "start.hdf5")
    path = project_snapshot(
        made.snapshot, made.folder / "boxes.hdf5", fields=(), levels=("HR",), grids=("dm", "hi"),
        cells=4, assignment="cic", initial_conditions=start,
    )  # fmt: skip
    return add_catalogues(path), read_simulation


def downloaded(made):
    """Maps, curves and a box, as the page gives them."""
    slab = engine.open_simulation(projected(made)).slab("dm")
    curves = {"power_spectrum": {"truth": st.power_spectrum(slab)}}
    density = np.random.default_rng(1).lognormal(size=(4, 4, 4))
    about = {name: getattr(slab, name) for name in ("box_size", "redshift", "cosmology")}
    box = Grid(density, "dm", cell_size=1000 * slab.box_size / 4, **about)
    outcome = Outcome({"truth": slab}, curves, {}, {}, {"prediction": box})
    write_map_file(made.folder / "made.hdf5", outcome, "{}")
    return made.folder / "made.hdf5", read_map_file


def paintings(made):
    path = made.folder / "paintings.hdf5"
    write_painted(path, engine.open_simulation(projected(made)).slab("dm"))
    return path, lambda path: Work.from_json(read_work(path))


def rockstar(made):
    path = made.folder / "parents.list"
    path.write_text(LIST)
    return path, lambda path: read_rockstar(path, "dmo", 10.0, 2.0)


def recipe(made):
    path = write_recipe(made.folder / "recipe.json")
    return path, lambda path: Recipe.from_json(path.read_text(errors="replace"))


def weights(made):
    path, card = write_model(made.folder, ember_wgan.card(), ember_wgan.weights())
    return weights_path(path), partial(read_model, card)


VALID = {
    "gadget": lambda made: (made.snapshot, read_snapshot),
    "swift": lambda made: (write_swift(made.folder / "s.hdf5", made.universe), read_snapshot),
    "simulation": lambda made: (projected(made), read_simulation),
    "boxes": boxes,
    "start": lambda made: (write_start(made.folder / "start.hdf5"), read_start),
    "maps": downloaded,
    "paintings": paintings,
    "rockstar": rockstar,
    "recipe": recipe,
    "card": lambda made: (write_model(made.folder, ember_wgan.card(), {})[0], read_card),
    "weights": weights,
}
"""Writes a small valid file of a kind, and says what reads it."""


@pytest.fixture
def made(universe, gadget, tmp_path):
    """A folder, and a universe in a snapshot."""
    small = type(universe)(number=4**3, stars=6)
    return SimpleNamespace(folder=tmp_path, universe=small, snapshot=add_haloes(gadget(small)))


changes = some.lists(
    some.tuples(some.integers(0, 1 << 20), some.integers(0, 1 << 20)), min_size=1, max_size=3
)


HDF5 = ("gadget", "swift", "simulation", "boxes", "start", "maps", "paintings")
DAMAGES = [
    *((kind, change) for kind in HDF5 for change in (change_object, change_bytes)),
    *((kind, change_text) for kind in ("rockstar", "card", "recipe")),
    ("weights", change_anywhere),
]


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(("kind", "change"), DAMAGES)
def test_a_mutated_file_gives_a_sentence_or_a_result(made, request, kind, change):
    path, read = VALID[kind](made)
    read(path)
    before = path.read_bytes()
    thorough = request.config.getoption("--slow")
    tried: list[list[tuple[int, int]]] = []

    @settings(
        max_examples=1000 if thorough else 15,
        derandomize=not thorough,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changes)
    def try_all(named):
        with tempfile.TemporaryDirectory() as folder:
            mutated = Path(folder) / path.name
            mutated.write_bytes(before)
            try:
                for which, how in named:
                    change(mutated, which, how)
            except Exception:  # what was changed first can't always be changed again
                return
            tried.append(named)
            attempt(read, mutated)

    try_all()
    assert len(tried) > 5
