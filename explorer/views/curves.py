"""Statistics of truth and prediction as curves."""

from collections.abc import Collection, Mapping
from html import escape

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param

from engine.results import Curve
from explorer.build_order import AFTER_MAPS, after
from explorer.curve_units import CurveUnits
from explorer.display import Display
from explorer.ensemble import Quantiles
from explorer.names import inks, painted_inks, painting_names
from explorer.plots.brush import Brush, Picked
from explorer.plots.cards import cards
from explorer.plots.curve_columns import described
from explorer.plots.linear_curves import LINEAR_ERROR_ALPHA
from explorer.plots.log_curves import BAND, BAND_ALPHA, ERROR_ALPHA, SAMPLES_ALPHA, LogCurves
from explorer.results import Results
from explorer.store import Store
from explorer.style import CARD, FREE, GREY, INK, PREDICTION, SAMPLES
from explorer.views import legend
from explorer.views.map_tools import FLAT
from explorer.views.text import html

HINTS = {"wavenumber": "drag picks waves", "column density": "drag lights pixels"}
"""What a drag along x does, by what x is."""

CLEAR = {"position": "absolute", "top": "6px", "right": "64px"}
"""Where the hint stood: nothing moves when it comes."""

PICKED = {"wavenumber": "band", "column density": "densities"}
"""Parameter of the display that a drag along x sets, by what x is."""


class CurveCard(pn.viewable.Viewer):
    """One card of a statistic: curves above, ratio below.

    Parameters
    ----------
    statistic : str
        Its name.
    store : Store
        Its results are shown.
    display : Display
        The theme, for the truth's colour.
    """

    def __init__(self, statistic: str, store: Store, display: Display) -> None:
        super().__init__()
        self.statistic = statistic
        self.about = cards(store.scene.kind)[statistic]
        self.store = store
        self.display = display
        self.curves, self.samples = shown_of(statistic, store, display)
        self.heading = html(min_height=42)
        self.panels = self.about.build()
        self.clear: pmui.Button | None = None
        self.card = pn.Column(
            self.heading,
            *(
                pn.pane.Bokeh(each, height=each.height, sizing_mode="stretch_width", margin=0)
                for each in self.panels.figures
            ),
            css_classes=[f"curves-{statistic}"],
            stylesheets=[FREE, CARD],
            sizing_mode="stretch_width",
            margin=0,
        )
        self.brushed = PICKED[self.about.over] if self.about.over in self._brushes() else ""
        if self.brushed:
            self._add_brush(self.brushed)
        self._present()
        store.param.watch(self._on_results_changed, ["results", "ensemble"])
        display.param.watch(
            lambda _: pn.state.execute(self._update_curves, schedule=True), ["units", "quantity"]
        )
        display.param.watch(
            lambda event: pn.state.execute(
                lambda: self.panels.set_inks({"truth": INK[event.new]}), schedule=True
            ),
            "dark",
        )

    def _add_brush(self, name: str) -> None:
        """Let a drag along x pick a range.

        Parameters
        ----------
        name : str
            Of the display's parameter that holds it: (low, high) in the unit of x, or empty.
            What it holds stays marked, whoever sets it, whatever units are shown.
        """

        def picked(range_: Picked) -> None:
            wide = self._is_wide(range_)
            ends = [each / self._along_x for each in range_] if wide else []
            self.display.param.update(**{name: tuple(ends)})

        drawn = Brush(self.panels.figures, picked)

        def mark(*_: object) -> None:
            range_: Picked = getattr(self.display, name)
            drawn.mark((range_[0] * self._along_x, range_[1] * self._along_x) if range_ else ())
            self._offer_to_clear(bool(range_))

        mark()
        self.display.param.watch(
            lambda _: pn.state.execute(mark, schedule=True), [name, "units", "quantity"]
        )

    def _brushes(self) -> Collection[str]:
        """What of x can be picked on the scene's maps."""
        return PICKED if "Band" in self.store.scene.views else ()

    def _offer_to_clear(self, picked: bool) -> None:
        """Offer to pick nothing, while something is picked."""
        if picked and self.clear is None:
            self.clear = pmui.Button(label="Clear", styles=CLEAR, **(FLAT | {"height": 24}))
            self.clear.on_click(self._clear_picked)
            self.card.append(self.clear)
        if self.clear is not None:
            self.clear.visible = picked
        self._write_title()

    def _clear_picked(self, _: object) -> None:
        self.display.param.update(**{self.brushed: ()})

    @property
    def _along_x(self) -> float:
        """What x is multiplied by to be shown."""
        results = self.store.results
        if results is None:
            return 1.0
        about = described(results.curves.get(self.statistic, {}))
        units = CurveUnits.on_show(results, self.display)
        return units.axis(about.x_label).factor if about else 1.0

    def _is_wide(self, range_: Picked) -> bool:
        """Whether a range is as wide as a bin: less is a slip of the hand."""
        about = described(self.curves)
        if not range_ or about is None:
            return False
        bins = np.diff(np.log(about.x))
        return bool(np.log(range_[1] / range_[0]) >= np.median(bins))

    def _on_results_changed(self, event: param.parameterized.Event) -> None:
        if event.name == "results" and same_curves(self.statistic, event.old, event.new):
            return  # another layer of a box, another halo
        drawn = event.name == "ensemble" or (event.old and event.old.same_maps(event.new))
        after(0 if drawn else AFTER_MAPS, self._update_curves)

    def _update_curves(self) -> None:
        self.curves, self.samples = shown_of(self.statistic, self.store, self.display)
        self._present()

    def _present(self) -> None:
        self.panels.set_inks(inks(self.store.results, self.display.dark))
        self.panels.show(self.curves, self.samples)
        self._write_title()
        self.card.visible = bool(self.curves) or not self.about.sometimes

    def _write_title(self) -> None:
        """Write the title and a legend of the lines there are."""
        curves = self.curves
        both = "truth" in curves or "prediction" not in curves
        results = self.store.results
        names = painting_names(results) if results is not None else {}
        shown = ["prediction", *(["other"] if "other" in curves else [])]
        if both and not self.about.of_pairs:
            shown.insert(0, "truth")
        lines = [
            legend.stroke(stroke_of(name, results), escape(names.get(name, name))) for name in shown
        ]
        if self.samples is not None and self.store.ensemble is not None:
            words = f"16–84 % of {self.store.ensemble.count} samples"
            lines.append(legend.box(SAMPLES, SAMPLES_ALPHA, words))
        if isinstance(self.panels, LogCurves) and any(
            (curve.y < 0).any() for curve in curves.values()
        ):
            lines.append(legend.sign("○", GREY, "below zero, without its sign"))
        if self._error_kind():
            whose = "truth" if self.in_ratio else "prediction"
            alpha = ERROR_ALPHA if self.in_ratio else LINEAR_ERROR_ALPHA
            kind = self._error_kind()
            words = kind if kind.startswith("scatter") else f"error of the {whose}"
            lines.append(legend.box(GREY, alpha, words))
        band = BAND_MARK if self.about.of_pairs or (both and self.in_ratio) else ""
        title = legend.title(self.about.title, band, self._shaded(), self._hint())
        self.heading.object = title + legend.key(lines)

    def _hint(self) -> str:
        """Say what a drag along x does, where it does something."""
        if not self.brushed:
            return ""
        picked = getattr(self.display, self.brushed)
        return "" if picked else HINTS[self.about.over]

    @property
    def in_ratio(self) -> bool:
        """Whether a ratio is drawn below."""
        return len(self.panels.figures) > 1

    def _error_kind(self) -> str:
        """Say from what the error that is drawn is known: the truth's, beside its logarithm."""
        about = self.curves.get("truth" if self.in_ratio else "prediction")
        return "" if about is None or about.error is None else about.error_kind

    def _shaded(self) -> str:
        """Say what is shaded."""
        whose, kind = "the truth" if self.in_ratio else "the prediction", self._error_kind()
        words = f"Shaded: one standard deviation of {whose} ({kind})" if kind else ""
        return words + ("; 16 to 84 % of the samples" if self.samples is not None else "")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.card


