"""Filters of three wavenumbers, on the box that super-resolution is tried on."""

from dataclasses import replace

import numpy as np

from tests.engine.systems import super_resolution
from tests.engine.systems.example import Example


def card():
    architecture = {"network": "filters", "bins": 3}
    about = {"system": "linear-filter", "architecture": architecture, "parameters": ()}
    return replace(super_resolution.card(), **about)


def weights():
    return {
        "k": np.array([0.05, 0.4, 2.0]),
        "low": np.array([1.0, 0.6, 0.1]),
        "initial": np.array([0.0, 0.1, 0.05]),
    }


def example() -> Example:
    return replace(super_resolution.example(), card=card(), weights=weights())
