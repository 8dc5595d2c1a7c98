"""EMBER: gas or neutral hydrogen of a slab from its dark matter (Bernardini et al. 2022)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from engine.device import memory_budget
from engine.fields import one_of
from engine.free_memory import give_back
from engine.mesh import Mesh, dark_matter_of_hydro
from engine.networks.ember.compiled import CompiledStages, CompiledUNet
from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.generator import GeneratorConfig
from engine.networks.ember.stages import INPUT, EagerStages, noise_scales, stages
from engine.networks.ember.unet import UNet, UNetConfig
from engine.networks.padding import Padding
from engine.noise import Realisation
from engine.spans import Ground, Spans
from engine.systems.card import ModelCard
from engine.systems.checks import check_inputs, check_region
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register
from engine.tile_budget import memory, parts_within
from engine.tile_plan import VALUES, scales_of
from engine.tiling import Given, evaluate, memory_for

PAPER = "Bernardini et al. 2022, MNRAS 509, 1323"

UNCUT = 2**62
"""More values than a block of any map reads."""

AT_A_TIME = 2
"""Blocks on a CPU, each on half of its cores: one is read while the other is computed."""

OF_GPU = 2**24
"""Values that a block reads on a GPU, which a few leave idle."""

MAP_SIZES = 4
"""Map sizes whose compiled networks are kept: some 200 MB each at 384^2."""


@register("ember-unet")
class EmberUNet(Emulator):
    """EMBER's deterministic network: the U-Net without noise or critic.

    References
    ----------
    Bernardini et al. 2022, section 4.1.
    """

    title = "EMBER U-Net"
    paper = PAPER
    baseline = "local-map"
    shows: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {}
        for name in (
            "total_mass",
            "pdf",
            "power_spectrum",
            "bispectrum",
            "cddf",
            "halo_relation",
        )
    }
    networks: tuple[type[UNetConfig], ...] = (UNetConfig,)
    """Kinds of network that its cards may name."""

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Build the network on the device, and the stages it is run in."""
        # One map keeps a CPU's cores busy; a GPU's are not filled by one.
        self.at_once = 1 if self.device == "cpu" else 8
        self.network = _network(self.card, weights, self.networks).to(self.device).eval()
        self.stages = stages(self.network)
        numbered = enumerate(noise_scales(self.network))
        self._scales = scales_of(self.stages, {INPUT: 1, **{f"noise.{i}": s for i, s in numbered}})
        self._compiled = lru_cache(MAP_SIZES)(self._compile)
        self._run_stage = lru_cache(2)(self._stages_run)

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a slab once for each realisation. See `Emulator.predict_many`."""
        (eaten,) = self.card.inputs
        meshes = self.named(inputs)
        warnings, slab = check_inputs(meshes, self.card), meshes[eaten.name]
        self.values(parameters)
        if region is not None:
            check_region(region, slab)
        painted = self._paint(slab, realisations, region)
        there = slab if region is None else slab.cut(region)
        return [
            there.with_values(
                values,
                field=self.card.field,
                emulator=self.card.system,
                seed=realisation.seed if self.card.stochastic else None,
                warnings=warnings,
            )
            for realisation, values in zip(realisations, painted, strict=True)
        ]

    def _paint(
        self, slab: Mesh, realisations: Sequence[Realisation], region: Region | None
    ) -> list[NDArray[np.float32]]:
        """Surface density for each realisation, (ny, nx), [Msun h / ckpc^2]."""
        ny, nx = slab.shape
        self.network.config.check_sides((ny, nx))
        budget = self.memory or memory_budget(self.device)
        whole = ((0, ny), (0, nx))
        ground = Ground((ny, nx), slab.periodic)
        at_a_time = 1 if self.device == "cpu" else len(realisations)
        takes = at_a_time * memory(self.stages, self._scales, whole, ground, values=UNCUT)
        if region is None and takes <= budget:
            return list(self._paint_whole(slab, realisations))
        y0, y1, x0, x1 = region or (0, ny, 0, nx)
        different = realisations if self.card.stochastic else realisations[:1]
        painted = list(self._paint_parts(slab, different, ((y0, y1), (x0, x1)), budget))
        return painted if self.card.stochastic else painted * len(realisations)

    def _paint_parts(
        self, slab: Mesh, realisations: Sequence[Realisation], spans: Spans, budget: int
    ) -> Iterator[NDArray[np.float32]]:
        """Surface density of a region for each realisation, part by part within a budget."""
        ground, network = Ground(slab.shape, slab.periodic), (self.stages, self._scales)
        most, workers = self._blocks
        weights = sum(array.nbytes for array in self._weights.values())
        cut = parts_within(budget, *network, spans, ground, most, workers, weights)
        parts, finest, shared = cut
        run, inverse = self._run_stage(slab.periodic), self.card.output.normalization.inverse
        kept = memory_for(*network, parts[0], ground, finest, shared)
        (y0, y1), (x0, x1) = spans
        for realisation in realisations:
            values = np.empty((y1 - y0, x1 - x0), np.float32)
            given = self._given(slab, realisation)

            def put(block: Spans, found: NDArray[np.float32], into: Any = values) -> None:
                (a, b), (c, d) = block
                into[a - y0 : b - y0, c - x0 : d - x0] = inverse(found)[0]

            for part in parts:
                evaluate(
                    self.stages,
                    given,
                    run,
                    part,
                    ground,
                    put,
                    values=most,
                    finest=finest,
                    shared=shared,
                    workers=workers,
                    release=run.release,
                    memory=kept,
                )
            yield values
        del kept
        give_back()

    def _paint_whole(self, slab: Mesh, realisations: Sequence[Realisation]) -> NDArray[np.float32]:
        """Surface density of the whole map at once for each realisation, (n, ny, nx)."""
        scaling = self.card.inputs[0].normalization
        normalized = scaling.forward(dark_matter_of_hydro(slab)[None, None])
        padding: Padding = "circular" if slab.periodic else "replicate"
        config, (ny, nx) = self.network.config, slab.shape
        noises = [config.noise(realisation, (ny, nx)) for realisation in realisations]
        if self.device == "cpu":
            compiled = self._compiled((ny, nx), padding)
            painted = np.concatenate([compiled(normalized, *noise) for noise in noises])
        else:
            painted = self._run(normalized, noises, padding)
        return self.card.output.normalization.inverse(painted)[:, 0]

    def _given(self, slab: Mesh, which: Realisation) -> dict[str, Given]:
        """What the network is given of a map for a realisation, by coordinates."""
        scaling, config = self.card.inputs[0].normalization, self.network.config
        ny, nx = slab.shape
        shapes = config.noise_shapes((ny, nx))

        def eaten(spans: Spans) -> NDArray[np.float32]:
            (y0, y1), (x0, x1) = spans
            return scaling.forward(dark_matter_of_hydro(slab.cut((y0, y1, x0, x1)))[None])

        def noise(number: int, spans: Spans) -> NDArray[np.float32]:
            (y0, y1), (x0, x1) = spans or ((0, 1), (0, 1))
            return config.noise_part(which, number, (y0, y1, x0, x1), shapes[number])

        found = {INPUT: Given(eaten)}
        for number, scale in enumerate(noise_scales(self.network)):
            found[f"noise.{number}"] = Given(partial(noise, number), scale)
        return found

    def _run(
        self,
        normalized: NDArray[np.float32],
        noises: Sequence[Sequence[NDArray[np.float32]]],
        padding: Padding,
    ) -> NDArray[np.float32]:
        """Eager torch; without noise every realisation is the same."""
        with torch.inference_mode():
            x = torch.from_numpy(normalized).to(self.device)
            by_level = [torch.from_numpy(np.concatenate(n)) for n in zip(*noises, strict=True)]
            inputs = [[n.to(self.device) for n in by_level]] if by_level else []
            full_size = self.network(x, *inputs, padding=padding)[0]
            return full_size.expand(len(noises), -1, -1, -1).cpu().numpy()

    def _compile(self, shape: tuple[int, int], padding: Padding) -> CompiledUNet:
        # A stream of one thread each: its numbers don't depend on how many there are.
        streams = self.streams or 1
        config = self.network.config
        return CompiledUNet(
            config, self._weights, shape, padding, threads=self.streams, streams=streams
        )

    @property
    def _blocks(self) -> tuple[int, int]:
        """Values that a block reads at most, and blocks at a time."""
        if self.device != "cpu":
            return OF_GPU, 1
        return VALUES, 1 if self.streams else AT_A_TIME

    def _stages_run(self, periodic: bool) -> CompiledStages | EagerStages:
        if self.device != "cpu":
            return EagerStages(self.network, self.device)
        config, streams = self.network.config, self.streams or AT_A_TIME
        padding = "zeros" if periodic else "replicate"
        return CompiledStages(config, self._weights, self.stages, padding, self.streams, streams)

    @property
    def _weights(self) -> dict[str, NDArray[np.float32]]:
        return {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}


@register("ember-wgan")
class EmberWGAN(EmberUNet):
    """EMBER's stochastic network: the U-Net with noise, the paper's or gated.

    References
    ----------
    Bernardini et al. 2022, sections 4.3 and 4.6.
    """

    title = "EMBER WGAN"
    baseline = "ember-unet"
    networks = (GeneratorConfig, GatedConfig)


def _network(
    card: ModelCard,
    weights: Mapping[str, NDArray[np.float32]],
    networks: Sequence[type[UNetConfig]],
) -> UNet:
    """Build the card's network and fill it with the weights."""
    numbers = dict(card.architecture)
    kinds = {config.kind: config for config in networks}
    try:
        kind = one_of("Network", numbers.pop("network", None), tuple(kinds))
        config = kinds[kind](**numbers)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{card.name}.json describes no U-Net: {error}") from None
    # No memory and no random numbers until the weights are there.
    with torch.device("meta"):
        network = config.build()
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: array.shape for name, array in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{card.name}.safetensors doesn't hold the network of its card: shape of {name} is "
                f"{found.get(name, 'missing')}, expected {expected.get(name, 'no such weights')}."
            )
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    network.load_state_dict(tensors, assign=True)
    return network
