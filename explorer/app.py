"""The page: what stands where."""

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS
from bokeh.server.contexts import BokehSessionContext
from panel.util import edit_readonly

from explorer.build_order import in_one_message
from explorer.display import LOOKS, Display
from explorer.link import Link
from explorer.scenes.clusters import Clusters  # noqa: F401 (importing a scene offers it)
from explorer.scenes.contract import SCENES
from explorer.scenes.slabs import Slabs
from explorer.scenes.volumes import Volumes  # noqa: F401 (importing a scene offers it)
from explorer.state import refusal
from explorer.store import Store
from explorer.style import CONTENT, FREE, PAGE_CSS, PAGE_SX, THEME
from explorer.views.built_later import BuiltLater
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.cluster_table import BESIDE, ClusterTableCard
from explorer.views.controls import Controls
from explorer.views.facts import About
from explorer.views.keys import Keys
from explorer.views.layer_strip import LayerStrip
from explorer.views.link_parts import ColourLimits, PickedRanges, RectangleInView
from explorer.views.maps import Maps
from explorer.views.scene_links import STYLE, scene_links, with_data
from explorer.views.scope import AboutCurves, Scope
from explorer.views.start_gallery import StartGallery
from explorer.views.status import Status
from explorer.views.text import html

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
    """Build a new session's page: maps and controls; the rest once the maps are drawn."""
    display, link = Display(), Link(pn.state.location)
    store = begun_for(link.asked)
    problems = follow_selection(link, store, display)
    status = Status(store)
    of_clusters = "Clusters" in store.scene.views
    maps = ClusterMaps(store, display) if of_clusters else Maps(store, display)
    problems += follow_maps(link, store, display, maps)
    store.error = " ".join(filter(None, [store.error, *problems]))
    controls = Controls(store)
    scope = Scope(store) if "Scope" in store.scene.views else AboutCurves(store)
    store.take()
    later = BuiltLater(store, display, maps, controls.samples)
    strip = [LayerStrip(store, display)] if "Layer" in store.scene.views else []
    above = [beside(ClusterTableCard(store, display), maps)] if of_clusters else [*strip, maps]
    parts = (*above, scope, later.band, later.below, About(store), status.alert)
    scenes = html(scene_links(store.scene, with_data()), STYLE, align="center")
    built = pmui.Page(
        title=TITLE,
        header=[scenes, status.busy, Keys(store, display, maps.linked, controls.samples)],
        sidebar=[StartGallery(), controls, later.tools],
        main=[pn.Column(*parts, stylesheets=[FREE, CONTENT], **WIDE)],
        dark_theme=display.dark,
        **LOOK,
    )
    with edit_readonly(built):
        # It would follow Panel's own, and walk through all models of the page at every callback.
        built.busy = False
    built.param.watch(lambda event: display.param.update(dark=event.new), "dark_theme")
    pn.state.onload(partial(load, store, later))
    if pn.state.curdoc and pn.state.curdoc.session_context:
        pn.state.curdoc.js_on_event("document_ready", CustomJS(code=FOLD_SIDEBAR))
        pn.state.on_session_destroyed(lambda _: store.close())
        pn.state.on_session_destroyed(lambda _: maps.release())
        pn.state.on_session_destroyed(lambda _: later.published.release())
    return built


async def load(store: Store, later: BuiltLater) -> None:
    """Ask for what is selected once the page is there."""
    await store.refresh()
    if store.results is None:
        later.order.begin()  # no map will be drawn


def follow_selection(link: Link, store: Store, display: Display) -> list[str]:
    """Show what the link says, as far as the scene has it, and let it follow; what it can't say."""
    for name, value in store.scene.looks.items():
        display.param[name].default = value
        display.param.update(**{name: value})
    selection, dragged = store.selection, list(store.scene.dragged)
    link.parts.append(selection)  # the store has followed it
    problems = link.follow(display)
    asked = [name for name in selection.names if name not in dragged]
    # After the store, which says first what a choice will have to wait for.
    selection.param.watch(link.write, asked, precedence=1)
    if dragged:
        selection.param.watch(lambda *_: link.write_soon(), dragged)
    display.param.watch(link.write, list(LOOKS))
    return problems


def follow_maps(link: Link, store: Store, display: Display, maps: Maps | ClusterMaps) -> list[str]:
    """Likewise for the place in view, the limits of colours, and what is picked on curves."""
    limits = ColourLimits(maps.bars, maps.bar_of_contrast)
    parts = (RectangleInView(maps.linked, store), limits, PickedRanges(display))
    problems = [problem for part in parts for problem in link.follow(part)]
    limits.watch(link.write_soon)
    display.param.watch(link.write, list(PickedRanges.names))
    maps.linked.state.on_change("view", lambda _attr, _old, _new: link.write())
    return problems


def beside(table: ClusterTableCard, maps: Maps | ClusterMaps) -> pn.Column:
    """Put a table beside maps where there is room, else above them."""
    return pn.Column(table, maps, stylesheets=[FREE, BESIDE], **WIDE)


BEGUN: WeakKeyDictionary[BokehSessionContext, Store] = WeakKeyDictionary()
"""Stores of sessions whose page is not built yet."""


async def begin(session: BokehSessionContext) -> None:
    """Read what a visitor's link asks for before the page is built, while others are served.

    Building a page keeps the server's thread; it must not wait for the maps as well.
    """
    asked = session.request.arguments if session.request else {}
    store = new_store({name: values[-1].decode() for name, values in asked.items()})
    BEGUN[session] = store
    await store.ready()


def begun_for(asked: dict[str, str]) -> Store:
    """Take the store that was begun for this session, or begin one for what its link asks."""
    context: Any = pn.state.curdoc.session_context if pn.state.curdoc else None
    store = BEGUN.pop(context, None) if context else None
    if store is None or store.link != asked:
        store = new_store(asked)
        store.begin()
    return store


def new_store(asked: dict[str, str]) -> Store:
    """Make the store of a session, of the scene that its link asks for."""
    name = asked.get("scene", Slabs.name)
    store = Store(SCENES.get(name, Slabs)(), asked, deliver)
    if name not in SCENES:
        problem = refusal("scene", name, f"one of {', '.join(SCENES)}", store.scene.name)
        store.error = f"{problem} {store.error}".strip()
    return store


def deliver(change: Callable[[], None]) -> None:
    """Change the page in a turn of its own; what changes before it is loaded would be lost."""
    if pn.state.loaded:
        pn.state.execute(partial(in_one_message, change), schedule=True)
    else:
        pn.state.onload(change)


def warm_up() -> None:
    """Read and summarise a first slab for nobody, so that the first visitor need not wait.

    What scenes there are is found too: every file is opened for that.
    Painting it too would keep the processor from a visitor who comes at once.
    """
    with_data()
    begun = Store(Slabs()).begin()
    if begun is not None:
        begun.exception()  # waits; what is wrong is told to who asks for it
