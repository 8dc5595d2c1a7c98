"""EMBER's generator against its critic: the step that such a run repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.networks.ember.critic import Critic
from engine.networks.ember.generator import Generator
from engine.networks.padding import Padding
from engine.normalization import NORMALIZATIONS
from training.checkpoint import Progress
from training.data.ahead import Batch
from training.descent import autocast, descend, random_of
from training.losses.pixels import normalized_pyramid
from training.losses.terms import Paintings, Term, weighted
from training.losses.wasserstein import Score, critic_loss, generator_loss, gradient_penalty
from training.systems.contract import Draw
from training.systems.ember import EmberConfig


@dataclass(frozen=True)
class AdversarialConfig(EmberConfig):
    """One training of a generator, at first by itself, then against its critic.

    Parameters
    ----------
    learning_rate, critic_learning_rate, final_learning_rate : float
        Adam's. The generator's falls from the first to the last, the critic's in proportion.
    noise_speed : float
        Rate of the noise's strengths, in units of the generator's. A strength is one number
        where a convolution has thousands to act together: at the same rate of 1e-4 it was
        at 3e-4 after 45 updates.
    decay_power : float
        The rates fall as this power of the updates that are left.
    warm_up : int
        Updates before the critic enters, in which the generator learns from the other terms;
        if they are all updates, there is none.
    critic_steps : int
        Steps of the critic for each one of the generator.
    penalty : float
        Weight of the critic's gradient penalty.
    crop, margin : int
        Larger maps are cut to squares of this side, of which so much at every edge only
        shows the generator what lies around and is not judged; 0: whole maps, [pixels].
    """

    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-6
    average: float = 0.999
    critic_learning_rate: float = 1e-4
    noise_speed: float = 1.0
    decay_power: float = 1.0
    warm_up: int = 0
    critic_steps: int = 1
    penalty: float | None = None
    crop: int = 0
    margin: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        super().__post_init__()
        if self.critic_steps < 1:
            raise ValueError(
                f"Training takes {self.critic_steps} critic steps for each of the generator's, "
                "expected at least one: to train without a critic set warm_up to all updates."
            )
        if not 0 <= self.warm_up <= self.updates:
            raise ValueError(
                f"Training has {self.warm_up} updates before the critic enters, expected no more "
                f"than its {self.updates} updates."
            )
        if self.margin < 0 or (self.crop <= 2 * self.margin and self.crop):
            raise ValueError(
                f"Training cuts squares of {self.crop} pixels with margins of {self.margin}, "
                "expected some pixels inside the margins."
            )

    @property
    def has_critic(self) -> bool:
        """Whether a critic enters at all."""
        return self.warm_up < self.updates

    def rate(self, update: int) -> float:
        """Share of the first learning rates at an update, from 1 to the last one's."""
        last = self.final_learning_rate / self.learning_rate
        left = 1 - update / max(self.updates - 1, 1)
        return last + (1 - last) * left**self.decay_power


