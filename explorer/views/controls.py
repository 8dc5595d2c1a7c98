"""The controls that say what to compute, made of what the scene's selection says of itself."""

from typing import Any

import panel as pn
import panel_material_ui as pmui
import param

from explorer.store import Store
from explorer.views.parameters import Parameters
from explorer.views.prompt_slider import PromptSlider
from explorer.views.range_control import range_control
from explorer.views.samples import PLAIN_NUMBER, STEPS, Samples
from explorer.views.text import html

WIDE = {"sizing_mode": "stretch_width", "margin": (5, 0), "size": "small", "description": ""}


class Controls(pn.viewable.Viewer):
    """Sidebar: the selection, in the groups that its scene names.

    Parameters
    ----------
    store : Store
        Its selection is set here.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.samples = Samples(store) if "Samples" in store.scene.views else None
        # Room for the label of the picker below, which stands on that one's border.
        self.place = html(height=18, margin=(0, 0, 10, 0))
        groups = store.scene.controls.values()
        self.each = {name: self._control(name) for names in groups for name in names}
        if "other_seed" in self.each:
            store.selection.param.watch(self._update_other_seed, ["other", "field"])
            self._update_other_seed()
        if store.scene.along in self.each:
            store.param.watch(self._write_place, "results")

    def _control(self, name: str) -> Any:
        """Make the control of one parameter of the selection."""
        about = self.store.selection.param[name]
        if name == "seed" and self.samples is not None:
            return self.samples
        if name == "parameters":
            return Parameters(self.store)
        if isinstance(about, param.Selector):
            return pmui.Select.from_param(about, **WIDE)
        if isinstance(about, param.Boolean):
            return self._switch(name)
        if isinstance(about, param.Range):
            return range_control(self.store.selection, name)
        if name.endswith("seed"):
            return pmui.IntInput.from_param(about, format=PLAIN_NUMBER, sx=STEPS, **WIDE)
        return PromptSlider.from_param(about, tooltips=False, **WIDE)

    def _switch(self, name: str) -> pmui.Switch:
        """Make a switch, which is there while its parameter can be changed."""
        parameters = self.store.selection.param
        about = parameters[name]
        switch = pmui.Switch.from_param(about, size="small", margin=(0, 0, 4, 0), description="")
        switch.visible = not about.constant
        parameters.watch(
            lambda event: switch.param.update(visible=not event.new), name, what="constant"
        )
        return switch

    def _update_other_seed(self, *_: param.parameterized.Event) -> None:
        """Offer a seed to a second painting that has many."""
        card = self.store.card_of(self.store.selection.other)
        self.each["other_seed"].disabled = card is None or not card.stochastic

    def _write_place(self, event: param.parameterized.Event) -> None:
        """Say where the maps lie along the line of sight."""
        slab = event.new.input
        end = slab.start + slab.depth
        self.place.object = f"<small>{slab.start:.2f} to {end:.2f} cMpc/h along {slab.axis}</small>"

    def __panel__(self) -> pn.viewable.Viewable:
        parts: list[Any] = []
        for title, names in self.store.scene.controls.items():
            parts.append(group(title))
            for name in names:
                parts.append(self.each[name])
                if name == self.store.scene.along:
                    parts.append(self.place)
        return pn.Column(*parts, sizing_mode="stretch_width", margin=(0, 18))


def group(title: str) -> pn.pane.HTML:
    """Heading of a group of controls."""
    return html(f'<div class="group">{title}</div>')
