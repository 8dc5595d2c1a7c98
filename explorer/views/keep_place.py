"""A part of the page that may grow without moving what lies below it."""

from pathlib import Path

from panel.custom import JSComponent


class KeepPlace(JSComponent):
    """Invisible; beside it in a column stands what grows."""

    _esm = Path(__file__).parent / "keep_place.js"
