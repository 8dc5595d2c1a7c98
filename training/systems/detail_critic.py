"""The critic of a gated generator's last stage: does a painting's detail look real?"""

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.critic import Critic
from training.checkpoint import Progress
from training.descent import autocast, descend, random_of
from training.losses.responses import box_mean
from training.losses.samples import Judged
from training.losses.spectra import COARSE
from training.losses.wasserstein import Maps, critic_loss, generator_loss, gradient_penalty
from training.systems.gated_config import GatedRunConfig


class DetailCritic:
    """Judges detail in units of its error at that dark matter, at native pixels and at half size.

    So voids and haloes count alike, and what is larger than `COARSE` pixels is left to the
    scores. Each draw is judged by itself. The score is a mean over places, and the penalty
    asks for a slope of one at each of them, however many there are.

    Parameters
    ----------
    config : GatedRunConfig
        The run.
    progress : Progress
        Whose "critic" is stepped.
    fabric : Fabric
        Where it runs.
    """

    def __init__(self, config: GatedRunConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        critic = progress.modules["critic"]
        assert isinstance(critic, Critic)
        self.critic = critic

    def learn(self, judged: Judged) -> dict[str, Tensor]:
        """Step the critic once, on one of the draws; return its loss's terms."""
        update = self.progress.update
        self.critic.requires_grad_(True)
        fake, real, dark_matter = self._seen(judged.draws[0][0].detach(), judged)
        random = random_of(self.config.seed, update, 1, self.fabric)
        share = torch.rand(len(real[0]), generator=random, device=self.fabric.device)
        with autocast(self.config, self.fabric, self.config.rounds(update)):
            distance = critic_loss(self.critic, real, fake, dark_matter)
        # In float32: bfloat16 spoils the gradient of a gradient.
        penalty = gradient_penalty(self._by_place, real, fake, dark_matter, share)
        terms = {"critic": distance, "penalty": self.config.penalty * penalty}
        adam, rate = self.progress.optimizers["critic"], self.config.critic_learning_rate
        descend(terms, self.critic, adam, rate, self.fabric)
        return terms

    def think(self, judged: Judged) -> Tensor:
        """What the generator steps down: less the mean score of all draws."""
        self.critic.requires_grad_(False)  # saves its weights' gradients
        losses = []
        for draw in judged.draws:
            fake, _, dark_matter = self._seen(draw[0], judged)
            with autocast(self.config, self.fabric, self.config.rounds(self.progress.update)):
                losses.append(generator_loss(self.critic, fake, dark_matter))
        return torch.stack(losses).mean()

    def _by_place(self, painting: Maps, dark_matter: Maps) -> Tensor:
        """Score of a map whose slope by all pixels together is the rms slope of one place."""
        return self.critic(painting, dark_matter) * painting[0][0].numel() ** 0.5

    def _seen(self, painted: Tensor, judged: Judged) -> tuple[Maps, Maps, Maps]:
        unit = judged.units[0][:, :1]
        fake, real = (halved(detail(maps, unit)) for maps in (painted, judged.real[0]))
        return fake, real, halved(judged.dark_matter[0])


def detail(maps: Tensor, unit: Tensor) -> Tensor:
    """What is finer than `COARSE` pixels of periodic maps, in its units, (n, 1, ny, nx)."""
    return (maps - box_mean(maps, COARSE)) / unit


def halved(maps: Tensor) -> Maps:
    """Maps at full size and their means at half of it."""
    return [maps, F.avg_pool2d(maps, 2)]
