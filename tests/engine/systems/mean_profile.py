"""A mean profile of three rings."""

import numpy as np

from engine.normalization import Identity
from tests.engine.systems.cutout_example import cutout_card, cutout_example
from tests.engine.systems.example import Example


def card():
    network = {"network": "table", "points": 3}
    return cutout_card("mean-profile", "xray", network, Identity(), Identity())


def weights():
    return {
        "radius": np.array([0.1, 0.4, 1.0]),
        "constant": np.array([-4.0, -6.0, -8.0]),
        "slope": np.array([2.0, 1.5, 1.0]),
        "running": np.array([0.1, 0.0, 0.0]),
    }


def example() -> Example:
    return cutout_example(card(), weights())
