"""What is running, and what went wrong."""

from html import escape

import panel as pn
import panel_material_ui as pmui

from explorer.store import Store
from explorer.style import TEXT
from explorer.views.waiting import Waiting

FLOATING = {
    "position": "fixed",
    "bottom": "18px",
    "right": "18px",
    "max-width": "min(560px, calc(100vw - 36px))",
    "z-index": "1300",
    "background": "var(--panel-surface-color)",
    "border-radius": "8px",
}
"""Over the page and not in it, so that nothing moves when it comes."""


BUSY = """
:host { align-items: center; margin-left: auto; }
@media (max-width: 600px) { .words { display: none; } }
"""

WORDS = """
.running { animation: appear 0.2s 0.25s both; }
@keyframes appear { from { opacity: 0; } to { opacity: 1; } }
"""

HIDDEN = {"visibility": "hidden", "opacity": 0}
SHOWN = {"visibility": "visible", "opacity": 1, "transition": "opacity 0.2s 0.25s"}
"""Always there, so that nothing moves; seen only when a computation takes its time. A class or
the visibility of a layout would have the browser lay out the whole page: half a second."""


class Status(pn.viewable.Viewer):
    """A busy line with a cancel button for the header, and one alert.

    Parameters
    ----------
    store : Store
        Its `busy` and `error` are shown.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.words = pn.pane.HTML(
            "",
            stylesheets=[TEXT, WORDS],
            width=190,
            height=20,
            margin=(0, 6),
            align="center",
            css_classes=["words"],
        )
        self.spinner = pmui.CircularProgress(size=18, margin=(0, 6), align="center", sx=HIDDEN)
        self.cancel = pmui.IconButton(
            icon="close",
            label="",
            description="Cancel",
            size="small",
            margin=0,
            align="center",
            on_click=lambda _: store.cancel(),
            sx=HIDDEN,
        )
        self.busy = pn.Row(
            Waiting(width=150, height=20, margin=0, align="center", css_classes=["words"]),
            self.spinner,
            self.words,
            self.cancel,
            align="center",
            stylesheets=[BUSY],
        )
        self.alert = pmui.Alert(
            severity="error", closeable=True, visible=False, styles=FLOATING, margin=0
        )
        store.param.watch(self._show_busy, "busy")
        store.param.watch(self._show_error, "error")
        self._show_error()

    def _show_busy(self, *_: object) -> None:
        busy = self.store.busy
        self.words.object = f'<span class="running">{escape(busy)}</span>' if busy else ""
        self.spinner.sx = self.cancel.sx = SHOWN if busy else HIDDEN

    def _show_error(self, *_: object) -> None:
        error = self.store.error
        if error:
            self.alert.param.update(object=escape(error), closed=False)
        self.alert.visible = bool(error)
