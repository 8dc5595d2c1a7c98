"""The controls above the maps: what is compared, and how."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from explorer.plots.maps import LinkedMaps, whole_map
from explorer.state import Display
from explorer.style import FREE, LINE, PREDICTION

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
    "& .MuiButton-root:hover, &.MuiButton-root:hover": {
        "backgroundColor": f"{PREDICTION}1f",
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
FLAT: dict[str, Any] = {**SMALL, "variant": "outlined", "color": "default", "sx": PLAIN}
CHOICE: dict[str, Any] = {**FLAT, "label": "", "description": ""}

BAR = """
:host > * { flex: none; max-width: 100%; }
.right { margin-left: auto !important; }
"""


RINGS = "Circles at the virial radius; a tap on one goes to its halo"


class MapTools(pn.viewable.Viewer):
    """What is shown above the maps: the comparison, rings, and the way back to the whole map.

    Parameters
    ----------
    display : Display
        Set here.
    linked : LinkedMaps
        Moved by the button.
    with_rings : bool
        Whether there are haloes to circle.
    """

    def __init__(self, display: Display, linked: LinkedMaps, with_rings: bool = True) -> None:
        super().__init__()
        shown = display.param
        self.mode = pmui.RadioButtonGroup.from_param(shown.show, **CHOICE, width=390)
        self.against = pmui.Select.from_param(
            shown.against, size="small", margin=0, width=330, description="", visible=False
        )
        self.rings = pmui.Switch.from_param(
            shown.rings, size="small", margin=0, description=RINGS, visible=with_rings
        )
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
