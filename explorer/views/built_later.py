"""What is built once the maps are drawn: cards, further tools, and the maps of a band."""

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from explorer.build_order import BuildOrder
from explorer.display import Display
from explorer.plots.cards import cards
from explorer.store import Store
from explorer.style import CARDS, FREE, LATER
from explorer.views.band_card import BandCard
from explorer.views.calibration import CalibrationCards
from explorer.views.cluster_cards import ClusterCards
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.colours import Colours
from explorer.views.cosmologies import Cosmologies
from explorer.views.curves import CurveCard
from explorer.views.download import Download
from explorer.views.facts import Facts
from explorer.views.galaxies import Galaxies
from explorer.views.haloes import Haloes
from explorer.views.keep_place import KeepPlace
from explorer.views.kernels import Kernels
from explorer.views.maps import Maps
from explorer.views.new_universe import NewUniverse
from explorer.views.own_files import OwnFiles
from explorer.views.pictures import Published
from explorer.views.relative_difference import RelativeDifference
from explorer.views.samples import Samples
from explorer.views.tabs import CardTabs

WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}

IN_REACH = 2
"""Cards that lie within the window's reach, or just below it."""


class BuiltLater:
    """Places on the page that are empty at first, and what comes to stand there.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        How they are shown.
    maps : Maps or ClusterMaps
        Once they are drawn everything else is built.
    samples : Samples or None
        Paints an ensemble, where there are many samples.
    """

    def __init__(
        self,
        store: Store,
        display: Display,
        maps: Maps | ClusterMaps,
        samples: Samples | None,
    ) -> None:
        self.store, self.display, self.maps, self.samples = store, display, maps, samples
        of_objects = "Clusters" in store.scene.views
        self._names = [] if of_objects else list(cards(store.scene.kind))
        self.tools = pn.Column(stylesheets=[FREE], **WIDE)
        # What grows here is asked for by a drag below it, which must not lose its place.
        self.band = pn.Column(KeepPlace(width=0, height=0, margin=0), stylesheets=[FREE], **WIDE)
        self.below = pn.Column(stylesheets=[FREE, LATER], **WIDE)
        self._cards = pn.Column(stylesheets=[FREE, CARDS], **WIDE)
        self._facts = Facts(store)
        parts = (
            self._add_first_cards,
            self._add_tools,
            self._add_further_cards,
            self._add_haloes,
            self._add_band,
        )
        self.published = Published()
        self.order = BuildOrder(store, parts)
        # Panel loses what is changed between the page's sending and its being loaded.
        maps.linked.state.on_change(
            "started", lambda _attr, _old, _new: pn.state.onload(self.order.begin)
        )
        display.param.watch(lambda _: pn.state.execute(self._add_band, schedule=True), "band")

    def _add_first_cards(self) -> None:
        if "Clusters" in self.store.scene.views:
            self._cards.extend(ClusterCards(self.store, self.display).cards)
            self.below.append(self._cards)
            return
        self._add_curves(self._names[:IN_REACH])
        self.below.append(CardTabs(self._cards, self._tabs()))

    def _tabs(self) -> dict[str, Callable[[], pn.viewable.Viewer]]:
        """Makers of the tabs beside the curves that the scene names, by their titles."""
        every: dict[str, Callable[[], pn.viewable.Viewer]] = {}
        if self.samples is not None:
            paint = self.samples.paint
            every["Calibration"] = lambda: CalibrationCards(self.store, paint)
        every["Galaxies"] = lambda: Galaxies(self.store, self.display, self.maps.linked)
        every["Kernels"] = lambda: Kernels(self.store)
        every["Relative difference"] = lambda: RelativeDifference(self.store)
        every["Another cosmology"] = lambda: Cosmologies(self.store, self.display)
        return {title: make for title, make in every.items() if title in self.store.scene.views}

    def _add_tools(self) -> None:
        self.tools.append(Colours(self.store, self.display, self.maps))
        if "Download" in self.store.scene.views:
            self.tools.append(Download(self.store, self.display, self.maps))
        if "New universe" in self.store.scene.views:
            self.tools.append(NewUniverse(self.store))
        self.tools.append(OwnFiles(self.store))

    def _add_further_cards(self) -> None:
        self._add_curves(self._names[IN_REACH:])

    def _add_haloes(self) -> None:
        if "Haloes" in self.store.scene.views:
            self._cards.append(Haloes(self.store, self.display))
        if "Clusters" not in self.store.scene.views:
            self._cards.append(self._facts)

    def _add_band(self) -> None:
        """Four more maps: not before a band is picked."""
        if self.display.band and len(self.band) == 1:
            self.band.append(BandCard(self.store, self.display, self.maps.linked, self.published))

    def _add_curves(self, names: Sequence[str]) -> None:
        self._cards.extend([CurveCard(name, self.store, self.display) for name in names])
