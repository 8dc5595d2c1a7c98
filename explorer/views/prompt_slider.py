"""A slider of whole numbers whose first step is told at once."""

import time
from typing import Any

import panel_material_ui as pmui

PAUSE = 0.05
"""Seconds that Panel gathers what a browser tells before it is acted on: as many pass between
two values of a drag."""


class PromptSlider(pmui.IntSlider):
    """Acts on a value at once, unless one came just before.

    Panel lets every value wait, so that a drag doesn't ask for more than can be shown; a single
    step, or the first of a drag, need not.
    """

    def __init__(self, **params: Any) -> None:
        self._acted = 0.0
        super().__init__(**params)
        self.param.watch(self._note, "value")

    @property
    def _priority_changes(self) -> list[str]:  # type: ignore[override]
        """What doesn't wait; Panel asks at every message of the browser."""
        return ["value"] if time.monotonic() - self._acted > PAUSE else []

    def _note(self, _: object) -> None:
        self._acted = time.monotonic()
