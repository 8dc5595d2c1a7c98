"""A local map of three points."""

import numpy as np

from tests.engine.systems.example import Example, slab_card, slab_example


def card():
    return slab_card("local-map", {"network": "table", "points": 3})


def weights():
    return {"dark_matter": np.array([0.0, 0.3, 2.0]), "painted": np.array([0.01, 0.2, 3.0])}


def example() -> Example:
    return slab_example(card(), weights())
