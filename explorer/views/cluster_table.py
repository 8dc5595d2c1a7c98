"""The clusters as a table: sorted by a click, the one tapped is shown on the maps."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from explorer.clusters.objects import QUANTITIES, ClusterTable, Measures
from explorer.clusters.results import ClusterResults
from explorer.display import Display
from explorer.store import Store
from explorer.style import CARD, FREE, palette
from explorer.views.kernels import drawn
from explorer.views.map_tools import FLAT
from explorer.views.text import html

HERE = Path(__file__).parent

BESIDE = """
:host {
  display: grid !important;
  grid-template-columns: minmax(370px, 2fr) minmax(0, 4fr);
  gap: 12px;
  align-items: start;
}
.cluster-table { align-self: stretch; height: auto !important; min-height: 480px; contain: size; }
@media (max-width: 1100px) {
  :host { grid-template-columns: minmax(0, 1fr); }
  .cluster-table { height: 420px !important; min-height: 0; }
}
"""
"""Of what holds the table and the maps, as high as these, or above them on a narrow screen."""

FILLED = ":host { display: flex; flex-direction: column; } .rows { flex: 1 1 0; min-height: 0; }"
"""Of the card: the table scrolls in what the heading leaves."""

NOBODY = ": none passes, and <i>Show all</i> brings them back"
"""What an empty table says."""

DECADES = 3.5
"""Of the pictures' colours below the brightest pixel but one in a hundred."""

Column = tuple[str, str]
"""Heading, and what it stands for."""

MASS: Column = ("M₅₀₀\n10¹³ M⊙/h", "mass within R500c, all matter")
LIGHT: Column = ("Lₓ\n10⁴³ erg/s", "X-ray luminosity within R500c, 0.5-2 keV, no lines")
HEAT: Column = ("T\nkeV", "spectroscopic-like temperature within R500c")
OFFSET: Column = ("offset\nR₅₀₀", "of the centre of mass from the densest point: small is relaxed")
ROW: Column = ("no.", "row of the catalogue, from 0")
PAINTED: Column = ("Lₓ\nerror", "X-ray luminosity of the painted map over the true map's, less 1")
ALONE: Column = ("Lₓ painted\n10⁴³ erg/s", "X-ray luminosity of the painted map, 0.5-2 keV")


class Rows(JSComponent):
    """The table itself; sorting happens in the browser."""

    columns = param.List(default=[], doc="Heading and meaning of each column.")
    rows = param.List(default=[], doc="Number, picture, values to sort by and words of each row.")
    chosen = param.Integer(default=0, doc="Number of the row on the maps.")

    _esm = HERE / "cluster_table.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "cluster_table.css").read_text()]

    def __init__(self, choose: Any, **params: Any) -> None:
        super().__init__(**params)
        self._choose = choose

    def _handle_msg(self, number: int) -> None:
        """Show the cluster that was tapped."""
        self._choose(number)


class ClusterTableCard(pn.viewable.Viewer):
    """A card with the table of the clusters that are shown.

    Parameters
    ----------
    store : Store
        Its results are listed; a tap sets the selection's number.
    display : Display
        Its colours are those of the pictures.
    """

    def __init__(self, store: Store, display: Display) -> None:
        super().__init__()
        self.store, self.display = store, display
        self.heading = html(height=22)
        self.clear = pmui.Button(label="Show all", visible=False, **(FLAT | {"height": 24}))
        self.clear.on_click(self._show_all)
        self.rows = Rows(self._choose, css_classes=["rows"], sizing_mode="stretch_width", margin=0)
        self._pictures: dict[int, str] = {}
        self._of: Any = None
        store.param.watch(lambda event: self.present(event.new), "results")
        display.param.watch(
            lambda _: pn.state.execute(self._draw_again, schedule=True), "field_colours"
        )
        if store.results is not None:
            self.present(store.results)

    def _choose(self, number: int) -> None:
        """Select a cluster, in a turn of its own."""
        pn.state.execute(lambda: self.store.selection.param.update(number=number), schedule=True)

    def _show_all(self, _: object) -> None:
        self.store.selection.show_all()

    def _draw_again(self) -> None:
        self._of = None
        if self.store.results is not None:
            self.present(self.store.results)

    def present(self, results: Any) -> None:
        """List the clusters of new results; the maps follow who is left."""
        if not isinstance(results, ClusterResults) or results.table is None:
            return
        request = results.request
        if results.shown and request.number not in results.shown:
            first = results.shown[0]
            pn.state.execute(lambda: self.store.selection.param.update(number=first), schedule=True)
        count, total = len(results.shown), len(results.table.numbers)
        words = f"{count} of {total}" if count < total else f"{total}"
        self.heading.object = (
            f'<div class="heading"><b>Clusters</b><small>{words} at z = '
            f"{results.input.redshift:.2f}{self._unseen() if count else NOBODY}</small></div>"
        )
        self.clear.visible = bool(request.filters or request.picked)
        pictures = self._pictures_of(results)
        columns = columns_of(results)
        self.rows.param.update(
            columns=[list(column) for column in columns],
            rows=rows_of(results, columns, pictures),
            chosen=request.number,
        )

    def _unseen(self) -> str:
        """Say that none of the clusters trained the emulator, if that is known."""
        card, simulation = self.store.card, self.store.simulation
        if card is None or simulation is None or not card.training_data:
            return ""
        trained = {data.name for data in card.training_data}
        return "" if simulation.path.name in trained else ", none of them trained on"

    def _pictures_of(self, results: ClusterResults) -> dict[int, str]:
        """Draw the clusters small, unless they are drawn."""
        rows = small_maps(results)
        key = (results.request.maps, len(rows), next(iter(rows.values()), None))
        if key != self._of:
            self._of = key
            self._pictures = drawn_small(rows, palette(self.display.field_colours))
        return self._pictures

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            pn.Row(self.heading, self.clear, sizing_mode="stretch_width", height=26, margin=0),
            self.rows,
            css_classes=["cluster-table"],
            stylesheets=[FREE, CARD, FILLED],
            sizing_mode="stretch_width",
            margin=0,
        )


