"""The page: what stands where."""

from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from explorer.link import Link
from explorer.state import LOOKS, QUERY, Display, Selection
from explorer.store import Store
from explorer.style import CARDS, CONTENT, FREE, LATER, PAGE_CSS, PAGE_SX, THEME
from explorer.views.calibration import CalibrationCards
from explorer.views.curves import PLOTS, Curves
from explorer.views.framing import ColourLimits, Framing
from explorer.views.haloes import Haloes
from explorer.views.keys import Keys
from explorer.views.maps import Maps
from explorer.views.pickers import Pickers
from explorer.views.readings import About, Readings
from explorer.views.scope import Scope
from explorer.views.sheets import Sheets
from explorer.views.status import Status
from explorer.views.take_away import TakeAway
from explorer.views.waves import WavesCard

TITLE = "Baryon Explorer"

WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}

LOOK: dict[str, Any] = {
    "sidebar_width": 280,
    "sidebar_resizable": False,
    "busy_indicator": None,
    "theme_config": THEME,
    "sx": PAGE_SX,
    "raw_css": [PAGE_CSS],
}

FOLD_SIDEBAR = """
for (const root of Bokeh.documents.flatMap((document) => document.roots())) {
  if (root.class_name == "Page" && window.innerWidth < 600) root.data.sidebar_open = false
}
"""
"""On a narrow screen the sidebar lies over the page: begin with it closed."""


def page() -> pmui.Page:
    """Build a new session's page."""
    selection, display = Selection(), Display()
    link = Link(pn.state.location)
    store = Store(selection, link.asked, lambda do: pn.state.execute(do, schedule=True))
    link.parts.append(selection)  # the store has followed it
    problems = link.follow(display)
    selection.param.watch(link.write, list(QUERY))
    display.param.watch(link.write, list(LOOKS))
    begun = store.begin()
    status, maps, readings = Status(store), Maps(store, display), Readings(store)
    limits = ColourLimits(maps.bars)
    problems += link.follow(Framing(maps.linked, store)) + link.follow(limits)
    limits.watch(link.write_soon)
    maps.linked.feed.on_change("view", lambda _attr, _old, _new: link.write())
    store.error = " ".join(filter(None, [store.error, *problems]))
    scope = Scope(store)
    pickers = Pickers(store, display, maps.buttons)
    store.take(begun)
    below = pn.Column(stylesheets=[FREE, LATER], **WIDE)
    waves = pn.Column(stylesheets=[FREE], **WIDE)

    def unfold() -> None:
        """Build what lies below the maps once they are there: it would double their wait."""
        curves = {name: Curves(name, store, display) for name in PLOTS}
        curves["power_spectrum"].brush("band")
        curves["cddf"].brush("densities")
        cards = [*curves.values(), Haloes(store, display), readings]
        below.objects = [
            Sheets(
                pn.Column(*cards, stylesheets=[FREE, CARDS], **WIDE),
                lambda: CalibrationCards(store, pickers.latent.paint),
            )
        ]
        waves.objects = [WavesCard(store, display, maps.linked)]

    async def load() -> None:
        await store.refresh()
        pn.state.execute(unfold, schedule=True)

    parts = (maps, scope, waves, below, About(store), status.alert)
    built = pmui.Page(
        title=TITLE,
        header=[status.busy, Keys(store, display, maps.linked, pickers.latent)],
        sidebar=[pickers, TakeAway(store, display, maps.bars)],
        main=[pn.Column(*parts, stylesheets=[FREE, CONTENT], **WIDE)],
        dark_theme=display.dark,
        **LOOK,
    )
    built.param.watch(lambda event: display.param.update(dark=event.new), "dark_theme")
    pn.state.onload(load)
    if pn.state.curdoc and pn.state.curdoc.session_context:
        pn.state.curdoc.js_on_event("document_ready", CustomJS(code=FOLD_SIDEBAR))
        pn.state.on_session_destroyed(lambda _: store.close())
        pn.state.on_session_destroyed(lambda _: maps.release())
    return built


def warm_up() -> None:
    """Read and summarise a first slab for nobody, so that the first visitor need not wait."""
    begun = Store(Selection()).begin()
    if begun is not None:
        begun.exception()  # waits; what is wrong is told to who asks for it
