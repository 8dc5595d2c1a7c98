"""Three ways to the same stars: cube by cube, everywhere at once, and half of either.

With batch normalisation at rest every output is a fixed function of the cells around it, so that
strides can be undone: a convolution that would see every second cell of its input sees all of
them, and those after it every second one of its outputs.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.dm2gal.network import LAYERS, Dm2Gal, reach

AT_ONCE = 32
"""Cubes that go through the network together."""


def by_patches(network: Dm2Gal, block: Tensor, places: Tensor) -> Tensor:
    """Say the stars at some cells, each from a cube of its own.

    Parameters
    ----------
    block : tensor, (2, nz + 2 margin, ny + 2 margin, nx + 2 margin)
        Scaled dark matter and subhaloes, with the network's margin about the cells in question.
    places : tensor of int, (n, 3)
        z, y, x of cells, from 0 to nz - 1 and so on.

    Returns
    -------
    tensor, (n,)
        Scaled stellar mass.
    """
    side = network.config.side
    return _in_turn(places, lambda some: network(cubes(block, some, side)))


def hybrid(network: Dm2Gal, block: Tensor, places: Tensor) -> Tensor:
    """Likewise, the first convolutions of all cells at once, the rest of each cube by itself.

    What costs most, the first convolutions of overlapping cubes, is done once; see `by_patches`.
    """
    layers, front = LAYERS[network.config.layers], network.front
    features = _undone(network.blocks[:front], block[None], 1)[0]
    stride = layers[front - 1][1]
    side = (network.config.side - reach(layers[:front])) // stride + 1

    def rest(some: Tensor) -> Tensor:
        x = cubes(features, some, side, stride)
        for each in network.blocks[front:]:
            x = each(x)
        return network.head(x.flatten(1))

    return _in_turn(places, rest)


def dense(network: Dm2Gal, block: Tensor, places: Tensor) -> Tensor:
    """Likewise, of all cells at once; see `by_patches`."""
    features = _undone(network.blocks, block[None], 1)[0]
    z, y, x = places.T
    return network.head(features.movedim(0, -1)[z, y, x])


WAYS: dict[str, Callable[[Dm2Gal, Tensor, Tensor], Tensor]] = {
    "hybrid": hybrid,
    "patches": by_patches,
    "dense": dense,
}
"""By name."""


def cubes(block: Tensor, corners: Tensor, side: int, stride: int = 1) -> Tensor:
    """Cut cubes out of a block, (n, features, side, side, side), seeing one cell of `stride`."""
    found = [
        block[:, z : z + length, y : y + length, x : x + length][:, ::stride, ::stride, ::stride]
        for length in ((side - 1) * stride + 1,)
        for z, y, x in corners.tolist()
    ]
    return torch.stack(found)


def _undone(blocks: Sequence[nn.Module] | nn.ModuleList, x: Tensor, apart: int) -> Tensor:
    """Run blocks without their strides, on cells that are `apart` at first."""
    for each in blocks:
        convolution, scaling, activation = cast("nn.Sequential", each)
        assert isinstance(convolution, nn.Conv3d)
        x = F.conv3d(x, convolution.weight, convolution.bias, dilation=apart)
        x = activation(scaling(x))
        apart *= convolution.stride[0]
    return x


def _in_turn(places: Tensor, say: Callable[[Tensor], Tensor]) -> Tensor:
    if not len(places):
        return torch.empty(0, device=places.device)
    return torch.cat([say(some) for some in places.split(AT_ONCE)])
