"""The controls that say what to compute."""

import panel as pn
import panel_material_ui as pmui
import param

from explorer.store import Store
from explorer.views.samples import Samples
from explorer.views.text import html

WIDE = {"sizing_mode": "stretch_width", "margin": (5, 0), "size": "small", "description": ""}


class Controls(pn.viewable.Viewer):
    """Sidebar: the selection.

    Parameters
    ----------
    store : Store
        Its selection is set here.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        chosen = store.selection.param
        self.simulation = pmui.Select.from_param(chosen.simulation, **WIDE)
        self.axis = pmui.Select.from_param(chosen.axis, **WIDE)
        self.source = pmui.Select.from_param(chosen.source, **WIDE)
        self.level = pmui.Select.from_param(chosen.level, **WIDE)
        self.other_levels = pmui.Switch.from_param(
            chosen.other_levels, size="small", margin=(0, 0, 4, 0), description=""
        )
        self.slab = pmui.IntSlider.from_param(chosen.slab, tooltips=False, **WIDE)
        self.field = pmui.Select.from_param(chosen.field, **WIDE)
        self.emulator = pmui.Select.from_param(chosen.emulator, **WIDE)
        self.samples = Samples(store)
        self.other = pmui.Select.from_param(chosen.other, **WIDE)
        self.other_seed = pmui.IntInput.from_param(
            chosen.other_seed, **(WIDE | {"label": "Its seed"})
        )
        store.selection.param.watch(self._update_other_seed, ["other", "field"])
        self._update_other_seed()
        self.place = html(height=18)
        store.param.watch(self._write_place, "results")

    def _update_other_seed(self, *_: param.parameterized.Event) -> None:
        """Offer a seed to a second painting that has many."""
        card = self.store.card_of(self.store.selection.other)
        self.other_seed.disabled = card is None or not card.stochastic

    def _write_place(self, event: param.parameterized.Event) -> None:
        """Say where the slab lies along the line of sight."""
        slab = event.new.input
        end = slab.start + slab.depth
        self.place.object = f"<small>{slab.start:.2f} to {end:.2f} cMpc/h along {slab.axis}</small>"

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            group("Simulation"),
            self.simulation,
            self.axis,
            self.slab,
            self.place,
            self.source,
            self.level,
            group("Painting"),
            self.field,
            self.emulator,
            self.other_levels,
            self.samples,
            group("Comparison"),
            self.other,
            self.other_seed,
            sizing_mode="stretch_width",
            margin=(0, 18),
        )


def group(title: str) -> pn.pane.HTML:
    """Heading of a group of controls."""
    return html(f'<div class="group">{title}</div>')
