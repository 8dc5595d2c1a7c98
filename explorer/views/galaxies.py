"""Cards of the galaxies of a box: painted against true, by subhalo mass, and their number."""

from collections.abc import Mapping
from html import escape

import numpy as np
import panel as pn

from engine.fields import map_axes
from engine.galaxies import (
    LEAST_STARS,
    least_mass_of,
    median_relation,
    residuals,
    spread_at_mass,
)
from engine.simulation import Simulation
from explorer.display import Display
from explorer.galaxies import catalogues, galaxies_of, layer_around, slab_around
from explorer.names import inks, painting_names
from explorer.plots.galaxies import GalaxiesOnShow, GalaxyFigures
from explorer.plots.maps import LinkedMaps
from explorer.results import Results
from explorer.state import NO_HALO
from explorer.store import Store
from explorer.style import CARD, CARDS, FREE
from explorer.views import legend
from explorer.views.haloes_on_maps import width_around
from explorer.views.tabs import hideable
from explorer.views.text import html
from explorer.volumes.boxes import BoxResults

TITLES = ("Painted against true", "Stars by subhalo", "Stellar mass function")

NONE = "There are galaxies where stars are painted subhalo by subhalo, by dm2gal or HOD."

HINTS = {
    "grid": "Tap a galaxy to go there; on the maps a tap on a ring lights its point here.",
    "slab": "These are the galaxies of the whole box. Tap one to go to its slab and place.",
}
"""By the kind of what is on show."""

SIGNS = {"truth": "○", "prediction": "+", "other": "×"}
"""As the markers look, for the legend."""


class Galaxies(pn.viewable.Viewer):
    """Three cards, linked with the maps.

    Parameters
    ----------
    store : Store
        Its results are shown; a tap sets the selection's subhalo and the layer around it, or the
        slab that holds it.
    display : Display
        The theme, for the truth's colour.
    linked : LinkedMaps
        Of slabs, whose haloes are others, a tap moves them to the subhalo.
    """

    def __init__(self, store: Store, display: Display, linked: LinkedMaps) -> None:
        super().__init__()
        self.store, self.display, self.linked = store, display, linked
        self.words, self.figures = html(), GalaxyFigures()
        self.headings = [html(min_height=42) for _ in TITLES]
        wide = {"sizing_mode": "stretch_width", "margin": 0}
        cards = [
            pn.Column(
                heading,
                pn.pane.Bokeh(figure, height=figure.height, **wide),
                css_classes=[f"galaxies-{number}"],
                stylesheets=[FREE, CARD],
                **wide,
            )
            for number, (heading, figure) in enumerate(
                zip(self.headings, self.figures.figures, strict=True)
            )
        ]
        self.cards = hideable(pn.Column(*cards, stylesheets=[FREE, CARDS], **wide))
        self.layout = pn.Column(self.words, self.cards, stylesheets=[FREE], **wide)
        self._shown: Mapping[str, object] = {}
        self._tapped = ("", NO_HALO)
        """Simulation and subhalo that were tapped beside slabs."""
        self._galaxies: GalaxiesOnShow | None = None
        for source in self.figures.tapped:
            source.selected.on_change("indices", self._on_tapped)
        store.param.watch(lambda _: self._present(), "results")
        display.param.watch(lambda _: pn.state.execute(self._set_inks, schedule=True), "dark")
        self._present()

    def _on_tapped(self, attr: str, old: list[int], new: list[int]) -> None:  # noqa: ARG002 (Bokeh's)
        """Go to the subhalo that was tapped, in a turn that begins with nothing else."""
        if new:
            rows = {
                int(source.data["row"][i])
                for source in self.figures.tapped
                for i in source.selected.indices
            } - {self.chosen}
            if rows:
                pn.state.execute(lambda: self.go_to(min(rows)), schedule=True)

    @property
    def chosen(self) -> int:
        """Row of the subhalo that was tapped last; -1 for none."""
        if isinstance(self.store.results, BoxResults):
            return int(self.store.selection.halo)
        simulation, row = self._tapped
        return row if simulation == self.store.selection.simulation else NO_HALO

    def go_to(self, row: int) -> None:
        """Select the layer around a subhalo, or its slab, and show the place."""
        results = self.store.results
        if results is None or self._galaxies is None:
            return
        subhalos = self._galaxies.subhalos
        position = subhalos.position[row]
        if isinstance(results, BoxResults):
            layer = layer_around(results, position)
            self.store.selection.param.update(layer=layer, halo=row)
            return
        self._tapped = (self.store.selection.simulation, row)
        self.store.selection.slab = slab_around(results, position)
        across, along, _ = map_axes(results.input.axis)
        x, y = (float(position[each] % results.input.box_size) for each in (across, along))
        self.linked.go_to(x, y, width_around(float(subhalos.rvir[row])))
        self._present()

    def _present(self) -> None:
        results = self.store.results
        if results is None:
            return
        known = catalogues(results, self.store.simulation)
        if known != self._shown or self._galaxies is None:
            self._shown = known
            self._galaxies = galaxies_of(results, self.store.simulation)
            if self._galaxies is not None:
                self.figures.show(self._galaxies)
        self.cards.visible = self._galaxies is not None
        lacking = lacking_subhalos(self.store.simulation) if self._galaxies is None else ""
        words = told(results, self._galaxies, self.chosen, HINTS[self.store.scene.kind])
        self.words.object = f"<p>{words}</p>" + lacking
        self._set_inks()
        self.figures.light(self.chosen)

    def _set_inks(self) -> None:
        results = self.store.results
        if results is None or self._galaxies is None:
            return
        colours = inks(results, self.display.dark)
        self.figures.set_inks(colours)
        names = painting_names(results)
        signs = [
            legend.sign(SIGNS[of], colours.get(of, "inherit"), escape(names.get(of, of)))
            for of in self._galaxies.stars
        ]
        keys = (
            signs[-len(signs) + 1 :] if "truth" in self._galaxies.stars else signs,
            signs,
            signs,
        )
        for heading, title, entries in zip(self.headings, TITLES, keys, strict=True):
            heading.object = legend.title(title) + legend.key(entries)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.layout


