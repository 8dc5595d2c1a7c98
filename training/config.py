"""What a training run is fixed by; presets are named values of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, get_type_hints

from engine.fields import AXES, LEVELS, field_named, one_of


@dataclass(frozen=True)
class Source:
    """Slab files to train on and the projections taken from them.

    Parameters
    ----------
    pattern : str
        Of the slab files' names inside the data folder, as in a shell.
    axes : str
        Projection axes, for example "xy".
    """

    pattern: str
    axes: str

    def __post_init__(self) -> None:
        """Refuse what is no axis."""
        for axis in self.axes:
            one_of(f"Training axis of {self.pattern}", axis, tuple(AXES))


@dataclass(frozen=True)
class RunConfig:
    """What every training run is fixed by.

    Parameters
    ----------
    network : str
        Name of a preset of the networks.
    sources : tuple of Source
        What it trains on.
    updates : int
        Optimiser steps.
    field, level : str
        What the network paints, and from which input level.
    batch_size : int
        Maps per update and process, all of one side.
    learning_rate, final_learning_rate : float
        Adam's, at the first and at the last update.
    average : float
        Decay per update of the moving average of the weights, which is what is kept.
    precision : {"float32", "bfloat16"}
        Of the features in training; weights, maps and losses stay float32.
    seed : int
        Of the first weights and of the order, shifts and symmetries of the maps.
    checkpoint_minutes : float
        At most this much work is lost when the run is killed.
    """

    network: str
    sources: tuple[Source, ...]
    updates: int
    field: str = "gas"
    level: str = "HR"
    batch_size: int = 2
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    average: float = 0.995
    precision: str = "float32"
    seed: int = 0
    checkpoint_minutes: float = 3.0

    system: ClassVar[str]
    """Name of the emulator that the run makes."""

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        field_named(self.field)
        one_of("Input level to train for", self.level, LEVELS)
        one_of("Training precision", self.precision, ("float32", "bfloat16"))
        if self.updates < 1 or self.batch_size < 1:
            raise ValueError(
                f"Training takes {self.updates} updates of {self.batch_size} maps, expected at "
                "least one of one."
            )


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """One training of a deterministic painter; the rate falls linearly.

    Parameters
    ----------
    absolute, power : float
        Weights of the absolute and of the power-spectrum term beside the squared one, see
        `training.losses.pixels`; the second is the field's in `POWER` where left out.
    """

    absolute: float = 0.1
    power: float | None = None

    system = "ember-unet"

    def __post_init__(self) -> None:
        """Refuse what can't be trained, and fill in the field's weight."""
        super().__post_init__()
        if self.power is None:
            object.__setattr__(self, "power", POWER.get(self.field, 0.0))


@dataclass(frozen=True)
class AdversarialConfig(RunConfig):
    """One training of a stochastic painter against its critic.

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
    critic_steps : int
        Steps of the critic for each one of the generator.
    alpha, beta, penalty : float
        Weights of the loss; the paper's for the field where left out, see `TABLE_3`.
    calibration, power : float
        Weights of two terms that the paper doesn't have: the probability score of two
        paintings of each map, see `training.losses.probability`, and the power-spectrum term of
        `training.losses.pixels`. With 0 for both and the next the loss is the paper's.
    mass_calibration : float
        Weight of the probability score of area means of the full-size paintings, each
        pixel weighted by its dark matter. Haloes have a hundredth of the pixels; by area
        alone they are painted alike in every draw.
    noise_scaled : float
        Factor on the strengths of the noise in what is exported. The moving average shrinks
        them; the factor with the least probability score on training slabs makes it good.
    warm_up : int
        Updates before the critic enters, in which the painter learns from the other terms.
    crop, margin : int
        Larger maps are cut to squares of this side, of which so much at every edge only
        shows the painter what lies around and is not judged; 0: whole maps, [pixels].
    choose_every : int
        Updates between looks at the power spectrum of training slabs, which decides which
        weights are kept.
    warm_start : str
        SHA-256 of the weights that the generator starts from, a U-Net's or another generator's;
        empty: fresh ones.
    """

    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-6
    average: float = 0.999
    critic_learning_rate: float = 1e-4
    noise_speed: float = 1.0
    decay_power: float = 1.0
    critic_steps: int = 1
    alpha: float | None = None
    beta: float | None = None
    penalty: float | None = None
    calibration: float = 0.0
    mass_calibration: float = 0.0
    power: float = 0.0
    noise_scaled: float = 1.0
    warm_up: int = 0
    crop: int = 0
    margin: int = 0
    choose_every: int = 500
    warm_start: str = ""

    system = "ember-wgan"

    def __post_init__(self) -> None:
        """Refuse what can't be trained, and fill in the paper's weights."""
        super().__post_init__()
        if self.critic_steps < 1 or self.choose_every < 1:
            raise ValueError(
                f"Training takes {self.critic_steps} critic steps and looks every "
                f"{self.choose_every} updates, expected at least one of each."
            )
        if not 0 <= self.warm_up < self.updates:
            raise ValueError(
                f"Training has {self.warm_up} updates before the critic enters, expected fewer "
                f"than its {self.updates} updates."
            )
        if self.power and self.crop:
            raise ValueError(
                f"Training cuts squares of {self.crop} pixels, expected whole periodic maps for "
                "the power-spectrum term: set crop or power to 0."
            )
        if self.margin < 0 or (self.crop <= 2 * self.margin and self.crop):
            raise ValueError(
                f"Training cuts squares of {self.crop} pixels with margins of {self.margin}, "
                "expected some pixels inside the margins."
            )
        for name, weight in asdict(self.paper_weights).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, weight)

    @property
    def paper_weights(self) -> "LossWeights":
        """What the paper weighs the loss of this field with.

        Raises
        ------
        ValueError
            If the paper doesn't paint the field.
        """
        fields = tuple(field for system, field in TABLE_3 if system == self.system)
        return TABLE_3[self.system, one_of(f"Field for {self.system}", self.field, fields)]

    @property
    def weights(self) -> "LossWeights":
        """Of the loss."""
        return LossWeights(self.alpha, self.beta, self.penalty)  # type: ignore[arg-type]


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms of a painter's loss; the adversarial one has weight 1.

    Parameters
    ----------
    alpha, beta : float
        Of DSSIM and of MSLE, see `training.losses.structure`.
    penalty : float
        Of the critic's gradient penalty; 0 where there is no critic.
    """

    alpha: float
    beta: float
    penalty: float


