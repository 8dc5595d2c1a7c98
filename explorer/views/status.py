"""What is running, and what went wrong."""

from html import escape

import panel as pn
import panel_material_ui as pmui

from explorer.store import Store
from explorer.style import TEXT

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
:host {
  align-items: center;
  margin-left: auto;
  opacity: 0;
  pointer-events: none;
  transition: opacity 0.2s;
}
:host(.running) { opacity: 1; pointer-events: auto; transition-delay: 0.25s; }
@media (max-width: 600px) { .words { display: none; } }
"""
"""Always there, so that nothing moves; seen only when a computation takes its time."""


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
            "", stylesheets=[TEXT], width=190, height=20, margin=(0, 6), css_classes=["words"]
        )
        self.spinner = pmui.CircularProgress(size=18, margin=(0, 6))
        self.cancel = pmui.IconButton(
            icon="close", label="", size="small", margin=0, on_click=lambda _: store.cancel()
        )
        self.busy = pn.Row(
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
        running = bool(self.store.busy)
        if running:
            self.words.object = escape(self.store.busy)
        self.busy.css_classes = ["running"] if running else []

    def _show_error(self, *_: object) -> None:
        error = self.store.error
        if error:
            self.alert.param.update(object=escape(error), closed=False)
        self.alert.visible = bool(error)
