"""What every emulator promises."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Slab
from engine.noise import Realisation
from engine.systems.card import ModelCard

Region = tuple[int, int, int, int]
"""(y0, y1, x0, x1) in pixels; on a periodic map it may reach beyond the edges."""


class Emulator(ABC):
    """A trained painter of slabs: physical map in, physical map out.

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

    card: ModelCard
    device: str
    at_once: int = 1
    """Realisations that `ensemble` paints at a time."""

    @abstractmethod
    def __init__(
        self,
        card: ModelCard,
        weights: Mapping[str, NDArray[np.float32]],
        device: str,
        streams: int | None = None,
    ) -> None: ...

    @abstractmethod
    def predict_many(
        self, slab: Slab, realisations: Sequence[Realisation], region: Region | None = None
    ) -> list[Slab]:
        """Paint a slab of dark matter once for each realisation, all at a time.

        Parameters
        ----------
        slab : Slab
            `dm` or `dmo`, of the card's pixel scale.
        realisations : sequence of Realisation
            A deterministic emulator ignores what they say.
        region : (y0, y1, x0, x1), optional
            Only these pixels [pixels]; on a periodic map it may wrap.

        Returns
        -------
        list of Slab
            The card's field at the same place, with `emulator`, `seed` (None if
            deterministic) and `warnings` filled in.

        Raises
        ------
        ValueError
            In one sentence, if the slab can't be painted.
        """

    def predict(
        self,
        slab: Slab,
        seed: int = 0,
        region: Region | None = None,
        realisation: Realisation | None = None,
    ) -> Slab:
        """Paint a slab of dark matter.

        Parameters
        ----------
        slab : Slab
            `dm` or `dmo`, of the card's pixel scale.
        seed : int
            Of the realisation; a deterministic emulator ignores it.
        region : (y0, y1, x0, x1), optional
            Only these pixels [pixels]; on a periodic map it may wrap.
        realisation : Realisation, optional
            Says more than a seed, and is taken instead of it.

        Returns
        -------
        Slab
            See `predict_many`.

        Raises
        ------
        ValueError
            In one sentence, if the slab can't be painted.
        """
        return self.predict_many(slab, [realisation or Realisation(seed)], region)[0]

    def ensemble(
        self,
        slab: Slab,
        seeds: Iterable[int],
        region: Region | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Slab]:
        """Paint a slab once for each seed, handing out each painting when it is there.

        Parameters
        ----------
        slab, region
            See `predict`.
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
        same: list[Slab] = []
        for done in range(0, len(wanted), at_once):
            if cancel is not None and cancel.is_set():
                return
            painted = same or self.predict_many(slab, wanted[done : done + at_once], region)
            same = [] if self.card.stochastic else painted
            for i, slab_painted in enumerate(painted, done + 1):
                if progress is not None:
                    progress(i, len(wanted))
                yield slab_painted
