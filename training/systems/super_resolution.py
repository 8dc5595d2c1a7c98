"""Training of super-resolution: first by the truth's cells, then against a critic."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from engine import statistics
from engine.mesh import Grid
from engine.networks.super_resolution import critic
from engine.networks.super_resolution.generator import MARGIN, Generator, GeneratorConfig
from engine.normalization import Identity, Linear
from engine.systems.card import Input, ModelCard, Output, Parameter
from engine.systems.super_resolution import CONSERVE, INITIAL, LOW, SuperResolution
from training.checkpoint import Progress
from training.config import RunConfig, Split
from training.data.ahead import Batch
from training.data.files import find_files
from training.data.volumes import TrainingVolumes, read_training_triplet, read_triplet
from training.descent import autocast, descend, random_of
from training.losses.density import cell_weights, weighted_error
from training.losses.power import patch_power_error
from training.losses.wasserstein import critic_loss, generator_loss, gradient_penalty
from training.systems.contract import Draw, Picture, Scored
from training.systems.registry import register

NETWORKS = {"paper": GeneratorConfig()}
"""By the names that configurations have for them."""

VALIDATION = Split("quijote-103-z0")
"""What chooses the weights."""

LARGEST_WAVENUMBER = 1.0
"""Of the waves that choose the weights, [h/Mpc]: as far as the paper's claim goes."""


