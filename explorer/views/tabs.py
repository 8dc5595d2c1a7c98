"""Which cards lie below the maps: curves, or the calibration of the ensemble."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui
import param

from explorer.style import FREE, LINE

NAMES = ("Curves", "Calibration")

BAR = {
    "borderBottom": f"1px solid {LINE}",
    "marginBottom": "10px",
    "& .MuiTabs-root, & .MuiTab-root": {"minHeight": "34px"},
    "& .MuiTab-root": {"textTransform": "none", "fontSize": "13px", "padding": "4px 14px"},
}


class CardTabs(pn.viewable.Viewer):
    """Tabs over two sets of cards.

    Parameters
    ----------
    curves : Column
        The first set.
    calibration : callable
        Makes the second, when it is first opened.
    """

    def __init__(self, curves: pn.Column, calibration: Callable[[], pn.viewable.Viewer]) -> None:
        super().__init__()
        self.calibration = calibration
        self.places = (hideable(curves), hideable())
        self.places[1].visible = False
        # The tabs hold nothing: a tab that is left drops what it holds, and figures would
        # be drawn anew at every visit. Cards are hidden instead.
        nothing = [(name, pn.Spacer(height=0, margin=0)) for name in NAMES]
        self.bar = pmui.Tabs(*nothing, sx=BAR, sizing_mode="stretch_width", margin=0)
        self.bar.param.watch(self._show_place, "active")

    def _show_place(self, event: param.parameterized.Event) -> None:
        second = self.places[1]
        if event.new == 1 and not len(second):
            second.append(self.calibration())
        for place, each in enumerate(self.places):
            each.visible = place == event.new

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.bar, *self.places, stylesheets=[FREE], sizing_mode="stretch_width", margin=0
        )


def hideable(*cards: pn.viewable.Viewable) -> pn.Column:
    """Put cards where they can be hidden; a grid insists on being shown."""
    return pn.Column(*cards, stylesheets=[FREE], sizing_mode="stretch_width", margin=0)
