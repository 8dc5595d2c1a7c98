"""The linked maps with their captions and colour bars."""

from collections.abc import Sequence
from typing import Any

import panel as pn
from bokeh.models import Node

from engine.fields import AXES, map_axes
from engine.mesh import Slab
from engine.statistics.compared import COMPARED
from engine.units import MPC_IN_KPC, column_density
from explorer.names import painted_inks, painting_names, pair_names
from explorer.plots.maps import EMPTY, LinkedMaps, linked_maps
from explorer.results import Results
from explorer.scale import Scale, length_of, scale_of
from explorer.scenes.contract import Picture
from explorer.state import Display
from explorer.store import Store
from explorer.style import FREE
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast import Contrast
from explorer.views.facts import warnings
from explorer.views.haloes_on_maps import HaloesOnMaps
from explorer.views.link_parts import pixels_of
from explorer.views.map_tools import MapTools
from explorer.views.overlay import GRID, Overlay
from explorer.views.pictures import Published, caption, heading, pyramid
from explorer.views.signed_bar import SignedBar
from explorer.views.summary import HIDDEN, summary
from explorer.views.text import html


class Maps(pn.viewable.Viewer):
    """The pictures of a scene, over the same ranges; those of a group in the same colours.

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
        scene = store.scene
        self.linked: LinkedMaps = linked_maps(scene.maps)
        self.captions = {name: html(height=24) for name in (*scene.maps, "contrast")}
        self.summary = html("", HIDDEN, name="Maps in words")
        self.warnings = html()
        mappers = {group: self.linked.maps[name].mapper for name, group in scene.maps.items()}
        self.bars: dict[str, ColourBar | SignedBar] = {
            group: (SignedBar if group in scene.signed else ColourBar)(mappers[group], title)
            for group, title in scene.groups.items()
        }
        self.contrast = Contrast(self.linked, display)
        self.haloes = HaloesOnMaps(store, display, self.linked)
        self.published = Published()
        self.overlay = Overlay(css_classes=["overlay-layer"], sizing_mode="stretch_width", margin=0)
        self.grid = self._grid()
        self.tools = MapTools(display, self.linked, with_rings="Rings" in scene.views)
        self._results: Results | None = None
        self._pictures: dict[str, Picture] = {}
        store.param.watch(lambda event: self.present(event.new), "results")
        self._watch_display()
        self._set_colour_maps()
        self._arrange_maps()
        self.haloes.show_rings()

    def _watch_display(self) -> None:
        """Follow the display where the page may be changed, and what the browser tells."""
        for change, names in (
            (
                self._set_colour_maps,
                [f"{g}_colours" for g in self.bars if g not in self.store.scene.signed],
            ),
            (self._update_units, ["stretch", "units", "quantity"]),
            (self._arrange_maps, ["show", "against"]),
            (self.haloes.show_rings, ["rings"]),
            (self.haloes.light_rings, ["lit"]),
            (self._light_pixels, ["densities"]),
        ):
            self.display.param.watch(
                lambda *_, change=change: pn.state.execute(change, schedule=True), names
            )
        self.overlay.param.watch(lambda event: self.display.param.update(show=event.new), "mode")
        state = self.linked.state
        state.on_change("expired", lambda _attr, _old, _new: self._publish())
        state.on_change("limits", lambda _attr, _old, new: self._set_limits(new))
        state.on_change("view", lambda _attr, _old, _new: self._on_view_changed())
        if "scope" in self.store.selection.names:
            # Before the store asks for what was selected.
            self.store.selection.param.watch(self._on_view_changed, "scope", precedence=0)

    def present(self, results: Results) -> None:
        """Show the maps of new results."""
        before, self._results = self._results, results
        self._pictures = {each.name: each for each in self.store.scene.pictures(results)}
        comparing, painted = bool(results.request.other), painted_inks(results)
        if comparing:
            self.display.param["against"].objects = pair_names(painting_names(results))
        for name, picture in self._pictures.items():
            self.captions[name].object = caption(picture, comparing, painted)
            self.linked.maps[name].note.text = picture.note
        for group, bar in self.bars.items():
            if (slab := self._first_of(group)) is not None:
                bar.set_default_limits((results.request.simulation, slab.field, slab.depth), slab)
        if before is None or before.input is not results.input:
            self._set_extent(results.input)
            self.haloes.put_around(results)
            self._light_pixels()
        self.warnings.object = warnings(results)
        self._arrange_maps()
        self._update_units()
        if before is None or not before.same_maps(results):
            self._publish()
        self.haloes.follow(before, results)

    def _set_limits(self, found: Sequence[float]) -> None:
        """Set colour limits to percentiles that the browser found, see `MapState`; the bars are in
        the order of the groups.
        """
        for number, bar in enumerate(self.bars.values()):
            low, high = found[2 * number : 2 * number + 2]
            if low > EMPTY and isinstance(bar, ColourBar):
                bar.set_limits(10**low, 10**high)

    def reset_limits(self) -> None:
        """Go back to the default colour limits."""
        for bar in self.bars.values():
            bar.reset()
        self.contrast.bar.reset()

    def _first_of(self, group: str) -> Slab | None:
        """Find the first map of a group that is there."""
        slabs = (each.slab for each in self._pictures.values() if each.group == group)
        return next((slab for slab in slabs if slab is not None), None)

    def _set_extent(self, slab: Slab) -> None:
        """Let the ranges reach over the whole of a slab."""
        ny, nx = slab.shape
        pixel = slab.pixel_size / MPC_IN_KPC
        self.linked.set_extent(nx * pixel, ny * pixel, pixel)

    def _on_view_changed(self, *_: object) -> None:
        """Let the curves follow what is in view, if they are of that."""
        selection = self.store.selection
        if "scope" not in selection.names or self._results is None:
            return
        if selection.scope == "region":
            view: Any = self.linked.state.view  # to mypy it is a property's description
            slab = self._results.input
            selection.region = pixels_of(view, slab.pixel_size, slab.shape)

    def _light_pixels(self) -> None:
        """Light the pixels of the column densities that are picked."""
        if self._results is None:
            return
        slab = self._results.input
        unit = column_density(1.0, slab.redshift, slab.cosmology.h)
        lit = [each / unit for each in self.display.densities]
        self.linked.state.update(highlight=lit, lit=self.store.scene.maps["truth"])

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser."""
        if self._results is None:
            return
        tokens = self.published.publish(pyramid(each.slab) for each in self._pictures.values())
        column, row, _ = map_axes(self._results.input.axis)
        self.linked.state.update(axes=[AXES[column], AXES[row]], tokens=tokens)

    def _set_colour_maps(self) -> None:
        for group, bar in self.bars.items():
            if isinstance(bar, ColourBar):  # those of signed values are fixed
                bar.set_colours(getattr(self.display, f"{group}_colours"))

    def _update_units(self) -> None:
        """Show values in the stretch, quantity and unit asked for."""
        results, display = self._results, self.display
        if results is None:
            return
        physical = display.units == "physical"
        scales: dict[str, Scale] = {}
        for group, bar in self.bars.items():
            slab = self._first_of(group) or results.input
            scales[group] = scale_of(slab, physical, display.quantity == "columns")
            bar.set_units(display.stretch, scales[group])
        groups = list(self.store.scene.maps.values())
        length, unit = length_of(results.input, physical)
        self.linked.show_scale_bars(physical)
        self.linked.state.update(
            stretch=display.stretch,
            factors=[scales[group].factor for group in groups],
            softenings=[self.bars[group].stretch.softening for group in groups],
            units=[scales[group].unit for group in groups],
            length=length,
            length_unit=unit,
        )
        self._update_contrast(results, scales)
        where = self.store.scene.where(results.request)
        self.summary.object = f"<p>{summary(results, where, display)}</p>"

    def _update_contrast(self, results: Results, scales: dict[str, Scale]) -> None:
        """Show the difference or the ratio, if one of them is asked for."""
        if not self.contrast.is_shown:
            return
        group = self.store.scene.maps["truth"]
        softening = self.bars[group].stretch.softening
        self.contrast.set_units(results, scales[group], softening)
        names = painting_names(results)
        first, second = (names[name] for name in self.contrast.pair(results))
        words = f"{first} to {second}"
        self.captions["contrast"].object = heading(self.display.show.capitalize(), words)

    def _arrange_maps(self) -> None:
        """Place the maps as they are to be compared."""
        display, results, contrasting = self.display, self._results, self.contrast.is_shown
        comparing = results is not None and bool(results.request.other)
        together = display.show in ("blink", "swipe")
        first, second = self.contrast.pair(results)
        self.columns["other"].visible = comparing
        self.columns["contrast"].visible = self.contrast.bar.slider.visible = contrasting
        # A difference takes the place of what is painted from, so that all stand in one row.
        eaten = 0 if contrasting else len(self.linked.maps.keys() - set(COMPARED))
        count = eaten + len(COMPARED) - 1 + comparing + contrasting
        classes = [{4: "four", 5: "five"}.get(count, ""), "contrast" if contrasting else ""]
        self.grid.css_classes = [name for name in classes if name]
        several = comparing and results is not None and not results.no_truth
        self.tools.against.visible = several and (contrasting or together)
        self.overlay.param.update(mode=display.show, first=first, second=second)
        for name, each in self.linked.maps.items():
            side = "right" if display.show == "swipe" and name == second else "left"
            place_readout(each.readout, side)
        self.contrast.compare(results)
        self._update_units()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.tools,
            self.grid,
            self.warnings,
            self.summary,
            stylesheets=[FREE, ":host { gap: 10px; }"],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _grid(self) -> pn.Column:
        """Put the maps above the colour bars."""
        sliders = {group: bar.slider for group, bar in self.bars.items()}
        sliders["contrast"] = self.contrast.bar.slider
        for name, slider in sliders.items():
            slider.css_classes = [f"bar-{name}"]
        figures = {name: each.figure for name, each in self.linked.maps.items()}
        figures["contrast"] = self.contrast.map.figure
        self.columns = {
            name: under_caption(self.captions[name], figure, f"map-{name}")
            for name, figure in figures.items()
        }
        return pn.Column(
            *self.columns.values(),
            *sliders.values(),
            self.overlay,
            stylesheets=[FREE, GRID],
            sizing_mode="stretch_width",
            margin=0,
        )


def under_caption(caption: pn.pane.HTML, figure: Any, css_class: str) -> pn.Column:
    """Put a map under its caption."""
    return pn.Column(
        caption,
        pn.pane.Bokeh(figure, sizing_mode="scale_width", aspect_ratio=1, margin=0),
        css_classes=[css_class],
        stylesheets=[FREE],
        sizing_mode="stretch_width",
        margin=0,
    )


def place_readout(readout: Any, side: str) -> None:
    """Put a readout into the upper left or right corner of its map."""
    offset = 8 if side == "left" else -8
    if readout.anchor != f"top_{side}":
        readout.update(x=Node(target="frame", symbol=side, offset=offset), anchor=f"top_{side}")
