"""A sign that the server is held up: what was clicked has not even arrived."""

from pathlib import Path
from typing import Any, ClassVar

from panel.custom import JSComponent

from explorer.style import FONT, GREY

LOOK = f"span {{ font: 13px {FONT}; color: {GREY}; white-space: nowrap; }}"


class Waiting(JSComponent):
    """Words in the header while the server answers nothing; all else is said by `Status`."""

    _esm = Path(__file__).parent / "waiting.js"
    _stylesheets: ClassVar[list[str]] = [LOOK]

    def _handle_msg(self, msg: Any) -> None:
        """Give the sign of life that the browser asks for."""
        self._send_msg(msg)
