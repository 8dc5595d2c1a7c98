"""One update of a painter: of a deterministic one, or of generator and critic."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from engine.networks.ember.generator import Generator
from engine.networks.padding import Padding
from engine.normalization import LogNormalization, normalization
from training.checkpoint import Progress
from training.config import AdversarialConfig, RunConfig, TrainingConfig
from training.losses.pixels import PaintLoss, pyramid
from training.losses.power import log_power_error
from training.losses.probability import probability_score
from training.losses.structure import perceptual_loss
from training.losses.wasserstein import Score, critic_loss, generator_loss, gradient_penalty

Draw = Callable[[int], tuple[Tensor, Tensor]]
"""Batches of an update by number: dark matter and target, (batch, 1, n, n)."""


EMPTY = 1e-3
"""Added to a painting, in units of its scaling's x0, before area means are scaled: HI's scaling is
infinitely steep where there is nothing."""


class PaintStep:
    """Step of a deterministic painter.

    Parameters
    ----------
    config : TrainingConfig
        The run.
    progress : Progress
        Whose network and optimiser are stepped.
    fabric : Fabric
        Where it runs.
    """

    batches = 1

    def __init__(self, config: TrainingConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.scaling = normalization("dm")
        assert config.power is not None
        self.loss = PaintLoss(normalization(config.field), config.absolute, config.power)

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step once; return the loss's terms."""
        dark_matter, target = draw(0)
        with autocast(self.config, self.fabric):
            painted = self.progress.network(self.scaling.forward(dark_matter))
        terms = self.loss(painted, target)
        rate = linear_rate(self.config, self.progress.update)
        descend(terms, self.progress.network, self.progress.optimizer, rate, self.fabric)
        return terms


