"""What is selected, as parameters the page can watch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import param

from engine.places import Run, SlabPlace
from engine.systems.card import Parameter
from explorer.parameters import Adjusted, from_link, in_link

QUERY = (
    "simulation",
    "axis",
    "slab",
    "source",
    "level",
    "field",
    "other_levels",
    "emulator",
    "parameters",
    "seed",
    "other",
    "other_seed",
    "scope",
    "region",
    "halo",
)
"""Names of the selection in a link, in the order in which they are followed."""

SCOPES = {"This slab": "slab", "All slabs": "axis", "Region in view": "region"}
"""What curves are summed over."""

YES_OR_NO = {"yes": True, "no": False}

NO_HALO = -1
"""Stands for no halo."""

Region = tuple[int, int, int, int]
"""(y0, y1, x0, x1), [pixels]."""

WHOLE_BOX = "whole box"
"""Beside "truth", "prediction" and "other": name of a curve of the truth along lines as long as the
box."""

NOTHING = "none"
"""Stands for no second painting."""

LAST_SEED = 2**32 - 1
"""Largest seed offered: every one up to it is a whole number in a browser too."""


DARK_MATTER = Run()
"""Of the hydrodynamical run, in full."""


@dataclass(frozen=True)
class Choices:
    """What can be selected, given the simulation that is open.

    Parameters
    ----------
    simulation, axis, source, level, field, emulator, other : dict
        Names by the label a person reads; fields are those an emulator can paint,
        emulators those that paint the selected one from the selected level (see
        `emulator_name`), others the same or none.
    slabs : int
        Number of slabs along each axis.
    pixels : int
        A side of every map.
    halos : int
        Number of haloes in the catalogue.
    parameters : tuple of Parameter
        Numbers of the emulator selected, with what was fitted.
    """

    simulation: Mapping[str, str]
    axis: Mapping[str, str]
    source: Mapping[str, str]
    level: Mapping[str, str]
    field: Mapping[str, str]
    emulator: Mapping[str, str]
    slabs: int
    pixels: int
    halos: int = 0
    parameters: tuple[Parameter, ...] = ()

    @property
    def other(self) -> Mapping[str, str]:
        """What a second painting can be made by."""
        return {"nothing": NOTHING} | dict(self.emulator)


@dataclass(frozen=True)
class Request:
    """One selection, as it was when it was made.

    Parameters
    ----------
    simulation, field, emulator : str
        Names; the emulator is empty where there is none, see `emulator_name`.
    place : SlabPlace or BoxPlace
        Which slab, or the box.
    run : Run
        Which run the dark matter is of.
    seed : int
        Of the realisation; a deterministic emulator ignores it.
    other : str
        Name of the emulator of a second painting; empty for none.
    other_seed : int
        Of the second painting.
    scope : str
        What the curves are summed over, one of `SCOPES`.
    region : tuple of int or None
        Of the map, if that is the scope; None for all of it.
    halo : int
        Number in the catalogue of the halo whose profile is drawn; -1 for none.
    parameters : tuple of (str, float)
        Of the emulator, those that aren't its card's.
    """

    simulation: str
    place: Any
    field: str
    emulator: str
    seed: int = 0
    other: str = ""
    other_seed: int = 0
    run: Run = DARK_MATTER
    scope: str = "slab"
    region: Region | None = None
    halo: int = NO_HALO
    parameters: tuple[tuple[str, float], ...] = ()

    @property
    def maps(self) -> "Request":
        """What decides which maps are shown, whatever the curves are summed over."""
        return replace(self, scope="slab", region=None, halo=NO_HALO)

    def of_other(self) -> "Request":
        """Ask for the second painting as if it were the first."""
        nothing: dict[str, Any] = {"other": "", "other_seed": 0, "parameters": ()}
        return replace(self, emulator=self.other, seed=self.other_seed, **nothing)


class Selection(Adjusted):
    """What to compute; a link reproduces it."""

    names = QUERY

    simulation: Any = param.Selector(objects=[], doc="Simulation the slab is taken from.")
    axis: Any = param.Selector(objects=[], label="Line of sight", doc="Axis of projection.")
    source: Any = param.Selector(objects=[], label="Input", doc="Run the dark matter is of.")
    level: Any = param.Selector(
        objects=[], label="Resolution", doc="Particles of the input's run, and their separation."
    )
    other_levels = param.Boolean(
        default=False,
        label="Emulators of other levels",
        doc="Whether emulators that were trained for another level are offered.",
    )
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
        default=1,
        bounds=(0, LAST_SEED),
        label="Its seed",
        doc="Realisation of the second painting.",
    )
    scope: Any = param.Selector(
        default="slab", objects=SCOPES, label="Curves of", doc="What curves are summed over."
    )
    region = param.Tuple(
        default=None, length=4, allow_None=True, doc="Visible pixels: y0, y1, x0, x1."
    )

    halo = param.Integer(
        default=NO_HALO, bounds=(NO_HALO, None), doc="Halo whose profile is drawn; -1: none."
    )

    def set_choices(self, choices: Choices) -> None:
        """Set what can be selected; what no longer can be moves to the first choice."""
        last = max(choices.slabs - 1, 0)
        changes: dict[str, Any] = {"slab": min(self.slab, last)}
        changes |= self.offer_parameters(choices.parameters)
        if self.halo >= choices.halos:
            changes["halo"] = NO_HALO
        if self.region is not None and max(self.region) > choices.pixels:
            changes["region"] = None
        for name in ("simulation", "axis", "source", "level", "field", "emulator", "other"):
            offered: Mapping[str, str] = getattr(choices, name)
            if self.param[name].names != offered:  # controls redraw at every assignment
                self.param[name].objects = dict(offered)
            if getattr(self, name) not in offered.values():
                changes[name] = next(iter(offered.values()), None)
        self.param.slab.bounds = (0, max(last, self.slab))
        self.param.halo.bounds = (NO_HALO, None)
        self.param.update(**changes)
        self.param.slab.bounds = (0, last)
        self.param.halo.bounds = (NO_HALO, choices.halos - 1)

    def request(self) -> Request:
        """Take the selection as it is now."""
        return Request(
            simulation=self.simulation or "",
            place=SlabPlace(self.axis or "z", self.slab),
            field=self.field or "",
            emulator=self.emulator or "",
            seed=self.seed,
            other="" if self.other in (None, NOTHING) else self.other,
            other_seed=0 if self.other in (None, NOTHING) else self.other_seed,
            run=run_of(self.source, self.level) if self.source and self.level else Run(),
            scope=self.scope,
            region=self.region if self.scope == "region" else None,
            halo=self.halo,
            parameters=tuple(sorted(self.parameters.items())),
        )

    def to_query(self) -> dict[str, str]:
        """Write the part of a link that reproduces it."""
        values = {name: getattr(self, name) for name in QUERY}
        values["parameters"] = in_link(self.parameters) or None
        nothing = (None, NO_HALO)
        return {name: written(value) for name, value in values.items() if value not in nothing}

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
        self.param.update(**{name: value})

    def _read(self, name: str, text: str) -> tuple[Any, Collection[Any], str]:
        """Value of a parameter in a link, what is allowed, and that in words."""
        if name in ("slab", "seed", "other_seed"):
            numbers = range(self.param[name].bounds[1] + 1)
            value = int(text) if text.isdecimal() else text
            return value, numbers, f"a number from 0 to {numbers[-1]}"
        if name == "halo":
            number = int(text) if text.isdecimal() else text
            return number, range(self.param.halo.bounds[1] + 1), "the number of a halo"
        if name == "other_levels":
            return YES_OR_NO.get(text), (True, False), "yes or no"
        if name == "region":
            region = tuple(int(n) for n in text.split(",") if n.isdecimal())
            return region, [region] if is_region(region) else [], "y0,y1,x0,x1 in pixels"
        allowed = [each for each in self.param[name].objects if each is not None]
        return text, allowed, f"one of {', '.join(allowed)}" if allowed else "none, there is none"


def run_of(source: str, level: str) -> Run:
    """Find the run of a source, as a link names it ("dm/ds"), and a level."""
    field, origin = source.split("/")
    return Run(field, level, origin)


def source_of(run: Run) -> str:
    """Name a run as a link does, whatever its level."""
    return f"{run.field}/{run.origin}"


def is_region(numbers: tuple[int, ...]) -> bool:
    """Whether some numbers are the sides of a piece of a map."""
    return len(numbers) == 4 and numbers[0] < numbers[1] and numbers[2] < numbers[3]


def refusal(name: str, text: str, expected: str, shown: Any) -> str:
    """Say in one sentence that a link asks for what can't be had."""
    return (
        f"{name.replace('_', ' ').capitalize()} in the link is {text!r}, expected "
        f"{expected}; showing {written(shown) if shown is not None else 'none'}."
    )


def written(value: Any) -> str:
    """Write a value as it stands in a link."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def emulator_name(system: str, trained_for: str, level: str) -> str:
    """Name of an emulator for an input of a level: "ember-wgan", or "ember-wgan:HR" for others."""
    return system if trained_for in (level, "") else f"{system}:{trained_for}"


def system_and_level(emulator: str, level: str) -> tuple[str, str]:
    """System of an emulator's name and the level it was trained for."""
    system, _, other = emulator.partition(":")
    return system, other or level
