"""Arrows of displacements on the map of the painting, on request."""

from functools import partial
from typing import Any

import panel as pn
import param

from explorer.arrows import Arrows, arrows_of, moves_particles
from explorer.display import Display
from explorer.plots.arrows import draw_arrows, no_arrows, strokes
from explorer.plots.maps import LinkedMaps
from explorer.results import Results
from explorer.store import Store
from explorer.threads import in_reader
from explorer.views.map_tools import MapTools


class ArrowsOnMap:
    """Arrows that follow results while they are asked for.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        Says whether there are arrows.
    linked : LinkedMaps
        They are drawn on its map of the prediction.
    tools : MapTools
        Has their switch, and says how they are drawn.
    """

    def __init__(self, store: Store, display: Display, linked: LinkedMaps, tools: MapTools) -> None:
        self.store, self.display, self.tools = store, display, tools
        self.source = no_arrows()
        draw_arrows(linked.maps["prediction"].figure, self.source)
        display.param.watch(self._follow, "arrows")
        store.param.watch(self._follow, "results")

    def _follow(self, *_: param.parameterized.Event) -> None:
        """Show the arrows of what is on show, if they are asked for and there are any."""
        results, document = self.store.results, pn.state.curdoc
        can = moves_particles(self.store.card)
        self.tools.arrows.visible = can
        if results is None or not (can and self.display.arrows):
            self._show(None)
        elif document and document.session_context:
            work: Any = partial(self._work_out, results)  # Bokeh waits for coroutines too
            document.add_next_tick_callback(work)
        else:
            self._show(arrows_of(results))

    async def _work_out(self, results: Results) -> None:
        """Work arrows out in a reader's thread, and show them unless there are newer ones."""
        arrows = await in_reader(arrows_of, results)
        if self.store.results is results and self.display.arrows:
            self._show(arrows)

    def _show(self, arrows: Arrows | None) -> None:
        words = self.tools.about_arrows
        words.visible = arrows is not None
        if arrows is None:
            if len(self.source.data["xs"]):
                self.source.data = dict(no_arrows().data)
            return
        words.object = f"<small>{arrows.words}</small>"
        times = arrows.enlarged
        self.source.data = strokes(arrows.x, arrows.y, times * arrows.dx, times * arrows.dy)