class GameStep:
    """Steps of the critic, then one of the generator.

    Parameters
    ----------
    config : AdversarialConfig
        The run.
    progress : Progress
        Whose networks and optimisers are stepped.
    fabric : Fabric
        Where it runs.
    """

    def __init__(self, config: AdversarialConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.batches = config.critic_steps
        assert isinstance(progress.network, Generator)
        assert progress.critic is not None
        assert progress.critic_optimizer is not None
        self.generator, self.critic = progress.network, progress.critic
        self.critic_optimizer = progress.critic_optimizer
        self.scales = self.critic.config.scales
        multiple = self.generator.config.multiple
        if config.crop % multiple or config.margin % multiple:
            raise ValueError(
                f"Training cuts squares of {config.crop} pixels with margins of {config.margin}, "
                f"expected multiples of {multiple} for network {config.network!r}."
            )

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step all; return the losses' terms."""
        if self.progress.update < self.config.warm_up:
            dark_matter, real = self._maps(draw(self.batches - 1))
            _, real, draws, _ = self._paint(dark_matter, real, self._random(0))
            return self._step_generator(None, real, draws, dark_matter)
        for number in range(self.batches):
            dark_matter, real = self._maps(draw(number))
            random = self._random(number)
            # The last paintings are those the generator is judged by: painted only once.
            with torch.set_grad_enabled(number == self.batches - 1):
                dark_matter, real, draws, padding = self._paint(dark_matter, real, random)
            critic = partial(self.critic, padding=padding)
            detached = [scale.detach() for scale in draws[0]]
            terms = self._step_critic(critic, real, detached, dark_matter, random)
        return terms | self._step_generator(critic, real, draws, dark_matter)

    def _paint(
        self, dark_matter: list[Tensor], real: list[Tensor], random: torch.Generator
    ) -> tuple[list[Tensor], list[Tensor], list[list[Tensor]], Padding]:
        """Dark matter, truth and as many draws of each map as the loss takes, without margins."""
        margin, padding = self._edges(dark_matter[0].shape[-1])
        count = 2 if self.config.calibration or self.config.mass_calibration else 1
        with autocast(self.config, self.fabric):
            noise = draw_noise(self.generator, dark_matter[0], random, count)
            painted = self.generator(dark_matter[0], noise, padding)
        draws = [trim([scale[i::count] for scale in painted], margin) for i in range(count)]
        return trim(dark_matter, margin), trim(real, margin), draws, padding

    def _step_critic(
        self,
        critic: Score,
        real: Sequence[Tensor],
        fake: Sequence[Tensor],
        dark_matter: Sequence[Tensor],
        random: torch.Generator,
    ) -> dict[str, Tensor]:
        share = torch.rand(len(real[0]), generator=random, device=self.fabric.device)
        with autocast(self.config, self.fabric):
            distance = critic_loss(critic, real, fake, dark_matter)
        # In float32 whatever the features are: with bfloat16 the gradient of a gradient was
        # wrong by 70 % on a CPU.
        penalty = gradient_penalty(critic, real, fake, dark_matter, share)
        terms = {"critic": distance, "penalty": self.config.weights.penalty * penalty}
        rate = self.config.critic_learning_rate * self._decay()
        descend(terms, self.critic, self.critic_optimizer, rate, self.fabric)
        return terms

    def _step_generator(
        self,
        critic: Score | None,
        real: Sequence[Tensor],
        draws: Sequence[Sequence[Tensor]],
        dark_matter: Sequence[Tensor],
    ) -> dict[str, Tensor]:
        """Judge the first draw by itself and, where the spread counts, beside the second."""
        config = self.config
        terms = perceptual_loss(draws[0], real, config.weights.alpha, config.weights.beta)
        if config.calibration:
            terms["calibration"] = config.calibration * probability_score(draws[0], draws[1], real)
        if config.power or config.mass_calibration:
            scaling = normalization(config.field)
            # An overshooting painting's power would overflow.
            bounded = [scales[0].clamp(max=real[0].max() + 1) for scales in draws]
            painted = [scaling.inverse(full_size) for full_size in bounded]
        if config.mass_calibration:
            score = mass_weighted_score(painted, real, dark_matter, scaling)
            terms["mass_calibration"] = config.mass_calibration * score
        if config.power:
            error = log_power_error(torch.cat(painted), scaling.inverse(real[0]))
            terms["power"] = config.power * error
        self.critic.requires_grad_(False)  # saves its weights' gradients
        if critic is not None:
            with autocast(config, self.fabric):
                terms["generator"] = generator_loss(critic, draws[0], dark_matter)
        rate = config.learning_rate * self._decay()
        descend(terms, self.generator, self.progress.optimizer, rate, self.fabric)
        self.critic.requires_grad_(True)
        return terms

    def _edges(self, side: int) -> tuple[int, Padding]:
        """Margin to discard of maps of a side, and what lies beyond their edges."""
        if side == self.config.crop:
            # What surrounds a square cut from a map is not its other edge.
            return self.config.margin, "replicate"
        return 0, "circular"

    def _maps(self, batch: tuple[Tensor, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Normalised area means of dark matter and target at every scale."""
        dark_matter, target = batch
        return (
            normalized_pyramid(dark_matter, normalization("dm"), self.scales),
            normalized_pyramid(target, normalization(self.config.field), self.scales),
        )

    def _random(self, number: int) -> torch.Generator:
        """Random numbers of one step, a function of the run's seed and of where it is."""
        place = (self.config.seed, 2, self.progress.update, number, self.fabric.global_rank)
        seed = np.random.SeedSequence(place).generate_state(1, np.uint64)
        return torch.Generator(self.fabric.device).manual_seed(int(seed[0]))

    def _decay(self) -> float:
        """Share of the learning rates that is left, from 1 to the last one's."""
        last = self.config.final_learning_rate / self.config.learning_rate
        left = 1 - self.progress.update / max(self.config.updates - 1, 1)
        return last + (1 - last) * left**self.config.decay_power


def step_for(config: RunConfig, progress: Progress, fabric: Fabric) -> PaintStep | GameStep:
    """Make what a run repeats."""
    if isinstance(config, AdversarialConfig):
        return GameStep(config, progress, fabric)
    assert isinstance(config, TrainingConfig)
    return PaintStep(config, progress, fabric)


def descend(
    terms: dict[str, Tensor],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    rate: float,
    fabric: Fabric,
) -> None:
    """Step a network down the sum of some terms, averaged over all processes."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    average_gradients(network, fabric)
    optimizer.step()


def average_gradients(network: nn.Module, fabric: Fabric) -> None:
    """Take the mean of the gradients over all processes.

    Once after the backward pass, in one piece: it works for any loss, while a wrapped
    network would have to be told of three passes through the critic and a second gradient.
    """
    if fabric.world_size == 1:
        return
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    mean = fabric.all_reduce(torch.cat([g.flatten() for g in gradients]), reduce_op="mean")
    assert isinstance(mean, Tensor)
    for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def autocast(config: RunConfig, fabric: Fabric) -> torch.autocast:
    """Features in the run's precision."""
    kind = fabric.device.type
    return torch.autocast(kind, torch.bfloat16, enabled=config.precision == "bfloat16")


def draw_noise(
    generator: Generator, x: Tensor, random: torch.Generator, draws: int = 1
) -> list[Tensor]:
    """Draw standard normal numbers for each draw of each map of a batch, coarsest first."""
    return [
        torch.randn(draws * len(x), 1, *sides, generator=random, device=x.device)
        for sides in generator.config.noise_shapes((x.shape[-2], x.shape[-1]))
    ]


def trim(maps: Sequence[Tensor], margin: int) -> list[Tensor]:
    """Cut the margin off maps of every scale, full size first; margin in its pixels."""
    if not margin:
        return list(maps)
    edges = [margin >> scale for scale in range(len(maps))]
    return [m[..., e:-e, e:-e] for m, e in zip(maps, edges, strict=True)]


def normalized_pyramid(maps: Tensor, scaling: LogNormalization, scales: int) -> list[Tensor]:
    """Area means of a surface density at every scale, then normalised."""
    return [scaling.forward(scale) for scale in pyramid(maps, scales)]


def mass_weighted_score(
    painted: Sequence[Tensor],
    real: Sequence[Tensor],
    dark_matter: Sequence[Tensor],
    scaling: LogNormalization,
) -> Tensor:
    """Probability score of two paintings' area means, each pixel weighted by its dark matter.

    Parameters
    ----------
    painted : two of tensor, (batch, 1, n, n)
        Surface density, [Msun h / ckpc^2].
    real, dark_matter : sequence of tensor, (batch, 1, n / 2^i, n / 2^i)
        Normalised, full size first.
    scaling : LogNormalization
        Of the painted field.
    """
    one, other = (
        normalized_pyramid(maps + EMPTY * scaling.x0, scaling, len(real)) for maps in painted
    )
    mass = [normalization("dm").inverse(scale) for scale in dark_matter]
    return probability_score(one, other, real, [m / m.mean() for m in mass])


def linear_rate(config: RunConfig, update: int) -> float:
    """Learning rate that falls linearly from the first update to the last."""
    done = update / max(config.updates - 1, 1)
    return config.learning_rate + done * (config.final_learning_rate - config.learning_rate)
