"""What a training run is fixed by: the numbers of a run, and which part of the data it sees."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from math import floor
from typing import ClassVar, get_args, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.fields import AXES, field_named, one_of

Range = tuple[float, float]
"""Begin and end in units of the box, from 0 to 1."""

WHOLE: tuple[Range, Range, Range] = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class Split:
    """A part of some simulations: what trains a network, or what is kept to score it.

    Parameters
    ----------
    pattern : str
        Of the simulations' names, as in a shell.
    axes : str
        Projection axes of slabs and cut-outs, for example "xy".
    volume : three of (begin, end)
        Sub-volume of a box along x, y and z, in units of its side.
    folds : tuple of int
        Which of `fold_count` equal parts of the objects (clusters, haloes).
    fold_count : int
        Into how many parts the objects are dealt.
    """

    pattern: str
    axes: str = AXES
    volume: tuple[Range, Range, Range] = WHOLE
    folds: tuple[int, ...] = (0,)
    fold_count: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no axis, no part of a box and no part of its objects."""
        for axis in self.axes:
            one_of(f"Training axis of {self.pattern}", axis, tuple(AXES))
        if len(self.volume) != 3 or not all(0 <= low < high <= 1 for low, high in self.volume):
            raise ValueError(
                f"Sub-volume of {self.pattern} is {self.volume}, expected a begin and a greater "
                "end from 0 to 1 along each of x, y and z."
            )
        if not self.folds or not all(0 <= fold < self.fold_count for fold in self.folds):
            raise ValueError(
                f"Folds of {self.pattern} are {self.folds} of {self.fold_count}, expected some "
                "from 0 on and below that number."
            )

    def overlaps(self, name: str, other: "Split") -> bool:
        """Whether anything of this part of a simulation also belongs to another one.

        Parameters
        ----------
        name : str
            Of the simulation, which this split's pattern fits.
        other : Split
            Of any pattern.
        """
        apart = any(
            a_high <= b_low or b_high <= a_low
            for (a_low, a_high), (b_low, b_high) in zip(self.volume, other.volume, strict=True)
        )
        # Objects that are dealt out otherwise may be in any part.
        dealt_alike = self.fold_count == other.fold_count
        others = dealt_alike and not set(self.folds) & set(other.folds)
        on_axis = bool(set(self.axes) & set(other.axes))
        return fnmatchcase(name, other.pattern) and on_axis and not apart and not others

    def cells(self, n: int) -> tuple[slice, slice, slice]:
        """Where the sub-volume lies in a grid of the whole box.

        Parameters
        ----------
        n : int
            Cells a side. A cell belongs to the part in which it begins, so that two parts that
            touch share none.

        Returns
        -------
        (z, y, x)
            Of an array as grids are stored.
        """
        x, y, z = (slice(-floor(-low * n), -floor(-high * n)) for low, high in self.volume)
        return z, y, x

    def members(self, groups: ArrayLike) -> NDArray[np.bool_]:
        """Which objects belong to the part.

        Parameters
        ----------
        groups : array of int, (n,)
            Number of what each object shows, for example of the cluster of a projection: all of
            one group fall in one fold, or a network would be scored on what trained it.
        """
        return np.isin(np.asarray(groups) % self.fold_count, self.folds)


HELD_OUT = (
    Split("hydro11-z2*", "z"),
    Split("validation-z2*"),
    Split("quijote-103*"),
    Split("groups-202*"),
)
"""What scores and so must never train; files named after them included."""


@dataclass(frozen=True)
class RunConfig:
    """What every training run is fixed by.

    Parameters
    ----------
    network : str
        Name of a preset of the networks.
    sources : tuple of Split
        What it trains on.
    updates : int
        Optimiser steps.
    field, level : str
        What the network paints, and from which input level.
    batch_size : int
        Examples per update and process.
    learning_rate, final_learning_rate : float
        Adam's, at the first and at the last update.
    average : float
        Decay per update of the moving average of the weights, which is what is kept.
    precision : {"float32", "bfloat16"}
        Of the features in training; weights, maps and losses stay float32.
    seed : int
        Of the first weights and of the order, shifts and symmetries of the examples.
    checkpoint_minutes : float
        At most this much work is lost when the run is killed.
    """

    network: str
    sources: tuple[Split, ...]
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
        one_of("Training precision", self.precision, ("float32", "bfloat16"))
        if self.updates < 1 or self.batch_size < 1:
            raise ValueError(
                f"Training takes {self.updates} updates of {self.batch_size} examples, expected "
                "at least one of one."
            )


def linear_rate(config: RunConfig, update: int) -> float:
    """Learning rate that falls linearly from the first update to the last."""
    done = update / max(config.updates - 1, 1)
    return config.learning_rate + done * (config.final_learning_rate - config.learning_rate)


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
        kind = int if int in (kinds[name], *get_args(kinds[name])) else float
        try:
            changes[name] = kind(value)
        except ValueError:
            raise ValueError(
                f"--set {name} is {value!r}, expected a number like {numbers[name]}."
            ) from None
    return replace(config, **changes)  # type: ignore[arg-type]
