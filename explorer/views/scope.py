"""What the curves are summed over."""

from html import escape

import panel as pn
import panel_material_ui as pmui
import param

from explorer.results import SHORTEST_SIDE, Results
from explorer.state import Region
from explorer.store import Store
from explorer.style import TEXT
from explorer.views.map_tools import CHOICE
from explorer.views.text import html


class Scope(pn.viewable.Viewer):
    """A line between maps and curves: buttons for the scope, and what it comes to in words.

    Parameters
    ----------
    store : Store
        Its selection's scope is set, its results are described.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.scope = pmui.RadioButtonGroup.from_param(
            store.selection.param.scope, **CHOICE, width=290
        )
        self.words = pn.pane.HTML("", stylesheets=[TEXT], margin=(6, 12), align="center")
        store.param.watch(self._write_scope, "results")

    def _write_scope(self, event: object) -> None:
        results: Results = event.new  # type: ignore[attr-defined]
        self.words.object = f"<small>{in_words(results)}</small>"

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.FlexBox(self.scope, self.words, align_items="center", margin=0)


def in_view(region: Region | None, shape: tuple[int, int]) -> str:
    """Say that the pixels summed over, of a shape, are those in view, or why they are more."""
    if region is None:
        return "of the whole map"
    seen = region[1] - region[0], region[3] - region[2]
    if seen == shape:
        return "in view"
    return f"around the {seen[1]} × {seen[0]} in view: fewer than {SHORTEST_SIDE} hold few waves"


class AboutCurves(pn.viewable.Viewer):
    """A line between maps and curves where there is no choice: what all curves are of.

    Parameters
    ----------
    store : Store
        Its scene says so, its results which curves there can't be.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.about = store.scene.about_curves
        self.words = html()
        store.param.watch(self._write, "results")
        self._write()

    def _write(self, event: param.parameterized.Event | None = None) -> None:
        results = event.new if event else None
        missing = getattr(results, "unmeasured", ())
        self.words.object = f"<small>{escape(' '.join([self.about, *missing]))}</small>"

    def __panel__(self) -> pn.viewable.Viewable:
        return self.words


def in_words(results: Results) -> str:
    """Say what the curves of results are summed over."""
    request = results.request
    if request.scope == "axis":
        total = round(results.input.box_size / results.input.depth)
        so_far = max(len(results.along), 1)
        rest = "" if results.is_whole else f"; so far {so_far}, more to come"
        along = f"{total} slabs along {request.place.axis}"
        return f"Averages over the {along}, masses are sums{rest}."
    slabs = results.slabs("input")
    if request.scope == "region" and slabs:
        ny, nx = slabs[0].shape
        words = f"The {nx} × {ny} pixels {in_view(request.region, (ny, nx))}"
        return f"{words}; Fourier statistics under a Hann window."
    return f"Slab {request.place.index} along {request.place.axis}."