def small_maps(results: ClusterResults) -> Mapping[int, Measures]:
    """Take the maps to draw small: X-rays if there are any, true before painted."""
    for field in reversed(QUANTITIES):
        for name in ("truth", "prediction"):
            if rows := results.every.get(name, {}).get(field):
                return rows
    return {}


def drawn_small(rows: Mapping[int, Measures], colours: list[str]) -> dict[int, str]:
    """Draw maps over the same decades."""
    if not rows:
        return {}
    every = np.concatenate([each.small.ravel() for each in rows.values()])
    if not (every > 0).any():
        return {}
    high = float(np.log10(np.quantile(every[every > 0], 0.99)))
    least = 10 ** (high - DECADES)
    return {
        number: drawn(np.log10(np.maximum(each.small, least)), colours, high - DECADES, high)
        for number, each in rows.items()
    }


def columns_of(results: ClusterResults) -> list[Column]:
    """List the columns there are."""
    assert results.table is not None
    named = {"mass": MASS, "luminosity": LIGHT, "temperature": HEAT, "offset": OFFSET}
    found = [ROW]
    found += [column for name, column in named.items() if name in results.table.columns]
    if "xray" in results.every.get("prediction", {}):
        found.append(PAINTED if "xray" in results.every.get("truth", {}) else ALONE)
    return found


def rows_of(
    results: ClusterResults, columns: Sequence[Column], pictures: Mapping[int, str]
) -> list[dict[str, Any]]:
    """List the clusters shown: numbers to sort by, and what is written."""
    table = results.table
    assert table is not None
    found = []
    for number in results.shown:
        values = [value_of(results, table, column, number) for column in columns]
        found.append(
            {
                "number": number,
                "picture": pictures.get(number, ""),
                "values": [value if isfinite(value) else None for value in values],
                "words": [written(*each) for each in zip(columns, values, strict=True)],
            }
        )
    return found


def value_of(results: ClusterResults, table: ClusterTable, column: Column, number: int) -> float:
    """Value of a cluster in a column, in the column's unit."""
    if column is ROW:
        return float(number)
    if column is MASS:
        return float(10 ** (table.value("mass", number) - 13))
    if column is LIGHT:
        return float(10 ** (table.value("luminosity", number) - 43))
    if column in (HEAT, OFFSET):
        return table.value("temperature" if column is HEAT else "offset", number)
    painted = results.every["prediction"]["xray"].get(number)
    if painted is None:
        return float("nan")
    if column is ALONE:
        return painted.total / 1e43
    true = results.every["truth"]["xray"].get(number)
    return painted.total / true.total - 1 if true is not None and true.total else float("nan")


def written(column: Column, value: float) -> str:
    """Write a value of a column."""
    if not isfinite(value):
        return "–"
    if column is ROW:
        return f"{value:.0f}"
    if column is PAINTED:
        return f"{100 * value:+.0f} %".replace("-", "−")
    return f"{value:.2f}" if column is OFFSET or value < 1 else f"{value:.3g}"
