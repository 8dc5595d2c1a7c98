"""Neutral hydrogen without self-shielding: limits that are known, and the stored fractions."""

import numpy as np
import pytest

import engine
from engine.cosmology import PLANCK
from engine.projection.snapshots import project_snapshot
from engine.thin_hydrogen import (
    Gas,
    background,
    collisions,
    equilibrium,
    gas_of,
    hydrogen_recombination,
    neutral_fraction,
)
from engine.units import temperature


def energy_at(kelvin, electrons=1.158):
    return kelvin / temperature(np.array([1.0]), np.array([electrons]))


def test_rates_are_those_of_their_papers():
    assert hydrogen_recombination(np.array([1e4]))[0] == pytest.approx(4.192e-13, rel=1e-3)
    collided = collisions(np.array([1e5]), 13.6, 0, 2.91e-8, 0.232, 0.39)
    assert collided[0] == pytest.approx(3.96e-9, rel=1e-2)


def test_the_background_is_the_tables_and_a_power_law_between():
    assert background("HI", 2.0) == pytest.approx(9.433e-13)
    between = background("HI", np.sqrt(6.0) - 1)
    assert between == pytest.approx(np.sqrt(4.367e-13 * 9.433e-13), rel=1e-6)


def test_thin_gas_in_the_light_is_neutral_as_its_density():
    density = np.array([1e-6, 1e-5])
    neutral, heat = equilibrium(density, np.full(2, energy_at(1e4)[0]), 2.0)
    assert heat == pytest.approx([1e4, 1e4], rel=2e-2)
    expected = hydrogen_recombination(heat) * 1.158 * density / background("HI", 2.0)
    assert neutral == pytest.approx(expected, rel=2e-2)


def test_dense_cold_gas_is_neutral_and_hot_gas_is_not():
    neutral, _ = equilibrium(np.array([1e3, 1e3]), np.array([energy_at(5e3)[0], 1e5]), 2.0)
    assert neutral[0] > 0.9
    assert neutral[1] < 1e-4


def test_gas_that_sherwood_would_turn_into_stars_is_left_out():
    cold, hot = energy_at(1e4)[0], energy_at(5e5)[0]
    gas = Gas(
        density=np.full(4, 0.01),
        energy=np.array([cold, hot, hot, cold]),
        overdensity=np.array([2000.0, 2000.0, 2000.0, 500.0]),
        star_forming=np.array([False, False, True, False]),
    )
    found = neutral_fraction(gas, 2.0)
    assert (found[[0, 2]] == 0).all()
    assert (found[[1, 3]] > 0).all()


def test_the_mean_baryon_density_is_one():
    mean = PLANCK.mean_matter_density * PLANCK.Omega_b / PLANCK.Omega_m / 1e9
    gas = gas_of(np.array([mean]), np.array([100.0]), np.array([False]), PLANCK, 2.0)
    assert gas.overdensity[0] == pytest.approx(1)
    # 0.76 Omega_b rho_crit / m_p, physical: 1.9e-7 cm^-3 today.
    assert gas.density[0] == pytest.approx(1.905e-7 * 27, rel=2e-2)


def test_a_grid_holds_what_the_particles_gas_has_of_it(gadget, universe, tmp_path):
    gas = universe.columns["gas"]
    mean = PLANCK.mean_matter_density * PLANCK.Omega_b / PLANCK.Omega_m / 1e9
    gas["density"] = mean * np.geomspace(0.1, 1e4, len(gas["mass"]))
    gas["forming"] = np.zeros(len(gas["mass"]))
    out = project_snapshot(
        gadget(universe),
        tmp_path / "o.hdf5",
        fields=(),
        levels=("HR",),
        grids=("hi_thin",),
        cells=8,
    )
    simulation = engine.open_simulation(out)
    grid = simulation.grid("hi_thin")
    known = gas_of(gas["density"], gas["energy"], gas["forming"] > 0, simulation.cosmology, 2.0)
    expected = (0.76 * neutral_fraction(known, 2.0) * gas["mass"]).sum()
    found = grid.values.sum(dtype=np.float64) * grid.cell_volume
    assert found == pytest.approx(expected, rel=1e-4)
    assert "Faucher-Giguere 2020" in simulation.provenance


def test_a_snapshot_without_densities_is_refused(gadget, universe, tmp_path):
    with pytest.raises(ValueError, match="has no block Density in PartType0"):
        project_snapshot(gadget(universe), tmp_path / "o.hdf5", fields=(), grids=("hi_thin",))
