"""Kernels of a super-resolution's first layer, and what they make of the plane amid a layer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.fields import AXES
from engine.networks.super_resolution.features import first_features, first_kernels
from engine.systems.box_pair import INITIAL, LOW
from engine.systems.super_resolution import SuperResolution
from explorer.results import trained
from explorer.volumes.boxes import BoxResults

BOXES = {LOW: "input", INITIAL: "initial"}
"""Name of the box on show of each input."""


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """What a first block does to one input.

    Parameters
    ----------
    kernels : mapping of array, (filters, side, side)
        Central slices along the line of sight, by the kernels' side in cells.
    features : mapping of array, (filters, n, n)
        Of the plane, likewise.
    """

    kernels: Mapping[int, NDArray[np.float32]]
    features: Mapping[int, NDArray[np.float32]]


def first_layers(found: BoxResults) -> dict[str, FirstLayer]:
    """Look at both first blocks of the emulator on show; nothing if it has none.

    Returns
    -------
    dict
        By the name of the input's box, "input" and "initial".
    """
    request = found.request
    if not request.emulator:
        return {}
    emulator = trained(request.emulator, request.field, request.run.level)
    if not isinstance(emulator, SuperResolution):
        return {}
    axis = 2 - AXES.index(request.axis)
    index = plane_amid(found)
    layers = {}
    for name, of in BOXES.items():
        kernels = {
            side: np.asarray(each.take(side // 2, axis + 1))
            for side, each in first_kernels(emulator.network, name).items()
        }
        eaten = emulator.eaten_by_first(name, found.boxes[of])
        features = first_features(emulator.network, name, eaten, axis, index)
        layers[of] = FirstLayer(kernels, features)
    return layers


def plane_amid(found: BoxResults) -> int:
    """Number of the plane of high resolution in the middle of the layer."""
    request, start = found.request, found.boxes["initial"]
    middle = request.start + request.depth / 2
    return int(middle / start.box_size * len(start.values)) % len(start.values)
