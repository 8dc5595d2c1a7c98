"""Text in the page's style."""

from typing import Any

import panel as pn

from explorer.style import TEXT


def html(text: str = "", *styles: str, **layout: Any) -> pn.pane.HTML:
    """Make a pane of text, as wide as what holds it.

    Parameters
    ----------
    text : str
        To begin with.
    styles : str
        Style sheets beside the page's own for text.
    layout
        As Panel takes it.
    """
    wide = {"sizing_mode": "stretch_width", "margin": 0}
    return pn.pane.HTML(text, stylesheets=[TEXT, *styles], **(wide | layout))
