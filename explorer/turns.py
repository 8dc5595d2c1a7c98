"""Which change of the page comes first: what is waited for, then what is slower to draw."""

from collections.abc import Callable

import panel as pn

AFTER_MAPS = 150
"""Milliseconds that curves leave to the maps: the browser fetches and draws them meanwhile."""

AFTER_PROFILE = 100
"""Milliseconds that maps leave to the profile of a halo before they go there."""

AFTER_CURVES = 400
"""Milliseconds that the slowest card leaves to maps and curves."""


def after(milliseconds: int, do: Callable[[], None]) -> None:
    """Change the page after a pause; at once where there is no browser."""
    document = pn.state.curdoc
    if document and document.session_context:
        document.add_timeout_callback(do, milliseconds)
    else:
        do()
