"""The linked maps with their captions and colour bars."""

from typing import Any

import panel as pn
from bokeh.models import Node

from engine.fields import AXES, map_axes
from engine.mesh import Slab
from engine.statistics.compared import COMPARED
from engine.units import column_density
from explorer.display import Display
from explorer.names import cells_apart, painted_inks, painting_names, pair_names
from explorer.plots.maps import linked_maps
from explorer.results import Results
from explorer.scale import Scale, scale_of
from explorer.store import Store
from explorer.style import FREE
from explorer.views.arrows_on_map import ArrowsOnMap
from explorer.views.contrast import Contrast
from explorer.views.contrast_bar import ContrastBar
from explorer.views.facts import warnings
from explorer.views.galaxies_on_maps import GalaxiesOnMaps
from explorer.views.haloes_on_maps import HaloesOnMaps
from explorer.views.link_parts import pixels_of
from explorer.views.map_tools import MapTools
from explorer.views.maps_in_words import summary
from explorer.views.overlay import GRID, Overlay
from explorer.views.pictures import Published, caption, heading, pyramid
from explorer.views.scene_maps import WIDE, SceneMaps
from explorer.views.text import html


class Maps(SceneMaps):
    """Maps of slabs or layers in a row, which can be compared in one place.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        How they are shown; never asks the store for anything.
    """

    def __init__(self, store: Store, display: Display) -> None:
        scene = store.scene
        super().__init__(store, display, linked_maps(scene.maps))
        self.captions = {name: html(height=24) for name in (*scene.maps, "contrast")}
        self.contrast = Contrast(self.linked, display)
        self.bar_of_contrast: ContrastBar = self.contrast.bar
        self.haloes = HaloesOnMaps(store, display, self.linked)
        self.published = Published()
        self.overlay = Overlay(css_classes=["overlay-layer"], sizing_mode="stretch_width", margin=0)
        self.grid = self._grid()
        self.tools = MapTools(display, self.linked, with_rings="Rings" in scene.views)
        self.arrows = ArrowsOnMap(store, display, self.linked, self.tools)
        self.galaxies = GalaxiesOnMaps(store, display, self.linked, self.tools)
        self._watch(
            {
                self._update_units: ["stretch", "units", "quantity"],
                self._compare: ["show", "against"],
                self.haloes.show_rings: ["rings"],
                self.haloes.light_rings: ["lit"],
                self._light_pixels: ["densities"],
            }
        )
        self._watch_view()
        self._set_colour_maps()
        self._arrange_maps()
        self.haloes.show_rings()

    def _watch_view(self) -> None:
        """Follow what the visitor does on the maps: zoom and pan, choose what is compared."""
        self.overlay.param.watch(lambda event: self.display.param.update(show=event.new), "mode")
        self.linked.state.on_change("view", lambda _attr, _old, _new: self._on_view_changed())
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
        notes = {name: each.note for name, each in self._pictures.items()}
        self.linked.state.update(notes=[notes.get(name, "") for name in self.linked.maps])
        self._set_default_limits(results)
        if before is None or before.input is not results.input:
            self._set_extent(results.input)
            self.haloes.put_around(results)
            self._light_pixels()
        self.warnings.object = warnings(results)
        self._arrange_maps()
        if before is None or not before.same_maps(results):
            self._publish()
        self.haloes.follow(before, results)

    def release(self) -> None:
        """Give all maps back."""
        self.published.release()

    def _to_come(self, group: str, results: Results) -> Slab:
        """Stand in for the maps of a group while there is none: of what will be painted."""
        slab = results.input
        if not slab.about.signed or group in self.store.scene.signed:
            return slab
        return slab.with_values(slab.values, field=results.request.field)

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

    def _compare(self) -> None:
        """Compare other maps, or in another way."""
        self._arrange_maps()
        if self._results is not None and cells_apart(self._results):
            self._publish()

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser.

        It takes the difference of two maps pixel by pixel: these are in the coarser's.
        """
        if self._results is None:
            return
        slabs = {name: each.slab for name, each in self._pictures.items()}
        if self.contrast.is_shown and cells_apart(self._results):
            slabs |= {name: self._results.comparable.get(name) for name in COMPARED}
        tokens = self.published.publish(map(pyramid, slabs.values()))
        column, row, _ = map_axes(self._results.input.axis)
        self.linked.state.update(axes=[AXES[column], AXES[row]], tokens=tokens)

    def _update_units(self) -> None:
        """Show values in the stretch, quantity and unit asked for."""
        results, display = self._results, self.display
        if results is None:
            return
        physical = display.units == "physical"
        scales: dict[str, Scale] = {}
        for group in self.bars:
            slab = self._first_of(group) or self._to_come(group, results)
            scales[group] = scale_of(slab, physical, display.quantity == "columns")
            if group in self.store.scene.signed and not slab.about.signed:
                scales[group] = Scale(1.0, "1", "none")
        self._set_units(results, scales)
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
        eaten = self._places_of_eaten()
        for group, bar in self.bars.items():
            names = [name for name, of in self.store.scene.maps.items() if of == group]
            bar.slider.visible = any(self.columns[name].visible for name in names)
        haloes = results is None or results.catalogue is not None
        self.tools.rings.visible = "Rings" in self.store.scene.views and haloes
        count = len(eaten) * (not contrasting) + len(COMPARED) - 1 + comparing + contrasting
        classes = {
            {4: "four", 5: "five"}.get(count, ""): True,
            "contrast": contrasting,
            "start-alone": eaten in (["initial"], ["dark"]),
        }
        self.grid.css_classes = [name for name, given in classes.items() if name and given]
        several = comparing and results is not None and not results.no_truth
        self.tools.against.visible = several and (contrasting or together)
        self.overlay.param.update(mode=display.show, first=first, second=second)
        for name, each in self.linked.maps.items():
            side = "right" if display.show == "swipe" and name == second else "left"
            place_readout(each.readout, side)
        self.contrast.compare(results)
        self._update_units()

    def _places_of_eaten(self) -> list[str]:
        """Give what is painted from its places, and list those that there are."""
        found = []
        for name in self.linked.maps:
            if name in COMPARED:
                continue
            picture = self._pictures.get(name)
            self.columns[name].visible = there = picture is None or picture.has_place
            found += [name] * there
        return found

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
            **WIDE,
        )


def under_caption(caption: pn.pane.HTML, figure: Any, css_class: str) -> pn.Column:
    """Put a map under its caption."""
    return pn.Column(
        caption,
        pn.pane.Bokeh(figure, sizing_mode="scale_width", aspect_ratio=1, margin=0),
        css_classes=[css_class],
        stylesheets=[FREE],
        **WIDE,
    )


def place_readout(readout: Any, side: str) -> None:
    """Put a readout into the upper left or right corner of its map."""
    offset = 8 if side == "left" else -8
    if readout.anchor != f"top_{side}":
        readout.update(x=Node(target="frame", symbol=side, offset=offset), anchor=f"top_{side}")
