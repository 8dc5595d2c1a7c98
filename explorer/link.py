"""The page's address: what of the page it reproduces, read once and written at every change."""

from collections.abc import Collection
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import panel as pn
from panel.io.location import Location

PAUSE = 400
"""Milliseconds between two writings of what moves all the time, each a step of the browser's
history."""


class Part(Protocol):
    """Something of the page that stands in the link."""

    @property
    def names(self) -> Collection[str]:
        """Names it may have in the link."""

    def to_query(self) -> dict[str, str]:
        """Names and values that reproduce it."""

    def take(self, name: str, text: str) -> None:
        """Set what a name stands for; a ValueError in one sentence if it can't be had."""


class Link:
    """The page's address.

    Parameters
    ----------
    location : Location or None
        Of the session; None where there is no browser.
    """

    def __init__(self, location: Location | None) -> None:
        self.location = location
        self.parts: list[Part] = []
        self._document = pn.state.curdoc
        self._waiting = False
        self.asked = self.read()

    def read(self) -> dict[str, str]:
        """Names and values the address has now, also those that are nobody's."""
        return dict(parse_qsl(self.location.search.removeprefix("?"))) if self.location else {}

    def follow(self, part: Part) -> list[str]:
        """Set a part as the address asked for and keep it there; what can't be had, in words."""
        problems = []
        for name in part.names:
            try:
                if name in self.asked:
                    part.take(name, self.asked[name])
            except ValueError as error:
                problems.append(str(error))
        self.parts.append(part)
        return problems

    def write(self, *_: object) -> None:
        """Write all parts into the address; what is nobody's stays."""
        if self.location is None:
            return
        ours = {name for part in self.parts for name in part.names}
        query = {name: value for name, value in self.read().items() if name not in ours}
        for part in self.parts:
            query |= part.to_query()
        self.location.search = f"?{urlencode(query, safe=',')}"

    def write_soon(self) -> None:
        """Write once what changes many times in a moment."""
        if self._document is None or not self._document.session_context:
            self.write()
        elif not self._waiting:
            self._waiting = True
            self._document.add_timeout_callback(self._write_now, PAUSE)

    def _write_now(self) -> None:
        self._waiting = False
        self.write()
