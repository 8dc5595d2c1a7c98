"""A colour bar whose limits are its handles: what lies between them is the colour map."""

from collections.abc import Hashable

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJSTickFormatter, LinearColorMapper

from engine.results import Slab
from explorer.plots.limits import Limits, limits
from explorer.style import COLOUR_MAPS, palette, power_of_ten, quantity, slider_sx

STEP = 0.01
"""Dex between two places of a handle."""

HEIGHT = 50
"""Pixels of words, bar and labels."""

PRINTED = """
const exponent = Math.floor(tick)
const figures = [...String(Math.abs(exponent))].map((figure) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[figure]).join("")
return `${(10 ** (tick - exponent)).toFixed(2)} × 10${exponent < 0 ? "⁻" : ""}${figures}`
"""
"""How a limit in dex is written beside its handle."""

CLOSEST = 0.05
"""Dex the handles keep apart."""


class ColourBar(pn.viewable.Viewer):
    """The limits of a colour mapper, moved in the browser without the server.

    Parameters
    ----------
    mapper : LinearColorMapper
        Of log10 of the values.
    maps : str
        Whose colours it sets, in words.
    """

    def __init__(self, mapper: LinearColorMapper, maps: str) -> None:
        super().__init__()
        self.mapper = mapper
        self.maps = maps
        self._kind: Hashable = None
        self._colours = next(iter(COLOUR_MAPS))
        self._default = Limits(0, 1, 0, 1)
        self.slider = pmui.RangeSlider(
            label=maps,
            start=0,
            end=1,
            value=(0.0, 1.0),
            step=STEP,
            format=CustomJSTickFormatter(code=PRINTED),
            show_value=False,
            sizing_mode="stretch_width",
            height=HEIGHT,
            margin=0,
        )
        self.slider.jscallback(
            args={"mapper": mapper, "closest": CLOSEST},
            value="const [low, high] = cb_obj.value\n"
            "mapper.setv({low, high: Math.max(high, low + closest)})",
        )

    def suit(self, kind: Hashable, slab: Slab | None) -> None:
        """Choose limits for maps of another kind; those of the same keep what is set.

        Parameters
        ----------
        kind
            Whatever tells kinds of maps apart.
        slab : Slab or None
            To take limits from.
        """
        if kind == self._kind or slab is None:
            return
        self._kind = kind
        self._default = limits(slab)
        self.slider.label = f"{self.maps}: {quantity(slab.field)}"
        self.reset()

    def reset(self) -> None:
        """Go back to the default limits."""
        chosen = self._default
        self.mapper.update(low=chosen.low, high=chosen.high)
        self.slider.param.update(
            start=chosen.start,
            end=chosen.end,
            value=(chosen.low, chosen.high),
            marks=[{"value": n, "label": power_of_ten(n)} for n in chosen.decades],
            sx=slider_sx(self._colours, len(chosen.decades) - 1),
        )

    def paint(self, name: str) -> None:
        """Use another colour map."""
        self._colours = name
        self.mapper.palette = palette(name)
        self.slider.sx = slider_sx(name, len(self._default.decades) - 1)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.slider
