"""Sliders for the numbers of an emulator, which its painting follows while they are dragged."""

from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param

from engine.systems.card import Parameter
from explorer.parameters import part_of, parts, place_of, symbol_of, value_at
from explorer.store import Store
from explorer.style import FREE
from explorer.views.map_tools import FLAT
from explorer.views.text import html

STEP = 0.0025
"""Of a slider's length."""

SLIDER: dict[str, Any] = {
    "start": 0.0,
    "end": 1.0,
    "step": STEP,
    "show_value": False,
    "tooltips": False,
    "size": "small",
    "sizing_mode": "stretch_width",
    "margin": (2, 0),
}

BUTTON: dict[str, Any] = {**FLAT, "sizing_mode": "stretch_width", "margin": (6, 0)}


class Parameters(pn.viewable.Viewer):
    """A choice of the emulator's part, a slider for each of its numbers, the way back to the fit.

    It has no place while the emulator has no numbers to change.

    Parameters
    ----------
    store : Store
        Its selection's parameters are set.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.selection = store, store.selection
        self.part = pmui.Select(
            label="Parameters of", size="small", sizing_mode="stretch_width", margin=(5, 0)
        )
        self.sliders = pn.Column(sizing_mode="stretch_width", margin=0)
        self.each: dict[str, pmui.FloatSlider] = {}
        self.words = html("", height=18)
        self.reset = pmui.Button(label="Reset to the fit", **BUTTON)
        self.layout = pn.Column(
            self.part,
            self.sliders,
            self.words,
            self.reset,
            css_classes=["parameters"],
            stylesheets=[FREE],
            sizing_mode="stretch_width",
            margin=0,
        )
        self._offered: tuple[Parameter, ...] = ()
        self._following = False
        self.reset.on_click(lambda _: self.selection.set_parameters({}))
        self.part.param.watch(self._show_part, "value")
        self.selection.param.watch(self._on_changed, "parameters", precedence=3)
        # Only once all that hangs on the choice of an emulator is settled.
        self.selection.param.watch(self._offer, ["simulation", "field", "emulator"], precedence=3)
        self._offer()

    def _offer(self, *_: param.parameterized.Event) -> None:
        """Offer the parameters of another emulator."""
        offered = self.selection.offered_parameters
        if offered != self._offered:
            self._offered = offered
            titles = list(parts(offered))
            self.part.options = titles
            changed = [part_of(name) for name in self.selection.parameters]
            self.part.value = next(iter(changed or titles[-1:]), None)
            self._show_part()
        self.layout.visible = bool(offered)

    def _show_part(self, *_: param.parameterized.Event) -> None:
        """Make the sliders of the part that is chosen."""
        shown = parts(self._offered).get(self.part.value, ())
        self.each = {}
        for about in shown:
            slider = pmui.FloatSlider(**SLIDER)
            slider.marks = [{"value": place_of(about, about.value)}]
            self.each[about.name] = slider
        self._on_changed()
        for about in shown:
            self.each[about.name].param.watch(partial(self._set, about), "value")
        self.sliders.objects = list(self.each.values())

    def _set(self, about: Parameter, event: param.parameterized.Event) -> None:
        """Take a value from its slider."""
        if self._following:
            return
        values = {**self.selection.parameters, about.name: value_at(about, event.new)}
        self.selection.set_parameters(values)

    def _on_changed(self, *_: param.parameterized.Event) -> None:
        """Show the values that are selected, whoever did that."""
        self._following = True
        for about in self._offered:
            if (slider := self.each.get(about.name)) is None:
                continue
            value = self.selection.parameters.get(about.name, about.value)
            slider.label = labelled(about, value)
            place = place_of(about, value)
            if abs(place - slider.value) > STEP:
                slider.value = place
        self._following = False
        changed = len(self.selection.parameters)
        self.words.object = f"<small>{told(changed, len(self._offered))}</small>"
        self.reset.disabled = not changed

    def __panel__(self) -> pn.viewable.Viewable:
        return self.layout


def labelled(about: Parameter, value: float) -> str:
    """Write a parameter with its value and unit, and its bounds."""
    text, low, high = (f"{n:.4g}" for n in (value, about.lowest, about.highest))
    unit = f" {about.unit}" if about.unit else ""
    return f"{symbol_of(about)} = {text}{unit}, {low} to {high}".replace("-", "−")


def told(changed: int, of: int) -> str:
    """Say how many parameters aren't the fit's."""
    if not changed:
        return f"All {of} numbers as fitted"
    return f"{changed} of {of} numbers changed; marks are the fit"
