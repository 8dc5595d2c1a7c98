"""Keys for what is done most often, and the panel that lists them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from explorer.display import Display
from explorer.plots.maps import LinkedMaps
from explorer.scenes.contract import Scene
from explorer.store import Store
from explorer.views.samples import Samples

HERE = Path(__file__).parent

ARROWS = "← →"

LISTED = [
    ["n", "New sample"],
    ["[ ]", "Back and forward through the samples"],
    [ARROWS, Scene.steps],
    ["b", "Blink two maps"],
    ["s", "Swipe"],
    ["d", "Difference"],
    ["r", "Halo rings"],
    ["w", "Whole map"],
    ["?", "Keys and hints"],
]
"""What the panel says of each key; b never leaves the browser, see `Overlay`."""


HINTS = [
    [
        "On the maps",
        "Scroll to zoom, drag to move, double click for the whole map.",
        "With halo rings on, a tap within a ring goes to that halo and draws its profile.",
        "The handles of a colour bar are its limits.",
        "Pixels on the screen are area means of linear values.",
    ],
    [
        "On the curves",
        "A drag over wavenumbers shows the maps filtered to these waves, a drag over column "
        "densities lights up their pixels, a drag over haloes their rings; a double click ends it.",
        "A click on a thin green line's name hides it.",
        "Titles say, when pointed at, what is shaded.",
    ],
    [
        "Where to believe it",
        "Paint an ensemble: bands and the tab Calibration say how often the truth lies within.",
        "The address of the page reproduces what is shown.",
    ],
]
"""What can't be guessed, by its place on the page."""


class Keys(JSComponent):
    """A button for the header that opens the list of keys; the keys work everywhere else.

    Parameters
    ----------
    store : Store
        Its selection's slab or layer is moved.
    display : Display
        How maps are compared, and whether haloes are circled.
    linked : LinkedMaps
        Moved to the whole map.
    samples : Samples or None
        Steps through samples, where there are such.
    """

    listed = param.List(default=LISTED)
    told = param.List(default=HINTS)

    _esm = HERE / "keys.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "keys.css").read_text()]

    def __init__(
        self,
        store: Store,
        display: Display,
        linked: LinkedMaps,
        samples: Samples | None,
        **params: Any,
    ) -> None:
        super().__init__(width=34, height=34, margin=0, align="center", **params)
        self._store, self._display, self._linked = store, display, linked
        self._actions: dict[str, Callable[[], None]] = {
            "ArrowLeft": lambda: self._move_along(-1),
            "ArrowRight": lambda: self._move_along(1),
            "w": self._show_whole_map,
        }
        if store.scene.pairs:
            self._actions["s"] = lambda: self._compare_by("swipe")
            self._actions["d"] = lambda: self._compare_by("difference")
        if samples is not None:
            steps = {"[": -1, "]": 1}
            self._actions |= {key: partial(samples.step, by) for key, by in steps.items()}
            self._actions["n"] = samples.draw
        if "Rings" in store.scene.views:
            self._actions["r"] = self._turn_rings
        there = {*self._actions, *("b" if store.scene.pairs else ""), *"?←"}
        listed = [row for row in LISTED if row[0].split()[0] in there]
        self.listed = [[ARROWS, store.scene.steps] if row[0] == ARROWS else row for row in listed]

    def _handle_msg(self, key: str) -> None:
        """Do what a key that was pressed stands for."""
        if key in self._actions:
            self._actions[key]()

    def _move_along(self, by: int) -> None:
        """Go to the slab, layer or cluster beside this one."""
        self._store.scene.step(by, self._store.results)

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
