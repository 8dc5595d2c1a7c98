"""Group of the sidebar that says how values become colours."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from explorer.display import Display
from explorer.plots.maps import percentiles
from explorer.store import Store
from explorer.style import COLOUR_MAPS, OTHERS, palette
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.controls import group
from explorer.views.map_tools import CHOICE, FLAT, SMALL
from explorer.views.maps import Maps
from explorer.views.text import html

WIDE: dict[str, Any] = {**SMALL, "sizing_mode": "stretch_width", "margin": (5, 0)}

LOW = {"& .MuiSelect-select": {"py": "8px"}}
"""As high as the other pickers."""

NOT_FOR_ALL = " (not for blue-blindness)"

SWATCH = 15
"""One in so many of a map's 256 colours makes its swatch, the first and the last among them."""

PARTS = {
    "0.1–99.9 %": (0.001, 0.999),
    "1–99 %": (0.01, 0.99),
    "Min–max": (0.0, 1.0),
}
"""Percentile limits of what is in view."""


class Colours(pn.viewable.Viewer):
    """Colour maps, stretch, limits, quantity and units.

    Parameters
    ----------
    store : Store
        The field of its results says whether there are column densities.
    display : Display
        Set here.
    maps : Maps or ClusterMaps
        Whose values in view give percentile limits.
    """

    def __init__(self, store: Store, display: Display, maps: Maps | ClusterMaps) -> None:
        super().__init__()
        shown = display.param
        picked = dict.fromkeys(store.scene.colours().values())
        self.pickers = [colour_picker(display, name) for name in picked]
        self.stretch = pmui.RadioButtonGroup.from_param(shown.stretch, **(CHOICE | WIDE))
        self.units = pmui.RadioButtonGroup.from_param(shown.units, **(CHOICE | WIDE))
        slabs = store.scene.kind == "slab"
        self.quantity = pmui.Select.from_param(
            shown.quantity, **WIDE, description="", visible=slabs
        )
        self.limits = [pmui.Button(label=label, **(FLAT | WIDE | {"margin": 0})) for label in PARTS]
        for button, part in zip(self.limits, PARTS.values(), strict=True):
            script = percentiles(maps.linked, part)
            button.jscallback(clicks="script.execute(cb_obj)", args={"script": script})
        self.reset = pmui.Button(label="Reset limits", **(FLAT | WIDE))
        self.reset.on_click(lambda _: pn.state.execute(maps.reset_limits, schedule=True))
        self.store = store
        store.param.watch(self._update_quantity, "results")
        self._update_quantity()

    def _update_quantity(self, *_: object) -> None:
        """Offer column densities of hydrogen only."""
        results = self.store.results
        self.quantity.disabled = results is None or results.request.field != "hi"

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            group("Colours"),
            *self.pickers,
            words("Stretch"),
            self.stretch,
            words("Limits from what is in view"),
            pn.Row(*self.limits, sizing_mode="stretch_width", margin=(5, 0), styles={"gap": "6px"}),
            self.reset,
            words("Units"),
            self.units,
            self.quantity,
            sizing_mode="stretch_width",
            margin=(0, 18),
        )


def colour_picker(display: Display, name: str) -> pmui.ColorMap:
    """Offer the colour maps with a swatch of each, those for every colour vision first.

    Parameters
    ----------
    display : Display
        Set by what is picked.
    name : str
        Of its parameter.
    """
    about = display.param[name]
    offered = {each: swatch(each) for each in COLOUR_MAPS}
    called = {each: each + (NOT_FOR_ALL if each in OTHERS else "") for each in offered}
    picker = pmui.ColorMap(
        label=about.label,
        options={called[each]: colours for each, colours in offered.items()},
        value=offered[getattr(display, name)],
        swatch_height=8,
        sx=LOW,
        sizing_mode="stretch_width",
        margin=(5, 0),
        description="",
    )
    names = {tuple(colours): each for each, colours in offered.items()}
    picker.param.watch(
        lambda event: display.param.update(**{name: names[tuple(event.new)]}), "value"
    )
    return picker


def swatch(name: str) -> list[str]:
    """Pick some colours of a map, from low to high."""
    return palette(name)[::SWATCH]


def words(text: str) -> pn.pane.HTML:
    """Write what the controls below are for."""
    return html(f"<small>{text}</small>", height=18, margin=(4, 0, 0, 0))
