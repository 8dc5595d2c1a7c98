"""What is selected of a box: emulators, the layer in view, and what both are compared with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import param

from engine.places import BoxPlace, Run
from engine.systems.card import Parameter
from explorer.parameters import Adjusted, from_link, in_link
from explorer.state import NO_HALO, NOTHING, YES_OR_NO, Request, refusal, written

QUERY = (
    "simulation",
    "axis",
    "depth",
    "layer",
    "field",
    "emulator",
    "conserve",
    "parameters",
    "other",
    "beside",
    "halo",
)
"""Names of the selection in a link, in the order in which they are followed."""

PARAMETER = "conserve"
"""Of an emulator that can divide its painting by its mean."""

DEPTH = 4
"""Cells of low resolution that a layer has at first: 16 Mpc/h of the paper's."""


@dataclass(frozen=True)
class BoxRequest(Request):
    """One selection, as it was when it was made.

    Parameters
    ----------
    axis : {"x", "y", "z"}
        Line of sight.
    start, depth : float
        Of the layer in view, comoving, [Mpc/h].
    cells : int
        A side of the box in the cells that layers are counted in.
    beside : str
        Simulation whose curves are set against this one's; empty for none.

    See Also
    --------
    Request : the other parameters.
    """

    axis: str = "z"
    start: float = 0.0
    depth: float = 0.0
    cells: int = 1
    beside: str = ""

    @property
    def maps(self) -> "BoxRequest":
        """What decides which boxes are painted, whatever layer of them is in view."""
        return replace(self, axis="z", start=0.0, depth=0.0, beside="", halo=NO_HALO)


@dataclass(frozen=True)
class BoxChoices:
    """What can be selected, given the simulation that is open.

    Parameters
    ----------
    simulation, field, emulator, beside : mapping
        Names by the label a person reads; emulators paint the field that is selected.
    cells : int
        A side of the box of low resolution.
    cell_size : float
        Of these, comoving, [Mpc/h].
    run : Run
        Of the density of low resolution.
    conserves : bool
        Whether the emulator selected can keep the mean density.
    parameters : tuple of Parameter
        Other numbers of the emulator selected, with what was fitted.
    other : mapping
        Emulators that it can be compared with, by their labels.
    circled : str
        What rings are around: "halo" or "subhalo".
    halos : int
        Number of these in the simulation.
    """

    simulation: Mapping[str, str]
    field: Mapping[str, str]
    emulator: Mapping[str, str]
    beside: Mapping[str, str]
    cells: int
    cell_size: float
    run: Run
    conserves: bool
    parameters: tuple[Parameter, ...] = ()
    other: Mapping[str, str] = attribute(default_factory=dict)
    circled: str = "halo"
    halos: int = 0


