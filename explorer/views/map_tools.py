"""The controls of the maps: what is compared and how, and how values become colours."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from explorer.plots.maps import LinkedMaps, percentiles, whole_map
from explorer.state import Display
from explorer.style import COLOUR_GROUPS, FREE, LINE, PREDICTION, TEXT
from explorer.views.colour_bar import ColourBar

PLAIN = {
    "& .MuiToggleButton-root": {"px": "10px", "color": "text.primary"},
    "& .MuiToggleButton-root.MuiToggleButton-root.Mui-selected": {
        "backgroundColor": f"{PREDICTION}38 !important",
        "color": "text.primary",
    },
    "& .MuiToggleButton-root, &.MuiButton-root": {
        "borderColor": f"{LINE} !important",
        "color": "text.primary",
    },
    "& .MuiToggleButton-root, & .MuiButton-root, &.MuiButton-root": {
        "textTransform": "none",
        "whiteSpace": "nowrap",
        "fontSize": "12px",
        "lineHeight": "18px",
        "py": "4px",
        "minWidth": 0,
    },
}
"""Small buttons in plain words."""

SMALL: dict[str, Any] = {"size": "small", "margin": 0}
WIDE: dict[str, Any] = {**SMALL, "sizing_mode": "stretch_width", "margin": (5, 0)}
FLAT: dict[str, Any] = {**SMALL, "variant": "outlined", "color": "default", "sx": PLAIN}
CHOICE: dict[str, Any] = {**FLAT, "label": "", "description": ""}

PARTS = {
    "0.1–99.9 %": (0.001, 0.999),
    "1–99 %": (0.01, 0.99),
    "Min–max": (0.0, 1.0),
}
"""Percentile limits of what is in view."""

BAR = """
:host > * { flex: none; max-width: 100%; }
.right { margin-left: auto !important; }
"""


class MapTools(pn.viewable.Viewer):
    """What is shown above the maps: the comparison, rings, and the way back to the whole map.

    Parameters
    ----------
    display : Display
        Set here.
    linked : LinkedMaps
        Moved by the button.
    """

    def __init__(self, display: Display, linked: LinkedMaps) -> None:
        super().__init__()
        shown = display.param
        self.mode = pmui.RadioButtonGroup.from_param(shown.show, **CHOICE, width=390)
        self.against = pmui.RadioButtonGroup.from_param(
            shown.against, **CHOICE, width=190, visible=False
        )
        self.rings = pmui.Switch.from_param(shown.rings, size="small", margin=0, description="")
        self.whole = pmui.Button(label="Whole map", css_classes=["right"], **FLAT)
        script = whole_map(linked)
        self.whole.js_on_click(args=script.args, code=script.code)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.FlexBox(
            self.mode,
            self.against,
            self.rings,
            self.whole,
            align_items="center",
            gap="8px 14px",
            stylesheets=[FREE, BAR],
            sizing_mode="stretch_width",
            margin=0,
        )


class ColourTools(pn.viewable.Viewer):
    """Stretch, limits, quantity and units, for the sidebar.

    Parameters
    ----------
    display : Display
        Set here.
    linked : LinkedMaps
        Whose values in view give percentile limits.
    bars : tuple of ColourBar
        Of the input and of the maps compared.
    reset : callable
        Goes back to the default limits.
    """

    def __init__(
        self, display: Display, linked: LinkedMaps, bars: tuple[ColourBar, ColourBar], reset: Any
    ) -> None:
        super().__init__()
        shown = display.param
        self.stretch = pmui.RadioButtonGroup.from_param(shown.stretch, **(CHOICE | WIDE))
        self.units = pmui.RadioButtonGroup.from_param(shown.units, **(CHOICE | WIDE))
        self.quantity = pmui.Select.from_param(shown.quantity, **WIDE, description="")
        self.limits = [pmui.Button(label=label, **(FLAT | WIDE | {"margin": 0})) for label in PARTS]
        for button, part in zip(self.limits, PARTS.values(), strict=True):
            sliders = {"before": bars[0].slider, "compared": bars[1].slider}
            button.jscallback(
                clicks="script.execute(cb_obj, {before, compared})",
                args={"script": percentiles(linked, part), **sliders},
            )
        self.reset = pmui.Button(label="Reset limits", **(FLAT | WIDE))
        self.reset.on_click(lambda _: pn.state.execute(reset, schedule=True))

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            words("Stretch"),
            self.stretch,
            words("Limits from what is in view"),
            pn.Row(*self.limits, sizing_mode="stretch_width", margin=(5, 0), styles={"gap": "6px"}),
            self.reset,
            words("Units"),
            self.units,
            self.quantity,
            sizing_mode="stretch_width",
            margin=0,
        )


def colour_picker(display: Display, name: str) -> pmui.Select:
    """Offer the colour maps, those for every colour vision first.

    Parameters
    ----------
    display : Display
        Set by what is picked.
    name : str
        Of its parameter.
    """
    about = display.param[name]
    options = {**WIDE, "label": about.label, "description": ""}
    picker = pmui.Select(groups=COLOUR_GROUPS, value=getattr(display, name), **options)
    picker.param.watch(lambda event: display.param.update(**{name: event.new}), "value")
    return picker


def words(text: str) -> pn.pane.HTML:
    """Write what the controls below are for."""
    return pn.pane.HTML(
        f"<small>{text}</small>",
        stylesheets=[TEXT],
        sizing_mode="stretch_width",
        height=18,
        margin=(4, 0, 0, 0),
    )
