"""What a training of EMBER's gated generator is fixed by."""

import math
from dataclasses import dataclass
from typing import Any

from engine.fields import one_of
from training.systems.ember import EmberConfig

BY_FIELD: dict[str, dict[str, Any]] = {
    "gas": {"rounding": 1.5e-4, "tone_speed": 0.0005, "masses": 1.0}
    | {"silent": 0, "sways": 0, "discs": 0, "rounded": 0},
    "hi": {"rounding": 1e-3, "tone_speed": 0.01, "masses": 0.0}
    | {"silent": 1, "sways": 1, "discs": 4, "rounded": 1},
}
"""Of each field, where left out: what bfloat16 rounds away, normalised; the speed of the tones
that kept the mass of its maps from running away; the weight of its masses by environment, which
raised the power of HI; levels without noise, which frays clumps of HI, and gas at HR too has one
at last (`--set silent=1`); whether maps sway, as HI's boxes differ in mass by a tenth; radii of
discs, which are particles of dense gas; and whether clumps are made round."""


@dataclass(frozen=True)
class GatedRunConfig(EmberConfig):
    """One training of the gated generator.

    Parameters
    ----------
    energy, log_energy, texture, detail, mass_and_power, masses, tails : float
        Weights of the terms, see `training.losses.samples`.
    isotropy : float
        Weight of how much draws prefer a direction, see `training.losses.isotropy`.
    energy_scales, log_energy_scales, texture_scales : int
        Grids that the first three see, the map's own included.
    weights_power : float
        Of the units of error, in the weights of pixels.
    rounding : float
        Errors below it don't count, normalised.
    draws : int
        Of each map at every update.
    gate_speed, tone_speed, shaping_speed : float
        Rates of the noise's gates, of a realisation's tones and of what says how much of a map's
        details is kept and of its pits filled, in units of the others'. All of a map hangs on
        each number of the tones.
    silent : int
        Finest levels without noise: the smallest clump is one particle's kernel, three pixels in
        radius and smooth, and noise of single pixels frays it.
    sways : int
        Whether a realisation's number moves its maps by as much as boxes differ (1), and there are
        no tones, or not (0), see `training.systems.sway`.
    details, pits : int
        Scales of detail of which the network says how much is kept, and side of the pits of which
        it says how far they are filled, see `engine.networks.ember.gated`.
    discs : int
        Of how many radii discs are stamped, see the same.
    rounded : int
        Whether clumps of samples are made round (1) or not (0), see
        `engine.networks.ember.rounding`.
    grainy : int
        Whether the noise of single pixels is uncorrelated (1) or smooth over them (0).
    coarse_noise : float
        By how much the two coarsest noises of the weights that a run starts from are made stronger
        at first. Those of weights that have little use for them stay where they are: at no noise
        the slope of a score by a gate is none.
    noise_only : int
        Whether only what noise goes through learns (1), or everything (0). Bounds are then those
        of the weights that the run starts from, and the upper one may be lowered further. On maps
        that those weights never saw, samples learn to differ by as much as they are wrong there.
    rising : int
        Updates in which the rates rise to the first one.
    gradient_norm : float
        Most of the gradient's norm.
    float32_share : float
        Of the updates, at the end, in float32: rounding hides faint noise.
    critic : float
        Weight of what the critic of detail thinks of the draws, in the last stage; 0: no critic.
    critic_updates : int
        Of the last stage, all of them in float32.
    critic_alone : int
        Of these the first, in which the critic learns and is not listened to yet.
    critic_learning_rate : float
        Of the critic, all the while.
    penalty : float
        Weight of the critic's gradient penalty.
    choose_every : int
        Updates between looks at samples of training slabs, in the second half of the run, which
        decide which weights are kept, see `training.systems.close_look`.
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
    masses: float | None = None
    tails: float = 0.0
    isotropy: float = 0.2
    energy_scales: int = 6
    log_energy_scales: int = 3
    texture_scales: int = 3
    weights_power: float = 0.3
    rounding: float | None = None
    draws: int = 2
    gate_speed: float = 3.0
    tone_speed: float | None = None
    shaping_speed: float = 100.0
    silent: int | None = None
    sways: int | None = None
    details: int = 4
    pits: int = 3
    discs: int | None = None
    rounded: int | None = None
    grainy: int = 0
    coarse_noise: float = 1.0
    noise_only: int = 0
    rising: int = 20
    gradient_norm: float = 1.0
    float32_share: float = 0.1
    critic: float = 0.0
    critic_updates: int = 1600
    critic_alone: int = 1000
    critic_learning_rate: float = 5e-4
    penalty: float = 10.0
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
        if not any(self.weights.values()):
            raise ValueError("Training has no term with a weight, expected at least one.")
        scales = self.log_energy_scales, self.texture_scales
        if self.draws < 2 or not all(1 <= few <= self.energy_scales for few in scales):
            raise ValueError(
                f"Training scores {self.draws} draws on {self.energy_scales} scales and {scales} "
                "of them, expected two draws or more and scales from 1 to all of them."
            )
        if self.critic and not 0 <= self.critic_alone < self.critic_updates <= self.updates:
            raise ValueError(
                f"The critic learns in {self.critic_updates} of {self.updates} updates, the first "
                f"{self.critic_alone} of them alone, expected some of all and fewer of these: set "
                "critic_updates and critic_alone."
            )
        if not 0 < self.coarse_noise < math.inf:
            raise ValueError(
                f"coarse_noise is {self.coarse_noise}, expected a positive factor, 1 for none."
            )
        if self.choose_every < 1 or self.rising < 1:
            raise ValueError(
                f"Training looks every {self.choose_every} updates and its rates rise for "
                f"{self.rising}, expected one or more."
            )

    @property
    def weights(self) -> dict[str, float]:
        """Of the loss's terms by name."""
        names = ("energy", "log_energy", "texture", "detail", "mass_and_power", "masses", "tails")
        return {name: getattr(self, name) for name in names}

    def rate(self, update: int) -> float:
        """Learning rate at an update: a short rise, then a cosine's fall to the last one."""
        fallen = 0.5 - 0.5 * math.cos(math.pi * update / max(self.updates - 1, 1))
        rate = self.learning_rate + fallen * (self.final_learning_rate - self.learning_rate)
        return rate * min(1.0, (update + 1) / self.rising)

    def critic_weight(self, update: int) -> float:
        """Weight of the critic's thoughts at an update: none at first, then a short rise.

        A fresh critic knows nothing, and would push as hard as one that does.
        """
        played = update + 1 - (self.updates - self.critic_updates + self.critic_alone)
        return self.critic * min(1.0, max(0.0, played / (4 * self.rising)))

    def critic_learns(self, update: int) -> bool:
        """Whether an update is of the last stage."""
        return bool(self.critic) and update >= self.updates - self.critic_updates

    def rounds(self, update: int) -> bool:
        """Whether an update may round features, as its precision says.

        Not those that the critic sees: what is rounded away looks like texture.
        """
        exact = update >= (1 - self.float32_share) * self.updates
        return not exact and not self.critic_learns(update)
