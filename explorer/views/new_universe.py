"""Group of the sidebar that makes a new universe and opens it."""

import asyncio
from typing import Any

import panel as pn
import panel_material_ui as pmui

import engine
from explorer.new_universe import SIDES, Wish, made, painters
from explorer.state import LAST_SEED
from explorer.store import Store
from explorer.style import FREE
from explorer.views.controls import group
from explorer.views.own_files import BUTTON, HALF, row
from explorer.views.samples import PLAIN_NUMBER, STEPS
from explorer.views.text import html

ABOUT = "Dark matter drawn from a seed and grown by a particle mesh; painted as any other box."

USUAL = Wish(box_size=7.5, particles=64, seed=1, redshift=2.0)
"""Of the cells and the redshift of the emulators that ship."""


class NewUniverse(pn.viewable.Viewer):
    """A button, then questions; a process of its own makes the universe, which can be stopped.

    Parameters
    ----------
    store : Store
        Its selection opens the universe; it is told what goes wrong.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self._cards = engine.emulators()
        self._making: asyncio.Task[str] | None = None
        self.button = pmui.Button(label="New universe", **BUTTON)
        self._ask_for_numbers()
        self.fits = html()
        self.make = pmui.Button(label="Make", **BUTTON)
        self.stop = pmui.Button(label="Cancel", **BUTTON)
        self.bar = pmui.LinearProgress(
            value=0, max=100, variant="determinate", sizing_mode="stretch_width", margin=(6, 0),
            visible=False,
        )  # fmt: skip
        self.words = html()
        self.questions = pn.Column(
            row(self.box, self.particles),
            row(self.redshift, self.seed),
            self.fits,
            row(self.make, self.stop),
            self.bar,
            self.words,
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )
        self.button.on_click(lambda _: self._ask())
        self.make.on_click(self._make)
        self.stop.on_click(lambda _: self._stop())
        for each in (self.box, self.particles, self.redshift):
            each.param.watch(lambda _: self._tell_fits(), "value")
        if pn.state.curdoc and pn.state.curdoc.session_context:
            pn.state.on_session_destroyed(self._on_left)
        self._tell_fits()

    def _ask_for_numbers(self) -> None:
        """Make a field for each number of a universe."""
        self.box = pmui.FloatInput(
            label="Box [cMpc/h]", value=USUAL.box_size, start=0.1, end=1e5, **HALF
        )
        self.particles = pmui.Select(
            label="Particles",
            options={f"{side}³": side for side in SIDES},
            value=USUAL.particles,
            **HALF,
        )
        self.redshift = pmui.FloatInput(
            label="Redshift", value=USUAL.redshift, start=0.0, end=8.9, **HALF
        )
        self.seed = pmui.IntInput(
            label="Seed", value=USUAL.seed, start=0, end=LAST_SEED, format=PLAIN_NUMBER,
            sx=STEPS, **HALF,
        )  # fmt: skip

    @property
    def wish(self) -> Wish:
        """The universe that is described."""
        numbers = self.box.value, self.particles.value, self.seed.value, self.redshift.value
        box, particles, seed, redshift = (each or 0 for each in numbers)
        return Wish(float(box), int(particles), int(seed), float(redshift))

    def _ask(self) -> None:
        self.button.visible, self.questions.visible = False, True

    def _tell_fits(self) -> None:
        """Say which emulators can paint what is described."""
        found = painters(self.wish, self._cards)
        cells = f"Cells of {self.wish.cell_size:.4g} ckpc/h"
        nobody = f": none paints such boxes at z = {self.wish.redshift:g}"
        here = f": for {', '.join(found['grid'])}" if found["grid"] else nobody
        maps = f"; its slabs for {', '.join(found['slab'])}" if found["slab"] else ""
        self.fits.object = f"<small>{cells}{here}{maps}.</small>"

    async def _make(self, _: Any) -> None:
        """Make the universe and open it, unless it is stopped."""
        if self._making is not None:
            return
        self.make.disabled, self.bar.visible, self.store.error = True, True, ""
        self._making = asyncio.ensure_future(made(self.wish, self._tell))
        try:
            name = await self._making
        except asyncio.CancelledError:
            self._done("Cancelled")
        except (ValueError, OSError) as error:
            self._done("")
            self.store.error = str(error)
        else:
            self._done("")
            self.button.visible, self.questions.visible = True, False
            self.store.select_simulation(name)

    def _done(self, words: str) -> None:
        self._making = None
        self.words.object = f"<small>{words}</small>"
        self.make.disabled = self.bar.visible = False

    def _tell(self, part: float, doing: str) -> None:
        self.bar.value = round(100 * part)
        self.words.object = f"<small>{doing}</small>"

    def _stop(self) -> None:
        """Stop what is made; close the questions if nothing is."""
        if not self._cancel():
            self.button.visible, self.questions.visible = True, False

    def _on_left(self, _: Any) -> None:
        """Make nothing for nobody."""
        self._cancel()

    def _cancel(self) -> bool:
        return self._making is not None and self._making.cancel()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            group("New universe"),
            self.button,
            html(f"<small>{ABOUT}</small>"),
            self.questions,
            css_classes=["new-universe"],
            stylesheets=[FREE],
            sizing_mode="stretch_width",
            margin=(0, 18),
        )
