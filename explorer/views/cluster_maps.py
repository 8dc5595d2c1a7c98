"""The maps around a cluster: dark matter, and truth, painting and error of every quantity."""

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import LinearColorMapper

from engine.fields import AXES, map_axes
from engine.units import MPC_IN_KPC
from explorer.clusters.objects import QUANTITIES
from explorer.clusters.results import ClusterResults, fractional_error, quantity_name
from explorer.display import Display
from explorer.names import PAIRS, painted_inks, painting_names, pair_names
from explorer.plots.maps import LinkedMaps, linked_maps, mapper, whole_map
from explorer.plots.rings import empty_rings, looks
from explorer.plots.stretch import Stretch
from explorer.scale import Scale, scale_of
from explorer.store import Store
from explorer.style import DIVERGING, FREE, GREY
from explorer.viewport import Pyramid
from explorer.views.cluster_facts import LOOK, facts_of
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast import note_of
from explorer.views.contrast_bar import ContrastBar
from explorer.views.facts import warnings
from explorer.views.map_tools import BAR, FLAT
from explorer.views.maps import under_caption
from explorer.views.pictures import Published, heading, pyramid
from explorer.views.scene_maps import WIDE, SceneMaps
from explorer.views.text import html

GRID = (Path(__file__).parent / "cluster_maps.css").read_text()

MOST = 10.0
"""Errors above are drawn as this: a few pixels of next to nothing would take all colours."""

DENSITY = "surface density"
WHAT = {"input": "", "temperature_sl": "spectroscopic-like", "xray": "0.5-2 keV"}
"""Quantity of a row's maps, to follow its title on the bar of colours; the input's is narrow."""


