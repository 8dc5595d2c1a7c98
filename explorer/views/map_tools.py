"""The controls above the maps: what is compared, and how."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from explorer.display import Display
from explorer.plots.maps import LinkedMaps, whole_map
from explorer.style import FREE, LINE, PREDICTION
from explorer.views.text import html

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


GALAXIES = "Points at the galaxies, the true ones on the truth; larger for more stars"


ARROWS = "Arrows from where the particle mesh leaves the layer's particles to where they end"


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
        # Seen while there is something to show, as the next.
        self.galaxies = pmui.Switch.from_param(
            shown.galaxies, size="small", margin=0, description=GALAXIES, visible=False
        )
        self.arrows = pmui.Switch.from_param(
            shown.arrows, size="small", margin=0, description=ARROWS, visible=False
        )
        self.about_arrows = html(visible=False, sizing_mode=None)
        self.whole = pmui.Button(label="Whole map", css_classes=["right"], **FLAT)
        script = whole_map(linked)
        self.whole.js_on_click(args=script.args, code=script.code)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.FlexBox(
            self.mode,
            self.against,
            self.rings,
            self.galaxies,
            self.arrows,
            self.about_arrows,
            self.whole,
            align_items="center",
            gap="8px 14px",
            stylesheets=[FREE, BAR],
            sizing_mode="stretch_width",
            margin=0,
        )
