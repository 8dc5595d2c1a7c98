"""The linked maps with their captions and colour bars."""

import panel as pn
import panel_material_ui as pmui
import param

from engine.fields import AXES, field, map_axes
from engine.results import MPC_IN_KPC, Slab
from explorer.plots.maps import LinkedMaps, linked_maps, whole_map
from explorer.results import Results
from explorer.state import Display
from explorer.store import Store
from explorer.style import FREE, GRID, TEXT, unit_in_words
from explorer.viewport import MAPS
from explorer.views.colour_bar import ColourBar

NAMES = ("input", "truth", "prediction", "other")
COMPARED = ("truth", "prediction", "other")
TITLES = {"other": "Comparison"}

HINTS = {"truth": "scroll zooms, drag moves", "prediction": "area means of linear values"}
"""Words at the right of a caption: what can be done, and what a pixel of the screen shows."""

HELD = 4
"""Sets of maps a session holds: that on show, and those a request may be under way for."""


class Maps(pn.viewable.Viewer):
    """Input, truth, prediction and what it is compared with, side by side over the same ranges.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        Colour maps.
    """

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.display = display
        self.linked: LinkedMaps = linked_maps(NAMES, COMPARED)
        self.captions = {
            name: pn.pane.HTML(
                "", stylesheets=[TEXT], sizing_mode="stretch_width", height=24, margin=0
            )
            for name in NAMES
        }
        maps = self.linked.maps
        self.bars = {
            "input": ColourBar(maps["input"].mapper, "Input"),
            "truth": ColourBar(maps["truth"].mapper, "Truth and prediction"),
        }
        self.grid = self._grid()
        self.buttons = pn.Row(*self._buttons(), sizing_mode="stretch_width", margin=(8, 0))
        self._held: list[list[str]] = []
        self._results: Results | None = None
        store.param.watch(lambda event: self.present(event.new), "results")
        display.param.watch(
            lambda *_: pn.state.execute(self._colour, schedule=True),
            ["input_colours", "field_colours"],
        )
        self.linked.feed.on_change("expired", self._republish)
        self._colour()

    def present(self, results: Results) -> None:
        """Show the maps of new results."""
        self._results = results
        for name in NAMES:
            self.captions[name].object = caption(name, results)
            self.linked.maps[name].note.text = note(name, results)
        comparing = bool(results.request.other)
        self.columns["other"].visible = comparing
        self.grid.css_classes = ["four"] if comparing else []
        self.bars["input"].suit((results.request.simulation, results.input.field), results.input)
        self.bars["truth"].suit(
            (results.request.simulation, results.request.field),
            results.truth or results.prediction,
        )
        slab = results.input
        ny, nx = slab.shape
        pixel = slab.pixel_size / MPC_IN_KPC
        self.linked.reach(nx * pixel, ny * pixel, pixel)
        self._publish()

    def reset_limits(self) -> None:
        """Go back to the default colour limits."""
        for bar in self.bars.values():
            bar.reset()

    def release(self) -> None:
        """Give back the maps this session holds."""
        for tokens in self._held:
            MAPS.withdraw(tokens)
        self._held = []

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser.

        Those before stay for a while: the browser may be asking for them just now.
        """
        if self._results is None:
            return
        maps = of_each(self._results).values()
        there = [slab.values for slab in maps if slab]
        held = MAPS.publish(there, self._results.input.pixel_size / MPC_IN_KPC)
        self._held.append(held)
        each = iter(held)
        tokens = [next(each) if slab else "" for slab in maps]
        while len(self._held) > HELD:
            MAPS.withdraw(self._held.pop(0))
        units = [unit_in_words(slab.about.unit) if slab else "" for slab in maps]
        column, row, _ = map_axes(self._results.request.axis)
        axes = [AXES[column], AXES[row]]
        self.linked.feed.update(units=units, axes=axes, tokens=tokens)

    def _buttons(self) -> list[pmui.Button]:
        """Make buttons that go back to the default limits and to the whole map."""
        style = {"variant": "outlined", "size": "small", "sizing_mode": "stretch_width"}
        limits = pmui.Button(label="Reset limits", margin=(0, 8, 0, 0), **style)
        limits.on_click(lambda _: pn.state.execute(self.reset_limits, schedule=True))
        place = pmui.Button(label="Whole map", margin=0, **style)
        script = whole_map(self.linked)
        place.js_on_click(args=script.args, code=script.code)
        return [limits, place]

    def _republish(self, attr: str, old: int, new: int) -> None:  # noqa: ARG002 (Bokeh's)
        """Publish again what the server has dropped to make room."""
        self._publish()

    def _colour(self, *_: param.parameterized.Event) -> None:
        self.bars["input"].paint(self.display.input_colours)
        self.bars["truth"].paint(self.display.field_colours)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.grid

    def _grid(self) -> pn.Column:
        """Put the maps above the colour bars."""
        for name, bar in self.bars.items():
            bar.slider.css_classes = [f"bar-{name}", *(["wide"] if name == "truth" else [])]
        self.columns = {name: self._map(name) for name in NAMES}
        self.columns["other"].visible = False
        return pn.Column(
            *self.columns.values(),
            *(bar.slider for bar in self.bars.values()),
            stylesheets=[FREE, GRID],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _map(self, name: str) -> pn.Column:
        """Put a map under its caption."""
        figure = self.linked.maps[name].figure
        return pn.Column(
            self.captions[name],
            pn.pane.Bokeh(figure, sizing_mode="scale_width", aspect_ratio=1, margin=0),
            css_classes=[f"map-{name}"],
            stylesheets=[FREE],
            sizing_mode="stretch_width",
            margin=0,
        )


def of_each(results: Results) -> dict[str, Slab | None]:
    """Find the slab of every map by its name."""
    return {name: getattr(results, name) for name in NAMES}


def caption(name: str, results: Results) -> str:
    """Heading of a map, as HTML."""
    slab = of_each(results)[name]
    about = field(results.input.field if name == "input" else results.request.field).label
    if slab is not None and slab.seed is not None:
        about += f", seed {slab.seed}"
    hint = "" if results.request.other else HINTS.get(name, "")  # four maps have no room for it
    words = f"<b>{TITLES.get(name, name.capitalize())}</b><small>{about}</small>"
    return f'<div class="heading">{words}<span class="legend hint">{hint}</span></div>'


def note(name: str, results: Results) -> str:
    """Say what to write over a map; nothing over one that is there."""
    return "" if name == "input" else str(getattr(results, f"no_{name}"))
