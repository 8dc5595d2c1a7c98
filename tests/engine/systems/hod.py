"""A halo occupation of a few subhaloes."""

import numpy as np

from tests.engine.systems import dm2gal
from tests.engine.systems.example import Example


def card():
    return dm2gal.card("hod", (dm2gal.SUBHALOS,), stochastic=True, least_mass=2e9)


def weights():
    host = np.repeat([9.9, 10.6, 11.4], 8).astype(np.float32)
    stars = np.linspace(-1.5, 2.0, 24, dtype=np.float32)
    return {"host": host, "mass": host, "central": np.tile([1.0, 1.0, 0.0, 1.0], 6), "stars": stars}


def example() -> Example:
    return Example(card(), weights(), {"subhalos": dm2gal.subhalos()}, dm2gal.REGIONS)
