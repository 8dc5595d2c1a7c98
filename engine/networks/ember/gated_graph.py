"""EMBER's generator, version 2, as operations of OpenVINO; mirrors `gated` layer by layer."""

from collections.abc import Sequence

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.networks.ember.gated import WINDOW, GatedConfig
from engine.networks.ember.graph import (
    Graph,
    channels_of,
    constant,
    cut,
    double,
    smoothed_out,
    summed,
)
from engine.networks.ember.rounding_graph import RoundedGraph
from engine.networks.ember.shaping import ADDED, RADII, RARE, SHUT, disc_brightness, disc_kernels

Place = tuple[openvino.Node, openvino.Node]
"""Among the classes of dark matter, of each pixel: the class below, and the share of the next."""


class GatedGraph(Graph):
    """Builds the operations of a `GatedGenerator`. See `Graph`."""

    config: GatedConfig

    def decode(
        self,
        features: openvino.Node,
        beside: Sequence[Sequence[openvino.Node]],
        x: openvino.Node,
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Map within bounds from the bottleneck's features and what is beside every level."""
        common, bottom, *levels = noise
        features = self.bottom(features, (common, bottom))
        for i, (of_skip, maps) in enumerate(zip(beside, levels, strict=True)):
            features = self.level(i, features, of_skip, (common, maps))
        return self.drawn(features, x, noise)

    def beside(self, i: int, skip: openvino.Node) -> list[openvino.Node]:
        """What a level asks of its skip: its share of a convolution, and itself for gates."""
        found = super().beside(i, skip)
        return [*found, skip] if f"gates.{i + 1}.weight" in self.weights else found

    def bottom(self, features: openvino.Node, noise: Sequence[openvino.Node]) -> openvino.Node:
        """Features of the bottleneck with their noise: the realisation's, and maps."""
        common, maps = noise
        features = self.toned(features, common, 0)
        return self.noisy(features, self.gates(features, None, 0), maps)

    def level(
        self,
        i: int,
        features: openvino.Node,
        beside: Sequence[openvino.Node],
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Features of the next finer level; the noise is the realisation's, and maps."""
        common, maps = noise
        doubled = double(features)
        if len(beside) > 1:
            doubled = self.noisy(doubled, self.gates(features, beside[1], i + 1), maps)
        return self.toned(self.risen(i, doubled, beside), common, i + 1)

    def drawn(
        self, features: openvino.Node, x: openvino.Node, noise: Sequence[openvino.Node]
    ) -> openvino.Node:
        """Map within what training maps hold at each pixel's dark matter."""
        place = self.place(cut(x, 1, 0, 1))
        below = op.minimum(op.floor(place), np.float32(self.config.classes - 2))
        at = op.convert(below, "i32"), op.subtract(place, below)
        free = op.add(
            summed(self.around(features, 1), self.weights["to_map.0.weight"]),
            self.weights["to_map.0.bias"].reshape(1, 1, 1, 1),
        )
        if self.config.details:
            free = self.kept(free, self.numbers("kept", features, at))
        if self.config.pits:
            free = self.filled(free, self.numbers("filled", features, at))
        least, most = (self.between(self.weights[name], at) for name in ("least", "most"))
        above = op.add(least, self.softplus(op.subtract(free, least)))
        if self.config.sways:
            sway = op.multiply(cut(noise[0], 1, 0, 1), self.between(self.weights["sway"], at))
            above = op.multiply(above, op.add(sway, np.float32(1)))
        maps = self.capped(above, most)
        if self.config.discs:
            rises = self.rises(noise[-1], self.numbers("stamped", features, at))
            maps = self.stamped(maps, self.capped(op.add(above, rises), most))
        return (
            RoundedGraph(self.around).rounded(maps, self.weights) if self.config.rounded else maps
        )

    def noisy(
        self, features: openvino.Node, gates: Sequence[openvino.Node], noise: openvino.Node
    ) -> openvino.Node:
        """Features and every noise map times its gate."""
        for i, gate in enumerate(gates):
            features = op.add(features, op.multiply(gate, cut(noise, 1, i, i + 1)))
        return features

    def gates(
        self, features: openvino.Node, skip: openvino.Node | None, level: int
    ) -> list[openvino.Node]:
        """How much of each noise map each channel takes, doubled where there is a skip."""
        weight = self.weights[f"gates.{level}.weight"]
        bias = self.weights[f"gates.{level}.bias"].reshape(1, -1, 1, 1)
        channels, found = weight.shape[0] // self.config.noise_maps, []
        for i in range(self.config.noise_maps):
            one = slice(i * channels, (i + 1) * channels)
            gate = op.add(self.of_pixels(features, weight[one, :channels]), bias[:, one])
            if skip is not None:
                gate = op.add(self.of_pixels(skip, weight[one, channels:]), double(gate))
            found.append(gate)
        return found

    def toned(self, features: openvino.Node, common: openvino.Node, level: int) -> openvino.Node:
        """Features scaled and shifted by channel, as the realisation's numbers say."""
        if f"tones.{level}.weight" not in self.weights:
            return features
        tone = self.of_pixels(common, self.weights[f"tones.{level}.weight"][:, :, None, None])
        channels = channels_of(features)
        scale, shift = cut(tone, 1, 0, channels), cut(tone, 1, channels, 2 * channels)
        return op.add(op.multiply(features, op.add(scale, np.float32(1))), shift)

    def numbers(self, name: str, features: openvino.Node, at: Place) -> openvino.Node:
        """Numbers for each pixel, of its last features and its dark matter."""
        tables = [self.between(table, at) for table in self.weights[f"{name}.of_class"]]
        classed = op.concat(tables, axis=1)
        return op.add(self.of_pixels(features, self.weights[f"{name}.of_features.weight"]), classed)

    def kept(self, maps: openvino.Node, numbers: openvino.Node) -> openvino.Node:
        """Put back as much of each scale of detail as its number says."""
        shares, details = op.multiply(op.sigmoid(numbers), np.float32(2)), []
        for j in range(self.config.details):
            smooth = smoothed_out(self.around(maps, 2**j), 2**j)
            details.append(op.multiply(cut(shares, 1, j, j + 1), op.subtract(maps, smooth)))
            maps = smooth
        for detail in details:
            maps = op.add(maps, detail)
        return maps

    def filled(self, maps: openvino.Node, number: openvino.Node) -> openvino.Node:
        """Fill pits as far as their number says."""
        closed = op.negative(self.most_near(op.negative(self.most_near(maps))))
        share = op.sigmoid(op.subtract(number, np.float32(SHUT)))
        return op.add(maps, op.multiply(share, op.subtract(closed, maps)))

    def most_near(self, maps: openvino.Node) -> openvino.Node:
        """Most within the square of pits."""
        side = self.config.pits
        wide = self.around(maps, side // 2)
        return op.max_pool(wide, [1, 1], [1, 1], [0, 0], [0, 0], [side, side]).output(0)

    def around(self, maps: openvino.Node, edge: int) -> openvino.Node:
        """Maps with `edge` more pixels on every side."""
        return self.pad(self.pad(maps, 2, edge), 3, edge)

    def capped(self, maps: openvino.Node, most: openvino.Node) -> openvino.Node:
        """Turn maps to follow what is most where they exceed it."""
        return op.subtract(most, self.softplus(op.subtract(most, maps)))

    def rises(self, noise: openvino.Node, numbers: openvino.Node) -> openvino.Node:
        """How far each pixel rises as the centre of a disc, of each radius."""
        count = self.config.discs
        marks = cut(op.concat([noise, op.negative(noise)], axis=1), 1, 0, count)
        exceeding = op.subtract(op.add(marks, cut(numbers, 1, count, 2 * count)), np.float32(RARE))
        return op.multiply(op.exp(cut(numbers, 1, 0, count)), op.relu(exceeding))

    def stamped(self, maps: openvino.Node, raised: openvino.Node) -> openvino.Node:
        """Add discs about raised pixels."""
        radii, power = RADII[: self.config.discs], np.float32(ADDED)
        kernels = disc_kernels(radii).swapaxes(0, 1)
        most = self.weights["most"].max() ** power * disc_brightness(radii)
        below = op.power(maps, power)
        risen = op.relu(op.subtract(op.power(raised, power), below))
        added = self.around(op.minimum(risen, constant(most)), kernels.shape[-1] // 2)
        discs = summed(added, kernels)
        return op.power(op.add(below, discs), np.float32(1 / ADDED))

    def place(self, dark_matter: openvino.Node) -> openvino.Node:
        """Among the classes of dark matter, from 0 to classes - 1."""
        config = self.config
        surface = op.subtract(op.exp(op.multiply(dark_matter, np.float32(config.compression))), ONE)
        mean = op.avg_pool(
            self.around(surface, WINDOW // 2), [1, 1], [0, 0], [0, 0], [WINDOW, WINDOW], False
        )
        classes = config.classes - 1
        step = (config.highest - config.lowest) / classes
        bounded = op.maximum(mean, np.float32(10**config.lowest))
        decades = op.multiply(op.log(bounded), np.float32(1 / (np.log(10) * step)))
        return op.clamp(op.subtract(decades, np.float32(config.lowest / step)), 0, classes)

    def between(self, table: NDArray[np.float32], at: Place) -> openvino.Node:
        """Linear interpolation of a table among the classes of dark matter."""
        index, share = at
        value = op.gather(table[:-1].copy(), index, np.int32(0))
        step = op.gather(np.diff(table), index, np.int32(0))
        return op.add(value, op.multiply(step, share))

    def softplus(self, x: openvino.Node) -> openvino.Node:
        """Softplus of the network's sharpness."""
        sharpness = np.float32(self.config.sharpness)
        return op.divide(op.softplus(op.multiply(x, sharpness)), sharpness)

    @staticmethod
    def of_pixels(x: openvino.Node, weight: np.ndarray) -> openvino.Node:
        """Convolve by 1x1."""
        return op.convolution(x, constant(weight), [1, 1], [0, 0], [0, 0], [1, 1])


ONE = np.float32(1)