def same_curves(statistic: str, old: Results | None, new: Results) -> bool:
    """Whether new results have the very same curves of a statistic and of the very same maps."""
    if old is None or old.request.maps != new.request.maps:
        return False
    return old.curves.get(statistic) is new.curves.get(statistic)


def shown_of(
    name: str, store: Store, display: Display
) -> tuple[Mapping[str, Curve], Quantiles | None]:
    """Pick the curves of a statistic and the band of its samples, as far as there are results.

    Both in the units that the display asks for.
    """
    results, ensemble = store.results, store.ensemble
    if results is None:
        return {}, None
    of_it = ensemble is not None and ensemble.is_of(results.request)
    samples = ensemble.bands.get(name) if ensemble is not None and of_it else None
    curves, units = results.curves.get(name, {}), CurveUnits.on_show(results, display)
    if samples is not None and (about := described(curves)) is not None:
        samples = units.quantiles(samples, about)
    return {of: units.curve(curve) for of, curve in curves.items()}, samples


def stroke_of(name: str, results: Results | None) -> str:
    """Attributes of the line of a map in a legend."""
    if name == "truth":
        return 'stroke-width="2" style="stroke: var(--panel-on-surface-color)"'
    colour = painted_inks(results)[name]
    return f'stroke-width="2.4" stroke="{colour}" stroke-dasharray="{DASHES[name]}"'


DASHES = {"prediction": "6 4", "other": "2 3"}
BAND_MARK = legend.box(PREDICTION, BAND_ALPHA, f"±{100 * BAND:.0f} %")
