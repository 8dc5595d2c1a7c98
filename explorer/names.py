"""What truth and paintings are called, and the colour of each: one for every emulator."""

from collections.abc import Mapping
from functools import lru_cache

import engine
from engine.statistics.compared import COMPARED
from explorer.results import Results
from explorer.state import Request, system_and_level
from explorer.style import EMULATORS, INK

PAIRS = {
    "prediction": ("truth", "prediction"),
    "other": ("truth", "other"),
    "paintings": ("prediction", "other"),
}
"""Which two maps are compared, the one that is held against first, by their name in a link."""


def painting_names(results: Results) -> dict[str, str]:
    """Name the truth and the paintings that were asked for.

    Returns
    -------
    dict
        By "truth", "prediction" and, if there is one, "other": "EMBER WGAN, seed 7".
    """
    names = {"truth": "truth"}
    slabs = {"prediction": results.prediction, "other": results.other}
    for name, emulator in emulators_of(results.request).items():
        slab = slabs[name]
        seed = "" if slab is None or slab.seed is None else f", seed {slab.seed}"
        names[name] = emulator_title(emulator, results.input.level) + seed
    return names


def cells_apart(results: Results) -> str:
    """Say in a sentence that maps of several cell sizes are compared; empty if they aren't."""
    shown = [getattr(results, name) for name in COMPARED]
    sizes = sorted({round(each.cell_size, 2) for each in shown if each is not None})
    if len(sizes) < 2:
        return ""
    finer = " and ".join(f"{size:.4g}" for size in sizes[:-1])
    return (
        f"Maps of {finer} ckpc/h a pixel are compared with one of {sizes[-1]:.4g} ckpc/h: curves "
        "and differences are in the coarser pixels, by area means."
    )


def pair_names(names: Mapping[str, str]) -> dict[str, str]:
    """List the pairs of maps that can be compared: their names in a link by what they are."""
    called = dict(names)
    if called.get("other") == called.get("prediction"):
        called["other"] = f"{called['other']} once more"
    return {
        f"{called[first]} and {called[second]}": pair
        for pair, (first, second) in PAIRS.items()
        if {first, second} <= called.keys()
    }


def painted_inks(results: Results | None) -> dict[str, str]:
    """Colour the paintings, each as its emulator is everywhere."""
    asked = {} if results is None else emulators_of(results.request)
    emulators = {"prediction": "", "other": ""} | asked
    return {name: colours_of(emulator)[0] for name, emulator in emulators.items()}


def inks(results: Results | None, dark: bool = True) -> dict[str, str]:
    """Colour the truth and the paintings on a theme."""
    return {"truth": INK[dark]} | painted_inks(results)


def paper_inks(results: Results) -> dict[str, str]:
    """Colour the paintings for print."""
    return {name: colours_of(each)[1] for name, each in emulators_of(results.request).items()}


def emulators_of(request: Request) -> dict[str, str]:
    """Emulators of the paintings that a request asks for, by the painting's name."""
    asked = {"prediction": request.emulator, "other": request.other}
    return {name: emulator for name, emulator in asked.items() if emulator}


def emulator_title(emulator: str, level: str) -> str:
    """Name an emulator for an input of a level, as it is offered (see `emulator_name`)."""
    system, trained_for = system_and_level(emulator, level)
    title = title_of(system)
    return title if trained_for == level else f"{title} for {trained_for.replace('z', 'z = ')}"


@lru_cache(maxsize=64)
def title_of(system: str) -> str:
    """Title on a system's cards, which are files: read once, for every card of curves asks."""
    titles = (card.title for card in engine.emulators() if card.system == system)
    return next(titles, system)


@lru_cache(maxsize=64)
def colours_of(emulator: str) -> tuple[str, str]:
    """Colours of an emulator on the page and on paper, whatever level it is for.

    They follow the order of the systems' names, so that another server has the same.
    """
    system = emulator.partition(":")[0]
    systems = sorted({card.system for card in engine.emulators()} | {system} - {""})
    place = systems.index(system) if system in systems else 0
    return EMULATORS[place % len(EMULATORS)]
