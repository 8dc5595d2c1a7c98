"""What the first blocks look for: their kernels, and the features these make of a plane."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.super_resolution.generator import Generator
from engine.networks.super_resolution.inception import EDGE, KERNELS


def first_kernels(network: Generator, name: str) -> Mapping[int, NDArray[np.float32]]:
    """Kernels of a first block, each merged with the mixing before it.

    Parameters
    ----------
    network : Generator
        With merged kernels.
    name : {"low", "initial"}
        Of the block, for its input.

    Returns
    -------
    dict of array, (filters, side, side, side)
        By their side in cells, without the input that the block adds to every feature.

    References
    ----------
    Kodi Ramanah et al. 2020, figure 9.
    """
    merged = getattr(network, name).weight.detach().cpu().numpy()[:, 0].copy()
    merged[:, EDGE, EDGE, EDGE] -= 1
    filters = len(merged) // (len(KERNELS) + 1)
    found = {}
    for number, side in enumerate(KERNELS):
        inside = slice(EDGE - side // 2, EDGE + side // 2 + 1)
        rows = slice(number * filters, (number + 1) * filters)
        found[side] = merged[rows, inside, inside, inside]
    return found


def first_features(
    network: Generator, name: str, values: NDArray[np.float32], axis: int, index: int
) -> Mapping[int, NDArray[np.float32]]:
    """Features that a first block makes on one plane of a periodic box.

    Parameters
    ----------
    network, name
        See `first_kernels`.
    values : array, (n, n, n)
        As the block eats them, on cells of high resolution.
    axis, index : int
        Axis of the array that the plane is perpendicular to, and its place along it.

    Returns
    -------
    dict of array, (filters, n, n)
        By the kernels' side in cells, without the input that the block adds.

    References
    ----------
    Kodi Ramanah et al. 2020, figure 10.
    """
    block: nn.Conv3d = getattr(network, name)
    around = np.arange(index - EDGE, index + EDGE + 1) % values.shape[axis]
    planes = torch.from_numpy(np.ascontiguousarray(values.take(around, axis)))
    # Padded periodically along the other two axes; torch names the last axis first.
    edges = [0 if each == axis else EDGE for each in (2, 1, 0) for _ in range(2)]
    with torch.inference_mode():
        padded = F.pad(planes[None, None].to(block.weight.device), edges, mode="circular")
        weight = block.weight.detach().clone()
        weight[:, 0, EDGE, EDGE, EDGE] -= 1
        found = F.conv3d(padded, weight, block.bias)[0].squeeze(axis + 1).cpu().numpy()
    filters = len(found) // (len(KERNELS) + 1)
    return {
        side: found[number * filters : (number + 1) * filters]
        for number, side in enumerate(KERNELS)
    }
