"""Clumps made round, as operations of OpenVINO; mirrors `rounding` step by step."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.networks.ember.graph import constant, smoothed_out, summed
from engine.networks.ember.rounding import (
    AROUND,
    CORRECTED,
    DARKEST,
    FAINT,
    FAINTEST,
    GROUND,
    LARGE,
    LEVEL,
    MOST,
    NEAR,
    PIT,
    SMALL,
    STANDS_OUT,
    areas,
    kernels,
    widths,
)
from engine.networks.ember.shaping import ADDED


class RoundedGraph:
    """Builds the operations of `rounding.rounded`.

    Parameters
    ----------
    around : callable
        Adds so many pixels on every side of maps.
    """

    def __init__(self, around: Callable[[openvino.Node, int], openvino.Node]) -> None:
        self.around = around

    def rounded(
        self, maps: openvino.Node, weights: Mapping[str, NDArray[np.float32]]
    ) -> openvino.Node:
        """Maps with discs instead of wide clumps."""
        ground, above, peaks = self.clumps(maps)
        areas_of = areas(SMALL + LARGE)[0, :, 0, 0]
        held = [op.multiply(peak, area) for peak, area in zip(peaks, areas_of, strict=True)]
        others, large, nothing = held[: len(SMALL)], [], np.float32(0)
        heaviest = constant(weights["heaviest"].reshape(1, 1, 1, 1))
        for peak, light in zip(peaks[len(SMALL) :], held[len(SMALL) :], strict=True):
            made_round = op.less_equal(light, heaviest)
            others.append(op.select(made_round, nothing, light))
            large.append(op.select(made_round, peak, nothing))
        overlapping = op.add(self.stamped(large), np.float32(FAINTEST))
        share = op.clamp(op.divide(above, overlapping), *CORRECTED)
        discs = self.stamped([op.multiply(share, each) for each in large])
        most = op.multiply(ground, np.float32(MOST))
        of_discs = self.smooth(op.minimum(discs, most), AROUND)
        rest = self.smooth(total([*others, op.multiply(ground, np.float32(LEVEL))]), AROUND)
        theirs = op.divide(of_discs, total([of_discs, rest, np.float32(FAINTEST)]))
        taken = op.multiply(theirs, above)
        all_discs = op.add(self.smooth(discs, AROUND), np.float32(FAINTEST))
        kept = op.divide(self.smooth(taken, AROUND), all_discs)
        restored = op.multiply(op.clamp(kept, 1 / CORRECTED[1], CORRECTED[1]), discs)
        return op.power(total([ground, restored, op.subtract(above, taken)]), np.float32(1 / ADDED))

    def clumps(
        self, maps: openvino.Node
    ) -> tuple[openvino.Node, openvino.Node, list[openvino.Node]]:
        """Ground, what is above it, and its peaks by radius."""
        light = op.power(maps, np.float32(ADDED))
        pitless = op.negative(self.brightest(op.negative(self.brightest(light, PIT)), PIT))
        filled = op.minimum(op.multiply(self.opened(pitless), np.float32(DARKEST)), pitless)
        light = op.maximum(light, filled)
        lit = op.multiply(self.opened(light), np.float32(1 + FAINT))
        ground = op.minimum(lit, light)
        above = op.subtract(light, ground)
        even = self.smooth(above, NEAR[:1])
        peak = op.logical_and(
            op.equal(self.brightest(even, 3), even),
            op.greater(above, op.multiply(ground, np.float32(STANDS_OUT))),
        )
        wide = op.divide(self.smooth(even, NEAR[1:]), op.add(above, np.float32(FAINTEST)))
        edges = [np.float32(edge) for edge in (-np.inf, *widths(), np.inf)]
        peaks = []
        for low, high in pairwise(edges):
            between = op.logical_and(op.greater_equal(wide, low), op.less(wide, high))
            peaks.append(op.select(op.logical_and(peak, between), above, np.float32(0)))
        return ground, above, peaks

    def brightest(self, maps: openvino.Node, side: int) -> openvino.Node:
        """Most within a square about each pixel."""
        wide = self.around(maps, side // 2)
        for sides in ([side, 1], [1, side]):
            pooled = op.max_pool(wide, [1, 1], [1, 1], [0, 0], [0, 0], sides)
            wide = op.convert(pooled.output(0), "f32")  # a node again, of one output
        return wide

    def smooth(self, maps: openvino.Node, steps: Sequence[int]) -> openvino.Node:
        """Smooth by 1, 2, 1 of pixels so many steps apart, one after the other."""
        for step in steps:
            maps = smoothed_out(self.around(maps, step), step)
        return maps

    def opened(self, light: openvino.Node) -> openvino.Node:
        """Light without its clumps, smoothed a little."""
        darkest = op.negative(self.brightest(op.negative(light), GROUND))
        return self.smooth(self.brightest(darkest, GROUND), AROUND)

    def stamped(self, peaks: Sequence[openvino.Node]) -> openvino.Node:
        """Large discs about peaks, their sum."""
        discs = kernels(LARGE)
        wide = self.around(op.concat(peaks, axis=1), discs.shape[-1] // 2)
        return summed(wide, discs)


def total(nodes: Sequence[openvino.Node]) -> openvino.Node:
    """Sum of some maps."""
    return reduce(op.add, nodes)
