"""Galaxies are found among stars, and matched with the haloes of a run without baryons."""

import h5py
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

import engine
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_galaxies, write_subhalos
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.galaxies import Galaxies
from engine.halos import Halos, Subhalos
from engine.projection.friends import friends_of_friends
from engine.projection.galaxies import find_galaxies, matched
from engine.projection.snapshots import project_snapshot

BOX = 4.0


def some_stars(number=400, clumps=9):
    """Clumps of stars about places in a box, across its edges too."""
    random = np.random.default_rng(3)
    centre = random.uniform(0, BOX, (clumps, 3))
    centre[0] = 0.001
    which = random.integers(clumps, size=number)
    return centre[which] + random.normal(0, 0.02, (number, 3)), which


def subhalos_at(position, mvir, host=None):
    number = len(position)
    none = np.full(number, -1) if host is None else host
    return Subhalos(
        position, mvir, np.full(number, 100), np.full(number, 90), none, "dmo", "a list"
    )


def halos_at(position, mvir):
    number = len(position)
    return Halos(position, mvir, np.full(number, 100), np.zeros(number), "hydro")


NO_HALOS = halos_at(np.empty((0, 3)), np.empty(0))


@pytest.mark.parametrize("length", [0.003, 0.012, 0.05, 1.5])
def test_friends_are_the_connected_pairs_of_a_tree(length):
    position, _ = some_stars()
    first, second = (
        cKDTree(np.mod(position, BOX), boxsize=BOX).query_pairs(length, output_type="ndarray").T
    )
    pairs = coo_matrix((np.ones(len(first)), (first, second)), (len(position),) * 2)
    _, expected = connected_components(pairs, directed=False)
    found = friends_of_friends(position, length, BOX)
    ours, theirs = (each[:, None] == each[None] for each in (found, expected))
    assert np.array_equal(ours, theirs)
    assert found[0] == 0


def test_groups_do_not_depend_on_where_the_box_begins():
    position, _ = some_stars()
    moved = friends_of_friends(position + np.array([1.3, -2.2, 0.7]), 0.012, BOX)
    assert np.array_equal(moved, friends_of_friends(position, 0.012, BOX))


def test_galaxies_carry_all_stars_and_stand_at_their_centres():
    position, _ = some_stars()
    mass = np.random.default_rng(4).uniform(1, 2, len(position))
    found = find_galaxies(position, mass, BOX, linking_length=12)
    assert found.stars.sum(dtype=float) == pytest.approx(mass.sum())
    assert (np.diff(found.stars) <= 0).all()
    assert (found.subhalo == -1).all()
    pair = find_galaxies([[0.001, 1, 1], [BOX - 0.003, 1, 1]], np.array([1.0, 3.0]), BOX, 12)
    assert pair.position[0] == pytest.approx([BOX - 0.002, 1, 1], abs=1e-6)


def test_a_galaxy_takes_the_halo_about_it_and_not_that_of_another_mass():
    galaxies = Galaxies([[1, 1, 1], [2, 2, 2]], [1e9, 1e8], [-1, -1])
    subhalos = subhalos_at([[1.01, 1, 1], [1.03, 1, 1], [2, 2, 2.2]], [1e9, 1e11, 1e10])
    by_distance = matched(galaxies, NO_HALOS, subhalos, BOX)
    assert by_distance.subhalo.tolist() == [0, -1]
    by_mass = matched(galaxies, halos_at([[1, 1, 1]], [8e10]), subhalos, BOX)
    assert by_mass.subhalo.tolist() == [1, -1]
    assert by_mass.of_subhalos(3).tolist() == [0.0, pytest.approx(1e9), 0.0]
    assert by_mass.completeness() == (0.5, pytest.approx(1 / 1.1))
    assert by_mass.completeness(5e8) == (1.0, 1.0)


def test_a_stray_star_does_not_take_a_galaxys_halo():
    stray = Galaxies([[1, 1, 1], [1, 1, 1.03]], [1e9, 5e6], [-1, -1])
    found = matched(stray, NO_HALOS, subhalos_at([[1, 1, 1.02]], [1e11]), BOX)
    assert found.subhalo.tolist() == [0, -1]


