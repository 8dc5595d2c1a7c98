"""Cards with the relative difference of each painting to the truth over the whole box."""

from functools import partial
from html import escape
from typing import Any

import panel as pn

from engine.relative_maps import CLOSE, LEAST, WIDTH, RelativeMap, relative_map
from explorer.names import painting_names
from explorer.store import Store
from explorer.style import CARD, DIVERGING, FREE
from explorer.threads import in_reader
from explorer.views.kernels import SETTLED, TWO, drawn
from explorer.views.text import html
from explorer.volumes.boxes import BoxResults

MOST = 0.5
"""Difference that the colours reach to."""

LOOK = """
img { width: 100%; aspect-ratio: 1; display: block; image-rendering: pixelated; }
.scale { height: 10px; border-radius: 3px; margin-top: 8px; }
.ends { display: flex; justify-content: space-between; font-size: 11px; }
"""

ABOUT = (
    f"Densities below {LEAST:g} of the truth's mean are clipped, both boxes smoothed by a "
    f"Gaussian of {WIDTH:g} ckpc/h; painting over truth, less one, is averaged along the line of "
    "sight."
)

NONE = "There is no truth to compare this painting with."


class RelativeDifference(pn.viewable.Viewer):
    """A card for the painting and one for what it is compared with.

    Parameters
    ----------
    store : Store
        Its results are compared, in a thread of its readers.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.panes = {name: html("", LOOK) for name in ("prediction", "other")}
        self.cards = {
            name: pn.Column(
                pane, css_classes=[f"relative-{name}"], stylesheets=[FREE, CARD],
                sizing_mode="stretch_width", margin=0,
            )
            for name, pane in self.panes.items()
        }  # fmt: skip
        store.param.watch(self._follow, "results")
        self._follow()

    def _follow(self, *_: object) -> None:
        """Compare what is on show once it rests."""
        results, document = self.store.results, pn.state.curdoc
        if not isinstance(results, BoxResults):
            return
        if document and document.session_context:
            work: Any = partial(self._work_out, results)  # Bokeh waits for coroutines too
            document.add_timeout_callback(work, int(1000 * SETTLED))
        else:
            self._show(results, maps_of(results))

    async def _work_out(self, results: BoxResults) -> None:
        if self.store.results is results:
            self._show(results, await in_reader(maps_of, results))

    def _show(self, results: BoxResults, maps: dict[str, RelativeMap]) -> None:
        names = painting_names(results)
        for name, pane in self.panes.items():
            self.cards[name].visible = name in maps or name == "prediction"
            title = escape(names.get(name, "Prediction"))
            pane.object = written(title, maps[name]) if name in maps else f"<p>{NONE}</p>"

    def __panel__(self) -> pn.viewable.Viewable:
        wide = {"sizing_mode": "stretch_width", "margin": 0}
        return pn.Column(*self.cards.values(), stylesheets=[FREE, TWO], **wide)


def maps_of(results: BoxResults) -> dict[str, RelativeMap]:
    """Compare the paintings there are with the truth, by their names."""
    truth, axis = results.boxes.get("truth"), results.request.axis
    if truth is None:
        return {}
    painted = {
        name: results.boxes[name] for name in ("prediction", "other") if name in results.boxes
    }
    return {
        name: relative_map(truth, box, axis)
        for name, box in painted.items()
        if box.shape == truth.shape and box.field == truth.field
    }


def written(title: str, found: RelativeMap) -> str:
    """Write a card: the map, its colours and what it comes to, as HTML."""
    percent = f"{100 * MOST:.0f} %"
    colours = ", ".join(DIVERGING[:: max(len(DIVERGING) // 16, 1)])
    share = f"{100 * found.within:.0f} % of it within {100 * CLOSE:.0f} %"
    return (
        f'<div class="heading"><b>{title} to truth</b><span class="muted">{share}</span></div>'
        f'<img alt="relative difference of {title} to the truth" title="over truth, less one" '
        f'src="{drawn(found.values, DIVERGING, -MOST, MOST)}">'
        f'<div class="scale" style="background: linear-gradient(to right, {colours})"></div>'
        f'<div class="ends"><span>−{percent}</span><span>0</span><span>+{percent}</span></div>'
        f'<p class="muted">{ABOUT}</p>'
    )
