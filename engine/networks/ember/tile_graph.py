"""EMBER's U-Net and generator as operations of OpenVINO for blocks whose margin is cut off."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.networks.ember.graph import Graph, channels_of, constant, leaky


class TileGraph(Graph):
    """The same numbers to rounding in three quarters of the time: nothing is doubled.

    A 3x3 convolution of doubled pixels is a transposed one of the pixels themselves with 4x4
    weights, of which each result meets 4 instead of 9. Noise that all doubled channels take
    alike is one channel more. Only where the margin is cut off: at an edge it is no repetition.
    """

    def beside(self, i: int, skip: openvino.Node) -> list[openvino.Node]:  # noqa: ARG002
        """The skip itself: noise is convolved with it."""
        return [skip]

    def level(
        self,
        i: int,
        features: openvino.Node,
        beside: Sequence[openvino.Node],
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Features of the next finer level; the noise is one map, or none."""
        name = f"up.{i}.block"
        kernel = self.weights[f"{name}.first.weight"]
        channels = channels_of(features)
        of_doubled, of_beside = kernel[:, :channels], kernel[:, channels:]
        if noise:
            of_noise = self.weights["noise_strength"][i] * of_doubled.sum(1, keepdims=True)
            of_beside = np.concatenate((of_beside, of_noise), 1)
        both = op.add(
            op.convolution_backprop_data(
                features,
                constant(of_single_pixels(of_doubled)),
                strides=[2, 2],
                pads_begin=[1, 1],
                pads_end=[1, 1],
                dilations=[1, 1],
            ),
            op.convolution(
                op.concat([*beside, *noise], axis=1),
                constant(of_beside),
                [1, 1],
                [1, 1],
                [1, 1],
                [1, 1],
            ),
        )
        bias = self.weights[f"{name}.first.bias"].reshape(1, -1, 1, 1)
        return leaky(self.convolution(leaky(op.add(both, bias)), f"{name}.second"))


def of_single_pixels(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (in, out, 4, 4) of a transposed convolution of pixels, from those of doubled ones.

    Along an axis result 2 m + p reads, through weight d of three, pixel (2 m + p + d - 1) // 2;
    a transposed convolution of stride 2, padded by one, reads pixel i through its weight
    2 m + p - 2 i + 1.

    Parameters
    ----------
    kernel : array, (out, in, 3, 3)
    """
    out, read = kernel.shape[:2]
    weights = np.zeros((4, 4, read, out), np.float32)
    places = [(p - 2 * ((p + d - 1) // 2) + 1, d) for p in range(2) for d in range(3)]
    for (a, d), (b, e) in product(places, places):
        weights[a, b] += kernel[:, :, d, e].T
    return np.ascontiguousarray(np.moveaxis(weights, (0, 1), (2, 3)))
