"""What is selected of clusters: which one is on the maps, which are in the table, who paints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import Any

import param

from engine.places import ObjectPlace, Run
from explorer.state import NOTHING, Request, refusal, written

FILTERS = ("mass", "luminosity", "temperature", "offset")
"""Ranges of the catalogue's columns that the table is filtered by."""

QUERY = ("simulation", "axis", "source", "emulator", "other", "field", *FILTERS, "picked", "number")
"""Names of the selection in a link, in the order in which they are followed."""

SOURCES = {"dm": "dark matter", "dmo": "dark matter only"}

Range = tuple[float, float]


@dataclass(frozen=True)
class ClusterRequest(Request):
    """One selection, as it was when it was made.

    Parameters
    ----------
    filters : tuple of (str, (float, float))
        Ranges of columns of the table, by their names; those that let everything pass aren't here.
    picked : tuple of float
        Rectangle on the relation, log10 of its units: x0, x1, y0, y1; empty for none.

    See Also
    --------
    Request : the other parameters; the field is that of profiles and relation.
    """

    filters: tuple[tuple[str, Range], ...] = ()
    picked: tuple[float, ...] = ()

    @property
    def maps(self) -> "ClusterRequest":
        """What decides which maps are there of all objects, whichever of them are shown."""
        place = ObjectPlace(0, self.place.axis)
        return replace(self, place=place, field="", filters=(), picked=())

    @property
    def number(self) -> int:
        """Row of the object on the maps."""
        return int(self.place.number)


@dataclass(frozen=True)
class ClusterChoices:
    """What can be selected, given the simulation that is open.

    Parameters
    ----------
    simulation, axis, source, emulator, field : mapping
        Names by the label a person reads.
    numbers : sequence of int
        Rows of the catalogue that are in the table.
    ranges : mapping of str to (float, float)
        What each filter's column spans; none of a column that isn't there.
    run : Run
        Of the dark matter.
    """

    simulation: Mapping[str, str]
    axis: Mapping[str, str]
    source: Mapping[str, str]
    emulator: Mapping[str, str]
    field: Mapping[str, str]
    numbers: Sequence[int]
    ranges: Mapping[str, Range]
    run: Run


