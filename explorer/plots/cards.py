"""Which card each statistic's curves get, made from what the statistic says of itself."""

from collections.abc import Callable
from dataclasses import dataclass

from engine import statistics
from explorer.plots.cddf import ColumnDensities
from explorer.plots.even_curves import EvenCurves
from explorer.plots.halo_relation import SCATTER_TITLE
from explorer.plots.linear_curves import LinearCurves
from explorer.plots.log_curves import LogCurves

Panels = LogCurves | LinearCurves | EvenCurves

REDUCED = "reduced_bispectrum"
"""Name of the card of Q, which the statistic of the bispectrum by angle makes with an option."""


@dataclass(frozen=True)
class Card:
    """One card of curves.

    Parameters
    ----------
    title : str
        Its heading.
    build : callable
        Makes its empty panels.
    of_pairs : bool
        Whether its curves compare a painting with the truth.
    over : str
        What x is, if a range of it picks something on maps, see `engine.statistics.contract`.
    sometimes : bool
        Whether there may be nothing to show of a slab, and no card then.
    """

    title: str
    build: Callable[[], Panels]
    of_pairs: bool = False
    over: str = ""
    sometimes: bool = False


def cards(kind: str = "slab") -> dict[str, Card]:
    """List the cards of a kind of mesh by the name of what they show, in their order."""
    every = {name: statistics.get(name) for name in statistics.names()}
    shown = [name for name, each in every.items() if each.title and kind in each.kinds]
    found = {name: card_of(name) for name in sorted(shown, key=place)}
    if kind == "grid":
        reduced = Card("Reduced bispectrum", lambda: EvenCurves("linear"), sometimes=True)
        names = [*found, REDUCED]
        names.sort(key=lambda name: place("bispectrum_angle" if name == REDUCED else name))
        return {name: reduced if name == REDUCED else found[name] for name in names}
    return found | {"halo_scatter": Card(SCATTER_TITLE, lambda: LinearCurves(0, None))}


def place(name: str) -> int:
    """Place of a statistic's card among the others."""
    return statistics.get(name).place


OF_THEIR_OWN: dict[str, Callable[[float], Panels]] = {
    "cddf": ColumnDensities,
    "bispectrum_angle": lambda least: EvenCurves("linear", least),
    "smoothed_pdf": lambda least: EvenCurves("log", least),
    "void_sizes": lambda least: EvenCurves("log", least),
}
"""Panels of statistics that the usual ones don't suit, by what says how few counts say nothing."""


def card_of(name: str) -> Card:
    """Make the card of a statistic.

    On a logarithmic y axis a ratio to the truth is drawn below; on a linear one it is a ratio
    already, or the like.
    """
    about = statistics.get(name)

    def build() -> Panels:
        if name in OF_THEIR_OWN:
            return OF_THEIR_OWN[name](about.least)
        if not about.y_range:
            return LogCurves(about.least)
        return LinearCurves(*about.y_range, most_is_one=name == "cross_correlation")

    sometimes = bool(about.fields or about.needs) or name in OF_THEIR_OWN
    return Card(about.title, build, about.of_pairs, about.over, sometimes)
