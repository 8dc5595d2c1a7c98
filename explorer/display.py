"""How what is selected is shown, as parameters the page can watch; a link reproduces it."""

from typing import Any

import param

from explorer.state import YES_OR_NO, refusal, written
from explorer.style import COLOUR_MAPS

LOOKS = (
    "input_colours",
    "field_colours",
    "stretch",
    "units",
    "quantity",
    "show",
    "against",
    "rings",
    "galaxies",
    "arrows",
    "halo_colours",
    "dark",
)
"""Names of the display in a link; those at their default don't stand there."""


class Display(param.Parameterized):
    """How to show what was computed; never reaches the engine."""

    names = LOOKS

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
        objects={
            "truth and prediction": "prediction",
            "truth and comparison": "other",
            "prediction and comparison": "paintings",
        },
        label="Which two",
        doc="Which two maps are held against each other.",
    )
    rings = param.Boolean(default=False, label="Halo rings", doc="Whether haloes are circled.")
    galaxies = param.Boolean(
        default=True, label="Galaxies", doc="Whether galaxies are points on the maps."
    )
    arrows = param.Boolean(
        default=False,
        label="Displacements",
        doc="Whether arrows tell how an emulator's layers move particles.",
    )
    halo_colours: Any = param.Selector(
        default="map",
        objects={"Map": "map", "Environment": "environment"},
        label="Colour",
        doc="What the colour of a point on the haloes' card stands for.",
    )
    densities = param.Parameter(
        default=(), doc="Column densities whose pixels are lit, low and high [cm^-2], or empty."
    )
    lit = param.Parameter(default=(), doc="Numbers of the haloes lit on the maps.")
    band = param.Parameter(
        default=(), doc="Wavenumbers picked on P(k), (low, high), [h/Mpc]; empty for none."
    )
    dark = param.Boolean(default=True, doc="Whether the dark theme is on.")

    def to_query(self) -> dict[str, str]:
        """Write what isn't as it is by default."""
        values = {name: getattr(self, name) for name in LOOKS}
        defaults = {name: self.param[name].default for name in LOOKS}
        return {name: written(value) for name, value in values.items() if value != defaults[name]}

    def take(self, name: str, text: str) -> None:
        """Set one parameter from a link.

        Raises
        ------
        ValueError
            In one sentence, if it has no such value.
        """
        if isinstance(self.param[name], param.Boolean):
            offered, expected = YES_OR_NO, "yes or no"
        else:
            offered = {each: each for each in self.param[name].objects}
            expected = f"one of {', '.join(offered)}"
        if text not in offered:
            raise ValueError(refusal(name, text, expected, getattr(self, name)))
        self.param.update(**{name: offered[text]})