class ClusterSelection(param.Parameterized):
    """What to compute of clusters, and which of them to show; a link reproduces it."""

    names = QUERY

    simulation: Any = param.Selector(objects=[], doc="Simulation the clusters are of.")
    axis: Any = param.Selector(objects=[], label="Line of sight", doc="Axis of projection.")
    source: Any = param.Selector(objects=[], label="Input", doc="Run the dark matter is of.")
    emulator: Any = param.Selector(objects=[], doc="Published system that paints every cluster.")
    other: Any = param.Selector(
        objects=[], label="Compare with", doc="What a second painting is made by."
    )
    field: Any = param.Selector(
        objects=[], label="Profile and relation of", doc="Quantity of the cards below the maps."
    )
    number = param.Integer(default=0, bounds=(0, None), doc="Row of the cluster on the maps.")
    mass = param.Range(label="log₁₀ M₅₀₀ [M⊙/h]", doc="Of those in the table.")
    luminosity = param.Range(label="log₁₀ Lₓ [erg/s]", doc="Of those in the table, within R500.")
    temperature = param.Range(label="T [keV]", doc="Of those in the table, within R500.")
    offset = param.Range(
        label="Offset of the centre [R₅₀₀]", doc="Of those in the table: small ones are relaxed."
    )
    picked = param.Parameter(default=(), doc="Rectangle on the relation, log10; empty for none.")

    def __init__(self) -> None:
        super().__init__()
        self._choices: ClusterChoices | None = None
        for name in FILTERS:  # until there is such a column
            self.param[name].constant = True
        self.param.watch(self._drop_pick, ["field", "picked"])

    def _drop_pick(self, *events: param.parameterized.Event) -> None:
        """A rectangle on the relation of one quantity says nothing on that of another."""
        if self.picked and {event.name for event in events} == {"field"}:
            self.picked = ()

    def set_choices(self, choices: ClusterChoices) -> None:
        """Set what can be selected; what no longer can be moves to the first choice."""
        self._choices = choices
        changes: dict[str, Any] = {}
        offers = {
            "simulation": choices.simulation,
            "axis": choices.axis,
            "source": choices.source,
            "emulator": choices.emulator,
            "other": {"nothing": NOTHING, **choices.emulator},
            "field": choices.field,
        }
        for name, offered in offers.items():
            if self.param[name].names != offered:  # controls redraw at every assignment
                self.param[name].objects = dict(offered)
            if getattr(self, name) not in offered.values():
                changes[name] = next(iter(offered.values()), None)
        if self.number not in choices.numbers:
            changes["number"] = next(iter(choices.numbers), 0)
        spans = {name: choices.ranges.get(name) for name in FILTERS}
        others = {n: span for n, span in spans.items() if span != self.param[n].bounds}
        for name, span in others.items():
            # Bounds must hold what is selected before and after.
            ends = [*(self.param[name].bounds or ()), *(span or ())]
            self.param[name].bounds = (min(ends), max(ends))
        with param.parameterized.edit_constant(self):
            self.param.update(**changes, **others)
        for name, span in others.items():
            self.param[name].bounds = span
            self.param[name].constant = span is None

    @property
    def filters(self) -> dict[str, Range]:
        """Filters that don't let everything pass."""
        chosen = {name: getattr(self, name) for name in FILTERS}
        return {
            name: (float(span[0]), float(span[1]))
            for name, span in chosen.items()
            if span is not None and span != self.param[name].bounds
        }

    def show_all(self) -> None:
        """Let everything pass."""
        spans: dict[str, Any] = {name: self.param[name].bounds for name in self.filters}
        self.param.update(picked=(), **spans)

    def request(self) -> ClusterRequest:
        """Take the selection as it is now."""
        about = self._choices
        return ClusterRequest(
            simulation=self.simulation or "",
            place=ObjectPlace(self.number, self.axis or "z"),
            field=self.field or "",
            emulator=self.emulator or "",
            other="" if self.other in (None, NOTHING) else self.other,
            run=about.run if about else Run(),
            filters=tuple(self.filters.items()),
            picked=tuple(self.picked),
        )

    def to_query(self) -> dict[str, str]:
        """Write the part of a link that reproduces it."""
        plain = [name for name in QUERY if name not in (*FILTERS, "picked")]
        values = {name: getattr(self, name) for name in plain}
        found = {name: written(value) for name, value in values.items() if value is not None}
        ranges = {**self.filters, **({"picked": self.picked} if self.picked else {})}
        return found | {n: ",".join(f"{end:.4g}" for end in ends) for n, ends in ranges.items()}

    def take(self, name: str, text: str) -> None:
        """Set one parameter from a link.

        Raises
        ------
        ValueError
            In one sentence, if it is not among what can be selected.
        """
        if name in FILTERS or name == "picked":
            value = self._read_range(name, text)
        else:
            value = self._read(name, text)
        if value != getattr(self, name):
            self.param.update(**{name: value})

    def _read(self, name: str, text: str) -> Any:
        """Value of a parameter that is one of several."""
        if name == "number":
            numbers = list(self._choices.numbers) if self._choices else []
            if not text.isdecimal() or int(text) not in numbers:
                last = numbers[-1] if numbers else 0
                expected = f"the number of a cluster up to {last}"
                raise ValueError(refusal(name, text, expected, self.number))
            return int(text)
        allowed = list(self.param[name].objects)
        if text not in allowed:
            expected = f"one of {', '.join(allowed)}" if allowed else "none, there is none"
            raise ValueError(refusal(name, text, expected, getattr(self, name)))
        return text

    def _read_range(self, name: str, text: str) -> tuple[float, ...]:
        """Ends of a filter, within what its column spans, or of a rectangle."""
        ends = numbers_of(text)
        pairs = [ends[:2], ends[2:]] if name == "picked" else [ends]
        good = len(ends) == (4 if name == "picked" else 2)
        good = good and all(low < high for pair in pairs for low, high in pairwise(pair))
        span = (0.0, 0.0) if name == "picked" else self.param[name].bounds
        if not good or span is None:
            expected = "rising numbers, as x0,x1,y0,y1" if name == "picked" else "two rising ones"
            expected = "none, there is no such column" if span is None else expected
            raise ValueError(refusal(name, text, expected, getattr(self, name) or None))
        if name == "picked":
            return ends
        low, high = (min(max(end, span[0]), span[1]) for end in ends)
        return low, high


def numbers_of(text: str) -> tuple[float, ...]:
    """Read numbers with commas between; none at all if one of them is no finite number."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        return ()
    return found if all(map(isfinite, found)) else ()
