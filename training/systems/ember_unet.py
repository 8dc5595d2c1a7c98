"""Training of EMBER's deterministic network."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.networks.ember import unet
from engine.normalization import NORMALIZATIONS
from engine.systems.card import ModelCard
from training.checkpoint import Progress
from training.config import linear_rate
from training.data.slabs import TrainingMaps
from training.descent import autocast, descend
from training.losses.pixels import PixelLoss
from training.systems import ember
from training.systems.contract import Draw, System
from training.systems.registry import register

POWER = {"gas": 0.01, "hi": 0.1}
"""Weight of the power-spectrum term. The mean of HI's scaled pixels is far from the mean of its
mass, of which this term sees the most (its k = 0)."""


@dataclass(frozen=True)
class UNetConfig(ember.EmberConfig):
    """One training of the U-Net; the rate falls linearly.

    Parameters
    ----------
    absolute, power : float
        Weights of the absolute and of the power-spectrum term beside the squared one, see
        `training.losses.pixels`; the second is the field's in `POWER` where left out.
    """

    absolute: float = 0.1
    power: float | None = None

    system = "ember-unet"

    def __post_init__(self) -> None:
        """Refuse what can't be trained, and fill in the field's weight."""
        super().__post_init__()
        if self.power is None:
            object.__setattr__(self, "power", POWER.get(self.field, 0.0))


# Section 4.7 of the paper for `paper`, the rates from its public code. `smoke` takes seconds
# and shows that everything is in its place.
PRESETS: Mapping[str, Callable[..., UNetConfig]] = {
    "paper": partial(
        UNetConfig, network="paper", sources=ember.BOXES, updates=300_000, batch_size=8
    ),
    "small": partial(UNetConfig, network="small", sources=ember.BOXES, updates=12_000),
    "smoke": partial(
        UNetConfig, network="small", sources=ember.BOXES, updates=8, checkpoint_minutes=0.01
    ),
}


class PixelStep:
    """Step down the loss of pixels and power.

    Parameters
    ----------
    config : UNetConfig
        The run.
    progress : Progress
        Whose network and optimiser are stepped.
    fabric : Fabric
        Where it runs.
    """

    batches = 1

    def __init__(self, config: UNetConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.scaling = NORMALIZATIONS["dm"]
        assert config.power is not None
        self.loss = PixelLoss(NORMALIZATIONS[config.field], config.absolute, config.power)

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        dark_matter, target = draw(0)
        with autocast(self.config, self.fabric):
            painted = self.progress.network(self.scaling.forward(dark_matter))
        terms = self.loss(painted, target)
        rate = linear_rate(self.config, self.progress.update)
        optimizer = self.progress.optimizers["network"]
        descend(terms, self.progress.network, optimizer, rate, self.fabric)
        return terms


@register
class EmberUNet(System[UNetConfig, TrainingMaps]):
    """The U-Net, fitted to pixels and power spectra.

    References
    ----------
    Bernardini et al. 2022, section 4.1.
    """

    config_class = UNetConfig
    presets = PRESETS

    def examples(self, folder: Path) -> TrainingMaps:
        """Read the maps of the run."""
        return ember.read_maps(self.config, folder)

    def start(self, device: torch.device) -> Progress:
        """Make a fresh network, its average and its optimiser."""
        torch.manual_seed(self.config.seed)
        network = unet.PRESETS[self.config.network].build().to(device)
        average = deepcopy(network).requires_grad_(False)
        adam = torch.optim.Adam(network.parameters(), self.config.learning_rate)
        return Progress({"network": network, "average": average}, {"network": adam})

    def step(self, progress: Progress, fabric: Fabric) -> PixelStep:
        """Make what the run repeats."""
        return PixelStep(self.config, progress, fabric)

    def card(self, examples: TrainingMaps, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        network = unet.PRESETS[self.config.network]
        provenance = self.provenance(examples, hours, device)
        return ember.card(self.config, network, examples, provenance, stochastic=False)
