"""What is built once the maps are drawn: cards, further tools, and the waves of a band."""

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn

from explorer.state import Display
from explorer.store import Store
from explorer.style import CARDS, FREE, LATER
from explorer.unfolding import Unfolding
from explorer.views.calibration import CalibrationCards
from explorer.views.colours import Colours
from explorer.views.curves import PLOTS, Curves
from explorer.views.haloes import Haloes
from explorer.views.maps import Maps
from explorer.views.readings import Readings
from explorer.views.sheets import Sheets
from explorer.views.take_away import TakeAway
from explorer.views.waves import WavesCard

WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}

BRUSHES = {"power_spectrum": "band", "cddf": "densities"}
"""Cards on which a drag along x picks a range, and the display's parameter that holds it."""

IN_REACH = 2
"""Cards that lie within the window's reach, or just below it."""


class Later:
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
        Paints the ensemble that the latent controls ask for.
    """

    def __init__(
        self, store: Store, display: Display, maps: Maps, paint: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.store, self.display, self.maps, self.paint = store, display, maps, paint
        self.tools = pn.Column(stylesheets=[FREE], **WIDE)
        self.waves = pn.Column(stylesheets=[FREE], **WIDE)
        self.below = pn.Column(stylesheets=[FREE, LATER], **WIDE)
        self._cards = pn.Column(stylesheets=[FREE, CARDS], **WIDE)
        self._readings = Readings(store)
        parts = self._first, self._tools, self._curves, self._haloes, self._waves
        self.unfolding = Unfolding(store, parts)
        # Panel loses what is changed between the page's sending and its being loaded.
        maps.linked.feed.on_change(
            "started", lambda _attr, _old, _new: pn.state.onload(self.unfolding.begin)
        )
        display.param.watch(lambda _: pn.state.execute(self._waves, schedule=True), "band")

    def _first(self) -> None:
        self._add_curves(*list(PLOTS)[:IN_REACH])
        self.below.append(Sheets(self._cards, lambda: CalibrationCards(self.store, self.paint)))

    def _tools(self) -> None:
        colours = Colours(self.store, self.display, self.maps)
        self.tools.extend([colours, TakeAway(self.store, self.display, self.maps.bars)])

    def _curves(self) -> None:
        self._add_curves(*list(PLOTS)[IN_REACH:])

    def _haloes(self) -> None:
        self._cards.extend([Haloes(self.store, self.display), self._readings])

    def _waves(self) -> None:
        """Four more maps: not before a band is picked."""
        if self.display.band and not self.waves.objects:
            self.waves.append(WavesCard(self.store, self.display, self.maps.linked))

    def _add_curves(self, *names: str) -> None:
        cards = {name: Curves(name, self.store, self.display) for name in names}
        for name in BRUSHES.keys() & cards.keys():
            cards[name].brush(BRUSHES[name])
        self._cards.extend(cards.values())
