"""What is built once the maps are drawn: cards, further tools, and the maps of a band."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import panel as pn

from explorer.build_order import BuildOrder
from explorer.plots.cards import cards
from explorer.state import Display
from explorer.store import Store
from explorer.style import CARDS, FREE, LATER
from explorer.views.band_card import BandCard
from explorer.views.calibration import CalibrationCards
from explorer.views.colours import Colours
from explorer.views.curves import CurveCard
from explorer.views.download import Download
from explorer.views.facts import Facts
from explorer.views.haloes import Haloes
from explorer.views.maps import Maps
from explorer.views.pictures import Published
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
    maps : Maps
        Once they are drawn everything else is built.
    paint : callable
        Paints the ensemble that the samples controls ask for.
    """

    def __init__(
        self, store: Store, display: Display, maps: Maps, paint: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.store, self.display, self.maps, self.paint = store, display, maps, paint
        self.tools = pn.Column(stylesheets=[FREE], **WIDE)
        self.band = pn.Column(stylesheets=[FREE], **WIDE)
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
        self._add_curves(list(cards())[:IN_REACH])
        self.below.append(CardTabs(self._cards, lambda: CalibrationCards(self.store, self.paint)))

    def _add_tools(self) -> None:
        colours = Colours(self.store, self.display, self.maps)
        self.tools.extend([colours, Download(self.store, self.display, self.maps)])

    def _add_further_cards(self) -> None:
        self._add_curves(list(cards())[IN_REACH:])

    def _add_haloes(self) -> None:
        self._cards.extend([Haloes(self.store, self.display), self._facts])

    def _add_band(self) -> None:
        """Four more maps: not before a band is picked."""
        if self.display.band and not self.band.objects:
            self.band.append(BandCard(self.store, self.display, self.maps.linked, self.published))

    def _add_curves(self, names: Sequence[str]) -> None:
        self._cards.extend([CurveCard(name, self.store, self.display) for name in names])
