"""Super-resolution: density of a run of eight times the particles (Kodi Ramanah et al. 2020)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.checks import place
from engine.device import choose_device
from engine.mesh import Mesh
from engine.networks.super_resolution.generator import MARGIN, Generator, GeneratorConfig
from engine.noise import Realisation
from engine.systems.card import ModelCard
from engine.systems.checks import check_input, check_region, warnings_for
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register

LOW, INITIAL = "low", "initial"
"""Names of the inputs: the low-resolution density, and the initial conditions."""

CONSERVE = "conserve"
"""Name of the parameter that, at one, divides the painting by its mean."""

TILE = 64
"""Side of what is painted at a time, [cells]: some 0.15 GB with all its features."""

SAME_PHASES = 0.5
"""Correlation of the largest waves from which on two boxes are taken for the same; boxes of the
same phases have more than 0.95, others none."""

LARGEST = 3
"""Wavenumbers up to which they are compared, in units of the fundamental one."""

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

    def __init__(
        self,
        card: ModelCard,
        weights: Mapping[str, NDArray[np.float32]],
        device: str = "auto",
        streams: int | None = None,  # noqa: ARG002 (a tile keeps all cores busy)
    ) -> None:
        self.card = card
        self.device = choose_device(device)
        self.network = _network(card, weights).with_merged_kernels().to(self.device).eval()

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a box, or a region of it. See `Emulator.predict_many`."""
        meshes, values = self.named(inputs), self.values(parameters)
        warnings: tuple[str, ...] = ()
        for eaten in self.card.inputs:
            check_input(meshes[eaten.name], eaten, self.card)
            warnings += meshes[eaten.name].warnings
            warnings += warnings_for(meshes[eaten.name], eaten, self.card)
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
            warnings=tuple(dict.fromkeys(warnings)),
        )
        result = box.cut(region) if region is not None and conserved else box
        return [result] * len(realisations)

    def _paint(self, low: Mesh, initial: Mesh, region: Region) -> NDArray[np.float32]:
        """Density over its mean of a region, (nz, ny, nx)."""
        spans = list(zip(region[::2], region[1::2], strict=True))
        scaling = next(e for e in self.card.inputs if e.name == INITIAL).normalization
        mean = np.float32(low.values.mean(dtype=np.float64))
        painted = np.empty([stop - start for start, stop in spans], np.float32)
        parts = list(tiles(spans, TILE))
        for done, tile in enumerate(parts):
            if self.progress is not None:
                self.progress(done, len(parts))
            coarse = around(low.values, [(a // 2, b // 2) for a, b in tile], MARGIN // 2) / mean
            fine = scaling.forward(around(initial.values, tile, MARGIN))
            with torch.inference_mode():
                given = [torch.from_numpy(x)[None, None].to(self.device) for x in (coarse, fine)]
                density = self.network(*given)[0, 0].clamp(min=0).cpu().numpy()
            inside = [(max(a, s), min(b, e)) for (a, b), (s, e) in zip(tile, spans, strict=True)]
            into = tuple(slice(a - s, b - s) for (a, b), (s, _) in zip(inside, spans, strict=True))
            of = tuple(slice(a - t, b - t) for (a, b), (t, _) in zip(inside, tile, strict=True))
            painted[into] = density[of]
        return painted


def tiles(spans: Sequence[tuple[int, int]], side: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Cubes that cover a region, each beginning and ending with a cell of low resolution.

    Parameters
    ----------
    spans : sequence of (start, stop)
        Of the region along z, y and x, [cells].
    side : int
        Of a tile at most, even, [cells].
    """
    axes = []
    for start, stop in spans:
        first, last = start - start % 2, stop + stop % 2
        axes.append([(a, min(a + side, last)) for a in range(first, last, side)])
    yield from product(*axes)


def around(
    values: NDArray[np.float32], spans: Sequence[tuple[int, int]], margin: int
) -> NDArray[np.float32]:
    """Part of a periodic box with a margin on all sides, (nz, ny, nx)."""
    numbers = [
        np.arange(start - margin, stop + margin) % side
        for (start, stop), side in zip(spans, values.shape, strict=True)
    ]
    return values[np.ix_(*numbers)]


def check_pair(low: Mesh, initial: Mesh) -> None:
    """Refuse a density and initial conditions that are not of the same whole box.

    Raises
    ------
    ValueError
        In one sentence.
    """
    for mesh in (low, initial):
        if not mesh.periodic:
            raise ValueError(
                f"{place(mesh)} is a piece of a box, expected the whole periodic box: choose a "
                "region of the painting instead."
            )
    if initial.shape != tuple(2 * side for side in low.shape):
        raise ValueError(
            f"{place(initial)} has {initial.shape} cells and the low-resolution density "
            f"{low.shape}, expected twice as many along each axis: deposit both on grids of the "
            "same box."
        )
    found = phase_correlation(low.values, initial.values)
    if found < SAME_PHASES:
        raise ValueError(
            f"{place(initial)} doesn't belong to the low-resolution density: the correlation of "
            f"their largest waves is {found:.2f}, expected more than {SAME_PHASES}; take the "
            "initial conditions of the same run."
        )


def phase_correlation(low: NDArray[np.float32], initial: NDArray[np.float32]) -> float:
    """Correlation of the largest waves of two boxes, the second with twice the cells a side.

    Parameters
    ----------
    low : array, (n, n, n)
        Density.
    initial : array, (2n, 2n, 2n)
        Linear overdensity.

    Returns
    -------
    float
        From -1 to 1; 0 if one of them has no such waves.
    """
    nz, ny, nx = low.shape
    coarse = initial.reshape(nz, 2, ny, 2, nx, 2).mean((1, 3, 5))
    one, other = (_largest_waves(values) for values in (low, coarse))
    norm = np.sqrt((np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum())
    return float((one * other.conj()).real.sum() / norm) if norm else 0.0


def _largest_waves(values: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Modes of up to `LARGEST` wavelengths a side, without the mean."""
    k = np.fft.rfftn(values.astype(np.float64))
    waves = [np.fft.fftfreq(side, 1 / side) for side in values.shape]
    z, y, x = np.ix_(waves[0], waves[1], np.fft.rfftfreq(values.shape[2], 1 / values.shape[2]))
    number = np.sqrt(x**2 + y**2 + z**2)
    return k[(number > 0) & (number <= LARGEST)]


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
