"""Row of maps that shows one band of wavenumbers, while one is picked on P(k)."""

from functools import partial
from html import escape

import numpy as np
import panel as pn
import panel_material_ui as pmui

from engine.units import MPC_IN_KPC
from explorer.band import Band, BandMaps, band_maps
from explorer.display import Display
from explorer.names import painted_inks, painting_names
from explorer.plots.maps import LinkedMaps, linked_maps
from explorer.results import Results
from explorer.scale import length_of
from explorer.store import Store
from explorer.style import CARD, DIVERGING, FREE, GREY, LINE, blend
from explorer.threads import in_reader
from explorer.viewport import Pyramid
from explorer.views.maps import under_caption
from explorer.views.pictures import Published, caption, heading
from explorer.views.text import html
from explorer.words import number

NAMES = ("truth", "prediction", "other", "residual")

GRID = """
:host {
  display: grid !important;
  grid-template-columns: repeat(3, minmax(0, 1fr));
  gap: 10px;
}
:host(.four) { grid-template-columns: repeat(4, minmax(0, 1fr)); --hint: none; }
.bk-panel-models-layout-Column { height: auto !important; }
@media (max-width: 1200px) { :host(.four) { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 900px) {
  :host, :host(.four) { grid-template-columns: minmax(0, 1fr); }
}
"""
"""As the maps above; with a second painting two rows on a narrow screen."""

BAR = f"""
.heading {{ flex-wrap: wrap; }}
.colours {{ height: 12px; border-radius: 2px; box-shadow: 0 0 0 1px {LINE}; }}
.colours {{ background: {blend(DIVERGING)}; }}
.limits {{ display: flex; justify-content: space-between; font-size: 12px; padding-top: 2px; }}
"""