# The third column stands under gamma in the paper, whose text uses that letter for the
# adversarial term too; with the public code it can only be the penalty's.
TABLE_3 = {
    ("ember-unet", "gas"): LossWeights(1, 2, 0),
    ("ember-unet", "hi"): LossWeights(1, 200, 0),
    ("ember-wgan", "gas"): LossWeights(10, 0.4, 10),
    ("ember-wgan", "hi"): LossWeights(5, 0.02, 50),
}
"""(system, field) to the paper's weights (Bernardini et al. 2022, table 3)."""

POWER = {"gas": 0.01, "hi": 0.1}
"""Weight of the U-Net's power-spectrum term. The mean of HI's scaled pixels is far from the
mean of its mass, of which this term sees the most (its k = 0)."""

_BOXES = (Source("hydro11-z2*", "xy"), Source("training-*-z2*", "xyz"))

# Section 4.7 of the paper for `paper`, the rates from its public code. `smoke` takes seconds
# and shows that everything is in its place.
PRESETS = {
    "paper": TrainingConfig("paper", _BOXES, 300_000, batch_size=8),
    "small": TrainingConfig(network="small", sources=_BOXES, updates=12000),
    "smoke": TrainingConfig(network="small", sources=_BOXES, updates=8, checkpoint_minutes=0.01),
}

ADVERSARIAL_PRESETS = {
    "paper": AdversarialConfig(
        "paper",
        _BOXES,
        300_000,
        batch_size=8,
        learning_rate=1e-5,
        critic_learning_rate=1e-5,
        final_learning_rate=1e-7,
        crop=768,  # the paper's 512 and one pixel of the bottleneck around
        margin=128,
        choose_every=1000,
    ),
    "small": AdversarialConfig("small", _BOXES, 20_000, noise_speed=30),
    "smoke": AdversarialConfig(
        "small", _BOXES, 8, checkpoint_minutes=0.001, noise_speed=30, choose_every=3
    ),
}

SYSTEMS: dict[str, Mapping[str, RunConfig]] = {
    TrainingConfig.system: PRESETS,
    AdversarialConfig.system: ADVERSARIAL_PRESETS,
}
"""Presets of each emulator that can be trained."""

HELD_OUT = (("hydro11-z2", "z"), ("validation-z2", AXES))
"""(simulation, axes) that score and so must never train; files named after them included."""


def preset(name: str, system: str = "ember-unet", **changes: object) -> RunConfig:
    """Look a preset up by name, with some of its values changed.

    Raises
    ------
    ValueError
        If there is no preset or no emulator of that name.
    """
    presets = SYSTEMS[one_of("Emulator to train", system, tuple(SYSTEMS))]
    found = presets[one_of("Training preset", name, tuple(presets))]
    if "field" in changes and isinstance(found, AdversarialConfig):
        # Another field has other weights, unless they are named.
        changes = {"alpha": None, "beta": None, "penalty": None} | changes
    return replace(found, **changes)  # type: ignore[arg-type]


def with_values(config: RunConfig, values: Iterable[str]) -> RunConfig:
    """Change numbers of a configuration, each written as "name=value".

    Raises
    ------
    ValueError
        If the configuration has no such number, or it can't have that value.
    """
    numbers = {name: old for name, old in asdict(config).items() if isinstance(old, int | float)}
    # By declared type, not by value: a weight of 5 may become 0.5.
    kinds = get_type_hints(type(config))
    changes: dict[str, int | float] = {}
    for text in values:
        name, _, value = text.partition("=")
        one_of(f"Number of {config.system} to set", name, tuple(numbers))
        kind = int if kinds[name] is int else float
        try:
            changes[name] = kind(value)
        except ValueError:
            raise ValueError(
                f"--set {name} is {value!r}, expected a number like {numbers[name]}."
            ) from None
    return replace(config, **changes)  # type: ignore[arg-type]
