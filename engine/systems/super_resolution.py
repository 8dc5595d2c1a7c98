"""Super-resolution: density of a run of eight times the particles (Kodi Ramanah et al. 2020)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.mesh import Mesh
from engine.networks.super_resolution.generator import MARGIN, Generator, GeneratorConfig
from engine.noise import Realisation
from engine.spans import Ground, Spans
from engine.systems.box_pair import INITIAL, LOW, check_pair
from engine.systems.card import ModelCard
from engine.systems.checks import check_inputs, check_region
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register
from engine.tile_plan import Layer, Stage
from engine.tiling import Given, Keep, evaluate

CONSERVE = "conserve"
"""Name of the parameter that, at one, divides the painting by its mean."""

TILE = 64
"""Side of what is painted at a time, [cells]: some 0.15 GB with all its features."""

STAGE = Stage("density", (LOW, INITIAL), 1, 1, (Layer(2 * MARGIN + 1),))
"""The network, with the margin that it sees and loses."""

CHANNELS = 2
"""That it reads."""

MEAN_WARNED = 0.01
"""Relative difference of a painting's mean density from its input's."""


@register("super-resolution")
class SuperResolution(Emulator):
    """A density on a grid of half the cell size, from low resolution and initial conditions.

    The low-resolution density is divided by its own mean, and the painting multiplied by it.
    What an initial overdensity is divided by stands on the card.

    References
    ----------
    Kodi Ramanah et al. 2020.
    """

    title = "Super-resolution"
    paper = "Kodi Ramanah et al. 2020, MNRAS 495, 4227"
    baseline = "linear-filter"

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Build the network with its kernels merged."""
        self.network = _network(self.card, weights).with_merged_kernels().to(self.device).eval()

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a box, or a region of it. See `Emulator.predict_many`."""
        meshes, values = self.named(inputs), self.values(parameters)
        warnings = check_inputs(meshes, self.card)
        low, initial = meshes[LOW], meshes[INITIAL]
        check_pair(low, initial)
        whole = tuple(n for side in initial.shape for n in (0, side))
        if region is not None:
            check_region(region, initial)
        conserved = values.get(CONSERVE, 0.0) >= 0.5
        painted = self._paint(low, initial, region if region and not conserved else whole)
        mean = float(painted.mean(dtype=np.float64))
        if conserved:
            painted /= np.float32(mean)
        elif region is None and abs(mean - 1) > MEAN_WARNED:
            warnings += (f"The painting's mean density is {mean:.3f} of its input's.",)
        painted *= np.float32(low.values.mean(dtype=np.float64))
        box = low.with_values(
            painted,
            cell_size=initial.cell_size,
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            periodic=region is None or conserved,
            warnings=warnings,
        )
        result = box.cut(region) if region is not None and conserved else box
        return [result] * len(realisations)

    def _paint(self, low: Mesh, initial: Mesh, region: Region) -> NDArray[np.float32]:
        """Density over its mean of a region, (nz, ny, nx)."""
        spans = tuple(zip(region[::2], region[1::2], strict=True))
        painted = np.empty([stop - start for start, stop in spans], np.float32)

        def put(block: Spans, density: NDArray[np.float32]) -> None:
            into = (slice(a - s, b - s) for (a, b), (s, _) in zip(block, spans, strict=True))
            painted[tuple(into)] = density[0]

        evaluate(
            [STAGE],
            self._given(low, initial),
            self._run,
            spans,
            Ground(initial.shape),
            put,
            values=CHANNELS * TILE**3,
            progress=self.progress or (lambda done, of: None),
        )
        return painted

    def _given(self, low: Mesh, initial: Mesh) -> dict[str, Given]:
        """What the network is given of a periodic box, by coordinates."""
        scaling = next(e for e in self.card.inputs if e.name == INITIAL).normalization
        mean = np.float32(low.values.mean(dtype=np.float64))
        return {
            LOW: Given(lambda spans: around(low.values, spans)[None] / mean, 2),
            INITIAL: Given(lambda spans: scaling.forward(around(initial.values, spans))[None]),
        }

    def eaten_by_first(self, name: str, box: Mesh) -> NDArray[np.float32]:
        """What a first block eats of a whole box, on cells of high resolution.

        Parameters
        ----------
        name : {"low", "initial"}
            Of the input.
        box : Mesh
            It.

        Returns
        -------
        array, (n, n, n)
            See `engine.networks.super_resolution.features`.
        """
        if name != LOW:
            scaling = next(each for each in self.card.inputs if each.name == name).normalization
            return np.asarray(scaling.forward(box.values), np.float32)
        over_mean: NDArray[np.float32] = box.values / box.values.mean(dtype=np.float32)
        for axis in range(box.NDIM):
            over_mean = over_mean.repeat(2, axis)
        return over_mean

    def _run(self, stage: Stage, arrays: list[NDArray[np.float32]], keep: Keep) -> None:  # noqa: ARG002 (there is one)
        """Density over its mean of all cells but those of the margin."""
        with torch.inference_mode():
            given = [torch.from_numpy(values)[None].to(self.device) for values in arrays]
            keep(self.network(*given)[0].clamp(min=0).cpu().numpy())


def around(
    values: NDArray[np.float32], spans: Sequence[tuple[int, int]], margin: int = 0
) -> NDArray[np.float32]:
    """Part of a periodic box with a margin on all sides, (nz, ny, nx)."""
    numbers = [
        np.arange(start - margin, stop + margin) % side
        for (start, stop), side in zip(spans, values.shape, strict=True)
    ]
    return values[np.ix_(*numbers)]


def _network(card: ModelCard, weights: Mapping[str, NDArray[np.float32]]) -> Generator:
    """Build the card's network and fill it with the weights."""
    numbers = {key: value for key, value in card.architecture.items() if key != "network"}
    try:
        network = GeneratorConfig(**numbers).build()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{card.name}.json describes no super-resolution: {error}") from None
    try:
        network.load_state_dict({name: torch.from_numpy(a) for name, a in weights.items()})
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"{card.name}.safetensors doesn't hold the network of its card: {first}"
        ) from None
    return network