class BandCard(pn.viewable.Viewer):
    """Truth, paintings and residual of the band that the display holds.

    Parameters
    ----------
    store : Store
        Its results are filtered, in a thread of its readers.
    display : Display
        Its band is shown; the card is hidden while there is none.
    linked : LinkedMaps
        Whose ranges these maps share.
    published : Published
        Holds what is on show.
    """

    def __init__(
        self, store: Store, display: Display, linked: LinkedMaps, published: Published
    ) -> None:
        super().__init__()
        self.store, self.display = store, display
        self.maps = linked_maps(dict.fromkeys(NAMES, "band"), linked.axes, "band")
        self.mapper = self.maps.each[0].mapper  # of all of them
        self.mapper.update(palette=DIVERGING, nan_color=GREY)
        self.maps.state.update(stretch="linear", units=[""] * len(NAMES))
        self.maps.state.on_change("expired", lambda _attr, _old, _new: self._publish())
        self.published = published
        self._pyramids: list[Pyramid | None] = []
        self.heading = html("", BAR, align="center")
        self.clear = pmui.Button(label="Clear", size="small", variant="text", margin=0, height=26)
        self.clear.on_click(self._clear_band)
        self.captions = {name: html(height=24) for name in NAMES}
        self.columns = {
            name: under_caption(self.captions[name], each.figure, f"band-{name}")
            for name, each in self.maps.maps.items()
        }
        self.bar = html("", BAR)
        self.grid = pn.Column(
            *self.columns.values(),
            stylesheets=[FREE, GRID],
            sizing_mode="stretch_width",
            margin=0,
        )
        self.card = pn.Column(
            stylesheets=[FREE, CARD, ":host { gap: 8px; }"],
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )
        self._asked: tuple[object, ...] = ()
        self._shown: tuple[Results, Band, BandMaps | str] | None = None
        display.param.watch(lambda _: pn.state.execute(self._write_words, schedule=True), "units")
        for each, what in ((display, "band"), (store, "results")):
            each.param.watch(lambda _: pn.state.execute(self._on_band_changed, schedule=True), what)
        self._on_band_changed()

    def _on_band_changed(self) -> None:
        """Ask for the maps of the band, unless they have been asked for."""
        results, band = self.store.results, self.display.band
        if results is None or not band:
            self._asked = ()
            self._pyramids = []
            self.maps.state.update(tokens=[])  # nothing is fetched for maps that are hidden
            self.card.visible = False
            return
        asked = (band, results.request.maps, results.truth, results.prediction, results.other)
        if asked == self._asked:
            return
        self._asked = asked
        pn.state.execute(partial(self._filter_maps, asked, results, band))

    async def _filter_maps(self, asked: tuple[object, ...], results: Results, band: Band) -> None:
        """Filter off the server's thread; nothing comes of it if others are asked for since."""
        found: BandMaps | str = "There is nothing to show yet."
        if results.truth is not None or results.prediction is not None:
            try:
                found = await in_reader(band_maps, results, band)
            except ValueError as error:
                found = str(error)

        def present() -> None:
            if asked is self._asked:
                self._show_maps(results, band, found)

        pn.state.execute(present, schedule=True)

    def _show_maps(self, results: Results, band: Band, found: BandMaps | str) -> None:
        """Show the maps, or why there are none."""
        contrasts = found.contrasts if isinstance(found, BandMaps) else {}
        pixel = results.input.pixel_size / MPC_IN_KPC
        self._pyramids = [
            Pyramid(contrasts[name], pixel, signed=True) if name in contrasts else None
            for name in NAMES
        ]
        if isinstance(found, BandMaps):
            self.mapper.update(low=-found.limit, high=found.limit)
        pictures = {each.name: each for each in self.store.scene.pictures(results)}
        painted, comparing = painted_inks(results), bool(results.request.other)
        captions = {n: caption(p, comparing, painted) for n, p in pictures.items()}
        name = painting_names(results).get("prediction", "prediction")
        captions["residual"] = heading("Residual", f"{name} − truth")
        notes = {name: each.note for name, each in pictures.items()}
        notes["residual"] = notes["prediction"]
        for name in NAMES:
            self.captions[name].object = captions[name]
        missing = ["" if name in contrasts else notes[name] for name in NAMES]
        self.maps.state.update(notes=missing)
        self._shown = (results, band, found)
        self._write_words()
        self._arrange_maps(results)
        self._publish()

    def _write_words(self) -> None:
        """Say what is on show, in the units asked for."""
        if self._shown is None:
            return
        results, band, found = self._shown
        physical = self.display.units == "physical"
        self.heading.object = heading_of(results, band, found, physical)
        length = length_of(results.input, physical)
        self.bar.object = bar_of(found, length) if isinstance(found, BandMaps) else ""

    def _publish(self) -> None:
        """Hand the maps to the viewport route and their tokens to the browser."""
        self.maps.state.update(tokens=self.published.publish(self._pyramids))

    def _arrange_maps(self, results: Results) -> None:
        """Place the maps there can be."""
        self.columns["other"].visible = bool(results.request.other)
        for name in ("truth", "residual"):
            self.columns[name].visible = results.truth is not None
        self.grid.css_classes = ["four"] if results.request.other else []
        if not self.card.objects:  # figures that nobody asked for need not be sent
            top = pn.Row(self.heading, self.clear, sizing_mode="stretch_width", margin=0)
            self.card.objects = [top, self.grid, self.bar]
        self.card.visible = True

    def _clear_band(self, _: object) -> None:
        self.display.band = ()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.card


def in_words(band: Band, length: float = 1.0, unit: str = "cMpc/h") -> str:
    """Write a band, as HTML, where 1 comoving Mpc/h is called `length` of a unit."""
    wavenumbers = "h/Mpc" if unit == "cMpc/h" else f"1/{unit}"
    return f"{number(band[0] / length)} &lt; k &lt; {number(band[1] / length)} {wavenumbers}"


def heading_of(results: Results, band: Band, found: BandMaps | str, physical: bool) -> str:
    """Say what is shown and what it comes to, as HTML."""
    length, unit = length_of(results.input, physical)
    longest, shortest = (number(length * 2 * np.pi / each) for each in band)
    words = [f"wavelengths of {shortest} to {longest} {unit}"]
    if isinstance(found, str):
        words.append(found)
    else:
        called = painting_names(results)
        whose = next(iter(found.contrasts))
        words.append(f"{100 * found.share:.3g} % of the {whose}'s variance")
        words += [f"r = {r:.3f} of truth and {called[name]}" for name, r in found.alike.items()]
    if results.truth is None:
        words.append(results.no_truth.replace("\n", " "))
    about = escape(" · ".join(words))
    title = f"<b>Waves of {in_words(band, length, unit)}</b>"
    return f'<div class="heading">{title}<small>{about}</small></div>'


def bar_of(found: BandMaps, length: tuple[float, str]) -> str:
    """Draw the colours of all maps and their limits, as HTML."""
    limit = number(found.limit)
    words = f"<span>−{limit}</span><span>contrast in {in_words(found.band, *length)}</span>"
    return f'<div class="colours"></div><div class="limits">{words}<span>{limit}</span></div>'
