"""Which realisation is painted: a seed, a new one at a click, the way back, and many at once."""

import secrets

import panel as pn
import panel_material_ui as pmui
import param

from explorer.state import LAST_SEED
from explorer.store import Store

COUNTS = (16, 32, 64, 128)
"""Sizes of an ensemble on offer; the last is the paper's."""

PLAIN_NUMBER = "0"
"""Format of a seed: without commas, which no other field would take."""

STEPS = {
    "& .MuiIconButton-root": {"color": "text.primary"},
    "& .MuiIconButton-root.Mui-disabled, & .Mui-disabled .MuiIconButton-root": {"opacity": 0.35},
}
"""Of a number's − and +: bright where they work, dim where they don't."""

BUTTON = {"variant": "outlined", "size": "small", "margin": 0}


class Samples(pn.viewable.Viewer):
    """Seed box, a button for a new sample, steps through the samples seen, an ensemble.

    Out of reach while the emulator that is selected paints every slab in one way only.

    Parameters
    ----------
    store : Store
        Its selection's seed is set.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.seen = [store.selection.seed]
        self.place = 0
        self.seed = pmui.IntInput.from_param(
            store.selection.param.seed,
            label="Seed",
            format=PLAIN_NUMBER,
            sx=STEPS,
            size="small",
            sizing_mode="stretch_width",
            margin=(5, 0),
            description="",
        )
        self.new = pmui.Button(label="New sample", sizing_mode="stretch_width", **BUTTON)
        self.count = pmui.Select(
            label="Samples",
            options=list(COUNTS),
            value=COUNTS[1],
            size="small",
            width=84,
            margin=(5, 6, 5, 0),
        )
        self.many = pmui.Button(
            label="Paint ensemble", sizing_mode="stretch_width", align="center", **BUTTON
        )
        self.many.on_click(self.paint)
        self.back = pmui.IconButton(
            icon="arrow_back", description="Sample before", size="small", margin=(0, 0, 0, 6)
        )
        self.forward = pmui.IconButton(
            icon="arrow_forward", description="Sample after", size="small", margin=0
        )
        self.new.on_click(lambda _: self.draw())
        self.back.on_click(lambda _: self.step(-1))
        self.forward.on_click(lambda _: self.step(1))
        store.selection.param.watch(self._on_seed_changed, "seed")
        store.selection.param.watch(self._update_controls, ["emulator", "field"])
        self._update_controls()

    async def paint(self, _: object) -> None:
        """Paint as many samples as are picked."""
        await self.store.sample(self.count.value)

    def draw(self) -> None:
        """Go to a sample drawn at random, if the emulator has more than one."""
        if not self.new.disabled:
            self.store.selection.seed = secrets.randbelow(LAST_SEED + 1)

    def step(self, by: int) -> None:
        """Go to a sample seen before or after this one."""
        if self.new.disabled:
            return
        self.place = min(max(self.place + by, 0), len(self.seen) - 1)
        self.store.selection.seed = self.seen[self.place]
        self._update_controls()

    def _on_seed_changed(self, event: param.parameterized.Event) -> None:
        """Note a seed that was not stepped to; what lay ahead is gone, as in a browser."""
        if event.new != self.seen[self.place]:
            self.seen[self.place + 1 :] = [event.new]
            self.place += 1
        self._update_controls()

    def _update_controls(self, *_: param.parameterized.Event) -> None:
        """Offer what can be done now."""
        card = self.store.card
        stochastic = card is not None and card.stochastic
        for control in (self.seed, self.new, self.count, self.many):
            control.disabled = not stochastic
        self.back.disabled = not stochastic or self.place == 0
        self.forward.disabled = not stochastic or self.place == len(self.seen) - 1

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.seed,
            pn.Row(
                self.new, self.back, self.forward, sizing_mode="stretch_width", margin=(0, 0, 8, 0)
            ),
            pn.Row(self.count, self.many, sizing_mode="stretch_width", margin=0),
            sizing_mode="stretch_width",
            margin=0,
        )
