"""What every emulator promises."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Mesh
from engine.noise import Realisation
from engine.systems.card import ModelCard

Region = tuple[int, ...]
"""(y0, y1, x0, x1) or (z0, z1, y0, y1, x0, x1) in cells; on a periodic mesh it may reach beyond
the edges."""

Inputs = Mesh | Mapping[str, Mesh]
"""Meshes by the names of the card's inputs; a bare mesh stands for the only one."""


class Emulator(ABC):
    """A trained painter: physical meshes in, one physical mesh out.

    Parameters
    ----------
    card : ModelCard
        What it is.
    weights : mapping of str to array
        As the card's file holds them, float32.
    device : str
        "auto", "cpu", "cuda" or another device of torch.
    streams : int, optional
        Paintings at a time on a CPU, asked for by as many threads, each on a core of its own;
        if left out one, on all cores.
    """

    title: ClassVar[str]
    """Its name for people."""
    paper: ClassVar[str]
    """Who published it."""
    baseline: ClassVar[str] = ""
    """System that it has to beat; empty for a baseline."""
    shows: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Statistics of its paper, with their options."""

    card: ModelCard
    device: str
    streams: int | None
    on_cpu: ClassVar[bool] = False
    """Whether it runs on the CPU whatever device is asked for: a table, a few sums."""
    at_once: int = 1
    """Realisations that `ensemble` paints at a time."""
    progress: Callable[[int, int], None] | None = None
    """Told how many parts of a painting are done, of how many, where it is made in parts."""
    memory: int | None = None
    """Bytes that painting may take beside inputs and results; None: a share of what is free."""

    def __init__(
        self,
        card: ModelCard,
        weights: Mapping[str, NDArray[np.float32]],
        device: str = "auto",
        streams: int | None = None,
    ) -> None:
        from engine.device import choose_device  # only now: it imports torch

        self.card, self.streams = card, streams
        self.device = "cpu" if self.on_cpu else choose_device(device)
        self.load(weights)

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:  # noqa: B027
        """Make what paints, of the weights; a baseline without any has nothing to make."""

    @abstractmethod
    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint once for each realisation, all at a time.

        Parameters
        ----------
        inputs : Mesh or mapping of str to Mesh
            What the card's inputs ask for, of their cell scale.
        realisations : sequence of Realisation
            A deterministic emulator ignores what they say.
        region : (y0, y1, x0, x1) or (z0, z1, y0, y1, x0, x1), optional
            Only these cells of the painting; on a periodic mesh it may wrap.
        parameters : mapping of str to float, optional
            Instead of the card's own values.

        Returns
        -------
        list of Slab, Grid or Cutout
            The card's field at the same place, with `emulator`, `seed` (None if
            deterministic) and `warnings` filled in.

        Raises
        ------
        ValueError
            In one sentence, if the inputs can't be painted on.
        """

    def predict(
        self,
        inputs: Inputs,
        seed: int = 0,
        region: Region | None = None,
        realisation: Realisation | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Any:
        """Paint once.

        Parameters
        ----------
        inputs, region, parameters
            See `predict_many`.
        seed : int
            Of the realisation; a deterministic emulator ignores it.
        realisation : Realisation, optional
            Says more than a seed, and is taken instead of it.

        Returns
        -------
        Slab, Grid or Cutout
            As the inputs are, see `predict_many`.

        Raises
        ------
        ValueError
            In one sentence, if the inputs can't be painted on.
        """
        return self.predict_many(inputs, [realisation or Realisation(seed)], region, parameters)[0]

    def predict_each(self, places: Sequence[Inputs]) -> list[Any]:
        """Paint several places, each once; what paints them together in less time does so.

        Parameters
        ----------
        places : sequence
            Inputs of each, see `predict_many`.

        Returns
        -------
        list of Slab, Grid or Cutout
            In their order, as `predict` gives them with the first seed.
        """
        return [self.predict(inputs) for inputs in places]

    def ensemble(
        self,
        inputs: Inputs,
        seeds: Iterable[int],
        region: Region | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: threading.Event | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Iterator[Any]:
        """Paint once for each seed, handing out each painting when it is there.

        Parameters
        ----------
        inputs, region, parameters
            See `predict_many`.
        seeds : iterable of int
            Of the realisations. A deterministic emulator paints once and hands that out
            for every one of them.
        progress : callable, optional
            Told how many are done, of how many.
        cancel : Event, optional
            Ends the iteration once set.
        """
        wanted = [Realisation(seed) for seed in seeds]
        at_once = self.at_once if self.card.stochastic else 1
        same: list[Any] = []
        for done in range(0, len(wanted), at_once):
            if cancel is not None and cancel.is_set():
                return
            now = wanted[done : done + at_once]
            painted = same or self.predict_many(inputs, now, region, parameters)
            same = [] if self.card.stochastic else painted
            for i, one in enumerate(painted, done + 1):
                if progress is not None:
                    progress(i, len(wanted))
                yield one

    def named(self, inputs: Inputs) -> dict[str, Mesh]:
        """Give meshes the names of the card's inputs, refusing those that lack or are too many.

        Raises
        ------
        ValueError
            In one sentence.
        """
        expected = [each.name for each in self.card.inputs]
        if isinstance(inputs, Mesh) and len(expected) == 1:
            return {expected[0]: inputs}
        found = {} if isinstance(inputs, Mesh) else dict(inputs)
        if set(found) != set(expected):
            had = "one mesh" if isinstance(inputs, Mesh) else ", ".join(found) or "none"
            raise ValueError(
                f"{self.card.title} got the inputs {had}, expected {', '.join(expected)}: pass a "
                "mapping of those names to meshes."
            )
        return {name: found[name] for name in expected}

    def values(self, parameters: Mapping[str, float] | None) -> dict[str, float]:
        """Take the card's parameters, with some of them changed.

        Raises
        ------
        ValueError
            In one sentence, if there is none of a name or a value is out of its bounds.
        """
        known = {each.name: each for each in self.card.parameters}
        for name, value in (parameters or {}).items():
            if name not in known:
                raise ValueError(
                    f"{self.card.title} has no parameter {name!r}, its parameters are "
                    f"{', '.join(known) or 'none'}."
                )
            if not known[name].lowest <= value <= known[name].highest:
                raise ValueError(
                    f"Parameter {name} of {self.card.title} is {value}, expected "
                    f"{known[name].lowest} to {known[name].highest}."
                )
        return {name: each.value for name, each in known.items()} | dict(parameters or {})
