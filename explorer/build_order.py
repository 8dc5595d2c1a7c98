"""What of the page is built, and sent, when: first what is waited for, then what is slower."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial

import panel as pn
from panel.io import hold

from explorer.store import Store

AFTER_MAPS = 150
"""Milliseconds that curves leave to the maps: the browser fetches and draws them meanwhile."""

AFTER_PROFILE = 100
"""Milliseconds that maps leave to the profile of a halo before they go there."""

AFTER_CURVES = 400
"""Milliseconds that the slowest card leaves to maps and curves."""

PAUSE = 50
"""Milliseconds between two parts, in which server and browser see to what was clicked."""

PATIENCE = 40
"""Pauses that a part waits at most: a box is painted and measured for longer than that."""

Build = Callable[[], None]


def after(milliseconds: int, do: Callable[[], None]) -> None:
    """Change the page after a pause; at once where there is no browser."""
    document = pn.state.curdoc
    if document and document.session_context:
        document.add_timeout_callback(partial(in_one_message, do), milliseconds)
    else:
        do()


def in_one_message(do: Callable[[], None]) -> None:
    """Change the page; the browser gets all changes together.

    For every message Bokeh walks through all models of the page, and the browser draws anew.
    """
    # Panel drops what is held back of a page that is still loading.
    with hold() if pn.state.loaded else nullcontext():
        do()


class BuildOrder:
    """Parts of a page that are built one after the other.

    Built at once they would keep the browser from its first maps and from the first clicks
    for seconds.

    Parameters
    ----------
    store : Store
        While it computes little is built.
    parts : iterable of callable
        Each builds a part and puts it in its place.
    """

    def __init__(self, store: Store, parts: Iterable[Build]) -> None:
        self.store = store
        self._parts = iter(parts)
        self._document = pn.state.curdoc
        self._begun = False
        self._waited = 0

    def begin(self) -> None:
        """Build the first part now and the others soon; only the first call does."""
        if not self._begun:
            self._begun = True
            self._next()

    def _next(self) -> None:
        if self.store.busy and self._in_session and self._waited < PATIENCE:
            self._waited += 1
            self._soon()
            return
        self._waited = 0
        for build in self._parts:
            build()
            if self._in_session:
                self._soon()
                return

    @property
    def _in_session(self) -> bool:
        return bool(self._document and self._document.session_context)

    def _soon(self) -> None:
        assert self._document is not None
        self._document.add_timeout_callback(self._next, PAUSE)
