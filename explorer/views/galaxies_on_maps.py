"""Galaxies on the maps, as points: the true ones on the truth, those painted on the others."""

from typing import Any

import panel as pn
from bokeh.models import ColumnDataSource

from engine.catalogue_grids import GalaxySlab
from engine.galaxies import Galaxies
from engine.mesh import Slab
from engine.simulation import Simulation
from engine.statistics.compared import COMPARED
from explorer.display import Display
from explorer.galaxies import has_galaxies, true_galaxies
from explorer.plots.galaxy_points import draw_points, no_points, points
from explorer.plots.maps import LinkedMaps
from explorer.store import Store
from explorer.views.map_tools import MapTools

DARK_MATTER = ("input", "dark")
"""Maps that show the galaxies of the painting."""


class GalaxiesOnMaps:
    """Points that follow results, where stars are painted subhalo by subhalo.

    Parameters
    ----------
    store : Store
        Its results are shown.
    display : Display
        Says whether there are points.
    linked : LinkedMaps
        They are drawn on all of these.
    tools : MapTools
        Has their switch.
    """

    def __init__(self, store: Store, display: Display, linked: LinkedMaps, tools: MapTools) -> None:
        self.store, self.display, self.linked, self.tools = store, display, linked, tools
        self.sources: dict[str, ColumnDataSource] = {}
        """By map; made when there are galaxies for the first time, as most pages have none."""
        self._shown: dict[str, Any] = {}
        display.param.watch(lambda _: pn.state.execute(self._follow, schedule=True), "galaxies")
        store.param.watch(lambda _: self._follow(), "results")

    def _follow(self) -> None:
        """Show the galaxies of what is on show, if they are asked for and there are any."""
        found = galaxies_by_map(self.store.results, self.store.simulation)
        self.tools.galaxies.visible = bool(found)
        if found and not self.sources:
            self.sources = {name: no_points() for name in self.linked.maps}
            for name, source in self.sources.items():
                draw_points(self.linked.maps[name].figure, source)
        for name, source in self.sources.items():
            shown = found.get(name) if self.display.galaxies else None
            if shown != self._shown.get(name):
                self._shown[name] = shown
                source.data = points(shown[0], shown[1]) if shown else dict(no_points().data)


def galaxies_by_map(
    results: Any, simulation: Simulation | None
) -> dict[str, tuple[Galaxies, Slab]]:
    """Galaxies and what is shown of the box, by map; none if nothing is painted by subhalo.

    Parameters
    ----------
    results : Results or None
        On show.
    simulation : Simulation or None
        Tells the true galaxies where the truth is a map that was projected by itself.
    """
    layers: dict[str, Any] = {
        name: getattr(results, name, None) for name in (*COMPARED, *DARK_MATTER)
    }
    shown: dict[str, tuple[Galaxies, Slab]] = {
        name: (slab.galaxies, slab) for name, slab in layers.items() if isinstance(slab, GalaxySlab)
    }
    painted = shown.get("prediction") or shown.get("other")
    if painted is None:
        return {}
    for name in DARK_MATTER:
        if layers[name] is not None:
            shown[name] = painted[0], layers[name]
    truth = layers["truth"]
    if truth is not None and "truth" not in shown and has_galaxies(simulation, truth.simulation):
        assert simulation is not None
        shown["truth"] = true_galaxies(simulation), truth
    return shown
