"""Which emulators there are: classes found in `engine.emulators`, cards found on disk."""

import importlib
import pkgutil
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.assets import asset_folders
from engine.fields import one_of
from engine.model_card import ModelCard, read_card, read_weights
from engine.noise import Realisation
from engine.results import Slab

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


CLASSES: dict[str, type[Emulator]] = {}


def register(system: str) -> Callable[[type[Emulator]], type[Emulator]]:
    """Offer a class as the emulator of that name."""

    def add(cls: type[Emulator]) -> type[Emulator]:
        CLASSES[system] = cls
        return cls

    return add


def emulators() -> list[ModelCard]:
    """Cards of all trained emulators that ship or lie in the user's data folder.

    A card that can't be read is left out with a warning, so that one broken file doesn't
    hide the others.
    """
    return [card for _, card in _found().values()]


def load_emulator(
    name: str, field: str = "gas", level: str = "HR", device: str = "auto"
) -> Emulator:
    """Load a trained emulator.

    Parameters
    ----------
    name : str
        Of the system, for example "ember-unet".
    field, level : str
        What it paints, and from which input level.
    device : str
        "auto" (CUDA if there is any), "cpu" or "cuda".

    Raises
    ------
    ValueError
        In one sentence, if there is none such or its files can't be used.
    """
    found = _found()
    if (name, field, level) not in found:
        raise ValueError(_none_such(name, field, level, list(found)))
    path, card = found[name, field, level]
    return emulator_class(name)(card, read_weights(path, card), device)


def emulator_class(system: str) -> type[Emulator]:
    """Class of a system, importing all of them (and torch) first.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    # Only now: these modules import torch, which takes seconds.
    package = importlib.import_module("engine.emulators")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return CLASSES[one_of("emulator", system, tuple(CLASSES))]


def _found() -> dict[tuple[str, str, str], tuple[Path, ModelCard]]:
    """Cards with their files; the user's hide shipped ones for the same."""
    found: dict[tuple[str, str, str], tuple[Path, ModelCard]] = {}
    for folder in asset_folders("weights"):
        for path in sorted(folder.glob("*.json")):
            try:
                card = read_card(path)
            except ValueError as error:
                warnings.warn(f"An emulator is left out: {error}", stacklevel=3)
                continue
            found.setdefault((card.system, card.field, card.level), (path, card))
    return found


def _none_such(name: str, field: str, level: str, found: list[tuple[str, str, str]]) -> str:
    systems = sorted({key[0] for key in found})
    if name not in systems:
        return f"emulator is {name!r}, expected one of {', '.join(systems) or 'none yet'}."
    trained = ", ".join(f"{f} from {lev}" for s, f, lev in found if s == name)
    return f"{name} has no weights for {field} from {level}, expected one of {trained}."
