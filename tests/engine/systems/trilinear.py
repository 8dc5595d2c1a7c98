"""Interpolation of the box that super-resolution is tried on."""

from dataclasses import replace

from tests.engine.systems import super_resolution
from tests.engine.systems.example import Example


def card():
    full = super_resolution.card()
    architecture = {"network": "interpolation"}
    about = {"system": "trilinear", "architecture": architecture, "parameters": ()}
    return replace(full, inputs=full.inputs[:1], **about)


def example() -> Example:
    low, _ = super_resolution.meshes()
    regions = ((0, 16, 0, 16, 0, 16), (3, 9, 2, 7, 5, 6), (-3, 4, 9, 19, 0, 16))
    return Example(card(), {}, {"low": low}, regions)
