"""Training of super-resolution: first by the truth's cells, then against a critic."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from engine.networks.super_resolution import critic
from engine.networks.super_resolution.generator import MARGIN, Generator
from engine.normalization import Identity, Linear
from engine.systems.card import Input, ModelCard, Output, Parameter
from engine.systems.super_resolution import CONSERVE, INITIAL, LOW, SuperResolution
from training.checkpoint import Progress
from training.config import Split
from training.data.ahead import Batch
from training.data.files import find_files
from training.data.volumes import TrainingVolumes, read_training_triplet, read_triplet
from training.descent import autocast, descend, random_of
from training.losses.density import cell_weights, emptiness_error, weighted_error
from training.losses.wasserstein import critic_loss, generator_loss, gradient_penalty
from training.losses.waves import PatchPowers, unknown_waves
from training.systems.box_looks import errors, picture
from training.systems.contract import Draw, Picture, Scored
from training.systems.registry import register
from training.systems.super_resolution_config import NETWORKS, PRESETS, SuperResolutionConfig

VALIDATION = Split("quijote-103-z0")
"""What chooses the weights."""


class SuperResolutionStep:
    """One step of the generator, after those of the critic once it has entered.

    Parameters
    ----------
    config : SuperResolutionConfig
        The run.
    progress : Progress
        Whose networks and optimisers are stepped.
    fabric : Fabric
        Where it runs.
    """

    def __init__(self, config: SuperResolutionConfig, progress: Progress, fabric: Fabric) -> None:
        self.config, self.progress, self.fabric = config, progress, fabric
        self.batches = config.critic_batches if config.has_critic else 1

    def __call__(self, draw: Draw) -> dict[str, Tensor]:
        """Step all; return the losses' terms."""
        last = self.batches - 1
        if self.progress.update < self.config.warm_up:
            batch = draw(last)
            return self._step_generator(batch, self._paint(batch))
        alone = self.progress.update < self.config.warm_up + self.config.head_start
        drawn = [draw(number) for number in range(self.batches)]
        with torch.no_grad():
            painted = [self._paint(batch) for batch in drawn[:-1]]
        # The last paintings are those the generator is judged by: painted only once.
        with torch.set_grad_enabled(not alone):
            painted.append(self._paint(drawn[-1]))
        for number in range(self.config.critic_steps):
            which = number % self.batches
            random = random_of(self.config.seed, self.progress.update, number, self.fabric)
            terms = self._step_critic(drawn[which], painted[which].detach(), random)
        if alone:
            return terms
        return terms | self._step_generator(drawn[last], painted[last], judged=True)

    def _paint(self, batch: Batch) -> Tensor:
        with autocast(self.config, self.fabric):
            painted = self.progress.network(*batch[:2])
        assert isinstance(painted, Tensor)
        return painted.float()

    def _judge(self, density: Any, initial: Any) -> Tensor:
        score = self.progress.modules["critic"](density[0], initial[0])
        assert isinstance(score, Tensor)
        return score

    def _step_critic(
        self, batch: Batch, painted: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        real, fake, beside = [batch[2]], [painted], [inside(batch[1])]
        share = torch.rand(len(painted), generator=random, device=self.fabric.device)
        penalty = gradient_penalty(self._judge, real, fake, beside, share)
        terms = {
            "critic": critic_loss(self._judge, real, fake, beside),
            "penalty": self.config.penalty * penalty,
        }
        network, adam = self.progress.modules["critic"], self.progress.optimizers["critic"]
        descend(terms, network, adam, self.config.critic_rate, self.fabric)
        return terms

    def _step_generator(
        self, batch: Batch, painted: Tensor, judged: bool = False
    ) -> dict[str, Tensor]:
        low, initial, density = batch
        terms = {"error": weighted_error(painted, density, cell_weights(low, MARGIN // 2))}
        # Asked of what inference will show, which is never negative.
        shown = painted.clamp(min=0)
        losses = {"waves": unknown_waves, "voids": emptiness_error}
        for name, loss in losses.items():
            if weight := getattr(self.config, name):
                terms[name] = weight * loss(shown, density, low, MARGIN // 2)
        if judged:
            terms = {name: self.config.anchor * term for name, term in terms.items()}
            if self.config.power:
                powers = self.progress.extra["powers"]
                assert isinstance(powers, PatchPowers)
                off = powers(shown, density, self.fabric)
                terms["power"] = self.config.power * off
            self.progress.modules["critic"].requires_grad_(False)  # saves its weights' gradients
            terms["generator"] = generator_loss(self._judge, [painted], [inside(initial)])
        adam = self.progress.optimizers["game" if judged else "network"]
        rate = self.config.rate(self.progress.update)
        descend(terms, self.progress.network, adam, rate, self.fabric)
        if judged:
            self.progress.modules["critic"].requires_grad_(True)
        return terms


def inside(initial: Tensor) -> Tensor:
    """Initial conditions of a patch without what surrounds it."""
    return initial[..., MARGIN:-MARGIN, MARGIN:-MARGIN, MARGIN:-MARGIN]


@register
class SuperResolutionTraining(Scored[SuperResolutionConfig, TrainingVolumes]):
    """The paper's generator and critic, its weights chosen on a box that doesn't train.

    References
    ----------
    Kodi Ramanah et al. 2020, section 3.
    """

    config_class = SuperResolutionConfig
    presets = PRESETS
    warm_starts: ClassVar[tuple[str, ...]] = ("super-resolution",)
    chosen_by = "furthest"

    def examples(self, folder: Path) -> TrainingVolumes:
        """Read the boxes that train and the one that chooses."""
        config = self.config
        files = find_files(folder, config.sources)
        ((chooses, _),) = find_files(folder, (VALIDATION,))
        step = config.critic_batches if config.has_critic else 1
        return TrainingVolumes(
            [read_training_triplet(p, s, config.field, config.level) for p, s in files],
            lambda number: config.batch_at(number // step),
            config.side,
            config.seed,
            read_triplet(chooses, config.field, config.level),
            files,
        )

    def start(self, device: torch.device) -> Progress:
        """Make the generator, its average, a critic if one enters, and the optimisers."""
        config = self.config
        torch.manual_seed(config.seed)
        network = NETWORKS[config.network].build()
        opponent = critic.Critic().to(device)
        if self.weights is not None:
            fill(network, self.weights)
        network.to(device)
        average = deepcopy(network).requires_grad_(False).eval()
        modules: dict[str, nn.Module] = {"network": network, "average": average}
        adam = {"network": torch.optim.Adam(network.parameters())}
        if config.has_critic:
            modules["critic"] = opponent
            betas = (config.momentum, config.memory)
            adam["game"] = torch.optim.Adam(network.parameters(), betas=betas)
            adam["critic"] = torch.optim.Adam(opponent.parameters(), betas=betas)
        extra = {"powers": PatchPowers(config.side).to(device)} if config.power else {}
        return Progress(modules, dict(adam), dict(extra))

    def step(self, progress: Progress, fabric: Fabric) -> SuperResolutionStep:
        """Make what the run repeats."""
        return SuperResolutionStep(self.config, progress, fabric)

    def is_due(self, update: int) -> bool:
        """Whether to look after this update."""
        return update % self.config.looks_after(update) == 0 or update == self.config.updates

    def score(
        self, network: nn.Module, examples: TrainingVolumes
    ) -> tuple[dict[str, float], Picture]:
        """Errors of the painting of the box that chooses, and a picture of a layer."""
        box = examples.validation
        assert box is not None
        device = str(next(network.parameters()).device)
        arrays = {name: t.detach().cpu().numpy() for name, t in network.state_dict().items()}
        emulator = SuperResolution(self.card(examples, 0.0, device), arrays, device)
        painted = emulator.predict({LOW: box.low, INITIAL: box.initial})
        return errors(box.density, painted, box.low), picture(box.density, painted)

    def card(self, examples: TrainingVolumes, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""
        one = examples.triplets[0]
        network = NETWORKS[self.config.network]
        unit = Linear(float(one.density.values.mean(dtype=np.float64)))
        fine, redshift = one.density.cell_size, one.low.redshift
        return ModelCard(
            system=self.config.system,
            title=SuperResolution.title,
            paper=SuperResolution.paper,
            inputs=(
                Input(
                    LOW,
                    one.low.field,
                    "grid",
                    one.low.cell_size,
                    redshift,
                    Identity(),
                    level=one.low.level,
                    separation=one.low.separation or None,
                ),
                Input(INITIAL, one.initial.field, "grid", fine, 0.0, Linear(examples.scale)),
            ),
            output=Output(one.density.field, "grid", fine, unit),
            architecture={"network": "inception", "filters": network.filters},
            cosmology=one.density.cosmology,
            stochastic=False,
            parameters=(Parameter(CONSERVE, "conserve the mean", "", 0.0, 1.0, 0.0),),
            **self.provenance(examples, hours, device),
        )


def fill(network: Generator, weights: Mapping[str, Tensor]) -> None:
    """Fill a generator with another's weights.

    Raises
    ------
    ValueError
        If the weights are of another network.
    """
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if {name: tensor.shape for name, tensor in weights.items()} != expected:
        raise ValueError(
            f"The weights to start from are a network of {sum(t.numel() for t in weights.values())}"
            f" parameters, expected this run's {sum(p.numel() for p in network.parameters())}."
        )
    network.load_state_dict(weights)
