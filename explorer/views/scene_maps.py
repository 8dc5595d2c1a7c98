"""What all arrangements of a scene's maps share: their colour bars, their units, their extent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import panel as pn

from engine.mesh import Slab
from engine.units import MPC_IN_KPC
from explorer.display import Display
from explorer.plots.maps import EMPTY, LinkedMaps
from explorer.results import Results
from explorer.scale import Scale, length_of
from explorer.scenes.contract import Picture
from explorer.store import Store
from explorer.style import FREE
from explorer.views.colour_bar import ColourBar
from explorer.views.maps_in_words import HIDDEN
from explorer.views.signed_bar import SignedBar
from explorer.views.text import html

WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}


class SceneMaps(pn.viewable.Viewer):
    """The pictures of a scene, over the same ranges; those of a group in the same colours.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        How they are shown; never asks the store for anything.
    linked : LinkedMaps
        Of the scene's maps, those of a group with one mapper.
    """

    tools: Any
    grid: pn.Column
    bar_of_contrast: Any
    """Of an error, a difference or a ratio."""
    gap = 10
    """Between tools, maps and words, [pixels]."""

    def __init__(self, store: Store, display: Display, linked: LinkedMaps) -> None:
        super().__init__()
        self.store, self.display, self.linked = store, display, linked
        scene = store.scene
        mappers = {scene.maps[name]: each.mapper for name, each in linked.maps.items()}
        self.bars: dict[str, ColourBar | SignedBar] = {
            group: (SignedBar if group in scene.signed else ColourBar)(mappers[group], title)
            for group, title in scene.groups.items()
        }
        self.summary = html("", HIDDEN, name="Maps in words")
        self.warnings = html()
        self._results: Any = None
        self._pictures: dict[str, Picture] = {}

    @property
    def each(self) -> list[LinkedMaps]:
        """All maps there are by now."""
        return [self.linked]

    def _watch(self, changes: Mapping[Callable[[], object], Sequence[str]]) -> None:
        """Follow results, the display where the page may be changed, and what the browser tells.

        Parameters
        ----------
        changes : mapping of callable to sequence of str
            What is done when one of the display's parameters changes.
        """
        self.store.param.watch(lambda event: self.present(event.new), "results")
        colours = list(dict.fromkeys(self.store.scene.colours().values()))
        for change, names in {self._set_colour_maps: colours, **changes}.items():
            self.display.param.watch(
                lambda *_, change=change: pn.state.execute(change, schedule=True), list(names)
            )
        state = self.linked.state
        state.on_change("expired", lambda _attr, _old, _new: self._publish())
        state.on_change("limits", lambda _attr, _old, new: self._set_limits(new))

    def present(self, results: Any) -> None:
        """Show the maps of new results."""
        raise NotImplementedError

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser."""
        raise NotImplementedError

    def release(self) -> None:
        """Give all maps back."""
        raise NotImplementedError

    def _first_of(self, group: str) -> Slab | None:
        """Find the first map of a group that is there."""
        slabs = (each.slab for each in self._pictures.values() if each.group == group)
        return next((slab for slab in slabs if slab is not None), None)

    def _set_default_limits(self, results: Results) -> None:
        """Choose limits of the colours of maps of a new kind."""
        for group, bar in self.bars.items():
            if (slab := self._first_of(group)) is not None:
                bar.set_default_limits(self._kind_of(results, slab), slab)

    def _kind_of(self, results: Results, slab: Slab) -> tuple[Any, ...]:
        """What maps must share to share default limits."""
        return results.request.simulation, slab.field, slab.depth

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
        for bar in (*self.bars.values(), self.bar_of_contrast):
            bar.reset()

    def _set_colour_maps(self) -> None:
        for group, name in self.store.scene.colours().items():
            bar = self.bars[group]
            if isinstance(bar, ColourBar):  # those of signed values are fixed
                bar.set_colours(getattr(self.display, name))

    def _set_extent(self, slab: Slab) -> None:
        """Let the ranges reach over the whole of a map."""
        ny, nx = slab.shape
        pixel = slab.cell_size / MPC_IN_KPC
        self.linked.set_extent(nx * pixel, ny * pixel, pixel)

    def _set_units(self, results: Results, scales: Mapping[str, Scale]) -> None:
        """Show values under the stretch asked for, those of each group in its unit."""
        physical = self.display.units == "physical"
        for group, bar in self.bars.items():
            bar.set_units(self.display.stretch, scales[group])
        length, unit = length_of(results.input, physical)
        self.linked.show_scale_bars(physical)
        for linked in self.each:
            told = self._told(linked, scales)
            linked.state.update(length=length, length_unit=unit, **told)

    def _told(self, linked: LinkedMaps, scales: Mapping[str, Scale]) -> dict[str, Any]:
        """What the browser must know of maps to write their values."""
        groups = [self.store.scene.maps[name] for name in linked.maps]
        return {
            "stretch": self.display.stretch,
            "factors": [scales[group].factor for group in groups],
            "softenings": [self.bars[group].stretch.softening for group in groups],
            "units": [scales[group].unit for group in groups],
        }

    def __panel__(self) -> pn.viewable.Viewable:
        gap = f":host {{ gap: {self.gap}px; }}"
        parts = (self.tools, self.grid, self.warnings, self.summary)
        return pn.Column(*parts, stylesheets=[FREE, gap], **WIDE)
