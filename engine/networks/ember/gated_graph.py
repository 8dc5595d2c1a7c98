"""EMBER's generator, version 2, as operations of OpenVINO; mirrors `gated` layer by layer."""

from collections.abc import Sequence

import numpy as np
import openvino
from openvino import opset13 as op

from engine.networks.ember.gated import WINDOW, GatedConfig
from engine.networks.ember.graph import Graph, constant, cut, double


class GatedGraph(Graph):
    """Builds the operations of a `GatedGenerator`. See `Graph`."""

    config: GatedConfig

    def output(self, x: openvino.Node, noise: Sequence[openvino.Node] = ()) -> openvino.Node:
        """Build the whole network, up to its map within bounds."""
        common, bottom, *levels = noise
        features, skips = self.encode(x)
        features = self.bottom(features, (common, bottom))
        for i, (skip, maps) in enumerate(zip(skips, levels, strict=True)):
            features = self.level(i, features, skip, (common, maps))
        return self.drawn(features, x)

    def bottom(self, features: openvino.Node, noise: Sequence[openvino.Node]) -> openvino.Node:
        """Features of the bottleneck with their noise: the realisation's, and maps."""
        common, maps = noise
        return self.noisy(self.toned(features, common, 0), None, maps, 0)

    def level(
        self,
        i: int,
        features: openvino.Node,
        skip: openvino.Node,
        noise: Sequence[openvino.Node],
    ) -> openvino.Node:
        """Features of the next finer level; the noise is the realisation's, and maps."""
        common, maps = noise
        both = op.concat([self.noisy(features, skip, maps, i + 1), skip], axis=1)
        return self.toned(self.block(both, f"up.{i}.block"), common, i + 1)

    def drawn(self, features: openvino.Node, x: openvino.Node) -> openvino.Node:
        """Map within what training maps hold at each pixel's dark matter."""
        return self.bounded(self.convolution(features, "to_map.0"), x)

    def noisy(
        self,
        features: openvino.Node,
        skip: openvino.Node | None,
        noise: openvino.Node,
        level: int,
    ) -> openvino.Node:
        """Features, doubled where there is a skip, and every noise map times its gate."""
        result = features if skip is None else double(features)
        if f"gates.{level}.weight" not in self.weights:
            return result
        weight = self.weights[f"gates.{level}.weight"]
        bias = self.weights[f"gates.{level}.bias"].reshape(1, -1, 1, 1)
        channels = weight.shape[0] // self.config.noise_maps
        for i in range(self.config.noise_maps):
            one = slice(i * channels, (i + 1) * channels)
            gate = op.add(self.of_pixels(features, weight[one, :channels]), bias[:, one])
            if skip is not None:
                gate = op.add(self.of_pixels(skip, weight[one, channels:]), double(gate))
            result = op.add(result, op.multiply(gate, cut(noise, 1, i, i + 1)))
        return result

    def toned(self, features: openvino.Node, common: openvino.Node, level: int) -> openvino.Node:
        """Features scaled and shifted by channel, as the realisation's numbers say."""
        if f"tones.{level}.weight" not in self.weights:
            return features
        tone = self.of_pixels(common, self.weights[f"tones.{level}.weight"][:, :, None, None])
        channels = features.get_output_partial_shape(0)[1].get_length()
        scale, shift = cut(tone, 1, 0, channels), cut(tone, 1, channels, 2 * channels)
        return op.add(op.multiply(features, op.add(scale, np.float32(1))), shift)

    def bounded(self, free: openvino.Node, x: openvino.Node) -> openvino.Node:
        """Keep the map between what training maps hold at each pixel's dark matter."""
        place = self.place(cut(x, 1, 0, 1))
        below = op.minimum(op.floor(place), np.float32(self.config.classes - 2))
        share, index = op.subtract(place, below), op.convert(below, "i32")
        least, most = (self.between(name, index, share) for name in ("least", "most"))
        above = op.add(least, self.softplus(op.subtract(free, least)))
        return op.subtract(most, self.softplus(op.subtract(most, above)))

    def place(self, dark_matter: openvino.Node) -> openvino.Node:
        """Among the classes of dark matter, from 0 to classes - 1."""
        config = self.config
        surface = op.subtract(op.exp(op.multiply(dark_matter, np.float32(config.compression))), ONE)
        for axis in (2, 3):
            surface = self.pad(surface, axis, WINDOW // 2)
        mean = op.avg_pool(surface, [1, 1], [0, 0], [0, 0], [WINDOW, WINDOW], False)
        classes = config.classes - 1
        step = (config.highest - config.lowest) / classes
        bounded = op.maximum(mean, np.float32(10**config.lowest))
        decades = op.multiply(op.log(bounded), np.float32(1 / (np.log(10) * step)))
        return op.clamp(op.subtract(decades, np.float32(config.lowest / step)), 0, classes)

    def between(self, name: str, index: openvino.Node, share: openvino.Node) -> openvino.Node:
        """Linear interpolation of a table at index + share."""
        table = self.weights[name]
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
