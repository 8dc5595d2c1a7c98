"""EMBER's networks as operations of OpenVINO, from their weights; mirrors `unet`, `generator`."""

from collections.abc import Mapping, Sequence

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.networks.ember.unet import LEAK, UNetConfig

Weights = Mapping[str, NDArray[np.float32]]

END = np.iinfo(np.int32).max
"""Of an axis, however long."""

BLOCK = 4
"""Side of the squares that `summed` computes at a time, [pixels]."""


class Graph:
    """Builds the network's operations; mirrors `unet` and `generator` layer by layer.

    Parameters
    ----------
    config : UNetConfig
        Numbers that fix the network.
    weights : mapping of str to array
        By the names of the torch module's parameters.
    padding : {"circular", "replicate", "zeros"}
        How a map goes on beyond its edges; zeros cost nothing, and are for a map whose margin
        is cut off.
    """

    def __init__(self, config: UNetConfig, weights: Weights, padding: str) -> None:
        self.config = config
        self.weights = weights
        self.padding = padding

    def decode(
        self,
        features: openvino.Node,
        beside: Sequence[Sequence[openvino.Node]],
        x: openvino.Node,
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Map from the bottleneck's features and what is `beside` every level."""
        for i, of_skip in enumerate(beside):
            features = self.level(i, features, of_skip, noise[i : i + 1])
        return self.drawn(features, x, noise)

    def encode(self, x: openvino.Node) -> tuple[openvino.Node, list[openvino.Node]]:
        """Features of the bottleneck, and those of every finer level, coarsest first."""
        features = self.entry(x)
        skips = []
        for i in range(self.config.halvings):
            skips.append(features)
            features = self.down(i, features)
        return features, skips[::-1]

    def entry(self, x: openvino.Node) -> openvino.Node:
        """Features at full size."""
        return self.block(x, "entry")

    def down(self, i: int, features: openvino.Node) -> openvino.Node:
        """Features of the next coarser level."""
        halved = leaky(self.convolution(features, f"down.{i}.halve", stride=2))
        return self.block(halved, f"down.{i}.block")

    def beside(self, i: int, skip: openvino.Node) -> list[openvino.Node]:
        """What a level asks of its skip, whatever the noise: its share of a convolution."""
        kernel = self.weights[f"up.{i}.block.first.weight"]
        of_skip = kernel[:, kernel.shape[1] - channels_of(skip) :]
        return [self.convolved(skip, of_skip, self.weights[f"up.{i}.block.first.bias"])]

    def level(
        self,
        i: int,
        features: openvino.Node,
        beside: Sequence[openvino.Node],
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Features of the next finer level; the noise is one map, or none."""
        doubled = double(features)
        for one in noise:
            strength = self.weights["noise_strength"][i].reshape(1, 1, 1, 1)
            doubled = op.add(doubled, op.multiply(one, strength))
        return self.risen(i, doubled, beside)

    def risen(
        self, i: int, doubled: openvino.Node, beside: Sequence[openvino.Node]
    ) -> openvino.Node:
        """Block of a level, of doubled features and what is beside them first."""
        name = f"up.{i}.block"
        kernel = self.weights[f"{name}.first.weight"][:, : channels_of(doubled)]
        first = op.add(self.convolved(doubled, kernel), beside[0])
        return leaky(self.convolution(leaky(first), f"{name}.second"))

    def drawn(
        self,
        features: openvino.Node,
        x: openvino.Node,  # noqa: ARG002
        noise: Sequence[openvino.Node],  # noqa: ARG002
    ) -> openvino.Node:
        """Map from the last features; another network asks for more."""
        return op.relu(self.convolution(features, f"to_map.{self.config.halvings}"))

    def block(self, x: openvino.Node, name: str) -> openvino.Node:
        """Two convolutions, each followed by LeakyReLU."""
        return leaky(
            self.convolution(leaky(self.convolution(x, f"{name}.first")), f"{name}.second")
        )

    def convolution(self, x: openvino.Node, name: str, stride: int = 1) -> openvino.Node:
        """A layer's convolution."""
        return self.convolved(
            x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], stride
        )

    def convolved(
        self,
        x: openvino.Node,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        stride: int = 1,
    ) -> openvino.Node:
        """Pad by half the kernel, then convolve."""
        edge = kernel.shape[-1] // 2
        around = [edge, edge] if self.padding == "zeros" else [0, 0]
        if self.padding != "zeros":
            for axis in (2, 3):
                x = self.pad(x, axis, edge)
        out = op.convolution(x, constant(kernel), [stride, stride], around, around, [1, 1])
        return out if bias is None else op.add(out, bias.reshape(1, -1, 1, 1))

    def pad(self, x: openvino.Node, axis: int, edge: int) -> openvino.Node:
        """Add `edge` pixels at both ends of an axis; OpenVINO has no periodic padding itself."""
        if self.padding == "circular":
            side = x.get_output_partial_shape(0)[axis].get_length()
            return op.concat([cut(x, axis, side - edge, side), x, cut(x, axis, 0, edge)], axis=axis)
        widths = [edge if i == axis else 0 for i in range(4)]
        return op.pad(x, widths, widths, "edge" if self.padding == "replicate" else "constant", 0.0)


def constant(weights: NDArray[np.float32]) -> openvino.Node:
    """Weights that OpenVINO reads where they are; it would copy an array number by number."""
    return op.constant(np.ascontiguousarray(weights), shared_memory=True)


def channels_of(x: openvino.Node) -> int:
    """How many channels there are."""
    return x.get_output_partial_shape(0)[1].get_length()


def cut(x: openvino.Node, axis: int, start: int, stop: int) -> openvino.Node:
    """Elements [start, stop) along an axis."""
    return op.slice(x, [start], [stop], [1], [axis])


def leaky(x: openvino.Node) -> openvino.Node:
    """LeakyReLU of slope 0.2 below zero."""
    return op.prelu(x, np.array([LEAK], np.float32))


def smoothed_out(x: openvino.Node, step: int) -> openvino.Node:
    """Average maps by 1, 2, 1 along both axes, of pixels `step` apart, without padding.

    By sums, which take half of a convolution's time.
    """
    for axis in (2, 3):
        # From the end, since blocks have sides that aren't known.
        first, middle = cut(x, axis, 0, -2 * step), cut(x, axis, step, -step)
        outer = op.multiply(op.add(first, cut(x, axis, 2 * step, END)), np.float32(0.25))
        x = op.add(outer, op.multiply(middle, np.float32(0.5)))
    return x


def summed(x: openvino.Node, kernels: NDArray[np.float32]) -> openvino.Node:
    """Convolve maps into one, without padding: squares of `BLOCK` pixels a side at a time.

    A convolution computes sixteen channels in the time of one; these are the pixels of a square,
    each of shifted kernels, spread out at last. Seven times as fast with kernels of 11 pixels.

    Parameters
    ----------
    x : node, (n, maps, ny, nx)
        Sides may be unknown yet.
    kernels : array, (1, maps, side, side)
    """
    side, more = kernels.shape[-1], BLOCK - 1
    shifted = [
        np.pad(kernels[0], ((0, 0), (row, more - row), (column, more - column)))
        for row in range(BLOCK)
        for column in range(BLOCK)
    ]
    # Zeros at the end complete the last squares, and are cut off.
    end, weights = [more] * 2, constant(np.stack(shifted))
    squares = op.convolution(x, weights, [BLOCK] * 2, [0, 0], end, [1, 1])
    spread_out = op.depth_to_space(squares, "blocks_first", BLOCK)
    sides = op.subtract(op.slice(op.shape_of(x), [2], [4], [1]), np.int64(side - 1))
    return op.slice(spread_out, [0, 0], sides, [1, 1], [2, 3])


def double(x: openvino.Node) -> openvino.Node:
    """Every pixel four times."""
    scales = np.array([2, 2], np.float32)
    return op.interpolate(
        x,
        scales,
        "nearest",
        "scales",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
        axes=np.array([2, 3], np.int64),
    )
