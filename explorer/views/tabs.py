"""Which cards lie below the maps: curves, or what else the scene has."""

from collections.abc import Callable, Mapping

import panel as pn
import panel_material_ui as pmui
import param

from explorer.style import FREE, LINE

BAR = {
    "borderBottom": f"1px solid {LINE}",
    "marginBottom": "10px",
    "& .MuiTabs-root, & .MuiTab-root": {"minHeight": "34px"},
    "& .MuiTab-root": {"textTransform": "none", "fontSize": "13px", "padding": "4px 14px"},
}


class CardTabs(pn.viewable.Viewer):
    """Tabs over sets of cards.

    Parameters
    ----------
    curves : Column
        The first set.
    others : mapping of str to callable
        Make the others, by their titles, when they are first opened.
    """

    def __init__(
        self, curves: pn.Column, others: Mapping[str, Callable[[], pn.viewable.Viewer]]
    ) -> None:
        super().__init__()
        self.others = list(others.values())
        self.places = (hideable(curves), *(hideable() for _ in others))
        for place in self.places[1:]:
            place.visible = False
        # The tabs hold nothing: a tab that is left drops what it holds, and figures would
        # be drawn anew at every visit. Cards are hidden instead.
        nothing = [(name, pn.Spacer(height=0, margin=0)) for name in ("Curves", *others)]
        self.bar = pmui.Tabs(*nothing, sx=BAR, sizing_mode="stretch_width", margin=0)
        self.bar.param.watch(self._show_place, "active")

    def _show_place(self, event: param.parameterized.Event) -> None:
        opened = self.places[event.new]
        if not len(opened):
            opened.append(self.others[event.new - 1]())
        for place, each in enumerate(self.places):
            each.visible = place == event.new

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.bar, *self.places, stylesheets=[FREE], sizing_mode="stretch_width", margin=0
        )


def hideable(*cards: pn.viewable.Viewable) -> pn.Column:
    """Put cards where they can be hidden; a grid insists on being shown."""
    return pn.Column(*cards, stylesheets=[FREE], sizing_mode="stretch_width", margin=0)
