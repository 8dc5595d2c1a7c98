"""EMBER: gas or neutral hydrogen of a slab from its dark matter (Bernardini et al. 2022)."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from engine.emulators.checks import check_input, check_region, warnings_for
from engine.inference import choose_device
from engine.model_card import ModelCard
from engine.networks.compiled import CompiledUNet
from engine.networks.padding import Padding
from engine.networks.unet import UNet, UNetConfig
from engine.registry import Emulator, Region, register
from engine.results import Slab

TITLE = "EMBER U-Net"
PAPER = "Bernardini et al. 2022, MNRAS 509, 1323"


MAP_SIZES = 4
"""Map sizes whose compiled networks are kept: some 100 MB each at 384^2."""


@register("ember-unet")
class EmberUNet(Emulator):
    """EMBER's deterministic network: the U-Net without noise or critic.

    References
    ----------
    Bernardini et al. 2022, section 4.1.
    """

    def __init__(
        self, card: ModelCard, weights: Mapping[str, NDArray[np.float32]], device: str = "auto"
    ) -> None:
        self.card = card
        self.device = choose_device(device)
        self.network = _network(card, weights).to(self.device).eval()
        self._compiled = lru_cache(MAP_SIZES)(self._compile)

    def predict(self, slab: Slab, seed: int = 0, region: Region | None = None) -> Slab:  # noqa: ARG002
        """Paint a slab of dark matter; the seed changes nothing. See `Emulator.predict`."""
        check_input(slab, self.card)
        if region is not None:
            check_region(region, slab)
        painted = self._paint(slab)
        result = slab.with_values(
            painted,
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            warnings=slab.warnings + warnings_for(slab, self.card),
        )
        if region is None:
            return result
        y0, y1, x0, x1 = region
        rows, columns = np.arange(y0, y1) % slab.shape[0], np.arange(x0, x1) % slab.shape[1]
        return result.with_values(painted[np.ix_(rows, columns)], periodic=False)

    def _paint(self, slab: Slab) -> NDArray[np.float32]:
        """Surface density of the whole map, (ny, nx), [Msun h / ckpc^2]."""
        # The particles of a dark-matter-only run carry the baryons' mass too.
        share = slab.cosmology.dark_matter_fraction if slab.field == "dmo" else 1.0
        normalized = self.card.normalization_in.forward(slab.values[None, None] * np.float32(share))
        padding = "circular" if slab.periodic else "replicate"
        if self.device == "cpu":
            painted = self._compiled(slab.shape, padding)(normalized)
        else:
            with torch.inference_mode():
                on_device = torch.from_numpy(normalized).to(self.device)
                painted = self.network(on_device, padding)[0].cpu().numpy()
        return self.card.normalization_out.inverse(painted)[0, 0]

    def _compile(self, shape: tuple[int, int], padding: Padding) -> CompiledUNet:
        self.network.config.check_sides(shape)
        weights = {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}
        return CompiledUNet(self.network.config, weights, shape, padding)


def _network(card: ModelCard, weights: Mapping[str, NDArray[np.float32]]) -> UNet:
    """Build the card's network and fill it with the weights."""
    numbers = {key: value for key, value in card.architecture.items() if key != "network"}
    try:
        config = UNetConfig(**numbers)
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
