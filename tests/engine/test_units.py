"""The constants written out are astropy's, and so are the densities made of them."""

import numpy as np
import pytest
from astropy import constants, units
from astropy.cosmology import Planck15

from engine.cosmology import Cosmology
from engine.formats.header import PLANCK_OMEGA_B
from engine.units import KPC_IN_CM, MSUN_IN_G, PROTON_MASS_OVER_BOLTZMANN


def test_constants():
    assert pytest.approx(units.kpc.to("cm"), rel=1e-12) == KPC_IN_CM
    assert pytest.approx(units.Msun.to("g"), rel=1e-4) == MSUN_IN_G
    ratio = (constants.m_p / constants.k_B).to_value("K s2 / km2")
    assert pytest.approx(ratio, rel=1e-6) == PROTON_MASS_OVER_BOLTZMANN
    assert pytest.approx(Planck15.Ob0, rel=1e-3) == PLANCK_OMEGA_B


def test_mean_density():
    # The critical density is 2.775e11 h^2 Msun/Mpc^3.
    cosmology = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
    assert cosmology.mean_matter_density == pytest.approx(0.3089 * 2.7754e11, rel=1e-4)
    assert cosmology.dark_matter_fraction == pytest.approx(1 - 0.0486 / 0.3089)
    assert np.isclose(cosmology.background.H0.value, 67.74)