class BoxSelection(Adjusted):
    """What to compute of a box, and which layer to show; a link reproduces it."""

    names = QUERY

    simulation: Any = param.Selector(objects=[], doc="Simulation the box is of.")
    axis: Any = param.Selector(
        default="z",
        objects={f"along {axis}": axis for axis in "xyz"},
        label="Line of sight",
        doc="Axis that layers are summed along.",
    )
    layer = param.Integer(
        default=0, bounds=(0, 0), label="Layer begins at cell", doc="Of low resolution."
    )
    depth = param.Integer(
        default=DEPTH, bounds=(1, DEPTH), label="Its depth in cells", doc="Of low resolution."
    )
    field: Any = param.Selector(objects=[], label="Field", doc="Quantity to paint.")
    emulator: Any = param.Selector(objects=[], doc="Published system that paints the box.")
    conserve = param.Boolean(
        default=False,
        label="Keep the mean density",
        doc="Whether the painting is divided by its mean.",
    )
    other: Any = param.Selector(
        objects=[], label="Compare with", doc="What a second painting is made by."
    )
    beside: Any = param.Selector(
        objects=[],
        label="Set against simulation",
        doc="Another cosmology of the same phases; the tab of that name tells how curves change.",
    )
    halo = param.Integer(
        default=NO_HALO, bounds=(NO_HALO, None), label="Halo", doc="Or subhalo, gone to; -1: none."
    )

    def __init__(self) -> None:
        super().__init__()
        self._choices: BoxChoices | None = None

    def set_choices(self, choices: BoxChoices) -> None:
        """Set what can be selected; what no longer can be moves to the first choice."""
        changes: dict[str, Any] = {}
        changes |= self.offer_parameters(choices.parameters)
        before, self._choices = self._choices, choices
        others = {"nothing": NOTHING, **choices.other}
        other = before is not None and before.circled != choices.circled
        if other or self.halo >= choices.halos:
            changes["halo"] = NO_HALO
        offers = {
            "simulation": choices.simulation,
            "field": choices.field,
            "emulator": choices.emulator,
            "other": others,
            "beside": {"nothing": NOTHING, **choices.beside},
        }
        for name, offered in offers.items():
            if self.param[name].names != offered:  # controls redraw at every assignment
                self.param[name].objects = dict(offered)
            if getattr(self, name) not in offered.values():
                changes[name] = next(iter(offered.values()), None)
        depth = min(self.depth, max(choices.cells, 1))
        last = max(choices.cells - depth, 0)
        changes |= {"depth": depth, "layer": min(self.layer, last)}
        # Bounds must hold what is selected before and after.
        self.param.depth.bounds = (1, max(choices.cells, self.depth))
        self.param.layer.bounds = (0, max(last, self.layer))
        self.param.update(**changes)
        self.param.depth.bounds = (1, max(choices.cells, 1))
        self.param.layer.bounds = (0, last)
        self.param.conserve.constant = not choices.conserves

    def request(self) -> BoxRequest:
        """Take the selection as it is now."""
        about = self._choices
        side = about.cell_size if about else 0.0
        conserves = {PARAMETER: 1.0} if about and about.conserves and self.conserve else {}
        return BoxRequest(
            simulation=self.simulation or "",
            place=BoxPlace(),
            field=self.field or "",
            emulator=self.emulator or "",
            other="" if self.other in (None, NOTHING) else self.other,
            run=about.run if about else Run(),
            parameters=tuple(sorted((conserves | self.parameters).items())),
            axis=self.axis,
            start=self.layer * side,
            depth=self.depth * side,
            cells=about.cells if about else 1,
            beside="" if self.beside in (None, NOTHING) else self.beside,
            halo=self.halo,
        )

    def to_query(self) -> dict[str, str]:
        """Write the part of a link that reproduces it."""
        values = {name: getattr(self, name) for name in QUERY}
        nothing: dict[str, Any] = {
            "emulator": None,
            "field": None,
            "simulation": None,
            "beside": NOTHING,
            "conserve": False,
            "parameters": {},
            "halo": NO_HALO,
        }
        return {
            name: in_link(value) if name == "parameters" else written(value)
            for name, value in values.items()
            if not (name in nothing and value in (None, nothing[name]))
        }

    def take(self, name: str, text: str) -> None:
        """Set one parameter from a link.

        Raises
        ------
        ValueError
            In one sentence, if it is not among what can be selected.
        """
        if name == "parameters":
            self.set_parameters(from_link(text, self.offered_parameters))
            return
        value, allowed, expected = self._read(name, text)
        if value not in allowed:
            raise ValueError(refusal(name, text, expected, getattr(self, name)))
        if value != getattr(self, name):
            self.param.update(**{name: value})

    def _read(self, name: str, text: str) -> tuple[Any, Collection[Any], str]:
        """Value of a parameter in a link, what is allowed, and that in words."""
        if name in ("layer", "depth"):
            first, last = self.param[name].bounds
            value = int(text) if text.isdecimal() else text
            return value, range(first, last + 1), f"a number of cells from {first} to {last}"
        if name == "halo":
            about = self._choices
            most, what = (about.halos, about.circled) if about else (0, "halo")
            number = int(text) if text.isdecimal() else text
            return number, range(most), f"the number of a {what}"
        if name == "conserve":
            allowed_here = [False] if self.param.conserve.constant else [True, False]
            return YES_OR_NO.get(text), allowed_here, " or ".join(map(written, allowed_here))
        allowed = [each for each in self.param[name].objects if each is not None]
        return text, allowed, f"one of {', '.join(allowed)}" if allowed else "none, there is none"