def lacking_subhalos(simulation: Simulation | None) -> str:
    """Say how subhaloes are made and added to a simulation that has none, as HTML."""
    if simulation is None:
        return ""
    try:
        simulation.subhalos("dmo")
    except ValueError as error:
        return f"<p>{escape(str(error))}</p>"
    return ""


def told(results: Results, found: GalaxiesOnShow | None, chosen: int, hint: str) -> str:
    """Say how well paintings do by galaxy, which subhalo is chosen, what a tap does, as HTML."""
    if found is None:
        return NONE if results.prediction is not None else results.no_prediction or NONE
    parts, truth = [], found.stars.get("truth")
    if truth is not None:
        names = painting_names(results)
        for of in ("prediction", "other"):
            if of not in found.stars:
                continue
            each = residuals(truth, found.stars[of])
            mass = found.stars[of].sum() / found.all_stars["truth"].sum(dtype=np.float64)
            parts.append(
                f"<b>{escape(names[of])}</b>: scatter {each.scatter:.2f} ± {each.error:.2f} dex "
                f"at fixed true mass ({each.number} galaxies above {words(LEAST_STARS)} M⊙/h), "
                f"bias {each.bias:+.2f} dex, {mass:.2f} of all true stars".replace("-", "−")
            )
        shares = "; ".join(
            f"above {words(least)} M⊙/h {number:.0%} of the true galaxies ({mass:.0%} of their "
            "stars) are matched with a subhalo"
            for least, (number, mass) in found.completeness.items()
        )
        parts.append(shares[0].upper() + shares[1:])
        parts.append(spreads(found, names))
    if chosen != NO_HALO:
        parts.append(f"Subhalo {chosen} of {words(found.subhalos.mvir[chosen])} M⊙/h")
    return ".<br>".join([*parts, hint])


def spreads(found: GalaxiesOnShow, names: Mapping[str, str]) -> str:
    """Say how much galaxies of like subhaloes differ, in truth and paintings, as HTML."""
    mass = found.subhalos.mvir[found.painted].astype(np.float64)
    least = least_mass_of(median_relation(mass, found.stars["truth"]))
    each = ", ".join(
        f"{spread_at_mass(mass, stars, least):.2f} ({escape(names.get(of, of))})"
        for of, stars in found.stars.items()
    )
    return (
        f"In subhaloes of like mass above {words(least)} M⊙/h stars differ by {each} dex; shaded "
        "is where 68% of the true ones lie"
    )


def words(mass: float) -> str:
    """Write a mass in Msun/h with a power of ten, as HTML."""
    exponent = int(np.floor(np.log10(mass) + 1e-9))
    digit = mass / 10**exponent
    power = f"10<sup>{exponent}</sup>"
    return power if f"{digit:.1f}" == "1.0" else f"{digit:.2g}·{power}"
