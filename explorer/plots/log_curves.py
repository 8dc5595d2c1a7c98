"""Truth and prediction as curves, and their ratio below: what the plots of statistics share."""

from collections.abc import Mapping, Sequence
from typing import Any

from bokeh.models import ColumnDataSource
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure

from engine.results import Curve
from engine.statistics.compared import COMPARED
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.curve_columns import (
    Curves,
    Reach,
    area,
    beyond,
    described,
    dots,
    error_band,
    extent,
    height,
    marks,
    path,
    points,
    ratio,
    sample_band,
    sample_ratio,
)
from explorer.plots.frames import Columns
from explorer.style import GREY, OTHER, PREDICTION, SAMPLES
from explorer.words import unit_in_words

BAND = 0.1
"""Half width of the band in the ratio panel: the agreement the papers aim for."""

BAND_ALPHA = 0.2

ERROR_ALPHA = 0.16
"""Of the truth's error band."""

SAMPLES_ALPHA = 0.5
"""Of the band of many samples."""

RATIO_RANGE = (0.45, 1.55)

HEIGHT, RATIO_HEIGHT = 198, 108
"""Pixels of the two panels; the lower one carries the x axis's words as well."""

PAINTED = ("prediction", "other")
"""Whose curves stand over the truth's."""


class LogCurves:
    """Curves on a logarithmic axis above, prediction over truth below.

    Parameters
    ----------
    least : float
        Bins in which the truth counts fewer say nothing of the ratio and are left out.
    published : sequence of Curve
        Relations from the literature, in thin lines which a click on their name hides.
    """

    def __init__(self, least: float = 0, published: Sequence[Curve] = ()) -> None:
        self.least = least
        self.main = frames.frame(HEIGHT, "log", with_x=False)
        self.below = frames.frame(RATIO_HEIGHT, "linear")
        self.below.x_range = self.main.x_range
        self.sources = {
            "error": frames.band(self.main, GREY, ERROR_ALPHA),
            "samples": frames.band(self.main, SAMPLES, SAMPLES_ALPHA),
            "truth": frames.line(self.main, GREY, line_width=2),
            **painted_lines(self.main),
        }
        inks = {"truth": GREY, "prediction": PREDICTION, "other": OTHER}
        self.marks = {name: frames.dots(self.main, colour) for name, colour in inks.items()}
        frames.literature(self.main, published)
        target(self.below)
        self.ratio_sources = {
            "samples": frames.band(self.below, SAMPLES, SAMPLES_ALPHA),
            **painted_lines(self.below),
        }
        self.beyond = {name: frames.arrows(self.below, inks[name]) for name in PAINTED}
        self.reach = Reach(), Reach()
        self.below.y_range.update(start=RATIO_RANGE[0], end=RATIO_RANGE[1])
        self.below.yaxis.axis_label = "ratio"
        self.below.yaxis.ticker = [0.5, 1, 1.5]
        self.figures = [frames.keep_in_browser(self.main), frames.keep_in_browser(self.below)]

    def show(self, curves: Curves, samples: Quantiles | None = None) -> None:
        """Fill the panels; a missing curve leaves an empty line."""
        for name, columns in main_columns(curves, samples).items():
            frames.fill(self.sources[name], columns)
        for name, source in self.marks.items():
            frames.fill(source, dots(marks(curves.get(name))))
        for name, columns in ratio_columns(curves, samples, self.least).items():
            frames.fill(self.ratio_sources[name], columns)
        for name, source in self.beyond.items():
            over = ratio(curves.get("truth"), curves.get(name), self.least)
            frames.fill(source, dots(beyond(over, *RATIO_RANGE)))
        both = (*self.main.xaxis, *self.below.xaxis)
        frames.span_axis(both, self.main.x_range, *self.reach[0].over(curves, extent(curves)))
        ends = self.reach[1].over(curves, height(curves))
        frames.span_axis(self.main.yaxis, self.main.y_range, *ends)
        if (about := described(curves)) is not None:
            self.main.yaxis.axis_label = unit_in_words(about.y_label)
            self.below.xaxis.axis_label = unit_in_words(about.x_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.sources, self.marks, self.ratio_sources, self.beyond):
                if name in sources:
                    frames.ink(self.figures, sources[name], colour)
        if "truth" in inks:
            frames.ink(self.figures, self.sources["error"], inks["truth"])


def painted_lines(fig: figure) -> dict[str, ColumnDataSource]:
    """Add the lines of both paintings, the first on top."""
    other = frames.line(fig, OTHER, line_width=2.4, line_dash="dotted")
    prediction = frames.line(fig, PREDICTION, line_width=2.4, line_dash="dashed")
    return {"other": other, "prediction": prediction}


def target(fig: figure, top: float = 1 + BAND) -> None:
    """Draw agreement and the band around it, up to the most that there can be."""
    look: dict[str, Any] = {"fill_color": PREDICTION, "fill_alpha": BAND_ALPHA, "line_width": 0}
    fig.add_layout(BoxAnnotation(bottom=1 - BAND, top=top, **look))
    fig.add_layout(Span(location=1, dimension="width", line_color=GREY, line_width=1))


def main_columns(curves: Curves, samples: Quantiles | None) -> dict[str, Columns]:
    """Columns of the upper panel's sources."""
    return {
        "error": area(error_band(curves.get("truth"))),
        "samples": area(sample_band(samples)),
        **{name: path(points(curves.get(name))) for name in COMPARED},
    }


def ratio_columns(
    curves: Curves, samples: Quantiles | None, least: float = 0
) -> dict[str, Columns]:
    """Columns of the lower panel's sources."""
    truth = curves.get("truth")
    return {
        "samples": area(sample_ratio(truth, samples, least)),
        **{name: path(ratio(truth, curves.get(name), least)) for name in PAINTED},
    }
