"""Two maps in one place: alternating, or one beside the other at a handle."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class Overlay(JSComponent):
    """What lies over the maps while two of them share a place; all of it happens in the browser.

    Key b blinks. The grid of the maps, its parent, carries the mode as an attribute, by which
    `overlay.css` puts the maps in one place.

    Parameters
    ----------
    mode : str
        How the maps are shown; "blink" and "swipe" put two in one place.
    first, second : str
        Names of the maps that share a place.
    """

    mode = param.String(default="side")
    first = param.String(default="truth")
    second = param.String(default="prediction")

    _esm = HERE / "overlay.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "handle.css").read_text()]


GRID = (HERE / "overlay.css").read_text()
"""Of the maps' grid."""
