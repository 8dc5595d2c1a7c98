"""The box from the side above the maps: which layer is in view, dragged and resized there."""

from typing import Any

import numpy as np
import panel as pn

from engine.fields import AXES, INPUT_FIELDS
from engine.mesh import Grid
from explorer.display import Display
from explorer.plots.strip import strip
from explorer.store import Store
from explorer.style import CARD, FREE, palette
from explorer.views.pictures import heading
from explorer.views.text import html
from explorer.volumes.boxes import BoxResults

NARROW = "@media (max-width: 600px) { .heading .hint { display: none !important; } }"
"""There is no room for hints then."""

BEAM = 8
"""Parts of the box's side that a beam is one of."""


class LayerStrip(pn.viewable.Viewer):
    """A strip along the line of sight, with the layer on it.

    Parameters
    ----------
    store : Store
        Its selection's layer is set, its boxes are shown.
    display : Display
        Its colours of densities are taken.
    """

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.store, self.display = store, display
        self.words = html("", NARROW, height=20)
        self.strip = strip()
        self._shown: Any = None
        self.strip.layer.on_change("cells", self._on_dragged)
        store.param.watch(lambda _: self._present(), "results")
        display.param.watch(
            lambda _: pn.state.execute(self._set_colours, schedule=True), "field_colours"
        )
        self._set_colours()
        self._present()

    def _on_dragged(self, attr: str, old: list[int], new: list[int]) -> None:  # noqa: ARG002 (Bokeh's)
        """Select the layer that was dragged to, in a turn that begins with nothing else."""
        pn.state.execute(lambda: self._select(new), schedule=True)

    def _select(self, cells: list[int]) -> None:
        """Select a layer, unless it was dragged on meanwhile."""
        now: Any = self.strip.layer.cells  # to mypy it is a property's description
        if now == cells:
            first, depth = cells
            self.store.selection.param.update(depth=depth, layer=first)

    def _set_colours(self) -> None:
        self.strip.mapper.palette = palette(self.display.field_colours)

    def _present(self) -> None:
        """Show the box and the layer of new results."""
        results = self.store.results
        if not isinstance(results, BoxResults):
            return
        request, box = results.request, results.whole
        fine = seen_from_the_side(results)
        if self._shown != (fine, request.axis):
            self._shown = (fine, request.axis)
            seen = beam(fine, request.axis)
            self.strip.show_box(seen, box.box_size, request.cells, request.axis)
        cell = box.box_size / request.cells
        first, depth = round(request.start / cell), round(request.depth / cell)
        if (first, depth) == (self.store.selection.layer, self.store.selection.depth):
            self.strip.show_layer(first, depth)
        end = request.start + request.depth
        place = f"{request.axis} from {request.start:.1f} to {end:.1f} cMpc/h"
        self.words.object = heading(
            "Layer in view", place, "drag it or its edges; shown is a beam through the box"
        )

    def __panel__(self) -> pn.viewable.Viewable:
        plot = pn.pane.Bokeh(
            self.strip.figure,
            height=self.strip.figure.height,
            sizing_mode="stretch_width",
            margin=0,
        )
        return pn.Column(
            self.words,
            plot,
            css_classes=["layer-strip"],
            stylesheets=[FREE, CARD],
            sizing_mode="stretch_width",
            margin=0,
        )


def seen_from_the_side(results: BoxResults) -> Grid:
    """Pick the finest dark matter there is, else the initial conditions; stars leave most empty."""
    each = [
        results.boxes[name] for name in ("truth", "prediction", "input") if name in results.boxes
    ]
    dark = [box for box in each if box.field in INPUT_FIELDS]
    return dark[0] if dark else results.boxes.get("initial", results.whole)


def beam(box: Grid, axis: str) -> np.ndarray:
    """Mean density across a beam along a line of sight, (m, n): columns along it.

    The beam is a `BEAM` of the box wide either way: the whole box would be squeezed into a strip
    in which nothing is seen.
    """
    sight = 2 - AXES.index(axis)
    along_last = np.moveaxis(box.values, sight, -1)
    rows = slice(0, max(len(along_last) // BEAM, 1))
    return along_last[rows, rows].mean(axis=0, dtype=np.float64)
