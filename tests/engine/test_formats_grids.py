"""Grids and initial conditions in a simulation file come back; coarser ones are means."""

import h5py
import numpy as np
import pytest

import engine
from engine.cosmology import Cosmology
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.initial_conditions import InitialConditions
from engine.places import Run

HEADER = SimulationHeader("toy", 6.0, 2.0, Cosmology(0.3, 0.05, 0.7), "none", "made in a test")
CELLS = 12


@pytest.fixture
def density():
    return np.random.default_rng(1).lognormal(5, 2, (CELLS,) * 3).astype(np.float32)


@pytest.fixture
def path(tmp_path, density):
    path = tmp_path / "toy.hdf5"
    with new_simulation_file(path, HEADER) as file:
        create_grid(file, Run("stars"), CELLS, 100, "made")[:] = density
        create_grid(file, Run("dmo", "MR", "native"), 4, 64, "made")[:] = 3
        create_grid(file, Run("temperature"), 4, 64, "made")[:] = 1e4
        write_initial_conditions(file, np.sin(density), 49.0, (0.0, 0.5, 0.0), "made")
    return path


def test_a_grid_comes_back(path, density):
    simulation = engine.open_simulation(path)
    grid = simulation.grid("stars")
    assert np.array_equal(grid.values, density)
    assert (grid.cell_size, grid.box_size, grid.redshift) == (500, 6, 2)
    assert (grid.field, grid.unit, grid.simulation) == ("stars", "Msun h^2 / ckpc^3", "toy")
    assert (grid.particles, grid.periodic) == (100, True)
    assert simulation.grids()[Run("dmo", "MR", "native")] == 4


def test_of_the_highest_resolution_both_origins_are_one_grid(path):
    simulation = engine.open_simulation(path)
    assert simulation.has_grid("stars", origin="native")
    assert simulation.grid("stars", origin="native").origin == "native"
    assert not simulation.has_grid("dmo", "MR", "ds")


@pytest.mark.parametrize("cells", [6, 4, 3, 2, 1])
def test_a_coarser_grid_is_means_that_keep_the_mass(path, density, cells):
    grid = engine.open_simulation(path).grid("stars", cells=cells)
    each = CELLS // cells
    means = [
        [
            [
                density[z : z + each, y : y + each, x : x + each].mean()
                for x in range(0, CELLS, each)
            ]
            for y in range(0, CELLS, each)
        ]
        for z in range(0, CELLS, each)
    ]
    assert grid.values == pytest.approx(np.array(means), rel=1e-5)
    assert grid.cell_size == 6000 / cells
    mass = grid.values.sum(dtype=float) * grid.cell_volume
    assert mass == pytest.approx(density.sum(dtype=float) * 500**3, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"field": "stars", "cells": 24}, "12 cells a side .* 24 were asked for, expected 1 or 2 "),
        ({"field": "stars", "cells": 5}, "5 were asked for, expected 1 or 2 or 3 or 4 or 6 or 12;"),
        ({"field": "stars", "cells": 0}, "0 were asked for"),
        ({"field": "temperature", "cells": 2}, "2 were asked for, expected 4;"),
        ({"field": "gas"}, r"toy has no grid gas/HR/ds, expected one of .*dmo/MR/native of 4\^3"),
        ({"field": "wind"}, "field is 'wind', expected one of dm"),
        ({"field": "stars", "level": "best"}, "level is 'best', expected one of HR"),
    ],
)
def test_a_grid_that_is_not_there_is_refused_in_words(path, arguments, words):
    with pytest.raises(ValueError, match=words) as error:
        engine.open_simulation(path).grid(**arguments)
    assert "\n" not in str(error.value)


def test_initial_conditions_say_where_and_when_they_began(path, density):
    found = engine.open_simulation(path).initial_conditions()
    assert isinstance(found, InitialConditions)
    assert found.values == pytest.approx(np.sin(density), abs=1e-5)
    assert found.values.min() < 0
    assert (found.starting_redshift, found.redshift, found.lattice) == (49, 0, (0, 0.5, 0))
    assert (found.field, found.unit, found.cell_size, found.particles) == ("delta", "1", 500, 1728)
    assert found.slab("x", depth=1.5).values.shape == (CELLS, CELLS)


class TestBadFiles:
    def test_cells_that_do_not_fill_the_box(self, path):
        with h5py.File(path, "a") as file:
            file["grids/stars/HR/ds"].attrs["cell_size"] = 400
        with pytest.raises(ValueError, match=r"shape \(12, 12, 12\), but .* \(15, 15, 15\)"):
            engine.open_simulation(path)

    def test_layers_that_are_missing(self, path):
        with h5py.File(path, "a") as file:
            short = file["grids/stars/HR/ds"][:9]
            del file["grids/stars"]
            file["grids/stars/HR/ds"] = short
            file["grids/stars/HR/ds"].attrs["cell_size"] = 500
        with pytest.raises(ValueError, match=r"shape \(9, 12, 12\), but .* \(12, 12, 12\)"):
            engine.open_simulation(path)

    def test_impossible_values(self, path):
        with h5py.File(path, "a") as file:
            file["grids/stars/HR/ds"][3, 4, 5] = -1
        with pytest.raises(ValueError, match="grids/stars/HR/ds holds values that are negative"):
            engine.open_simulation(path).grid("stars")

    def test_signed_values_that_are_no_numbers(self, path):
        with h5py.File(path, "a") as file:
            file["initial_conditions"][3, 4, 5] = np.nan
        with pytest.raises(ValueError, match="initial_conditions holds values that are not finite"):
            engine.open_simulation(path).initial_conditions()

    def test_a_lattice_of_no_place(self, path):
        with h5py.File(path, "a") as file:
            file["initial_conditions"].attrs["lattice"] = 0.5
        with pytest.raises(ValueError, match=r"has the attribute lattice \[0.5\], expected where"):
            engine.open_simulation(path).initial_conditions()

    def test_none_at_all(self, path):
        with h5py.File(path, "a") as file:
            del file["initial_conditions"]
        simulation = engine.open_simulation(path)
        assert not simulation.has_initial_conditions
        with pytest.raises(ValueError, match="toy has no initial conditions, expected some"):
            simulation.initial_conditions()

    def test_unknown_grids_are_left_alone(self, path):
        with h5py.File(path, "a") as file:
            file["grids/metals/HR/ds"] = np.ones(3)
            file["grids/stars/best/ds"] = np.ones(3)
        assert len(engine.open_simulation(path).grids()) == 5
