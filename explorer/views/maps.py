"""The linked maps with their captions and colour bars."""

from collections.abc import Sequence
from functools import partial
from math import ceil
from typing import Any

import panel as pn
from bokeh.models import Node

from engine.fields import AXES, map_axes
from engine.mesh import Slab
from engine.statistics.compared import COMPARED
from engine.units import MPC_IN_KPC, column_density
from explorer.build_order import AFTER_PROFILE, after
from explorer.plots.maps import LinkedMaps, linked_maps
from explorer.plots.stretch import Stretch
from explorer.results import Results, holds
from explorer.scale import Scale, length_of, scale_of
from explorer.scenes.contract import Picture
from explorer.state import NO_HALO, Display, Region
from explorer.store import Store
from explorer.style import FREE
from explorer.viewport import MAPS
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast_bar import ContrastBar
from explorer.views.map_tools import MapTools
from explorer.views.overlay import GRID, Overlay
from explorer.views.summary import HIDDEN, summary
from explorer.views.text import html

CONTRASTS = ("difference", "ratio")

HINTS = {"truth": "scroll zooms, drag moves", "prediction": "area means of linear values"}
"""Words at the right of a caption: what can be done, and what a pixel of the screen shows."""

HELD = 4
"""Sets of maps a session holds: that on show, and those a request may be under way for."""

SURROUNDINGS = 12.0
"""Side of the view of a halo that is chosen, in virial radii."""

LEAST_WIDTH = 1.5
"""Of that view, [Mpc/h]."""


