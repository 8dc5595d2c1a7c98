"""EMBER's gated generator against the scores of its draws: the step that such a run repeats."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.fields import one_of
from engine.networks.ember.gated import GatedGenerator, smoothed
from engine.normalization import NORMALIZATIONS
from training.checkpoint import Progress
from training.descent import autocast, descend, random_of
from training.losses.pixels import normalized_pyramid
from training.losses.responses import normalized_area_means
from training.losses.samples import Judged, sample_terms
from training.losses.tables import Tables
from training.losses.terms import weighted
from training.systems.contract import Draw
from training.systems.ember import EmberConfig

BY_FIELD: dict[str, dict[str, float]] = {
    "gas": {"rounding": 1.5e-4, "tone_speed": 0.0005},
    "hi": {"rounding": 1e-3, "tone_speed": 0.01},
}
"""Of each field, where left out: what bfloat16 rounds away, normalised, and the speed of the tones
that kept the mass of its maps from running away."""


@dataclass(frozen=True)
class GatedRunConfig(EmberConfig):
    """One training of the gated generator.

    Parameters
    ----------
    energy, log_energy, texture, detail, mass_and_power : float
        Weights of the terms, see `training.losses.samples`.
    energy_scales, log_energy_scales, texture_scales : int
        Grids that the first three see, the map's own included.
    weights_power : float
        Of the units of error, in the weights of pixels.
    rounding : float
        Errors below it don't count, normalised.
    draws : int
        Of each map at every update.
    gate_speed, tone_speed : float
        Rates of the noise's gates and of a realisation's tones, in units of the others'. All of
        a map hangs on each number of the tones.
    rising : int
        Updates in which the rates rise to the first one.
    gradient_norm : float
        Most of the gradient's norm.
    float32_share : float
        Of the updates, at the end, in float32: rounding hides faint noise.
    critic : bool
        Whether a critic plays too; none can yet.
    choose_every : int
        Updates between looks at the power spectrum of training slabs, in the second half of the
        run, which decides which weights are kept.
    warm_start : str
        SHA-256 of the weights that the network starts from, a U-Net's or another gated
        generator's; empty: fresh ones.
    """

    batch_size: int = 1
    learning_rate: float = 4e-4
    final_learning_rate: float = 8e-6
    average: float = 0.98
    energy: float = 1.0
    log_energy: float = 0.5
    texture: float = 0.1
    detail: float = 0.2
    mass_and_power: float = 0.3
    energy_scales: int = 6
    log_energy_scales: int = 3
    texture_scales: int = 3
    weights_power: float = 0.3
    rounding: float | None = None
    draws: int = 2
    gate_speed: float = 3.0
    tone_speed: float | None = None
    rising: int = 20
    gradient_norm: float = 1.0
    float32_share: float = 0.1
    critic: bool = False
    choose_every: int = 200
    warm_start: str = ""

    system = "ember-wgan"

    def __post_init__(self) -> None:
        """Refuse what can't be trained, and fill in the field's numbers."""
        super().__post_init__()
        usual = BY_FIELD[one_of(f"Field for {self.system}", self.field, tuple(BY_FIELD))]
        for name, number in usual.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, number)
        if self.critic:
            raise ValueError(
                "Training of the gated generator has a critic, expected none yet: leave critic "
                "out, or train the paper's generator by --preset paper."
            )
        if not any(self.weights.values()):
            raise ValueError("Training has no term with a weight, expected at least one.")
        scales = self.log_energy_scales, self.texture_scales
        if self.draws < 2 or not all(1 <= few <= self.energy_scales for few in scales):
            raise ValueError(
                f"Training scores {self.draws} draws on {self.energy_scales} scales and {scales} "
                "of them, expected two draws or more and scales from 1 to all of them."
            )
        if self.choose_every < 1 or self.rising < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates and its rates rise for "
                f"{self.rising}, expected one or more."
            )

    @property
    def weights(self) -> dict[str, float]:
        """Of the loss's terms by name."""
        names = ("energy", "log_energy", "texture", "detail", "mass_and_power")
        return {name: getattr(self, name) for name in names}

    def rate(self, update: int) -> float:
        """Learning rate at an update: a short rise, then a cosine's fall to the last one."""
        fallen = 0.5 - 0.5 * math.cos(math.pi * update / max(self.updates - 1, 1))
        rate = self.learning_rate + fallen * (self.final_learning_rate - self.learning_rate)
        return rate * min(1.0, (update + 1) / self.rising)

    def rounds(self, update: int) -> bool:
        """Whether an update may round features, as its precision says."""
        return update < (1 - self.float32_share) * self.updates


class GatedStep:
    """One step of the generator down the scores of its draws.

    Parameters
    ----------
    config : GatedRunConfig
        The run.
    progress : Progress
        Whose "network" is stepped, and whose `extra` holds its "tables".
    fabric : Fabric
        Where it runs.
    """

    batches = 1

    def __init__(self, config: GatedRunConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.terms = sample_terms(**config.weights)
        assert isinstance(progress.network, GatedGenerator)
        tables = progress.extra["tables"]
        assert isinstance(tables, Tables)
        self.generator, self.tables = progress.network, tables
        self.dark_scaling, self.scaling = NORMALIZATIONS["dm"], NORMALIZATIONS[config.field]

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        config, update = self.config, self.progress.update
        dark_matter, target = draw(0)
        terms = weighted(self.terms, self._judged(dark_matter, target))
        adam, rate = self.progress.optimizers["network"], config.rate(update)
        descend(terms, self.generator, adam, rate, self.fabric, config.gradient_norm)
        return terms

    def _judged(self, dark_matter: Tensor, target: Tensor) -> Judged:
        """Draws of each map and their truth, at every scale."""
        config, update = self.config, self.progress.update
        random = random_of(config.seed, update, 0, self.fabric)
        x = self.dark_scaling.forward(dark_matter)
        with autocast(config, self.fabric, config.rounds(update)):
            (painted,) = self.generator(x, draw_smooth(self.generator, x, random, config.draws))

        def scales(maps: Tensor) -> list[Tensor]:
            return normalized_area_means(maps, self.scaling, config.energy_scales)

        numbers: dict[str, Any] = {
            name: getattr(config, name) for name in ("rounding", "weights_power", "texture_scales")
        }
        return Judged(
            [scales(painted[i :: config.draws]) for i in range(config.draws)],
            scales(self.scaling.forward(target)),
            normalized_pyramid(dark_matter, self.dark_scaling, 1),
            self.scaling,
            self.dark_scaling,
            self.tables,
            **numbers,
        )


def draw_smooth(
    generator: GatedGenerator, x: Tensor, random: torch.Generator, draws: int = 1
) -> list[Tensor]:
    """Draw noise for each draw of each map of a batch: a realisation's, then maps, smooth."""
    count, maps = draws * len(x), generator.config.noise_maps
    shapes = generator.config.noise_shapes((x.shape[-2], x.shape[-1]))
    common, *levels = (
        torch.randn(count, maps, *sides, generator=random, device=x.device) for sides in shapes
    )
    return [common, *(smoothed(noise) for noise in levels)]
