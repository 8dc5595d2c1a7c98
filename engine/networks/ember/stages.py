"""EMBER's networks in stages, so that a region or a large map can be painted block by block."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.networks.ember.gated import WINDOW, GatedGenerator
from engine.networks.ember.rounding import REACH
from engine.networks.ember.unet import UNet
from engine.networks.padding import Padding
from engine.tile_plan import ANYWHERE, Layer, Stage
from engine.tiling import Keep

INPUT = "x"
"""What the networks are given, normalised; their noise is "noise.0" and so on."""

PADDING: Padding = "replicate"
"""Of a block; see `engine.tiling`."""


def stages(network: UNet) -> tuple[Stage, ...]:
    """Stages of a network, as its layers are.

    They are `entry`, `down.i` from fine to coarse, `bottom` where noise is added there, and
    `up.i` from coarse to fine, the last of which draws the map.
    """
    return tuple(_stages(network))


def noise_scales(network: UNet) -> list[int]:
    """Scale of each kind of noise of a network; that of a whole realisation is `ANYWHERE`."""
    halvings = network.config.halvings
    levels = [2**i for i in range(halvings - 1, -1, -1)]
    if isinstance(network, GatedGenerator):
        return [ANYWHERE, 2**halvings, *levels]
    return levels if network.config.noise_maps else []


def _stages(network: UNet) -> Iterator[Stage]:
    config = network.config
    noise = [f"noise.{i}" for i in range(len(noise_scales(network)))]
    everywhere, beneath = ([noise[0]], noise[1:2]) if len(noise) > config.halvings else ([], [])
    by_level = noise[len(everywhere) + len(beneath) :]
    yield Stage("entry", (INPUT,), 1, config.widths[0], _layers(network.entry))
    skips = ["entry", *(f"down.{i}" for i in range(config.halvings))]
    for i, (finer, name) in enumerate(pairwise(skips)):
        layers = _layers(network.down[i])
        yield Stage(name, (finer,), 2 ** (i + 1), config.widths[i + 1], layers)
    below = skips.pop()
    if beneath:
        sources = (below, *everywhere, *beneath)
        yield Stage("bottom", sources, 2**config.halvings, config.widths[-1], ())
        below = "bottom"
    for i, skip in enumerate(reversed(skips)):
        last = i == config.halvings - 1
        layers = _layers(network.up[i]) + (_layers(network.to_map[-1]) if last else ())
        bounded = last and isinstance(network, GatedGenerator)
        if last and isinstance(network, GatedGenerator):
            layers += tuple(Layer(2 ** (j + 1) + 1) for j in range(network.config.details))
            layers += (Layer(network.config.pits),) * 2 if network.config.pits else ()
            layers += (Layer(network.stamped.side),) if network.config.discs else ()
            layers += tuple(map(Layer, REACH)) if network.config.rounded else ()
            layers = max(layers, (Layer(WINDOW),), key=_edge)  # that its bounds see of the input
        channels = config.out_channels if last else config.decoder_widths[i]
        sources = (below, skip, *everywhere, *by_level[i : i + 1], *((INPUT,) if bounded else ()))
        yield Stage(f"up.{i}", sources, 2 ** (config.halvings - 1 - i), channels, layers)
        below = f"up.{i}"


def _layers(module: nn.Module) -> tuple[Layer, ...]:
    """Convolutions of a module that come one after the other."""
    found = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    return tuple(Layer(each.kernel_size[0], each.stride[0]) for each in found)


def _edge(layers: tuple[Layer, ...]) -> int:
    return sum(layer.kernel // 2 for layer in layers)


class EagerStages:
    """Runs a network's stages in torch.

    Parameters
    ----------
    network : UNet
        In evaluation.
    device : str
        Where its weights are.
    """

    def __init__(self, network: UNet, device: str = "cpu") -> None:
        self.network = network
        self.device = device

    def __call__(self, stage: Stage, arrays: list[NDArray[np.float32]], keep: Keep) -> None:
        """Make the result of a stage, (channels, ny, nx), of what its sources hold."""
        keep(self._made(stage, arrays))

    def release(self, stage: Stage) -> None:
        """Nothing is held for a stage."""

    def _made(self, stage: Stage, arrays: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            read = [torch.from_numpy(np.ascontiguousarray(a))[None].to(self.device) for a in arrays]
            return self._run(stage, read)[0].cpu().numpy()

    def _run(self, stage: Stage, read: list[Tensor]) -> Tensor:
        kind, _, number = stage.name.partition(".")
        features, *others = read
        if kind == "entry":
            return self.network.entry(features, PADDING)
        if kind == "down":
            return self.network.down[int(number)](features, PADDING)
        if kind == "bottom":
            assert isinstance(self.network, GatedGenerator)
            return self.network.bottom(features, others)
        skip, *noise = others[:-1] if stage.sources[-1] == INPUT else others
        last = int(number) == self.network.config.halvings - 1
        features = self.network.level(int(number), features, skip, noise, PADDING)
        return self.network.drawn(features, others[-1], noise, PADDING) if last else features
