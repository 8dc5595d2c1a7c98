"""Haloes of the slab: mass against mass, one chosen by a click, several by a brush."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from html import escape
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn
import panel_material_ui as pmui
import param

from engine.published import hi_mass_padmanabhan_2017, hi_mass_villaescusa_navarro_2018
from engine.results import Curve, Points
from engine.statistics.compared import COMPARED
from explorer import style
from explorer.build_order import AFTER_CURVES, after
from explorer.display import Display
from explorer.names import painted_inks, painting_names
from explorer.plots.curve_columns import Reach
from explorer.plots.halo_relation import HEIGHT, TITLE, cloud, literature, look, median, thirds
from explorer.results import Results
from explorer.state import NO_HALO
from explorer.store import Store
from explorer.style import CARD, FREE, INK
from explorer.views import legend
from explorer.views.map_tools import CHOICE, FLAT, PLAIN
from explorer.views.text import html
from explorer.words import number, short_label, unit_in_words

MARKERS = {"truth": "circle", "prediction": "cross", "other": "x"}
DASHES = {"truth": "solid", "prediction": "dashed", "other": "dotted"}

WORDS = {"truth": "truth", "prediction": "prediction", "other": "comparison"}
SIGNS = {"truth": "○", "prediction": "+", "other": "×"}
"""As the markers look, for the legend."""

LOW = {"& .MuiToggleButton-root.MuiToggleButton-root": {"py": "1px", "px": "6px"}}
"""Buttons as high as the heading."""

PUBLISHED_NOTE = "published: HI of whole haloes against their whole mass"

SCROLL_TO_MAPS = """
const find = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(".map-truth")) return element
    const found = element.shadowRoot && find(element.shadowRoot)
    if (found) return found
  }
}
find(document)?.scrollIntoView({block: "center"})
"""

HINT = (
    "Click a halo for its profile; drag a box to light haloes up on the maps. There a tap on a "
    "ring goes to its halo."
)


class Haloes(pn.viewable.Viewer):
    """Card of the halo relation, linked with the maps.

    Parameters
    ----------
    store : Store
        Its results are shown; a click on a halo sets the selection's.
    display : Display
        A brush sets the haloes that are lit.
    """

    truth = param.ClassSelector(class_=Points, doc="Haloes of the truth.")
    prediction = param.ClassSelector(class_=Points, doc="Haloes of the painting.")
    other = param.ClassSelector(class_=Points, doc="Haloes of the second painting.")
    medians = param.Dict(default={}, doc="Median curve of each by its name.")
    names = param.Dict(default=dict(WORDS), doc="What truth and paintings are called.")
    inks = param.Dict(default=painted_inks(None), doc="Colours of the paintings.")
    published = param.List(default=[], doc="Relations from the literature.")

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.store, self.display = store, display
        # Shared by all that is drawn: so a change of several is one redrawing.
        results = hv.streams.Params(self, [*COMPARED, "medians", "published", "names", "inks"])
        looks = hv.streams.Params(display, ["dark", "halo_colours"])
        self.streams = [results, looks]
        self.clouds = {name: self._cloud(name) for name in COMPARED}
        self.brushes = {name: hv.streams.Selection1D(source=self.clouds[name]) for name in COMPARED}
        for name, brush in self.brushes.items():
            brush.add_subscriber(partial(self._on_brushed, name))
        self.reach = Reach(), Reach()
        self.plot = self._plot()
        self.colours = pmui.RadioButtonGroup.from_param(
            display.param.halo_colours, **(CHOICE | {"sx": PLAIN | LOW}), width=176
        )
        self.title = html(
            legend.title(TITLE, "colour"),
            margin=(0, 8, 0, 0),
        )
        self.heading = html()
        self.row = html(HINT)
        self.see = pmui.Button(label="Show on the maps", visible=False, **(FLAT | {"height": 28}))
        self.see.js_on_click(code=SCROLL_TO_MAPS)
        store.param.watch(lambda _: after(AFTER_CURVES, self._update_points), ["results"])
        display.param.watch(
            lambda *_: pn.state.execute(self._write_legend, schedule=True), ["dark", "halo_colours"]
        )
        display.param.watch(lambda _: pn.state.execute(self._tell_of_lit, schedule=True), ["lit"])
        self._write_legend()
        self._update_points()

    def _plot(self) -> pn.pane.HoloViews:
        """Lay clouds, medians and published relations over each other."""
        lines = [self._median(name) for name in COMPARED]
        relations = hv.DynamicMap(self._relations, streams=self.streams)
        overlay = hv.Overlay([*self.clouds.values(), *lines]).collate() * relations
        drawn = overlay.opts(
            hv.opts.Overlay(
                responsive=True,
                height=HEIGHT,
                logx=True,
                logy=True,
                show_grid=True,
                toolbar=None,
                active_tools=["tap", "box_select"],
                legend_position="bottom_right",
                fontsize={"labels": "13px", "ticks": "12px"},
                hooks=[look, self._hold],
            )
        )
        return pn.pane.HoloViews(
            drawn, height=HEIGHT, sizing_mode="stretch_width", linked_axes=False, margin=0
        )

    def _hold(self, plot: Any, _: hv.Overlay) -> None:
        """Let the axes reach as far as for any sample of the same truth, so that none jumps."""
        shown = {name: points for name in COMPARED if (points := getattr(self, name)) is not None}
        for reach, axis in zip(self.reach, (plot.state.x_range, plot.state.y_range), strict=True):
            start, end = reach.over(shown, (axis.start, axis.end))
            axis.update(start=start, end=end)

    def _cloud(self, name: str) -> hv.DynamicMap:
        def draw(dark: bool, halo_colours: str, **shown: Any) -> hv.Points:
            by_map = halo_colours == "map"
            colours = [colour(name, dark, shown["inks"])] if by_map else style.thirds(dark)
            return cloud(shown[name], colours, MARKERS[name], shown["names"].get(name, name))

        return hv.DynamicMap(draw, streams=self.streams)

    def _median(self, name: str) -> hv.DynamicMap:
        def draw(
            dark: bool, medians: Mapping[str, Curve], inks: Mapping[str, str], **_: Any
        ) -> hv.Curve:
            return median(medians.get(name), colour(name, dark, inks), DASHES[name])

        return hv.DynamicMap(draw, streams=self.streams)

    def _relations(self, published: list[Curve], **_: Any) -> hv.Overlay:
        return literature(published)

    def _update_points(self) -> None:
        results = self.store.results
        if results is None:
            return
        found = {name: results.halos.get(name) for name in COMPARED}
        if any(getattr(self, name) is not points for name, points in found.items()):
            medians = results.curves.get("halo_median", {})
            self.param.update(
                **found,
                medians=medians,
                published=relations_of(results),
                names=WORDS | painting_names(results),
                inks=painted_inks(results),
            )
        self._write_legend()
        self.row.object = row(results)

    def _write_legend(self) -> None:
        """Write the legend of what is drawn, in the colours it is drawn in."""
        results = self.store.results
        comparing = results is not None and results.other is not None
        names = WORDS | (painting_names(results) if results is not None else {})
        painted = painted_inks(results)
        if self.display.halo_colours == "map":
            self.heading.object = legend_of(names, comparing, painted) + self._about_published()
            return
        points = next((p for p in (self.truth, self.prediction) if p is not None and len(p)), None)
        key = legend_of(names, comparing, {}, points, style.thirds(self.display.dark))
        self.heading.object = key + self._about_published()

    def _about_published(self) -> str:
        """Say what published relations are of: not of what a cylinder holds, as the points."""
        return legend.key([f"<span>{PUBLISHED_NOTE}</span>"]) if self.published else ""

    def _on_brushed(self, name: str, index: list[int]) -> None:
        """Note which haloes are brushed; one alone is the chosen one."""
        points: Points | None = getattr(self, name)
        if points is None or not index:
            self.display.lit = ()
            return
        shown = np.flatnonzero((points.x > 0) & (points.y > 0))[index]
        chosen = points.columns["number"][shown]
        # Without rings a brush would change nothing that is seen.
        self.display.param.update(lit=tuple(int(each) for each in chosen), rings=True)
        if len(chosen) == 1:
            self.store.selection.param.update(
                slab=int(points.columns["slab"][shown[0]]), halo=int(chosen[0])
            )

    def _tell_of_lit(self) -> None:
        """Say what a brush did: the maps lie out of sight."""
        count = len(self.display.lit)
        self.see.visible = count > 1
        if count > 1:
            self.row.object = f"<small>{count} haloes are lit on the maps.</small>"
        elif self.store.results is not None:
            self.row.object = row(self.store.results)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            pn.Row(self.title, self.colours, sizing_mode="stretch_width", height=24, margin=0),
            self.heading,
            self.plot,
            self.row,
            self.see,
            css_classes=["haloes"],
            stylesheets=[FREE, CARD],
            sizing_mode="stretch_width",
            margin=0,
        )


def legend_of(
    names: Mapping[str, str],
    comparing: bool,
    inks: Mapping[str, str],
    points: Points | None = None,
    colours: Sequence[str] = (),
) -> str:
    """Legend of the card, as HTML.

    Parameters
    ----------
    names : mapping of str
        What truth and paintings are called.
    comparing : bool
        Whether there is a second painting.
    inks : mapping of str
        Colours of the paintings; none where colours tell something else.
    points : Points or None
        Any of the maps' haloes.
    colours : sequence of str
        Of few, some and many neighbours; empty where colours tell the maps apart.
    """
    shown = COMPARED if comparing else COMPARED[:2]
    signs = [legend.sign(SIGNS[n], inks.get(n, "inherit"), escape(names[n])) for n in shown]
    remarks = ("faint: Rᵥᵢᵣ &lt; 3 pixels", "lines: medians")
    key = legend.key(signs + [f"<span>{each}</span>" for each in remarks])
    if points is None or not colours:
        return key
    low, high = (f"{edge:.2g}" for edge in thirds(points))
    groups = (f"low ≤ {low}", f"middle ≤ {high}", "high")
    dots = [legend.sign("●", each, name) for name, each in zip(groups, colours, strict=True)]
    words = unit_in_words(points.colour_label)
    return key + legend.key(["<span>Neighbours:</span>", *dots, "<span>(h/Mpc)²</span>"], words)


def colour(name: str, dark: bool, inks: Mapping[str, str]) -> str:
    """Colour of the haloes of a map on a theme."""
    return INK[dark] if name == "truth" else inks[name]


def relations_of(results: Results) -> list[Curve]:
    """Relations from the literature that the haloes of a field can be held against."""
    if results.request.field != "hi":
        return []
    slab = results.input
    found = []
    for relation in (
        partial(hi_mass_padmanabhan_2017, slab.redshift, slab.cosmology.h),
        partial(hi_mass_villaescusa_navarro_2018, slab.redshift),
    ):
        with suppress(ValueError):  # none was published for this redshift
            found.append(relation())
    return found


def row(results: Results) -> str:
    """Tell of the halo that is chosen, as HTML."""
    chosen = results.request.halo
    if chosen == NO_HALO:
        return f"<small>{HINT}</small>"
    entries: list[str] = []
    names = WORDS | painting_names(results)
    for name, points in results.halos.items():
        places = np.flatnonzero(points.columns["number"] == chosen)
        if not len(places):
            continue
        place = places[0]
        if not entries:
            entries += about(points, place)
        what = short_label(results.request.field)
        entries.append(f"{what} ({names[name]}) {number(points.y[place])}")
    if not entries:
        return f"<small>Halo {chosen} is not in this slab.</small>"
    return f"<small>{escape(' · '.join(entries))} M⊙/h</small>"


def about(points: Points, place: Any) -> list[str]:
    """What the catalogue and the dark matter say of a halo."""
    columns = {name: values[place] for name, values in points.columns.items()}
    return [
        f"Halo {columns['number']}",
        f"Mᵥᵢᵣ {number(columns['mvir'])}",
        f"Rᵥᵢᵣ {columns['rvir']:.0f} ckpc/h, within it: dark matter {number(points.x[place])}",
    ]