def test_a_galaxy_is_matched_across_the_edge():
    galaxies = Galaxies([[BOX - 0.01, 1, 1]], [1e9], [-1])
    assert matched(galaxies, NO_HALOS, subhalos_at([[0.01, 1, 1]], [1e11]), BOX).subhalo == [0]


def test_a_file_keeps_them_and_refuses_rows_that_are_not_there(tmp_path):
    subhalos = subhalos_at([[1, 1, 1], [2, 2, 2]], [1e11, 1e10])
    header = SimulationHeader("toy", BOX, 2.0, Cosmology(0.3, 0.05, 0.7), "none", "in a test")
    path = tmp_path / "toy.hdf5"
    with new_simulation_file(path, header) as file:
        write_subhalos(file, subhalos)
        write_galaxies(file, Galaxies([[1, 1, 1]], [1e9], [1], definition="d"))
    found = engine.open_simulation(path).galaxies()
    assert (found.subhalo.tolist(), found.stars.tolist(), found.definition) == ([1], [1e9], "d")
    with h5py.File(path, "r+") as file:
        file["galaxies/hydro/subhalo"][0] = 2
    with pytest.raises(ValueError, match="reach from 2 to 2, expected rows of subhalos/dmo"):
        engine.open_simulation(path).galaxies()
    with h5py.File(path, "r+") as file:
        del file["subhalos"]
    simulation = engine.open_simulation(path)
    assert not simulation.has_galaxies
    with pytest.raises(ValueError, match=r"has no galaxies matched .*--galaxies"):
        simulation.galaxies()
    with pytest.raises(ValueError, match=r"has no subhaloes, .*run Rockstar .*--subhalos dmo=LIST"):
        simulation.subhalos("dmo")


@pytest.fixture
def snapshot(gadget, universe):
    """Stars and haloes about four places of a box of 10 Mpc/h."""
    universe.columns["stars"]["position"] = np.repeat(PLACES, 15, 0) + np.random.default_rng(
        2
    ).normal(0, 2, (60, 3))
    path = gadget(universe)
    with h5py.File(path, "r+") as file:
        columns = {"Coordinates": PLACES, "Mvir": np.full(4, 10.0), "Rvir": np.full(4, 100.0)}
        for name, values in {**columns, "FoFMass": np.full(4, 10.0)}.items():
            file[f"Halos/{name}"] = values
    return path


PLACES = np.array([[1000, 2000, 3000], [9999, 5000, 5000], [4000, 4000, 8000], [7000, 1000, 2000]])


def list_of(path, places):
    lines = ["#ID DescID Mvir Vmax Rvir X Y Z PID", "#a = 0.333333", "#Box size: 10.0 Mpc/h"]
    for number, (x, y, z) in enumerate(np.asarray(places) / 1000):
        lines.append(f"{number} -1 1.1e11 90 100 {x} {y} {z} -1")
    path.write_text("\n".join(lines) + "\n")
    return path


WISH = {"fields": (), "levels": ("HR",), "grids": ("dm",), "galaxies": True}


def test_a_projection_keeps_galaxies_and_their_haloes(snapshot, universe, tmp_path):
    halos = list_of(tmp_path / "dmo.list", PLACES[::-1] + 15)
    out = project_snapshot(snapshot, tmp_path / "o.hdf5", subhalos={"dmo": halos}, **WISH)
    found = engine.open_simulation(out).galaxies()
    assert sorted(found.subhalo) == [0, 1, 2, 3]
    place = np.mod(PLACES[::-1][found.subhalo] / 1000, 10)
    apart = found.position - place
    assert np.abs(apart - 10 * np.round(apart / 10)).max() < 0.005
    assert found.stars.sum() == pytest.approx(universe.columns["stars"]["mass"].sum(), rel=1e-5)


def test_what_galaxies_can_not_be_matched_with_is_said(snapshot, tmp_path):
    with pytest.raises(ValueError, match=r"without subhaloes of its twin, .*dmo=LIST") as error:
        project_snapshot(snapshot, tmp_path / "o.hdf5", **WISH)
    assert "\n" not in str(error.value)
    foreign = list_of(tmp_path / "foreign.list", PLACES + 2000)
    with pytest.raises(ValueError, match=r"0% of the stars .*list of the run with the same phases"):
        project_snapshot(snapshot, tmp_path / "o.hdf5", subhalos={"dmo": foreign}, **WISH)
