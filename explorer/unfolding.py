"""Builds what lies below the maps: after them, part by part, and never while somebody waits."""

from collections.abc import Callable, Iterable

import panel as pn

from explorer.store import Store

PAUSE = 50
"""Milliseconds between two parts, in which server and browser see to what was clicked."""

Build = Callable[[], None]


class Unfolding:
    """Parts of a page that are built one after the other.

    Built at once they would keep the browser from its first maps and from the first clicks
    for seconds.

    Parameters
    ----------
    store : Store
        While it computes nothing is built.
    parts : iterable of callable
        Each builds a part and puts it in its place.
    """

    def __init__(self, store: Store, parts: Iterable[Build]) -> None:
        self.store = store
        self._parts = iter(parts)
        self._document = pn.state.curdoc
        self._begun = False

    def begin(self) -> None:
        """Build the first part now and the others soon; only the first call does."""
        if not self._begun:
            self._begun = True
            self._next()

    def _next(self) -> None:
        if self.store.busy and self._in_session:
            self._soon()
            return
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