class Maps(pn.viewable.Viewer):
    """Input, truth, prediction and what it is compared with, over the same ranges.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        How they are shown; never asks the store for anything.
    """

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.store = store
        self.display = display
        self.names = list(store.scene.maps)
        compared = [name for name, group in store.scene.maps.items() if group != "input"]
        self.linked: LinkedMaps = linked_maps(self.names, compared)
        self.captions = {name: html(height=24) for name in (*self.names, "contrast")}
        self.summary = html("", HIDDEN, name="Maps in words")
        maps = self.linked.maps
        self.bars = {
            "input": ColourBar(maps["input"].mapper, "Input"),
            "truth": ColourBar(maps["truth"].mapper, "Truth and prediction"),
        }
        self.contrast_bar = ContrastBar(self.linked.contrast.mapper)
        self.overlay = Overlay(css_classes=["overlay-layer"], sizing_mode="stretch_width", margin=0)
        self.grid = self._grid()
        self.tools = MapTools(display, self.linked)
        self._held: list[list[str]] = []
        self._results: Results | None = None
        self._pictures: dict[str, Picture] = {}
        store.param.watch(lambda event: self.present(event.new), "results")
        self._watch_display()
        self._set_colour_maps()
        self._arrange_maps()
        self._show_rings()

    def _watch_display(self) -> None:
        """Follow the display where the page may be changed, and what the browser tells."""
        for change, names in (
            (self._set_colour_maps, ["input_colours", "field_colours"]),
            (self._update_units, ["stretch", "units", "quantity"]),
            (self._arrange_maps, ["show", "against"]),
            (self._show_rings, ["rings"]),
            (self._light_rings, ["lit"]),
            (self._light_pixels, ["densities"]),
        ):
            self.display.param.watch(
                lambda *_, change=change: pn.state.execute(change, schedule=True), names
            )
        self.overlay.param.watch(lambda event: self.display.param.update(show=event.new), "mode")
        self.linked.state.on_change("expired", self._republish)
        self.linked.state.on_change("tapped", self._on_halo_tapped)
        self.linked.state.on_change("view", lambda _attr, _old, _new: self._on_view_changed())
        # Before the store asks for what was selected.
        self.store.selection.param.watch(self._on_view_changed, "scope", precedence=0)

    def present(self, results: Results) -> None:
        """Show the maps of new results."""
        before, self._results = self._results, results
        self._pictures = {each.name: each for each in self.store.scene.pictures(results)}
        for name, picture in self._pictures.items():
            self.captions[name].object = caption(picture, bool(results.request.other))
            self.linked.maps[name].note.text = picture.note
        kind = (results.request.simulation, results.request.field)
        self.bars["input"].set_default_limits((kind[0], results.input.field), results.input)
        self.bars["truth"].set_default_limits(kind, results.truth or results.prediction)
        if before is None or before.input is not results.input:
            self._set_extent(results.input)
            self.linked.set_halos(results.catalogue, results.input)
            self._light_rings()
            self._light_pixels()
        self._arrange_maps()
        self._update_units()
        if before is None or not before.same_maps(results):
            self._publish()
        if before is None:
            self._go_to_halo(results, opening=True)
        elif before.request.halo != results.request.halo:
            # The profile first: a moved map is slower to draw.
            after(AFTER_PROFILE, partial(self._go_to_halo, results, opening=False))

    def reset_limits(self) -> None:
        """Go back to the default colour limits."""
        for bar in self.bars.values():
            bar.reset()
        self.contrast_bar.reset()

    def release(self) -> None:
        """Give back the maps this session holds."""
        for tokens in self._held:
            MAPS.withdraw(tokens)
        self._held = []

    def _set_extent(self, slab: Slab) -> None:
        """Let the ranges reach over the whole of a slab."""
        ny, nx = slab.shape
        pixel = slab.pixel_size / MPC_IN_KPC
        self.linked.set_extent(nx * pixel, ny * pixel, pixel)

    def _on_halo_tapped(self, attr: str, old: int, new: int) -> None:  # noqa: ARG002 (Bokeh's)
        """Choose the halo that was tapped on a map."""
        if new != NO_HALO:
            self.store.selection.halo = new

    def _go_to_halo(self, results: Results, opening: bool) -> None:
        """Show the surroundings of the halo that was chosen, and light its ring.

        A page that opens with a halo keeps the view that its link asks for.
        """
        halo, catalogue = results.request.halo, results.catalogue
        if halo == NO_HALO or catalogue is None or not holds(results, halo):
            return
        column, row, _ = map_axes(results.input.axis)
        x, y = (catalogue.position[halo, each] % results.input.box_size for each in (column, row))
        width = max(SURROUNDINGS * catalogue.rvir[halo] / MPC_IN_KPC, LEAST_WIDTH)
        if not opening:
            self.linked.go_to(x, y, width)
        elif not self.linked.state.view:
            self.linked.show_rectangle(self.linked.around(x, y, width))
        self.display.param.update(rings=True, lit=(halo,))

    def _on_view_changed(self, *_: object) -> None:
        """Let the curves follow what is in view, if they are of that."""
        selection = self.store.selection
        if selection.scope == "region" and self._results is not None:
            view: Any = self.linked.state.view  # to mypy it is a property's description
            selection.region = pixels_of(view, self._results.input)

    def _light_pixels(self) -> None:
        """Light the pixels of the column densities that are picked."""
        if self._results is None:
            return
        slab = self._results.input
        unit = column_density(1.0, slab.redshift, slab.cosmology.h)
        self.linked.state.update(highlight=[each / unit for each in self.display.densities])

    def _light_rings(self) -> None:
        self.linked.light_rings(self.display.lit)

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser.

        Those before stay for a while: the browser may be asking for them just now.
        """
        if self._results is None:
            return
        maps = [picture.slab for picture in self._pictures.values()]
        there = [slab.values for slab in maps if slab]
        held = MAPS.publish(there, self._results.input.pixel_size / MPC_IN_KPC)
        self._held.append(held)
        each = iter(held)
        tokens = [next(each) if slab else "" for slab in maps]
        while len(self._held) > HELD:
            MAPS.withdraw(self._held.pop(0))
        column, row, _ = map_axes(self._results.request.place.axis)
        self.linked.state.update(axes=[AXES[column], AXES[row]], tokens=tokens)

    def _republish(self, attr: str, old: int, new: int) -> None:  # noqa: ARG002 (Bokeh's)
        """Publish again what the server has dropped to make room."""
        self._publish()

    def _set_colour_maps(self) -> None:
        self.bars["input"].set_colours(self.display.input_colours)
        self.bars["truth"].set_colours(self.display.field_colours)

    def _update_units(self) -> None:
        """Show values in the stretch, quantity and unit asked for."""
        results, display = self._results, self.display
        if results is None:
            return
        physical = display.units == "physical"
        painted = results.truth or results.prediction or results.other
        scales = [
            scale_of(slab or results.input, physical, display.quantity == "columns")
            for slab in (results.input, painted)
        ]
        for bar, scale in zip(self.bars.values(), scales, strict=True):
            bar.set_units(display.stretch, scale)
        which = [0, *(1 for _ in COMPARED)]
        softenings = [bar.stretch.softening for bar in self.bars.values()]
        length, unit = length_of(results.input, physical)
        self.linked.show_scale_bars(physical)
        self.linked.state.update(
            stretch=display.stretch,
            factors=[scales[i].factor for i in which],
            softenings=[softenings[i] for i in which],
            units=[scales[i].unit for i in which],
            length=length,
            length_unit=unit,
        )
        self._update_contrast_units(scales[1])
        self.summary.object = f"<p>{summary(results, display)}</p>"

    def _update_contrast_units(self, scale: Scale) -> None:
        """Show the difference in the unit of the maps; asinh stands in for a logarithm."""
        show = self.display.show
        if show not in CONTRASTS or self._results is None:
            return
        results = self._results
        other = getattr(results, self._against())
        kind = results.request.simulation, results.request.field, results.request.place.axis
        self.contrast_bar.set_default_limits(kind, results.truth, other)
        name = "linear" if self.display.stretch == "linear" else "asinh"
        stretch = Stretch(name, self.bars["truth"].stretch.softening)
        painting = self._pictures[self._against()].title.lower()
        label = f"{painting.capitalize()} − truth [{scale.unit}]"
        if show == "ratio":
            label = f"log₁₀({painting} / truth) [dex]"
        self.contrast_bar.set_units(label, show == "ratio", stretch, scale.factor)
        self.captions["contrast"].object = heading(show.capitalize(), f"{painting} to truth")
        self.linked.state.update(
            contrast_stretch=name, contrast_softening=stretch.softening, contrast=show
        )

    def _against(self) -> str:
        """Which painting the truth is compared with: there may be one only."""
        comparing = self._results is not None and bool(self._results.request.other)
        return self.display.against if comparing else "prediction"

    def _arrange_maps(self) -> None:
        """Place the maps as they are to be compared."""
        display, results = self.display, self._results
        comparing = results is not None and bool(results.request.other)
        contrasting = display.show in CONTRASTS
        together = display.show in ("blink", "swipe")
        against = self._against()
        self.columns["other"].visible = comparing
        self.columns["contrast"].visible = contrasting
        self.contrast_bar.slider.visible = contrasting
        count = 3 + comparing + contrasting
        classes = [{4: "four", 5: "five"}.get(count, ""), "contrast" if contrasting else ""]
        self.grid.css_classes = [name for name in classes if name]
        self.tools.against.visible = comparing and (contrasting or together)
        self.overlay.param.update(mode=display.show, against=against)
        for name in COMPARED:
            side = "right" if display.show == "swipe" and name == against else "left"
            place_readout(self.linked.maps[name].readout, side)
        self.linked.contrast.note.text = ""
        if results is not None and getattr(results, f"no_{against}") + results.no_truth:
            self.linked.contrast.note.text = "nothing to compare"
        self.linked.state.update(
            against=self.names.index(against), contrast=display.show if contrasting else ""
        )
        self._update_units()

    def _show_rings(self) -> None:
        self.linked.show_rings(self.display.rings)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.tools,
            self.grid,
            self.summary,
            stylesheets=[FREE, ":host { gap: 10px; }"],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _grid(self) -> pn.Column:
        """Put the maps above the colour bars."""
        sliders = {name: bar.slider for name, bar in self.bars.items()}
        sliders["contrast"] = self.contrast_bar.slider
        for name, slider in sliders.items():
            slider.css_classes = [f"bar-{name}"]
        self.columns = {name: self._map(name) for name in (*self.names, "contrast")}
        return pn.Column(
            *self.columns.values(),
            *sliders.values(),
            self.overlay,
            stylesheets=[FREE, GRID],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _map(self, name: str) -> pn.Column:
        """Put a map under its caption."""
        linked = self.linked
        figure = (linked.contrast if name == "contrast" else linked.maps[name]).figure
        return pn.Column(
            self.captions[name],
            pn.pane.Bokeh(figure, sizing_mode="scale_width", aspect_ratio=1, margin=0),
            css_classes=[f"map-{name}"],
            stylesheets=[FREE],
            sizing_mode="stretch_width",
            margin=0,
        )


def pixels_of(view: Sequence[float], slab: Slab) -> Region | None:
    """Pixels of a rectangle [x0, x1, y0, y1] in Mpc/h; None for the whole map."""
    if not view:
        return None
    x0, x1, y0, y1 = (each * MPC_IN_KPC / slab.pixel_size for each in view)
    ny, nx = slab.shape
    return max(int(y0), 0), min(ceil(y1), ny), max(int(x0), 0), min(ceil(x1), nx)


def place_readout(readout: Any, side: str) -> None:
    """Put a readout into the upper left or right corner of its map."""
    offset = 8 if side == "left" else -8
    if readout.anchor != f"top_{side}":
        readout.update(x=Node(target="frame", symbol=side, offset=offset), anchor=f"top_{side}")


def caption(picture: Picture, comparing: bool) -> str:
    """Heading of a map, as HTML; beside a comparison there is no room for hints."""
    hint = "" if comparing else HINTS.get(picture.name, "")
    return heading(picture.title, picture.caption, hint)


def heading(title: str, about: str, hint: str = "") -> str:
    """Words above a map, as HTML."""
    words = f"<b>{title}</b><small>{about}</small>"
    return f'<div class="heading">{words}<span class="legend hint">{hint}</span></div>'
