"""What is selected and how it is shown; both as parameters the page can watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import param

from explorer.style import COLOUR_MAPS

LEVEL = "HR"
"""The input level shown."""

QUERY = ("simulation", "axis", "slab", "field", "emulator")
"""Names of the selection in a link."""


@dataclass(frozen=True)
class Choices:
    """What can be selected, given the simulation that is open.

    Parameters
    ----------
    simulation, axis, field, emulator : dict
        Names by the label a person reads; fields are those an emulator can paint,
        emulators the systems that paint the selected one.
    slabs : int
        Number of slabs along each axis.
    """

    simulation: Mapping[str, str]
    axis: Mapping[str, str]
    field: Mapping[str, str]
    emulator: Mapping[str, str]
    slabs: int


@dataclass(frozen=True)
class Request:
    """One selection, as it was when it was made.

    Parameters
    ----------
    simulation, axis, field, emulator : str
        Names; the emulator is empty where there is none.
    slab : int
        Index of the slab.
    level : str
        Of the input.
    """

    simulation: str
    axis: str
    slab: int
    field: str
    emulator: str
    level: str = LEVEL


class Selection(param.Parameterized):
    """What to compute; a link reproduces it."""

    simulation: Any = param.Selector(objects=[], doc="Simulation the slab is taken from.")
    axis: Any = param.Selector(objects=[], label="Line of sight", doc="Axis of projection.")
    slab = param.Integer(default=0, bounds=(0, 0), doc="Which slab along the line of sight.")
    field: Any = param.Selector(objects=[], label="Field", doc="Quantity to paint.")
    emulator: Any = param.Selector(objects=[], doc="Published system that paints it.")

    def offer(self, choices: Choices) -> None:
        """Set what can be selected; what no longer can be moves to the first choice."""
        last = max(choices.slabs - 1, 0)
        changes: dict[str, Any] = {"slab": min(self.slab, last)}
        for name in ("simulation", "axis", "field", "emulator"):
            offered: Mapping[str, str] = getattr(choices, name)
            if self.param[name].names != offered:  # pickers redraw at every assignment
                self.param[name].objects = dict(offered)
            if getattr(self, name) not in offered.values():
                changes[name] = next(iter(offered.values()), None)
        self.param.slab.bounds = (0, max(last, self.slab))
        self.param.update(**changes)
        self.param.slab.bounds = (0, last)

    def request(self) -> Request:
        """Take the selection as it is now."""
        return Request(
            simulation=self.simulation or "",
            axis=self.axis or "",
            slab=self.slab,
            field=self.field or "",
            emulator=self.emulator or "",
        )

    def to_query(self) -> dict[str, str]:
        """Write the part of a link that reproduces it."""
        return {name: str(value) for name in QUERY if (value := getattr(self, name)) is not None}

    def take(self, name: str, text: str) -> None:
        """Set one parameter from a link.

        Raises
        ------
        ValueError
            In one sentence, if it is not among what can be selected.
        """
        value: Any = text
        if name == "slab":
            allowed: list[Any] = list(range(self.param.slab.bounds[1] + 1))
            value = int(text) if text.isdecimal() else text
            expected = f"a number from 0 to {allowed[-1]}"
        else:
            allowed = list(self.param[name].objects)
            expected = f"one of {', '.join(allowed)}" if allowed else "none, since there is none"
        if value not in allowed:
            shown = getattr(self, name)
            raise ValueError(
                f"{name.capitalize()} in the link is {text!r}, expected {expected}; "
                f"showing {shown if shown is not None else 'none'}."
            )
        self.param.update(**{name: value})


class Display(param.Parameterized):
    """How to show what was computed; never reaches the engine."""

    input_colours: Any = param.Selector(
        default="Ice", objects=list(COLOUR_MAPS), label="Dark matter", doc="Colour map."
    )
    field_colours: Any = param.Selector(
        default="Fire", objects=list(COLOUR_MAPS), label="Truth and prediction", doc="Colour map."
    )
    dark = param.Boolean(default=True, doc="Whether the dark theme is on.")