@dataclass(frozen=True)
class SuperResolutionConfig(RunConfig):
    """One training: by the truth's cells, then against a critic.

    Parameters
    ----------
    learning_rate, final_learning_rate : float
        Before the critic enters, at the first and last of these updates.
    game_rate, critic_rate : float
        Of the generator and of the critic from then on.
    momentum, memory : float
        Adam's beta 1 and 2 from then on.
    warm_up : int
        Updates before the critic enters; if they are all, there is none.
    head_start : int
        Updates in which the critic, just entered, steps alone: before it knows the difference
        its advice is noise.
    critic_steps : int
        Steps of the critic for each one of the generator.
    critic_batches : int
        Batches of an update, which the critic's steps take in turn; with fewer of them than
        steps a painting is judged again instead of painting another.
    penalty : float
        Weight of the critic's gradient penalty.
    anchor, power : float
        Weights of the error of cells and of that of the power spectra of patches beside the
        critic's judgement.
    side : int
        Of a patch, [cells of high resolution].
    doubling_every : int
        Updates after which batches double; 0: never.
    choose_every : int
        Updates between looks at the box that chooses the weights.
    warm_start : str
        SHA-256 of the weights that the generator starts from; empty: fresh ones.
    """

    field: str = "dmo"
    level: str = "MR"
    batch_size: int = 1
    learning_rate: float = 2e-3
    final_learning_rate: float = 6e-5
    average: float = 0.999
    game_rate: float = 1e-4
    critic_rate: float = 1e-4
    momentum: float = 0.5
    memory: float = 0.9
    warm_up: int = 0
    head_start: int = 0
    critic_steps: int = 5
    critic_batches: int = 1
    penalty: float = 10.0
    anchor: float = 1.0
    power: float = 0.0
    side: int = critic.SIDE
    doubling_every: int = 0
    choose_every: int = 500
    warm_start: str = ""

    system = "super-resolution"

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        super().__post_init__()
        if not 0 <= self.warm_up <= self.updates:
            raise ValueError(
                f"Training has {self.warm_up} updates before the critic enters, expected no more "
                f"than its {self.updates} updates."
            )
        played = self.updates - self.warm_up
        if self.has_critic and not 0 <= self.head_start <= played:
            raise ValueError(
                f"Training gives its critic a head start of {self.head_start} updates, expected no "
                f"more than the {played} that it plays."
            )
        if not 1 <= self.critic_batches <= self.critic_steps:
            raise ValueError(
                f"Training draws {self.critic_batches} batches for {self.critic_steps} critic "
                "steps, expected at least one, and no more batches than steps."
            )
        if self.has_critic and self.side != critic.SIDE:
            raise ValueError(
                f"Training has patches of {self.side} cells, expected the critic's {critic.SIDE}."
            )
        if self.side < 2 or self.side % 2:
            raise ValueError(
                f"Training has patches of {self.side} cells, expected an even number of them."
            )
        if self.choose_every < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates, expected one or more."
            )

    @property
    def has_critic(self) -> bool:
        """Whether a critic enters at all."""
        return self.warm_up < self.updates

    def rate(self, update: int) -> float:
        """Learning rate of the generator at an update."""
        if update >= self.warm_up:
            return self.game_rate
        done = update / max(self.warm_up - 1, 1)
        return self.learning_rate + done * (self.final_learning_rate - self.learning_rate)

    def batch_at(self, update: int) -> int:
        """Patches of a batch at an update."""
        doublings = update // self.doubling_every if self.doubling_every else 0
        return int(self.batch_size * 2**doublings)


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
        error = weighted_error(painted, density, cell_weights(low, MARGIN // 2))
        terms = {"error": error}
        if judged:
            terms = {"error": self.config.anchor * error}
            if self.config.power:
                terms["power"] = self.config.power * patch_power_error(painted, density)
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


_preset = partial(SuperResolutionConfig, network="paper", sources=(Split("quijote-101-z0"),))

# Section 3 of the paper for `paper`, whose critic is alone. `smoke` takes seconds and shows
# that everything is in its place. `small` takes a core half an hour. Its penalty is larger than
# images want, since densities differ by hundreds, and the cells' and the waves' errors outweigh
# the critic, which by itself made clusters twice as strong in 400 updates.
PRESETS: Mapping[str, Callable[..., RunConfig]] = {
    "paper": partial(
        _preset,
        updates=500_000,
        critic_steps=10,
        critic_batches=10,
        momentum=0.5,
        memory=0.999,
        anchor=0.0,
        doubling_every=100_000,
        choose_every=5000,
    ),
    "small": partial(
        _preset,
        updates=4800,
        warm_up=3600,
        head_start=60,
        doubling_every=3600,
        average=0.995,
        critic_rate=3e-4,
        penalty=100.0,
        anchor=200.0,
        power=400.0,
    ),
    "smoke": partial(
        _preset,
        updates=6,
        warm_up=2,
        head_start=1,
        critic_steps=2,
        choose_every=3,
        checkpoint_minutes=0.001,
    ),
}


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
    chosen_by = "wave_error"

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
        return Progress(modules, dict(adam))

    def step(self, progress: Progress, fabric: Fabric) -> SuperResolutionStep:
        """Make what the run repeats."""
        return SuperResolutionStep(self.config, progress, fabric)

    def is_due(self, update: int) -> bool:
        """Whether to look after this update."""
        return update % self.config.choose_every == 0 or update == self.config.updates

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
        mean = float(painted.values.mean(dtype=np.float64) / box.low.values.mean(dtype=np.float64))
        return {**wave_errors(box.density, painted), "mean": mean}, picture(box.density, painted)

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


def wave_errors(truth: Grid, painted: Grid) -> dict[str, float]:
    """Largest |T - 1| + (1 - r) of waves up to `LARGEST_WAVENUMBER`, and either's largest."""
    if not painted.values.any():  # as of a network that has only begun
        return {"wave_error": 2.0, "transfer_error": 1.0, "least_correlation": 0.0}
    transfer, correlation = (
        statistics.get(name)(truth, painted) for name in ("transfer_function", "cross_correlation")
    )
    seen = (transfer.x < LARGEST_WAVENUMBER) & np.isfinite(transfer.y)
    off, apart = np.abs(transfer.y - 1)[seen], 1 - correlation.y[seen]
    return {
        "wave_error": float((off + apart).max()),
        "transfer_error": float(off.max()),
        "least_correlation": float(1 - apart.max()),
    }


LAYER = 8
"""Cells deep that a picture shows, as the paper's figure 2."""

DECADES = (-1.0, 1.5)
"""log10 of the density over its mean, from black to white."""


def picture(truth: Grid, painted: Grid) -> Picture:
    """The same layer of two boxes beside each other, (rows, columns)."""
    mean = truth.values.mean(dtype=np.float64)
    layers = [grid.values[:LAYER].mean(0) / mean for grid in (truth, painted)]
    logarithm = np.log10(np.maximum(np.concatenate(layers, 1), 1e-9))
    shown = (logarithm - DECADES[0]) / (DECADES[1] - DECADES[0])
    return (255 * shown.clip(0, 1)).astype(np.uint8)


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