class AdversarialStep:
    """Steps of the critic, once it has entered, then one of the generator.

    Parameters
    ----------
    config : AdversarialConfig
        The run.
    terms : sequence of Term
        Of the generator's loss, beside the critic's.
    progress : Progress
        Whose networks and optimisers are stepped: "network" and, if one enters, "critic".
    fabric : Fabric
        Where it runs.
    """

    def __init__(
        self,
        config: AdversarialConfig,
        terms: Sequence[Term[Paintings]],
        progress: Progress,
        fabric: Fabric,
    ) -> None:
        self.config, self.terms, self.progress, self.fabric = config, terms, progress, fabric
        self.batches = config.critic_steps
        self.draws = max((term.draws for term in terms), default=1)
        self.dark_scaling, self.scaling = NORMALIZATIONS["dm"], NORMALIZATIONS[config.field]
        assert isinstance(progress.network, Generator)
        self.generator = progress.network
        self.scales = self.generator.config.halvings + 1
        multiple = self.generator.config.multiple
        if config.crop % multiple or config.margin % multiple:
            raise ValueError(
                f"Training cuts squares of {config.crop} pixels with margins of {config.margin}, "
                f"expected multiples of {multiple} for network {config.network!r}."
            )

    @property
    def critic(self) -> Critic:
        """What judges."""
        critic = self.progress.modules["critic"]
        assert isinstance(critic, Critic)
        return critic

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step all; return the losses' terms."""
        if self.progress.update < self.config.warm_up:
            paintings, _ = self._paint(draw(self.batches - 1), self._random(0))
            return self._step_generator(None, paintings)
        for number in range(self.batches):
            random = self._random(number)
            # The last paintings are those the generator is judged by: painted only once.
            with torch.set_grad_enabled(number == self.batches - 1):
                paintings, padding = self._paint(draw(number), random)
            critic = partial(self.critic, padding=padding)
            terms = self._step_critic(critic, paintings, random)
        return terms | self._step_generator(critic, paintings)

    def _paint(self, batch: Batch, random: torch.Generator) -> tuple[Paintings, Padding]:
        """As many draws of each map as the loss takes, without margins, and what lies around."""
        dark_matter, real = self._maps(batch)
        margin, padding = self._edges(dark_matter[0].shape[-1])
        with autocast(self.config, self.fabric):
            noise = draw_noise(self.generator, dark_matter[0], random, self.draws)
            painted = self.generator(dark_matter[0], noise, padding)
        draws = [trim([s[i :: self.draws] for s in painted], margin) for i in range(self.draws)]
        inside = trim(real, margin), trim(dark_matter, margin)
        return Paintings(draws, *inside, self.scaling, self.dark_scaling), padding

    def _step_critic(
        self, critic: Score, paintings: Paintings, random: torch.Generator
    ) -> dict[str, Tensor]:
        real, dark_matter = paintings.real, paintings.dark_matter
        fake = [scale.detach() for scale in paintings.draws[0]]
        share = torch.rand(len(real[0]), generator=random, device=self.fabric.device)
        with autocast(self.config, self.fabric):
            distance = critic_loss(critic, real, fake, dark_matter)
        # In float32 whatever the features are: with bfloat16 the gradient of a gradient was
        # wrong by 70 % on a CPU.
        penalty = gradient_penalty(critic, real, fake, dark_matter, share)
        assert self.config.penalty is not None
        terms = {"critic": distance, "penalty": self.config.penalty * penalty}
        rate = self.config.critic_learning_rate * self.config.rate(self.progress.update)
        descend(terms, self.critic, self.progress.optimizers["critic"], rate, self.fabric)
        return terms

    def _step_generator(self, critic: Score | None, paintings: Paintings) -> dict[str, Tensor]:
        """Step down the terms, and the first draw's score if there is a critic."""
        terms = weighted(self.terms, paintings)
        if critic is not None:
            self.critic.requires_grad_(False)  # saves its weights' gradients
            with autocast(self.config, self.fabric):
                judged = generator_loss(critic, paintings.draws[0], paintings.dark_matter)
            terms["generator"] = judged
        rate = self.config.learning_rate * self.config.rate(self.progress.update)
        descend(terms, self.generator, self.progress.optimizers["network"], rate, self.fabric)
        if critic is not None:
            self.critic.requires_grad_(True)
        return terms

    def _edges(self, side: int) -> tuple[int, Padding]:
        """Margin to discard of maps of a side, and what lies beyond their edges."""
        if side == self.config.crop:
            # What surrounds a square cut from a map is not its other edge.
            return self.config.margin, "replicate"
        return 0, "circular"

    def _maps(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Normalised area means of dark matter and target at every scale."""
        dark_matter, target = batch
        return (
            normalized_pyramid(dark_matter, self.dark_scaling, self.scales),
            normalized_pyramid(target, self.scaling, self.scales),
        )

    def _random(self, number: int) -> torch.Generator:
        """Random numbers of one step, a function of the run's seed and of where it is."""
        return random_of(self.config.seed, self.progress.update, number, self.fabric)


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
