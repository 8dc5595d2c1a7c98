"""What is selected and how it is shown; both as parameters the page can watch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import param

from explorer.style import COLOUR_MAPS

LEVEL = "HR"
"""The input level shown."""

QUERY = ("simulation", "axis", "slab", "field", "emulator", "seed", "other", "other_seed")
"""Names of the selection in a link."""


NOTHING = "none"
"""Stands for no second painting."""

LAST_SEED = 2**32 - 1
"""Largest seed offered: every one up to it is a whole number in a browser too."""


@dataclass(frozen=True)
class Choices:
    """What can be selected, given the simulation that is open.

    Parameters
    ----------
    simulation, axis, field, emulator, other : dict
        Names by the label a person reads; fields are those an emulator can paint,
        emulators the systems that paint the selected one, others the same or none.
    slabs : int
        Number of slabs along each axis.
    """

    simulation: Mapping[str, str]
    axis: Mapping[str, str]
    field: Mapping[str, str]
    emulator: Mapping[str, str]
    slabs: int

    @property
    def other(self) -> Mapping[str, str]:
        """What a second painting can be made by."""
        return {"nothing": NOTHING} | dict(self.emulator)


@dataclass(frozen=True)
class Request:
    """One selection, as it was when it was made.

    Parameters
    ----------
    simulation, axis, field, emulator : str
        Names; the emulator is empty where there is none.
    slab : int
        Index of the slab.
    seed : int
        Of the realisation; a deterministic emulator ignores it.
    other : str
        Name of the emulator of a second painting; empty for none.
    other_seed : int
        Of the second painting.
    level : str
        Of the input.
    """

    simulation: str
    axis: str
    slab: int
    field: str
    emulator: str
    seed: int = 0
    other: str = ""
    other_seed: int = 0
    level: str = LEVEL

    def of_other(self) -> "Request":
        """Ask for the second painting as if it were the first."""
        return replace(self, emulator=self.other, seed=self.other_seed, other="", other_seed=0)


class Selection(param.Parameterized):
    """What to compute; a link reproduces it."""

    simulation: Any = param.Selector(objects=[], doc="Simulation the slab is taken from.")
    axis: Any = param.Selector(objects=[], label="Line of sight", doc="Axis of projection.")
    slab = param.Integer(default=0, bounds=(0, 0), doc="Which slab along the line of sight.")
    field: Any = param.Selector(objects=[], label="Field", doc="Quantity to paint.")
    emulator: Any = param.Selector(objects=[], doc="Published system that paints it.")
    seed = param.Integer(
        default=0, bounds=(0, LAST_SEED), doc="Which of the universes the emulator could paint."
    )
    other: Any = param.Selector(
        objects=[], label="Compare with", doc="What a second painting is made by."
    )
    other_seed = param.Integer(
        default=1, bounds=(0, LAST_SEED), doc="Realisation of the second painting."
    )

    def offer(self, choices: Choices) -> None:
        """Set what can be selected; what no longer can be moves to the first choice."""
        last = max(choices.slabs - 1, 0)
        changes: dict[str, Any] = {"slab": min(self.slab, last)}
        for name in ("simulation", "axis", "field", "emulator", "other"):
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
            seed=self.seed,
            other="" if self.other in (None, NOTHING) else self.other,
            other_seed=0 if self.other in (None, NOTHING) else self.other_seed,
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
        allowed: Any
        if name in ("slab", "seed", "other_seed"):
            allowed = range(self.param[name].bounds[1] + 1)
            value = int(text) if text.isdecimal() else text
            expected = f"a number from 0 to {allowed[-1]}"
        else:
            allowed = list(self.param[name].objects)
            expected = f"one of {', '.join(allowed)}" if allowed else "none, since there is none"
        if value not in allowed:
            shown = getattr(self, name)
            raise ValueError(
                f"{name.replace('_', ' ').capitalize()} in the link is {text!r}, expected "
                f"{expected}; showing {shown if shown is not None else 'none'}."
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
    stretch: Any = param.Selector(
        default="log",
        objects={"Log": "log", "Asinh": "asinh", "Linear": "linear"},
        doc="How values are spread over the colours.",
    )
    units: Any = param.Selector(
        default="comoving",
        objects={"Comoving": "comoving", "Physical": "physical"},
        doc="Of lengths and areas.",
    )
    quantity: Any = param.Selector(
        default="mass",
        objects={"Surface density": "mass", "Column density N(HI)": "columns"},
        label="HI maps as",
        doc="What HI maps show.",
    )
    show: Any = param.Selector(
        default="side",
        objects={
            "Side by side": "side",
            "Difference": "difference",
            "Ratio": "ratio",
            "Blink": "blink",
            "Swipe": "swipe",
        },
        doc="How truth and painting are compared.",
    )
    against: Any = param.Selector(
        default="prediction",
        objects={"Prediction": "prediction", "Comparison": "other"},
        label="Truth against",
        doc="Which painting the truth is compared with.",
    )
    rings = param.Boolean(default=False, label="Halo rings", doc="Whether haloes are circled.")
    dark = param.Boolean(default=True, doc="Whether the dark theme is on.")
