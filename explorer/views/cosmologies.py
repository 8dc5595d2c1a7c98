"""How curves change from this simulation to another of the same phases."""

from html import escape

import panel as pn
import param

from engine import statistics
from explorer.display import Display
from explorer.names import inks, painting_names
from explorer.plots.change_curves import ChangeCurves
from explorer.store import Store
from explorer.style import CARD, CARDS, FREE
from explorer.views import legend
from explorer.views.curves import stroke_of
from explorer.views.text import html
from explorer.volumes.boxes import CHANGES, BoxResults

NOTHING = (
    "Choose a simulation under <b>Set against simulation</b>: one of the same phases in another "
    "cosmology. It is painted too, and these cards tell by which part curves change, in the truth "
    "and in the paintings."
)


class Cosmologies(pn.viewable.Viewer):
    """A card for each statistic: relative change of truth and painting.

    Parameters
    ----------
    store : Store
        Its results' changes are shown.
    display : Display
        The theme, for the truth's colour.
    """

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.store, self.display = store, display
        self.words = html()
        self.headings = {name: html(min_height=42) for name in CHANGES}
        self.panels = {name: ChangeCurves(name == "power_spectrum") for name in CHANGES}
        wide = {"sizing_mode": "stretch_width", "margin": 0}
        cards = [
            pn.Column(
                self.headings[name],
                pn.pane.Bokeh(panel.main, height=panel.main.height, **wide),
                css_classes=[f"change-{name}"],
                stylesheets=[FREE, CARD],
                **wide,
            )
            for name, panel in self.panels.items()
        ]
        self.cards = pn.Column(*cards, stylesheets=[FREE, CARDS], **wide)
        self.layout = pn.Column(self.words, self.cards, stylesheets=[FREE], **wide)
        store.param.watch(self._present, "results")
        display.param.watch(lambda _: pn.state.execute(self._present, schedule=True), "dark")
        self._present()

    def _present(self, *_: param.parameterized.Event) -> None:
        results = self.store.results
        if not isinstance(results, BoxResults):
            return
        beside, here = results.request.beside, results.request.simulation
        self.cards.visible = bool(results.changes)
        self.words.object = f"<p>{told(here, beside, bool(results.changes))}</p>"
        names = painting_names(results)
        for name, panel in self.panels.items():
            curves = results.changes.get(name, {})
            panel.set_inks(inks(results, self.display.dark))
            panel.show(curves)
            lines = [
                legend.stroke(stroke_of(of, results), escape(names.get(of, of))) for of in curves
            ]
            title = statistics.get(name).title
            self.headings[name].object = legend.title(title) + legend.key(lines)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.layout


def told(here: str, beside: str, ready: bool) -> str:
    """Say what the cards show, or how to have them, as HTML."""
    if not beside:
        return NOTHING
    words = f"From <b>{escape(here)}</b> to <b>{escape(beside)}</b>"
    return f"{words}: curves over those of the first, less one." if ready else f"{words} …"
