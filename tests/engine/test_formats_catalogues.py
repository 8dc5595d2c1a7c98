"""Catalogues and cut-outs in a simulation file come back as they were written."""

import h5py
import numpy as np
import pytest

import engine
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_objects, write_subhalos
from engine.formats.cutouts import create_cutouts
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Objects, Subhalos

HEADER = SimulationHeader("toy", 6.0, 1.0, Cosmology(0.3, 0.05, 0.7), "none", "made in a test")
AT = np.array([[1, 2, 3], [1.1, 2, 3], [5, 5, 5]])
SUBHALOS = Subhalos(AT, [1e12, 1e10, 1e11], [200, 30, 90], [150, 40, 80], [-1, 0, -1], "dmo", "d")
CLUSTERS = Objects(AT[[0, 2]], {"m500c": np.array([2e14, 1e14])}, {"m500c": "Msun/h"}, "clusters")


@pytest.fixture
def maps():
    return np.random.default_rng(2).lognormal(10, 1, (2, 8, 8)).astype(np.float32)


@pytest.fixture
def path(tmp_path, maps):
    path = tmp_path / "toy.hdf5"
    with new_simulation_file(path, HEADER) as file:
        write_subhalos(file, SUBHALOS)
        write_objects(file, CLUSTERS)
        create_cutouts(file, ("gas", "y"), (2, 8, 8), 31.25, 2.0, "made")[:] = maps
    return path


def refused(words, read):
    with pytest.raises(ValueError, match=words) as error:
        read()
    assert "\n" not in str(error.value)


def test_subhaloes_know_their_hosts(path):
    found = engine.open_simulation(path).subhalos("dmo")
    assert np.array_equal(found.position, SUBHALOS.position)
    assert found.host.tolist() == [-1, 0, -1]
    assert found.host.dtype == np.int64
    assert np.array_equal(found.vmax, SUBHALOS.vmax)
    assert (len(found), found.run, found.definition) == (3, "dmo", "d")


def test_objects_come_with_all_their_columns(path):
    found = engine.open_simulation(path).objects("clusters")
    assert np.array_equal(found.position, CLUSTERS.position)
    assert np.array_equal(found.columns["m500c"], CLUSTERS.columns["m500c"])
    assert dict(found.units) == {"m500c": "Msun/h"}
    assert (len(found), found.name) == (2, "clusters")


def test_a_cutout_lies_around_its_object(path, maps):
    simulation = engine.open_simulation(path)
    assert simulation.cutouts() == {("gas", "y"): 2}
    cutout = simulation.cutout("gas", number=1, axis="y")
    assert np.array_equal(cutout.values, maps[1])
    assert cutout.centre == (5, 5, 5)
    assert (cutout.pixel_size, cutout.depth, cutout.periodic) == (31.25, 2.0, False)
    assert (cutout.number, cutout.redshift, cutout.unit) == (1, 1.0, "Msun h / ckpc^2")


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("subhalos", ("hydro",), "run of the subhaloes of toy is 'hydro', expected one of dmo"),
        ("objects", ("voids",), "catalogue of objects of toy is 'voids', expected one of clusters"),
        ("cutout", ("gas", 0, "z"), "toy has no cut-outs gas/z, expected one of gas/y"),
        ("cutout", ("gas", 2, "y"), "object is 2, expected 0 to 1 of toy"),
        ("cutout", ("gas", -1, "y"), "object is -1, expected 0 to 1 of toy"),
    ],
)
def test_what_is_not_there_is_refused_in_words(path, method, arguments, words):
    refused(words, lambda: getattr(engine.open_simulation(path), method)(*arguments))


def test_a_host_that_is_no_row_is_refused(path):
    with h5py.File(path, "a") as file:
        file["subhalos/dmo/host"][1] = 3
    simulation = engine.open_simulation(path)
    refused(
        "hosts in subhalos/dmo reach from -1 to 3, expected rows from 0 to 2", simulation.subhalos
    )


def test_a_column_that_is_missing_is_named(path):
    with h5py.File(path, "a") as file:
        del file["subhalos/dmo/vmax"]
    refused("subhalos/dmo lacks vmax, expected", engine.open_simulation(path).subhalos)


def test_positions_of_no_place_are_refused(path):
    with h5py.File(path, "a") as file:
        del file["objects/clusters/position"]
        file["objects/clusters/position"] = np.ones((2, 2))
    refused(r"position has shape \(2, 2\), expected", engine.open_simulation(path).objects)


def test_cutouts_of_another_catalogue_are_refused(path):
    with h5py.File(path, "a") as file:
        for name in ("position", "m500c"):
            rows = file[f"objects/clusters/{name}"][:1]
            del file[f"objects/clusters/{name}"]
            file[f"objects/clusters/{name}"] = rows
    simulation = engine.open_simulation(path)
    refused("holds 2 objects, but their catalogue 1", lambda: simulation.cutout("gas", 0, "y"))


def test_a_stack_of_no_maps_is_refused(path):
    with h5py.File(path, "a") as file:
        file["cutouts/hi/z"] = np.ones((8, 8))
    refused(r"cutouts/hi/z has shape \(8, 8\), expected", lambda: engine.open_simulation(path))
