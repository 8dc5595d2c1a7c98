"""What a system says of its training; the loop, the command line and the card do the rest."""

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.systems.card import ModelCard
from training.checkpoint import Progress
from training.config import RunConfig, Split
from training.data.ahead import Batch
from training.data.files import describe_files

LICENCE = "Apache-2.0"

Draw = Callable[[int], Batch]
"""Batches of an update by number."""

Weights = dict[str, Tensor]
"""Tensors of a network by name."""

Picture = NDArray[np.uint8]

Config = TypeVar("Config", bound=RunConfig)
Data = TypeVar("Data", bound="Examples")


class Examples(Protocol):
    """What a run trains on."""

    files: Sequence[tuple[Path, Split]]
    """What they were read from."""

    @property
    def about(self) -> str:
        """How many of what, for people."""

    def batch(self, number: int, /) -> Batch:
        """A batch by number, the same at each call: a resumed run must see what it would have."""


class Step(Protocol):
    """One update of a run."""

    batches: int
    """How many it draws."""

    def __call__(self, draw: Draw, /) -> dict[str, Tensor]:
        """Step once; return the loss's terms by name."""


class System(ABC, Generic[Config, Data]):
    """How one system is trained.

    Parameters
    ----------
    config : RunConfig
        Of the run; an instance of `config_class`.
    weights : dict of str to tensor, optional
        That the network starts from, for systems with `warm_starts`; else fresh ones.
    """

    config_class: ClassVar[type[RunConfig]]
    presets: ClassVar[Mapping[str, Callable[..., RunConfig]]]
    """By name, what makes a configuration of the changes to it."""

    warm_starts: ClassVar[tuple[str, ...]] = ()
    """Systems whose weights a run may start from; the configuration then has `warm_start`."""

    half: ClassVar[bool] = True
    """Whether weights are written as 16-bit floats."""

    variants: ClassVar[tuple[type["System[Any, Any]"], ...]] = ()
    """Other trainings of the same system, each for presets of its own class of configuration."""

    def __init__(self, config: Config, weights: Weights | None = None) -> None:
        self.config, self.weights = config, weights

    @abstractmethod
    def examples(self, folder: Path) -> Data:
        """Read what the run trains on, refusing what is held out."""

    @abstractmethod
    def start(self, device: torch.device) -> Progress:
        """Make networks, from the run's seed or the given weights, and fresh optimisers."""

    def prepare(self, progress: Progress, examples: Data) -> None:
        """Measure what a fresh run needs to know of its examples, into its progress.

        A resumed run has it from its checkpoint.
        """

    @abstractmethod
    def step(self, progress: Progress, fabric: Fabric) -> Step:
        """Make what the run repeats."""

    @abstractmethod
    def card(self, examples: Data, hours: float, device: str) -> ModelCard:
        """Fill in the card of a run, but for its scores."""

    def exported(self, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Weights as they are written."""
        return weights

    def described(
        self,
        card: ModelCard,
        weights: dict[str, NDArray[Any]],  # noqa: ARG002 (most cards need none)
    ) -> ModelCard:
        """Card of weights as they are written, with what only they tell."""
        return card

    def models(
        self, card: ModelCard, weights: dict[str, NDArray[Any]]
    ) -> Iterable[tuple[ModelCard, dict[str, NDArray[Any]]]]:
        """Cards with their weights as they are written: one, or one for each field painted."""
        written = self.exported(weights)
        yield self.described(card, written), written

    @classmethod
    def can_start_from(cls, config: RunConfig, field: str) -> bool:
        """Whether weights of one of `warm_starts` that paint a field may start a run."""
        return field == config.field

    def provenance(self, examples: Data, hours: float, device: str) -> dict[str, Any]:
        """Entries of a card that say where the weights come from."""
        return {
            "training_data": describe_files(examples.files),
            "recipe": asdict(self.config),
            "seed": self.config.seed,
            "hours": round(hours, 6),
            "device": describe_device(device),
            "licence": LICENCE,
        }


class Scored(System[Config, Data]):
    """A system that keeps those weights of a run that score best on training examples."""

    chosen_by: ClassVar[str]
    """The score that chooses, less for the better."""

    @abstractmethod
    def is_due(self, update: int) -> bool:
        """Whether to score the network after this update."""

    def settled(
        self,
        network: nn.Module,
        examples: Data,  # noqa: ARG002 (most systems set nothing)
    ) -> tuple[nn.Module, dict[str, float]]:
        """Set what is set on training examples once a network has learnt; here nothing is.

        Returns
        -------
        Module, dict
            The network as it is scored and kept, and what was set, by name, for the card.
        """
        return network, {}

    @abstractmethod
    def score(self, network: nn.Module, examples: Data) -> tuple[dict[str, float], Picture]:
        """Score a network on training examples.

        Returns
        -------
        dict, array
            Scores by name, and a picture of one example, (rows, columns).
        """


def describe_device(device: str) -> str:
    """Say what a run ran on, for people."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
