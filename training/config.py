"""What a training run is fixed by; presets are named values of it."""

from dataclasses import dataclass, replace

from engine.fields import AXES, field, one_of


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
class TrainingConfig:
    """One training run.

    Parameters
    ----------
    network : str
        Name of a preset of `engine.networks.unet`.
    sources : tuple of Source
        What it trains on.
    updates : int
        Optimiser steps.
    field, level : str
        What the network paints, and from which input level.
    batch_size : int
        Maps per update, all of one side.
    learning_rate, final_learning_rate : float
        Adam's; falls linearly from the first to the last update.
    average : float
        Decay per update of the moving average of the weights, which is what is kept.
    absolute, power : float
        Weights of the absolute and of the power-spectrum term beside the squared one,
        see `training.losses`.
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
    absolute: float = 0.1
    power: float = 0.01
    precision: str = "float32"
    seed: int = 0
    checkpoint_minutes: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        field(self.field)
        one_of("Training precision", self.precision, ("float32", "bfloat16"))
        if self.updates < 1 or self.batch_size < 1:
            raise ValueError(
                f"Training takes {self.updates} updates of {self.batch_size} maps, expected at "
                "least one of one."
            )


_BOXES = (Source("hydro11-z2*", "xy"), Source("training-*-z2*", "xyz"))

PRESETS = {
    "small": TrainingConfig(network="small", sources=_BOXES, updates=12000),
    # Seconds: shows that everything is in its place.
    "smoke": TrainingConfig(network="small", sources=_BOXES, updates=8, checkpoint_minutes=0.01),
}

HELD_OUT = (("hydro11-z2", "z"), ("validation-z2", AXES))
"""(simulation, axes) that score and so must never train; files named after them included."""


def preset(name: str, **changes: object) -> TrainingConfig:
    """Look a preset up by name, with some of its values changed.

    Raises
    ------
    ValueError
        If there is no preset of that name.
    """
    return replace(PRESETS[one_of("Training preset", name, tuple(PRESETS))], **changes)  # type: ignore[arg-type]
