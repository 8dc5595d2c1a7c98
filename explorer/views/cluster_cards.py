"""Cards below the maps of clusters: profiles, functions, relation, residuals and errors."""

from collections.abc import Mapping
from html import escape
from typing import Any

import panel as pn

from engine.fields import field_named
from explorer.build_order import AFTER_MAPS, after
from explorer.clusters.objects import QUANTITIES
from explorer.clusters.results import ClusterResults, quantity_name
from explorer.curve_units import CurveUnits
from explorer.display import Display
from explorer.names import inks, painting_names
from explorer.plots.functions import ALPHA, Functions
from explorer.plots.object_profiles import QUARTILES_ALPHA, RANGE_ALPHA, ObjectProfiles
from explorer.plots.scaling import Rectangle, Relation, Residuals
from explorer.store import Store
from explorer.style import CARD, FREE, GREY
from explorer.views import legend
from explorer.views.cluster_facts import TOTALS
from explorer.views.curves import BAND_MARK, stroke_of
from explorer.views.text import html

SIGNS = {"truth": "○", "prediction": "+", "other": "×"}
WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}
HINT = "drag picks clusters"

TALL = ("profile", "relation", "residuals")
"""Cards whose legends take several lines: their panels stand side by side."""


class ClusterCards:
    """The cards of all clusters that are in the table.

    Parameters
    ----------
    store : Store
        Its results are shown; a drag over the relation sets the selection's rectangle.
    display : Display
        The theme and the units of lengths.
    """

    def __init__(self, store: Store, display: Display) -> None:
        self.store, self.display = store, display
        self.profiles = ObjectProfiles()
        self.functions = {"xray": Functions(), "hot_gas": Functions()}
        self.relation = Relation(self._pick)
        self.residuals = Residuals()
        self.headings = {
            name: html(min_height=74 if name in TALL else 42)
            for name in ("profile", "relation", "residuals", "xray", "hot_gas", "errors")
        }
        self.cards = [
            self._card("profile", self.profiles.figures),
            self._card("relation", self.relation.figures),
            self._card("residuals", self.residuals.figures),
            self._card("xray", self.functions["xray"].figures),
            self._card("hot_gas", self.functions["hot_gas"].figures),
            self._card("errors", []),
        ]
        store.param.watch(lambda _: after(AFTER_MAPS, self.present), "results")
        display.param.watch(
            lambda _: pn.state.execute(self.present, schedule=True), ["dark", "units"]
        )
        self.present()

    def _card(self, name: str, figures: list[Any]) -> pn.Column:
        """Put figures under their heading."""
        panes = [pn.pane.Bokeh(each, height=each.height, **WIDE) for each in figures]
        return pn.Column(
            self.headings[name],
            *panes,
            css_classes=[f"clusters-{name}"],
            stylesheets=[FREE, CARD],
            **WIDE,
        )

    def _pick(self, rectangle: Rectangle) -> None:
        """Select the clusters in a rectangle, in a turn of its own."""
        pn.state.execute(lambda: self.store.selection.param.update(picked=rectangle), schedule=True)

    def present(self) -> None:
        """Show what results say of all clusters."""
        results = self.store.results
        if not isinstance(results, ClusterResults):
            return
        colours = inks(results, self.display.dark)
        panels: list[Any] = [self.profiles, self.relation, self.residuals]
        for each in (*panels, *self.functions.values()):
            each.set_inks(colours)
        self._show_profiles(results)
        for field, panel in self.functions.items():
            self._show_function(results, field, panel)
        request = results.request
        self.relation.show(
            results.relation, results.fits, results.shown, request.number, request.picked
        )
        self.headings["relation"].object = relation_words(results)
        self.residuals.show(results.relation, list(results.alike), results.shown)
        self.headings["residuals"].object = residual_words(results)
        self.headings["errors"].object = error_words(results)

    def _show_profiles(self, results: ClusterResults) -> None:
        """Show the profile of the cluster on the maps among all."""
        units = CurveUnits.on_show(results, self.display)
        curves = results.curves.get("radial_profile", {})
        shown = {name: units.curve(curve) for name, curve in curves.items()}
        spreads = dict(results.spreads)
        if (about := next(iter(curves.values()), None)) is not None:
            x, y = (units.axis(label).factor for label in (about.x_label, about.y_label))
            spreads = {name: scaled(each, x, y) for name, each in spreads.items()}
            known = results.table
            radius = 0.0 if known is None else float(known.radius[results.request.number]) * x
            self.profiles.show(shown, spreads, radius)
        lines = strokes(results, curves)
        bands = [
            legend.box(GREY, QUARTILES_ALPHA + RANGE_ALPHA, "quartiles"),
            legend.box(GREY, RANGE_ALPHA, "range"),
        ]
        thin = legend.stroke(f'stroke-width="1.2" stroke="{GREY}"', "medians")
        whose = f"cluster {results.request.number} among {len(results.shown)}"
        title = legend.title(
            f"{quantity_name(results.request.field).capitalize()} profile", "", "", whose
        )
        extra = [*bands, thin] if spreads else []
        if len(curves) > 1 and "truth" in curves:
            extra.append(BAND_MARK)
        self.headings["profile"].object = title + legend.key([*lines, *extra])

    def _show_function(self, results: ClusterResults, field: str, panel: Functions) -> None:
        """Show how many clusters there are of each luminosity or gas mass."""
        units = CurveUnits.on_show(results, self.display)
        curves = results.functions.get(field, {})
        panel.show({name: units.curve(curve) for name, curve in curves.items()})
        words = "Luminosity function" if field == "xray" else "Hot gas mass function"
        box = legend.box(GREY, ALPHA["truth"], "Poisson")
        about = "Of whole maps of the clusters shown; bands hold 68 % of Poisson's counts"
        title = legend.title(words, "", about, f"{len(results.shown)} clusters")
        key = [*strokes(results, curves), box] if curves else ["<span>none yet</span>"]
        self.headings[field].object = title + legend.key(key)


