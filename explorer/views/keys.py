"""Keys for what is done most often, and the panel that lists them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from explorer.plots.maps import LinkedMaps
from explorer.state import Display
from explorer.store import Store
from explorer.views.samples import Samples

HERE = Path(__file__).parent

LISTED = [
    ["n", "New sample"],
    ["[ ]", "Back and forward through the samples"],
    ["← →", "Previous and next slab"],
    ["b", "Blink truth and painting"],
    ["s", "Swipe"],
    ["d", "Difference"],
    ["r", "Halo rings"],
    ["w", "Whole map"],
    ["?", "This list"],
]
"""What the panel says of each key; b never leaves the browser, see `Overlay`."""


class Keys(JSComponent):
    """A button for the header that opens the list of keys; the keys work everywhere else.

    Parameters
    ----------
    store : Store
        Its selection's slab is moved.
    display : Display
        How maps are compared, and whether haloes are circled.
    linked : LinkedMaps
        Moved to the whole map.
    samples : Samples
        Steps through samples.
    """

    listed = param.List(default=LISTED)

    _esm = HERE / "keys.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "keys.css").read_text()]

    def __init__(
        self, store: Store, display: Display, linked: LinkedMaps, samples: Samples, **params: Any
    ) -> None:
        super().__init__(width=34, height=34, margin=0, align="center", **params)
        self._selection, self._display, self._linked = store.selection, display, linked
        self._actions: dict[str, Callable[[], None]] = {
            "n": samples.draw,
            "[": lambda: samples.step(-1),
            "]": lambda: samples.step(1),
            "ArrowLeft": lambda: self._move_slab(-1),
            "ArrowRight": lambda: self._move_slab(1),
            "s": lambda: self._compare_by("swipe"),
            "d": lambda: self._compare_by("difference"),
            "r": self._turn_rings,
            "w": self._show_whole_map,
        }

    def _handle_msg(self, key: str) -> None:
        """Do what a key that was pressed stands for."""
        if key in self._actions:
            self._actions[key]()

    def _move_slab(self, by: int) -> None:
        """Go to a slab beside this one."""
        least, most = self._selection.param.slab.bounds
        self._selection.slab = min(max(self._selection.slab + by, least), most)

    def _compare_by(self, show: str) -> None:
        """Compare in one way, or no more."""
        self._display.show = "side" if self._display.show == show else show

    def _turn_rings(self) -> None:
        """Show the rings, or hide them."""
        self._display.rings = not self._display.rings

    def _show_whole_map(self) -> None:
        side: Any = self._linked.x_range.reset_end
        if side is not None:
            self._linked.go_to(side / 2, side / 2, side)
