"""What truth and paintings are called: each painting by its emulator and seed."""

from functools import lru_cache

import engine
from explorer.results import Results
from explorer.state import system_and_level


def painting_names(results: Results) -> dict[str, str]:
    """Name the truth and the paintings that were asked for.

    Returns
    -------
    dict
        By "truth", "prediction" and, if there is one, "other": "EMBER WGAN, seed 7".
    """
    request = results.request
    names = {"truth": "truth"}
    for name, emulator, slab in (
        ("prediction", request.emulator, results.prediction),
        ("other", request.other, results.other),
    ):
        if emulator:
            seed = "" if slab is None or slab.seed is None else f", seed {slab.seed}"
            names[name] = emulator_title(emulator, results.input.level) + seed
    return names


def emulator_title(emulator: str, level: str) -> str:
    """Name an emulator for an input of a level, as it is offered (see `emulator_name`)."""
    system, trained_for = system_and_level(emulator, level)
    title = title_of(system)
    return title if trained_for == level else f"{title} for {trained_for}"


@lru_cache(maxsize=64)
def title_of(system: str) -> str:
    """Title on a system's cards, which are files: read once, for every card of curves asks."""
    titles = (card.title for card in engine.emulators() if card.system == system)
    return next(titles, system)
