"""What a report compares: networks by their cards, and baselines."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from engine.device import choose_device
from engine.fields import INPUT_FIELDS, ORIGINS
from engine.mesh import Slab
from engine.noise import Realisation
from engine.places import Run
from engine.simulation import Simulation
from engine.systems.card import read_card
from engine.systems.contract import Emulator
from engine.systems.registry import emulator_class, emulators, load_emulator
from engine.systems.weights import read_weights

BASELINE = "local-map"
"""System of the baseline, where networks have theirs."""


@dataclass(frozen=True, eq=False)
class Painter:
    """Anything that paints a slab of dark matter.

    Parameters
    ----------
    system, title : str
        "ember-wgan", "EMBER WGAN".
    field, level : str
        What it paints, and from which input level.
    sha256 : str
        Of its weights or its table: what makes its paintings.
    stochastic : bool
        Whether a seed changes them.
    at_once : int
        Paintings to ask for at a time.
    paint : callable
        Dark matter and seeds in, a painted slab for each seed out; safe between threads.
    """

    system: str
    title: str
    field: str
    level: str
    sha256: str
    stochastic: bool
    at_once: int
    paint: Callable[[Slab, Sequence[int]], list[Slab]]

    @property
    def name(self) -> str:
        """Of what belongs to it: system, field and level."""
        return f"{self.system}-{self.field}-{self.level}".lower()

    def realisations(self, wanted: int) -> int:
        """How many of some wanted paintings differ."""
        return wanted if self.stochastic else 1


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _emulator(path: Path, device: str) -> Emulator:
    """Only one network at a time: compiled for a map it takes some 100 MB."""
    card = read_card(path)
    weights = read_weights(path, card)
    return emulator_class(card.system)(card, weights, choose_device(device), streams=cores())


def from_card(path: Path, device: str = "auto") -> Painter:
    """Load the network of a card, to paint as many maps an hour as it can.

    Raises
    ------
    ValueError
        In one sentence, if its files can't be used or there is no such device.
    """
    emulator = _emulator(path, device)
    card = emulator.card

    def paint(slab: Slab, seeds: Sequence[int]) -> list[Slab]:
        with _LOADING:
            network = _emulator(path, device)
        return network.predict_many(slab, [Realisation(seed) for seed in seeds])

    return Painter(
        card.system,
        card.title,
        card.field,
        card.level,
        card.weights_sha256,
        card.stochastic,
        emulator.at_once,
        paint,
    )


def baselines(painters: Sequence[Painter]) -> list[Painter]:
    """Local maps for the fields and levels that some painters paint, as far as there are."""
    wanted = {(painter.field, painter.level) for painter in painters}
    return [
        from_emulator(load_emulator(BASELINE, card.field, card.level))
        for card in emulators()
        if card.system == BASELINE and (card.field, card.level) in wanted
    ]


def from_emulator(emulator: Emulator) -> Painter:
    """Make a painter of an emulator that is small enough to stay in memory."""
    card = emulator.card
    return Painter(
        card.system,
        card.title,
        card.field,
        card.level,
        card.weights_sha256,
        card.stochastic,
        emulator.at_once,
        lambda slab, seeds: emulator.predict_many(slab, [Realisation(seed) for seed in seeds]),
    )


def runs(simulation: Simulation, axis: str, level: str) -> list[Run]:
    """Dark matter of a level to paint from: of the hydrodynamical run, thinned out, first.

    The particles of HR are never thinned out: there `ds` is the run itself.
    """
    return [
        Run(field, level, origin)
        for field, origin in product(INPUT_FIELDS, ORIGINS)
        if simulation.has(field, axis, level, origin) and not (level == "HR" and origin == "native")
    ]
