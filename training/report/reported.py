"""What a report compares: emulators by their cards, and the baselines they have to beat."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from engine.device import choose_device
from engine.mesh import Mesh, Slab
from engine.noise import Realisation
from engine.systems.card import ModelCard, read_card
from engine.systems.contract import Emulator
from engine.systems.registry import emulator_class, emulators, load_emulator
from engine.systems.weights import read_weights

Paint = Callable[[Mapping[str, Mesh], Sequence[int]], list[Slab]]


@dataclass(frozen=True, eq=False)
class Reported:
    """An emulator that is reported on, whether it is in memory or not.

    Parameters
    ----------
    card : ModelCard
        What it is; the hash of its weights is what makes its paintings.
    at_once : int
        Paintings to ask for at a time.
    paint : callable
        Inputs and seeds in, a painted slab for each seed out; safe between threads.
    """

    card: ModelCard
    at_once: int
    paint: Paint

    def realisations(self, wanted: int) -> int:
        """How many of some wanted paintings differ."""
        return wanted if self.card.stochastic else 1


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _loaded(path: Path, device: str) -> Emulator:
    """Only one network at a time: compiled for a map it takes some 100 MB."""
    card = read_card(path)
    weights = read_weights(path, card)
    return emulator_class(card.system)(card, weights, choose_device(device), streams=cores())


def from_card(path: Path, device: str = "auto") -> Reported:
    """Report on the emulator of a card, which is to paint as many maps an hour as it can.

    Raises
    ------
    ValueError
        In one sentence, if its files can't be used or there is no such device.
    """
    emulator = _loaded(path, device)

    def paint(inputs: Mapping[str, Mesh], seeds: Sequence[int]) -> list[Slab]:
        with _LOADING:
            loaded = _loaded(path, device)
        return _painted(loaded, inputs, seeds)

    return Reported(emulator.card, emulator.at_once, paint)


def baselines(reported: Sequence[Reported]) -> list[Reported]:
    """Baselines of the fields and levels that some emulators paint, other than those."""
    names = {each.card.name for each in reported}
    wanted = {(each.card.field, each.card.level) for each in reported}
    found = [
        load_emulator(card.system, card.field, card.level)
        for card in emulators()
        if (card.field, card.level) in wanted
        and card.name not in names
        and not emulator_class(card.system).baseline
    ]
    return [Reported(each.card, each.at_once, partial(_painted, each)) for each in found]


def _painted(emulator: Emulator, inputs: Mapping[str, Mesh], seeds: Sequence[int]) -> list[Slab]:
    return emulator.predict_many(inputs, [Realisation(seed) for seed in seeds])