class ClusterMaps(SceneMaps):
    """Maps of one cluster, which pan and zoom together.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        How they are shown; never asks the store for anything.
    """

    gap = 8

    def __init__(self, store: Store, display: Display) -> None:
        scene = store.scene
        first = {name: group for name, group in scene.maps.items() if not name.endswith("-other")}
        plain = [name for name in first if name != "input"]
        super().__init__(store, display, linked_maps(first, plain=plain))
        self.errors = self._beside("error", {"error": mapper(DIVERGING)})
        error_colours = self.errors.maps[f"{QUANTITIES[0]}-error"].mapper
        error_colours.nan_color = GREY
        self.bar_of_contrast = ContrastBar(error_colours)
        self.others: LinkedMaps | None = None
        self.captions: dict[str, pn.pane.HTML] = {}
        self.columns: dict[str, pn.Column] = {}
        self.facts = html("", LOOK)
        self.published = {name: Published() for name in ("maps", "error", "other")}
        self.grid = self._grid()
        self.tools = self._tools()
        self._watch(
            {
                self._update_units: ["stretch", "units"],
                self._publish: ["against"],
                self._show_rings: ["rings"],
            }
        )
        self._set_colour_maps()
        self._show_rings()

    def _beside(self, name: str, mappers: Mapping[str, LinearColorMapper]) -> LinkedMaps:
        """Make a further map of each quantity, over the same ranges."""
        groups = {f"{q}-{name}": q if q in mappers else name for q in QUANTITIES}
        linked = linked_maps(groups, self.linked.axes, name, list(groups), mappers)
        linked.state.on_change("expired", lambda _attr, _old, _new: self._publish())
        return linked

    @property
    def each(self) -> list[LinkedMaps]:
        """All maps there are by now."""
        return [self.linked, self.errors, *([self.others] if self.others else [])]

    def _tools(self) -> pn.FlexBox:
        """Make the controls above the maps."""
        shown = self.display.param
        self.against = pmui.Select.from_param(
            shown.against, label="Error of", size="small", margin=0, width=330, description="",
            visible=False,
        )  # fmt: skip
        rings = pmui.Switch.from_param(
            shown.rings, label="R₅₀₀", size="small", margin=0, description="Circles at R500c"
        )
        whole = pmui.Button(label="Whole map", css_classes=["right"], **FLAT)
        script = whole_map(self.linked)
        whole.js_on_click(args=script.args, code=script.code)
        return pn.FlexBox(
            self.against, rings, whole, align_items="center", gap="8px 14px",
            stylesheets=[FREE, BAR], **WIDE,
        )  # fmt: skip

    def _grid(self) -> pn.Column:
        """Put the quantities in rows, each above the bar of its colours."""
        for row, field in enumerate(QUANTITIES, 1):
            self.bars[field].slider.css_classes = [f"bar-{row}"]
        self.bars["input"].slider.css_classes = ["bar-input"]
        self.bar_of_contrast.slider.css_classes = ["bar-error"]
        facts = pn.Column(self.facts, css_classes=["facts"], stylesheets=[FREE], **WIDE)
        bars = [*(bar.slider for bar in self.bars.values()), self.bar_of_contrast.slider]
        columns = [*self._columns(self.linked), *self._columns(self.errors)]
        return pn.Column(*columns, facts, *bars, stylesheets=[FREE, GRID], **WIDE)

    def _columns(self, linked: LinkedMaps) -> list[pn.Column]:
        """Put maps under their captions."""
        made = []
        for name, each in linked.maps.items():
            self.captions[name] = html(height=20)
            column = under_caption(self.captions[name], each.figure, f"map-{name}")
            field, _, of = name.partition("-")
            if of:
                row = f"row-{QUANTITIES.index(field) + 1}"
                column.css_classes = [*column.css_classes, row, of]
            self.columns[name] = column
            made.append(column)
        return made

    def _add_others(self) -> None:
        """Make the maps of a second painting: not before there is one."""
        mappers = {q: self.linked.maps[f"{q}-truth"].mapper for q in QUANTITIES}
        self.others = self._beside("other", mappers)
        self.grid.extend(self._columns(self.others))

    def present(self, results: Any) -> None:
        """Show the maps of new results."""
        before, self._results = self._results, results
        self.facts.object = facts_of(results)
        if before is not None and same_maps(before, results):
            return
        self._pictures = {each.name: each for each in self.store.scene.pictures(results)}
        if results.request.other:
            self.display.param["against"].objects = pair_names(painting_names(results))
        self._arrange(results)
        self._write_captions(results)
        self._set_default_limits(results)
        self._set_extent(results.input)
        self.linked.axes.halos.data = circle(results)
        self.warnings.object = warnings(results)
        self._update_units()
        self._publish()

    def _kind_of(self, results: Any, slab: Any) -> tuple[Any, ...]:
        """Each cluster has its own: a heavy one is a hundred times as bright as a light one."""
        return *super()._kind_of(results, slab), results.request.place

    def _set_default_limits(self, results: Any) -> None:
        """Likewise; what is set by hand stays."""
        bars = [bar for bar in self.bars.values() if isinstance(bar, ColourBar)]
        chosen = [(bar, bar.chosen_limits) for bar in bars]
        super()._set_default_limits(results)
        for bar, limits in chosen:
            if limits is not None:
                bar.set_limits(*limits)

    def _arrange(self, results: ClusterResults) -> None:
        """Give a place to the columns there can be; without truth paintings stand alone."""
        comparing, true = bool(results.request.other), results.has_truth
        if comparing and self.others is None:
            self._add_others()
        self.against.visible = comparing and true
        arrangement = {(True, True): "five", (True, False): "pair", (False, False): "alone"}
        name = arrangement.get((comparing, true), "")
        self.grid.css_classes = [name] if name else []
        self.bar_of_contrast.slider.visible = comparing or true
        for field in QUANTITIES:
            self.columns[f"{field}-truth"].visible = true
            if self.others is not None:
                self.columns[f"{field}-other"].visible = comparing
            self.columns[f"{field}-error"].visible = comparing or true

    def _write_captions(self, results: ClusterResults) -> None:
        """Write what each map is of, and why there is none."""
        inks = painted_inks(results)
        for name, picture in self._pictures.items():
            if name not in self.captions:
                continue  # nothing is compared yet
            colour = inks.get(name.partition("-")[2], "")
            self.captions[name].object = heading(picture.title, picture.caption, "", colour)

    def _show_rings(self) -> None:
        """Show the circles on the maps there are, or hide them."""
        for linked in self.each:
            state: Any = linked.state  # to mypy its notes are a property's description
            for each, missing in zip(linked.maps.values(), state.notes, strict=True):
                for renderer in each.rings:
                    renderer.visible = self.display.rings and not missing

    def _update_units(self) -> None:
        """Show values in the stretch and unit asked for."""
        results = self._results
        if results is None:
            return
        physical = self.display.units == "physical"
        scales: dict[str, Scale] = {}
        for group in self.bars:
            scale = scale_of(self._first_of(group) or results.input, physical)
            scales[group] = replace(scale, what=WHAT.get(group, DENSITY))
        self._set_units(results, scales)
        self.summary.object = f"<p>{escape(in_words(results))}</p>"

    def _told(self, linked: LinkedMaps, scales: Mapping[str, Scale]) -> dict[str, Any]:
        """What the browser must know of maps to write their values; errors have no unit."""
        return {} if linked is self.errors else super()._told(linked, scales)

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser."""
        results = self._results
        if results is None:
            return
        column, row, _ = map_axes(results.input.axis)
        self.errors.state.update(stretch="linear", units=[""] * len(QUANTITIES))
        maps = {name: pyramid(each.slab) for name, each in self._pictures.items()}
        maps |= self._errors(results)
        for linked in self.each:
            published = self.published[str(linked.state.name)]
            tokens = published.publish(maps[name] for name in linked.maps)
            notes = ["" if maps[name] else self._note(name) for name in linked.maps]
            linked.state.update(axes=[AXES[column], AXES[row]], notes=notes, tokens=tokens)
        self._show_rings()

    def compared(self, results: ClusterResults) -> str:
        """Name the pair of maps whose error is shown, see `explorer.names.PAIRS`."""
        if not results.request.other:
            return "prediction"
        return str(self.display.against) if results.has_truth else "paintings"

    def _note(self, name: str) -> str:
        """Say why there is none of a map."""
        if name in self._pictures:
            return self._pictures[name].note
        field = name.partition("-")[0]
        return note_of([each.note for each in self._pictures.values() if each.group == field])

    def _errors(self, results: ClusterResults) -> dict[str, Pyramid | None]:
        """Make maps of the error of the painting, or of what is chosen of two."""
        first, second = PAIRS[self.compared(results)]
        names = painting_names(results)
        words = f"{names.get(second, second)} / {names.get(first, first)} − 1"
        maps: dict[str, Pyramid | None] = {}
        for field in QUANTITIES:
            name, of_it = f"{field}-error", results.maps.get(field, {})
            both = first in of_it and second in of_it
            # Two of them leave no room; what is chosen says which then.
            about = "" if results.request.other else words
            self.captions[name].object = heading("Error", about)
            maps[name] = error_map(of_it[first], of_it[second]) if both else None
        self.bar_of_contrast.set_units("Fractional error", False, Stretch("linear"), 1.0)
        return maps

    def release(self) -> None:
        """Give all maps back."""
        for published in self.published.values():
            published.release()


def same_maps(before: ClusterResults, results: ClusterResults) -> bool:
    """Whether results show the very same maps, with the same words."""
    if before.request.maps != results.request.maps or before.input is not results.input:
        return False
    if before.notes != results.notes:
        return False
    return all(
        before.maps[field].get(name) is results.maps[field].get(name)
        for field in QUANTITIES
        for name in ("truth", "prediction", "other")
    )


def error_map(first: Any, second: Any) -> Pyramid:
    """What the viewport route serves of an error."""
    values = np.minimum(fractional_error(first, second), np.float32(MOST))
    return Pyramid(values, first.pixel_size / MPC_IN_KPC, signed=True)


def circle(results: ClusterResults) -> dict[str, Any]:
    """Columns of the circle at R500 about the middle of the maps."""
    if results.table is None or not results.table.radius[results.request.number]:
        return dict(empty_rings().data)
    dark: Any = results.input
    y, x = (side / 2 * dark.cell_size / MPC_IN_KPC for side in dark.shape)
    radius = results.table.radius[results.request.number] / MPC_IN_KPC
    columns = {"x": x, "y": y, "radius": radius, "alpha": 0.9}
    found: dict[str, Any] = {name: np.array([value]) for name, value in columns.items()}
    return found | {"number": np.array([results.request.number])} | looks([0], ())


def in_words(results: ClusterResults) -> str:
    """Describe what the maps show, for those who can't see them."""
    request, dark = results.request, results.input
    side = dark.shape[1] * dark.pixel_size / MPC_IN_KPC
    there = [
        f"{quantity_name(field)} ({', '.join(maps)})"
        for field, maps in results.maps.items()
        if maps
    ]
    return (
        f"Maps around cluster {request.number} of {request.simulation} along {dark.axis} at "
        f"redshift {dark.redshift:.2f}, {side:.4g} cMpc/h wide: dark matter, {', '.join(there)}."
    )
