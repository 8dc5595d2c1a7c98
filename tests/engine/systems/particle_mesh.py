"""The particle mesh alone on a box of 8 cells a side."""

from dataclasses import replace

from tests.engine.systems import jerald
from tests.engine.systems.example import Example


def card():
    return replace(jerald.card("dm"), system="particle-mesh", parameters=())


def example() -> Example:
    regions = ((0, 8, 0, 8, 0, 8), (3, 6, 2, 7, 5, 6), (-3, 4, 6, 11, 0, 8))
    return Example(card(), {}, {"initial": jerald.initial()}, regions)