def scaled(spread: Any, x: float, y: float) -> Any:
    """Show a spread in other units."""
    names = ("lowest", "lower", "median", "upper", "highest")
    return type(spread)(x * spread.x, *(y * getattr(spread, name) for name in names), spread.count)


def strokes(results: ClusterResults, curves: Mapping[str, Any]) -> list[str]:
    """Legend of the lines there are."""
    names = painting_names(results)
    return [
        legend.stroke(stroke_of(name, results), escape(names.get(name, name))) for name in curves
    ]


def signs(results: ClusterResults, which: Any) -> list[str]:
    """Legend of the marks there are."""
    names, colours = painting_names(results), inks(results)
    colours["truth"] = "inherit"
    return [legend.sign(SIGNS[n], colours[n], escape(names.get(n, n))) for n in which]


def relation_words(results: ClusterResults) -> str:
    """Heading of the relation: slopes and scatters, as HTML."""
    field = results.request.field
    symbol = {"xray": "Lₓ", "hot_gas": "Hot gas", "temperature_sl": "T"}.get(
        field, field_named(field).label
    )
    names, lines = painting_names(results), []
    for name, found in results.fits.items():
        lines.append(
            f"<span>{escape(names.get(name, name))}: slope {found.slope:.2f} ± "
            f"{found.slope_error:.2f}, scatter {found.scatter:.3f} dex</span>"
        )
    title = legend.title(f"{symbol} and mass", "", "Lines: least squares in the logarithm", HINT)
    return title + legend.key(signs(results, results.relation)) + legend.key(lines)


def residual_words(results: ClusterResults) -> str:
    """Heading of the residuals, as HTML: whether the clusters are bright that should be."""
    names = painting_names(results)
    told = [
        f"<span>{escape(names.get(name, name))}: r = {alike:.2f}</span>"
        for name, alike in results.alike.items()
    ]
    about = "Of each about its own power law: on the dotted line where they are the same"
    title = legend.title("Residuals at fixed mass", "", about)
    nothing = ["<span>truth and painting are needed</span>"]
    return title + legend.key(signs(results, results.alike) if told else nothing) + legend.key(told)


def error_words(results: ClusterResults) -> str:
    """Table of the errors of totals, as HTML."""
    names = painting_names(results)
    lines = []
    several = bool(results.request.other)
    for field in reversed(QUANTITIES):
        for name, found in results.errors.get(field, {}).items():
            cells = "".join(
                f"<td>{100 * each:+.1f} %</td>".replace("-", "−")
                for each in (found.median, found.mean)
            )
            size = f"<td>{100 * found.size:.1f} %</td>"
            label = f"<td>{TOTALS[field]}</td>"
            whose = f"<td>{escape(names.get(name, name))}</td>" if several else ""
            lines.append(f"<tr>{label}{whose}{cells}{size}</tr>")
    if not lines:
        why = "truth and painting are needed" if results.shown else "no cluster passes"
        return legend.title("Errors of totals") + legend.key([f"<span>{why}</span>"])
    empty = ["", ""] if several else [""]
    head = "".join(f"<th>{each}</th>" for each in (*empty, "median", "mean", "size"))
    about = f"{len(results.shown)} clusters shown"
    return (
        legend.title("Errors of totals", "", ABOUT_ERRORS, about)
        + f"<style>{TABLE}</style><table><tr>{head}</tr>{''.join(lines)}</table>"
    )


ABOUT_ERRORS = (
    "Median and mean of painting over truth less 1, and the median of its size: luminosity and gas "
    "mass of the whole map, mean temperature within R500"
)

TABLE = f"""
table {{ border-collapse: collapse; width: 100%; margin-top: 8px; }}
td, th {{ text-align: right; padding: 4px; font-variant-numeric: tabular-nums; }}
td:first-child {{ text-align: left; }}
td + td {{ white-space: nowrap; }}
th {{ font-weight: 400; font-size: 12px; color: {GREY}; }}
"""
