"""X-rays of hot gas: emissivity, which gas is hot, and what a snapshot's gas carries."""

import numpy as np
import pytest

from engine.formats import open_snapshot
from engine.projection.xray import (
    KELVIN_IN_KEV,
    PROTON_MASS_IN_G,
    emissivity,
    hot_gas,
    is_hot,
    physical_density,
)
from engine.units import HYDROGEN_FRACTION, KPC_IN_CM, MSUN_IN_G

DENSITY = 1e-27


@pytest.mark.parametrize(
    ("kT", "per_pair"),
    [(0.3, 6.76e-25), (0.5, 1.59e-24), (1.2, 3.61e-24), (2.0, 4.51e-24), (5.0, 5.06e-24)],
)
def test_emissivity_is_that_of_the_exact_gaunt_factor(kT, per_pair):
    # Free-free and recombination of H and He, integrated over the band, per electron and proton.
    nucleons = DENSITY / PROTON_MASS_IN_G
    electrons, hydrogen = 0.88 * nucleons, HYDROGEN_FRACTION * nucleons
    found = emissivity(kT / KELVIN_IN_KEV, DENSITY)
    assert found / (electrons * hydrogen) == pytest.approx(per_pair, rel=0.015)


def test_emissivity_goes_with_the_square_of_density():
    T = np.array([1e6, 1e7, 1e8])
    assert emissivity(T, 3 * DENSITY) == pytest.approx(9 * emissivity(T, DENSITY))


def test_cool_dense_and_star_forming_gas_is_not_hot():
    T = np.array([1e7, 2e5, 1e7, 1e7])
    rho = np.array([1e-27, 1e-27, 1e-24, 1e-27])
    assert is_hot(T, rho, np.array([0, 0, 0, 0.1])).tolist() == [True, False, False, False]


@pytest.fixture
def snapshot(gadget, universe):
    gas = universe.columns["gas"]
    gas["energy"][:], gas["electrons"][:] = 1.5e5, 1.158  # 7.1e6 K, fully ionised
    gas["density"] = np.full(512, 1e3)
    gas["forming"] = np.where(np.arange(512) < 100, 1.0, 0.0)
    return open_snapshot(gadget(universe))


def test_gas_carries_its_luminosity_and_its_temperature(snapshot, universe):
    h, z, mass = 0.6774, 2.0, universe.columns["gas"]["mass"]
    carried = hot_gas(snapshot, 0, 512)
    rho = physical_density(snapshot, 0, 512)
    assert rho == pytest.approx(1e3 * 6.768e-32 * h**2 * (1 + z) ** 3, rel=1e-3)
    T = snapshot.temperatures(0, 512)
    volume = mass * MSUN_IN_G / h / rho  # [cm^3], physical
    power = carried["xray"] * (KPC_IN_CM / h / (1 + z)) ** 2
    assert power[100:] == pytest.approx((emissivity(T, rho) * volume)[100:], rel=1e-6)
    assert carried["hot_gas"][100:] == pytest.approx(mass[100:])
    mean = carried["temperature_sl"].sum() / carried["spectral weight"].sum()
    assert mean == pytest.approx(T[0])
    for name, values in carried.items():
        assert not values[:100].any(), name


def test_the_cooler_of_two_gases_weighs_more_in_the_mean(gadget, universe):
    gas = universe.columns["gas"]
    gas["energy"][:], gas["electrons"][:], gas["mass"][:] = 1e5, 1.158, 2e7
    gas["energy"][::2] *= 4
    gas["density"] = np.full(512, 1e3)
    universe.balance()
    snapshot = open_snapshot(gadget(universe))
    carried = hot_gas(snapshot, 0, 512)
    hot, cool = snapshot.temperatures(0, 2)
    assert hot == pytest.approx(4 * cool)
    mean = carried["temperature_sl"].sum() / carried["spectral weight"].sum()
    expected = (cool**0.25 + hot**0.25) / (cool**-0.75 + hot**-0.75)
    assert mean == pytest.approx(expected, rel=1e-3)
