"""EMBER's gated generator against the scores of its draws: the step that such a run repeats."""

from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.networks.ember.gated import GatedGenerator, smoothed
from engine.normalization import NORMALIZATIONS
from training.checkpoint import Progress
from training.descent import autocast, descend, random_of
from training.losses.isotropy import isotropy_loss, leaning_of
from training.losses.pixels import normalized_pyramid
from training.losses.responses import normalized_area_means
from training.losses.samples import Judged, sample_terms
from training.losses.tables import Tables
from training.losses.terms import weighted
from training.systems.contract import Draw
from training.systems.detail_critic import DetailCritic
from training.systems.gated_config import GatedRunConfig


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
        self.critic: DetailCritic | None = None
        if config.critic:
            place = partial(self.generator.place, padding="circular")
            self.critic = DetailCritic(config, progress, fabric, place)

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        config, update = self.config, self.progress.update
        dark_matter, target = draw(0)
        judged = self._judged(dark_matter, target)
        terms, played = weighted(self.terms, judged), {}
        if config.isotropy:
            terms["isotropy"] = config.isotropy * self._leaning(judged)
        if self.critic is not None and config.critic_learns(update):
            played = self.critic.learn(judged)
            if weight := config.critic_weight(update):
                terms["generator"] = weight * self.critic.think(judged)
        adam, rate = self.progress.optimizers["network"], config.rate(update)
        descend(terms, self.generator, adam, rate, self.fabric, config.gradient_norm)
        return played | terms

    def _leaning(self, judged: Judged) -> Tensor:
        """How much draws prefer a direction, in the mean over the updates so far."""
        draws = [self.tables.log(scales[0]) for scales in judged.draws]
        now = leaning_of(draws, self.tables.log(judged.real[0]))
        return isotropy_loss(now, self.tables.leaning)

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


def nearest_class(network: GatedGenerator, dark_matter: Tensor) -> Tensor:
    """Number of the class of each pixel of dark matter (n, 1, ny, nx), [Msun h / ckpc^2]."""
    x = NORMALIZATIONS["dm"].forward(dark_matter)
    return network.place(x, "circular").round().long()


def draw_smooth(
    generator: GatedGenerator, x: Tensor, random: torch.Generator, draws: int = 1
) -> list[Tensor]:
    """Draw noise for each draw of each map of a batch: a realisation's, then maps, smooth.

    The finest is as it was drawn where it places discs or is grainy.
    """
    config = generator.config
    count, maps = draws * len(x), config.noise_maps
    shapes = config.noise_shapes((x.shape[-2], x.shape[-1]))
    common, *levels = (
        torch.randn(count, maps, *sides, generator=random, device=x.device) for sides in shapes
    )
    unsmoothed = levels[-1:] if config.uncorrelated else []
    smooth = levels[: len(levels) - len(unsmoothed)]
    return [common, *(smoothed(noise) for noise in smooth), *unsmoothed]
