"""Haloes on the maps: their rings, the one that is tapped, and the way to the one chosen."""

from functools import partial

from engine.fields import map_axes
from engine.units import MPC_IN_KPC
from explorer.build_order import AFTER_PROFILE, after
from explorer.display import Display
from explorer.plots.maps import LinkedMaps
from explorer.results import Results, holds
from explorer.state import NO_HALO
from explorer.store import Store

SURROUNDINGS = 12.0
"""Side of the view of a halo that is chosen, in virial radii."""

LEAST_WIDTH = 1.5
"""Of that view, [Mpc/h]."""


class HaloesOnMaps:
    """Rings around the haloes of what is on show.

    Parameters
    ----------
    store : Store
        A tap on a ring sets its selection's halo.
    display : Display
        Says whether there are rings, and which are lit.
    linked : LinkedMaps
        They are drawn on all of these.
    """

    def __init__(self, store: Store, display: Display, linked: LinkedMaps) -> None:
        self.store, self.display, self.linked = store, display, linked
        linked.state.on_change("tapped", self._on_tapped)

    def show_rings(self) -> None:
        """Show the rings or hide them."""
        self.linked.show_rings(self.display.rings)

    def light_rings(self) -> None:
        """Make the rings that are picked stand out."""
        self.linked.light_rings(self.display.lit)

    def put_around(self, results: Results) -> None:
        """Put rings around the haloes of another slab."""
        self.linked.set_halos(results.catalogue, results.input)
        self.light_rings()

    def follow(self, before: Results | None, results: Results) -> None:
        """Go to the halo that is chosen, if it is another than before."""
        if before is None:
            self._go_to_halo(results, opening=True)
        elif before.request.halo != results.request.halo:
            # The profile first: a moved map is slower to draw.
            after(AFTER_PROFILE, partial(self._go_to_halo, results, opening=False))

    def _on_tapped(self, attr: str, old: int, new: int) -> None:  # noqa: ARG002 (Bokeh's)
        """Choose the halo that was tapped on a map."""
        if new != NO_HALO:
            self.store.selection.halo = new

    def _go_to_halo(self, results: Results, opening: bool) -> None:
        """Show the surroundings of the halo that was chosen, and light its ring.

        A page that opens with a halo keeps the view that its link asks for.
        """
        halo, catalogue = results.request.halo, results.catalogue
        if halo == NO_HALO or catalogue is None or not holds(results, halo):
            return
        column, row, _ = map_axes(results.input.axis)
        x, y = (catalogue.position[halo, each] % results.input.box_size for each in (column, row))
        width = width_around(float(catalogue.rvir[halo]))
        if not opening:
            self.linked.go_to(x, y, width)
        elif not self.linked.state.view:
            self.linked.show_rectangle(self.linked.around(x, y, width))
        self.display.param.update(rings=True, lit=(halo,))


def width_around(rvir: float) -> float:
    """Side of the view of a halo, [Mpc/h], by its virial radius, [kpc/h]."""
    return max(SURROUNDINGS * rvir / MPC_IN_KPC, LEAST_WIDTH)
