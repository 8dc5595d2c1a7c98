"""What a training of super-resolution is fixed by, and its presets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from engine.networks.super_resolution import critic
from engine.networks.super_resolution.generator import GeneratorConfig
from training.config import RunConfig, Split

NETWORKS = {"paper": GeneratorConfig()}
"""By the names that configurations have for them."""

EARLY = 10
"""Times as many updates pass between looks before the critic enters."""


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
    waves, voids : float
        Weights of waves of patches that stay unknown, and of the error of cubes' densities by
        which voids are too full, beside the error of cells.
    anchor, power : float
        Weights of these three together, and of the power spectra of patches, beside the critic's
        judgement.
    side : int
        Of a patch, [cells of high resolution].
    doubling_every : int
        Updates after which batches double; 0: never.
    choose_every : int
        Updates between looks at the box that chooses the weights; ten times as many before the
        critic enters.
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
    waves: float = 0.0
    voids: float = 0.0
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

    def looks_after(self, update: int) -> int:
        """Updates between looks at the box that chooses, around an update."""
        return self.choose_every * (1 if update > self.warm_up else EARLY)

    def batch_at(self, update: int) -> int:
        """Patches of a batch at an update."""
        doublings = update // self.doubling_every if self.doubling_every else 0
        return int(self.batch_size * 2**doublings)


_preset = partial(SuperResolutionConfig, network="paper", sources=(Split("quijote-101-z0"),))

# Section 3 of the paper for `paper`, whose critic is alone. `smoke` takes seconds and shows
# that everything is in its place. What ships is of `cells`, `small` and `game`, each started
# from the weights of the one before. The penalty is larger than images want, since densities
# differ by hundreds, and what cells, waves and voids say outweighs the critic, which by itself
# made clusters twice as strong in 400 updates.
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
    "cells": partial(_preset, updates=3600, warm_up=3600, choose_every=60),
    "small": partial(
        _preset,
        updates=5500,
        warm_up=5500,
        learning_rate=1e-3,
        final_learning_rate=3.33e-4,
        waves=1.0,
        voids=1.0,
        choose_every=80,
    ),
    "game": partial(
        _preset,
        updates=150,
        batch_size=2,
        average=0.97,
        game_rate=7e-5,
        critic_rate=3e-4,
        head_start=30,
        penalty=100.0,
        waves=5.0,
        voids=15.0,
        anchor=12_000.0,
        power=40_000.0,
        choose_every=30,
    ),
    "smoke": partial(
        _preset,
        updates=6,
        warm_up=2,
        head_start=1,
        critic_steps=2,
        waves=1.0,
        voids=1.0,
        power=1.0,
        choose_every=3,
        checkpoint_minutes=0.001,
    ),
}
