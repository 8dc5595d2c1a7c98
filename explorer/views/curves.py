"""Statistics of truth and prediction as curves."""

from html import escape
from types import ModuleType

import numpy as np
import panel as pn
import param

from engine import statistics
from explorer.build_order import AFTER_MAPS, after
from explorer.plots import (
    bispectrum,
    cddf,
    cross_correlation,
    halo_profile,
    halo_scatter,
    pdf,
    power_spectrum,
    transfer_function,
)
from explorer.plots.brush import Brush, Picked
from explorer.plots.log_curves import BAND, BAND_ALPHA, SAMPLES_ALPHA, Compared
from explorer.state import Display
from explorer.store import Store
from explorer.style import CARD, FREE, INK, OTHER, PREDICTION, SAMPLES
from explorer.views.text import html

PLOTS: dict[str, ModuleType] = {
    "power_spectrum": power_spectrum,
    "pdf": pdf,
    "cddf": cddf,
    "transfer_function": transfer_function,
    "cross_correlation": cross_correlation,
    "bispectrum": bispectrum,
    "halo_profile": halo_profile,
    "halo_scatter": halo_scatter,
}
"""The plot of each statistic, in the order of the page."""


SOMETIMES = ("cddf", "halo_profile")
"""Statistics whose card is there only while there is something to show."""


class Curves(pn.viewable.Viewer):
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
        self.pair = compared_of(statistic, store)
        self.statistic = statistic
        self.of_pairs = statistic in statistics.names() and statistics.get(statistic).of_pairs
        self.store = store
        self.display = display
        self.heading = html(height=42)
        self.panels = PLOTS[statistic].build()
        self.panels.set_ink(INK[display.dark])
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
        self._present()
        store.param.watch(self._on_results_changed, ["results", "ensemble"])
        display.param.watch(
            lambda event: pn.state.execute(
                lambda: self.panels.set_ink(INK[event.new]), schedule=True
            ),
            "dark",
        )

    def brush(self, name: str) -> None:
        """Let a drag along x pick a range.

        Parameters
        ----------
        name : str
            Of the display's parameter that holds it: (low, high) in the unit of x, or empty.
            What it holds stays marked, whoever sets it.
        """

        def picked(range_: Picked) -> None:
            self.display.param.update(**{name: range_ if self._is_wide(range_) else ()})

        drawn = Brush(self.panels.figures, picked)
        drawn.mark(getattr(self.display, name))
        self.display.param.watch(
            lambda event: pn.state.execute(lambda: drawn.mark(event.new), schedule=True), name
        )

    def _is_wide(self, range_: Picked) -> bool:
        """Whether a range is as wide as a bin: less is a slip of the hand."""
        if not range_ or self.pair.about is None:
            return False
        bins = np.diff(np.log(self.pair.about.x))
        return bool(np.log(range_[1] / range_[0]) >= np.median(bins))

    def _on_results_changed(self, event: param.parameterized.Event) -> None:
        drawn = event.name == "ensemble" or (event.old and event.old.same_maps(event.new))
        after(0 if drawn else AFTER_MAPS, self._update_curves)

    def _update_curves(self) -> None:
        self.pair = compared_of(self.statistic, self.store)
        self._present()

    def _present(self) -> None:
        self.panels.show(self.pair)
        self._write_title()
        self.card.visible = self.statistic not in SOMETIMES or self.pair.about is not None

    def _write_title(self) -> None:
        """Write the title and a legend of the lines there are."""
        pair = self.pair
        both = pair.truth is not None or pair.prediction is None
        lines = PREDICTION_LINE
        if both and not self.of_pairs:
            lines = TRUTH_LINE + PREDICTION_LINE
        if pair.other is not None:
            lines += OTHER_LINE
        if pair.samples is not None and self.store.ensemble is not None:
            lines += f"<span><svg>{SAMPLES_SHAPE}</svg>{self.store.ensemble.count} samples</span>"
        band = BAND_MARK if self.of_pairs or (both and self.in_ratio) else ""
        self.heading.object = (
            f'<div class="heading"><b title="{escape(self._shaded())}">'
            f'{PLOTS[self.statistic].TITLE}</b><span class="legend">{band}</span></div>'
            f'<div class="key">{lines}</div>'
        )

    @property
    def in_ratio(self) -> bool:
        """Whether a ratio is drawn below."""
        return len(self.panels.figures) > 1

    def _shaded(self) -> str:
        """Say what is shaded."""
        compared = self.of_pairs
        whose = "the prediction" if compared else "the truth"
        about = self.pair.prediction if compared else self.pair.truth
        kind = about.error_kind if about is not None else ""
        words = f"Shaded: one standard deviation of {whose} ({kind})" if kind else ""
        return words + ("; 16 to 84 % of the samples" if self.pair.samples is not None else "")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.card


def compared_of(name: str, store: Store) -> Compared:
    """Pick the curves of a statistic, as far as there are results."""
    results, ensemble = store.results, store.ensemble
    if results is None:
        return Compared()
    of_it = ensemble is not None and ensemble.is_of(results.request)
    samples = ensemble.bands.get(name) if ensemble is not None and of_it else None
    truth, prediction, other = results.curves.get(name, (None, None, None))
    box = results.whole_box if name == "cddf" else None
    return Compared(truth, prediction, other, samples, box)


def line(stroke: str, name: str) -> str:
    """Write a legend's entry."""
    shape = f'<line x1="0" y1="4" x2="22" y2="4" {stroke}/>'
    return f"<span><svg>{shape}</svg>{name}</span>"


TRUTH_LINE = line('stroke-width="2" style="stroke: var(--panel-on-surface-color)"', "truth")
PREDICTION_LINE = line(
    f'stroke-width="2.4" stroke="{PREDICTION}" stroke-dasharray="6 4"', "prediction"
)
BAND_SHAPE = f'<rect y="-1" width="22" height="10" fill="{PREDICTION}" opacity="{BAND_ALPHA}"/>'
OTHER_LINE = line(f'stroke-width="2.4" stroke="{OTHER}" stroke-dasharray="2 3"', "comparison")
SAMPLES_SHAPE = f'<rect y="-1" width="22" height="10" fill="{SAMPLES}" opacity="{SAMPLES_ALPHA}"/>'
BAND_MARK = f"<span><svg>{BAND_SHAPE}</svg>±{100 * BAND:.0f} %</span>"
