"""An emulator's numbers as sliders and in a link: their parts, scale, writing, and what is set."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import param

from engine.fields import FIELDS, field_named
from engine.systems.card import Parameter

GROUPS = {
    "move": "layer",
    "map": "from the density",
    "attract": "pull of matter, layer",
    "repel": "push of stars, layer",
    "deplete": "depletion by stars",
}
"""What the groups of a stage of JERALD are called on the page."""

SHORT = {"hi": "HI", "hi_thin": "Thin HI"}
"""Names of stages whose fields' own don't fit beside a group's."""

SUBSCRIPTS = {"_h": "ₕ", "_l": "ₗ", "_s": "ₛ"}

WIDE = 100.0
"""Highest over lowest value from which equal steps are of the logarithm."""

DIGITS = 4
"""Of a value that a slider gives; a link has the same."""


def parts(parameters: Iterable[Parameter]) -> dict[str, tuple[Parameter, ...]]:
    """Deal parameters to the parts of an emulator that they belong to, by the parts' titles.

    A parameter of JERALD is called by its stage, group, number and, if there are several, layer.
    """
    found: dict[str, tuple[Parameter, ...]] = {}
    for each in parameters:
        title = part_of(each.name)
        found[title] = (*found.get(title, ()), each)
    return found


def part_of(name: str) -> str:
    """Title of the part of an emulator that a parameter belongs to."""
    stage, _, rest = name.partition(" ")
    if stage not in FIELDS or not rest:
        return "All"
    group, *numbers = rest.split()
    layer = numbers[-1] if len(numbers) > 1 and numbers[-1].isdigit() else ""
    label = SHORT.get(stage) or field_named(stage).label.capitalize()
    return f"{label}: {GROUPS.get(group, group)} {layer}".strip()


def symbol_of(parameter: Parameter) -> str:
    """Write a symbol with its subscript."""
    symbol = parameter.symbol or parameter.name
    for plain, lowered in SUBSCRIPTS.items():
        symbol = symbol.replace(plain, lowered)
    return symbol


def place_of(parameter: Parameter, value: float) -> float:
    """Place of a value on its slider, from 0 to 1.

    Equal steps are of the logarithm where bounds are positive and far apart. Where they lie on
    both sides of zero, as for a strength, steps are small about zero: by the inverse hyperbolic
    sine, which is linear below the fitted value.
    """
    low, high = (_stretched(parameter, end) for end in (parameter.lowest, parameter.highest))
    return (_stretched(parameter, value) - low) / (high - low)


def value_at(parameter: Parameter, place: float) -> float:
    """Value at a place on a slider, in a few digits and within the bounds."""
    low, high = (_stretched(parameter, end) for end in (parameter.lowest, parameter.highest))
    stretched = low + place * (high - low)
    if _is_logarithmic(parameter):
        value = math.exp(stretched)
    elif _softening(parameter):
        value = _softening(parameter) * math.sinh(stretched)
    else:
        value = stretched
    return min(max(float(f"{value:.{DIGITS}g}"), parameter.lowest), parameter.highest)


def _stretched(parameter: Parameter, value: float) -> float:
    if _is_logarithmic(parameter):
        return math.log(value)
    softening = _softening(parameter)
    return math.asinh(value / softening) if softening else value


def _is_logarithmic(parameter: Parameter) -> bool:
    return parameter.lowest > 0 and parameter.highest / parameter.lowest >= WIDE


def _softening(parameter: Parameter) -> float:
    """Value below which equal steps are of the value; none where they are everywhere."""
    if parameter.lowest >= 0:
        return 0.0
    return max(abs(parameter.value), parameter.highest / WIDE)


def in_link(changed: Mapping[str, float]) -> str:
    """Write changed parameters as a link has them."""
    return ",".join(
        f"{name.replace(' ', '.')}~{value:.{DIGITS}g}" for name, value in changed.items()
    )


def from_link(text: str, parameters: Iterable[Parameter]) -> dict[str, float]:
    """Read changed parameters of a link.

    Raises
    ------
    ValueError
        In one sentence, if it can't be read, there is no such parameter, or a value is out of
        its bounds.
    """
    known, found = {each.name: each for each in parameters}, {}
    for piece in filter(None, text.split(",")):
        written, _, number = piece.partition("~")
        name = written.replace(".", " ")
        if name not in known:
            there = ", ".join(each.replace(" ", ".") for each in known) or "none"
            raise ValueError(
                f"Parameters in the link name {written!r}, expected one of {there}; showing all "
                "numbers as fitted."
            )
        about = known[name]
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not about.lowest <= value <= about.highest:
            raise ValueError(
                f"Parameter {written} in the link is {number!r}, expected a number from "
                f"{about.lowest:g} to {about.highest:g}; showing all numbers as fitted."
            )
        found[name] = value
    return found


class Adjusted(param.Parameterized):
    """What is selected of an emulator whose numbers can be changed."""

    parameters: Any = param.Dict(
        default={}, label="Parameters", doc="Numbers of the emulator that aren't the fit's."
    )

    def __init__(self) -> None:
        super().__init__()
        self.offered_parameters: tuple[Parameter, ...] = ()

    def offer_parameters(self, offered: tuple[Parameter, ...]) -> dict[str, Any]:
        """Offer the numbers of the emulator selected; what of the selection changes thereby."""
        before = self.offered_parameters or offered
        self.offered_parameters = offered
        same = {each.name for each in offered if each in before}
        kept = {name: value for name, value in self.parameters.items() if name in same}
        return {} if kept == self.parameters else {"parameters": kept}

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Change numbers of the emulator; those that are the fit's are left out."""
        fit = {each.name: each.value for each in self.offered_parameters}
        changed = {name: value for name, value in values.items() if value != fit[name]}
        if changed != self.parameters:
            self.parameters = changed
