"""The critic of a gated generator's last stage: does a painting's detail look real?"""

from collections.abc import Callable

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.networks.ember.detail import DetailNetwork, beside, counted, details
from training.checkpoint import Progress
from training.descent import descend, random_of
from training.losses.responses import FAINTEST
from training.losses.samples import Judged
from training.losses.wasserstein import Maps, critic_loss, generator_loss, gradient_penalty
from training.systems.gated_config import GatedRunConfig

BLUR = 2e-3
"""Of the noise that is added to ln of paintings and truth, whose maps may be rounded."""

WINDOW = 176
"""Side of the square on which the critic learns, where maps are larger, [pixels]: the gradient of
a gradient costs more than all the rest. It goes on periodically, truth and painting alike, so that
places near its edge see a seam."""


class DetailCritic:
    """Judges details of ln of the field, from one pixel to 32, beside a draw and their dark matter.

    What is larger is left to the scores. Truth and a draw are both seen beside another draw, so
    that draws that agree where the truth differs are found out. The score is a mean over
    places, dense ones counted more, and the penalty asks for a slope of one at each of them,
    however many there are. In voids what bfloat16 rounds away looks like texture: all of this is
    in float32.

    Parameters
    ----------
    config : GatedRunConfig
        The run.
    progress : Progress
        Whose "critic" is stepped.
    fabric : Fabric
        Where it runs.
    place : callable
        Place among the classes, (n, 1, ny, nx), of normalised dark matter.
    """

    def __init__(
        self,
        config: GatedRunConfig,
        progress: Progress,
        fabric: Fabric,
        place: Callable[[Tensor], Tensor],
    ) -> None:
        self.config, self.progress, self.fabric, self.place = config, progress, fabric, place
        critic = progress.modules["critic"]
        assert isinstance(critic, DetailNetwork)
        self.critic = critic

    def learn(self, judged: Judged) -> dict[str, Tensor]:
        """Step the critic once, on two of the draws; return its loss's terms."""
        self.critic.requires_grad_(True)
        random = random_of(self.config.seed, self.progress.update, 1, self.fabric)
        with torch.no_grad():
            dark, place = self.of_dark_matter(judged)
            found = self._details(judged.real[0], judged, random)
            self.critic.measure(found, place)
            real = self.critic.in_units(found, place)
            fake, other = (self.seen(draw[0], judged, place, random) for draw in judged.draws[:2])
        real, fake, other, dark = window((real, fake, other, dark), random)
        share = torch.rand(len(real), generator=random, device=real.device)
        distance = critic_loss(self._score, [real], [fake], [other, dark])
        penalty = gradient_penalty(self._by_place, [real], [fake], [other, dark], share)
        terms = {"critic": distance, "penalty": self.config.penalty * penalty}
        adam, rate = self.progress.optimizers["critic"], self.config.critic_learning_rate
        descend(terms, self.critic, adam, rate, self.fabric)
        return terms

    def think(self, judged: Judged) -> Tensor:
        """What the generator steps down: less the mean score of all draws."""
        self.critic.requires_grad_(False)  # saves its weights' gradients
        random = random_of(self.config.seed, self.progress.update, 3, self.fabric)
        dark, place = self.of_dark_matter(judged)
        seen = [self.seen(draw[0], judged, place, random) for draw in judged.draws]
        losses = [
            generator_loss(self._score, [draw], [seen[i - 1].detach(), dark])
            for i, draw in enumerate(seen)
        ]
        return torch.stack(losses).mean()

    def of_dark_matter(self, judged: Judged) -> tuple[Tensor, Tensor]:
        """What is seen of dark matter, and each pixel's place among its classes."""
        return beside(judged.surface), self.place(judged.dark_matter[0])

    def seen(self, maps: Tensor, judged: Judged, place: Tensor, random: torch.Generator) -> Tensor:
        """What is seen of normalised maps (n, 1, ny, nx) at places among the classes."""
        return self.critic.in_units(self._details(maps, judged, random), place)

    def _score(self, seen: Maps, given: Maps) -> Tensor:
        """Score of a map beside another draw and dark matter."""
        other, dark = given
        scores = self.critic(seen[0], other, dark)
        ny, nx = scores.shape[-2:]
        return (counted(dark, (ny, nx)) * scores).mean((-3, -2, -1))

    def _by_place(self, seen: Maps, given: Maps) -> Tensor:
        """Score of a map whose slope by all pixels together is the rms slope of one place."""
        return self._score(seen, given) * seen[0][0, 0].numel() ** 0.5

    def _details(self, maps: Tensor, judged: Judged, random: torch.Generator) -> Tensor:
        density = judged.scaling.inverse(maps).clamp(min=FAINTEST * judged.scaling.x0)
        noise = torch.randn(maps.shape, generator=random, device=maps.device)
        return details(density.log() + BLUR * noise)


def window(maps: tuple[Tensor, ...], random: torch.Generator) -> tuple[Tensor, ...]:
    """The same square of several maps (n, channels, ny, nx), anywhere, if they are larger."""
    ny, nx = maps[0].shape[-2:]
    if min(ny, nx) <= WINDOW:
        return maps
    corner = torch.rand(2, generator=random, device=random.device)
    y, x = (int(share * (side - WINDOW)) for share, side in zip(corner, (ny, nx), strict=True))
    return tuple(each[..., y : y + WINDOW, x : x + WINDOW] for each in maps)
