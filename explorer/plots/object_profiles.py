"""Radial profile of one object beside those of all: median, quartiles and range."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models.annotations import Label, Span
from numpy.typing import NDArray

from engine.results import Curve
from engine.statistics.profile_spread import Spread
from explorer.plots import frames
from explorer.plots.curve_columns import (
    Curves,
    area,
    beyond,
    described,
    dots,
    path,
    points,
    ratio,
)
from explorer.plots.log_curves import (
    HEIGHT,
    PAINTED,
    RATIO_HEIGHT,
    RATIO_RANGE,
    painted_lines,
    target,
)
from explorer.style import GREY
from explorer.words import unit_in_words

RANGE_ALPHA, QUARTILES_ALPHA = 0.1, 0.22
"""Of the two bands."""

INNER, OUTER = 0.7, 1.05
"""Parts of the first and the last radius at which the x axis ends."""

FAINTER = 0.1
"""Than all that is known, down to which the y axis goes at most: a painting of empty sky can run on
for decades, and would take the panel from what can be compared."""


class ObjectProfiles:
    """Profiles above, painting over truth below."""

    def __init__(self) -> None:
        self.main = frames.frame(HEIGHT, "log", with_x=False)
        self.below = frames.frame(RATIO_HEIGHT, "linear")
        self.below.x_range = self.main.x_range
        self.bands = {
            "range": frames.band(self.main, GREY, RANGE_ALPHA),
            "quartiles": frames.band(self.main, GREY, QUARTILES_ALPHA),
        }
        self.medians = {
            name: frames.line(self.main, GREY, line_width=1.2, line_dash=dash)
            for name, dash in (("truth", "solid"), ("prediction", "dashed"), ("other", "dotted"))
        }
        self.sources = {
            "truth": frames.line(self.main, GREY, line_width=2.4),
            **painted_lines(self.main),
        }
        target(self.below)
        self.ratios = painted_lines(self.below)
        self.beyond = {name: frames.arrows(self.below, GREY) for name in PAINTED}
        self.below.y_range.update(start=RATIO_RANGE[0], end=RATIO_RANGE[1])
        self.below.yaxis.axis_label = "ratio"
        self.below.yaxis.ticker = [0.5, 1, 1.5]
        self.edges = [edge_line(fig) for fig in (self.main, self.below)]
        self.words = Label(
            x=0, y=6, y_units="screen", text="", text_color=GREY, text_font_size="11px", x_offset=4
        )
        self.main.add_layout(self.words)
        self.figures = [frames.keep_in_browser(self.main), frames.keep_in_browser(self.below)]

    def show(self, curves: Curves, spreads: Mapping[str, Spread], radius: float) -> None:
        """Fill the panels.

        Parameters
        ----------
        curves : mapping of str to Curve
            Of the object, by map.
        spreads : mapping of str to Spread
            Of all objects, by map.
        radius : float
            Of the object, in the curves' unit; 0 for none.
        """
        whose = spreads.get("truth") or next(iter(spreads.values()), None)
        for name, ends in (("range", ("lowest", "highest")), ("quartiles", ("lower", "upper"))):
            frames.fill(self.bands[name], area(between(whose, *ends)))
        for name, source in self.medians.items():
            spread = spreads.get(name)
            xy = (np.empty(0),) * 2 if spread is None else some_of(spread.x, spread.median)
            frames.fill(source, path(xy))
        for name, source in self.sources.items():
            frames.fill(source, path(points(curves.get(name))))
        for name in PAINTED:
            xy = ratio(curves.get("truth"), curves.get(name))
            frames.fill(self.ratios[name], path(xy))
            frames.fill(self.beyond[name], dots(beyond(xy, *RATIO_RANGE)))
        self._span(curves, whose)
        self._mark(radius)
        if (about := described(curves)) is not None:
            self.main.yaxis.axis_label = unit_in_words(short(about.y_label))
            self.below.xaxis.axis_label = unit_in_words(about.x_label)

    def _span(self, curves: Mapping[str, Curve], whose: Spread | None) -> None:
        """Let the axes reach over what is drawn, to half decades."""
        x = [curve.x[curve.x > 0] for curve in curves.values()]
        y = [curve.y[curve.y > 0] for curve in curves.values()]
        known = [curves["truth"].y[curves["truth"].y > 0]] if "truth" in curves else []
        if whose is not None:
            x.append(whose.x)
            known.append(whose.lower[whose.lower > 0])
            y += [known[-1], whose.highest[whose.highest > 0]]
        first, last = frames.span(x)
        axes: Any = (*self.main.xaxis, *self.below.xaxis)
        frames.span_axis(axes, self.main.x_range, INNER * first, OUTER * last)
        lowest, highest = frames.span(y)
        if any(map(len, known)):
            lowest = max(lowest, FAINTER * frames.span(known)[0])
        low, high = np.log10([lowest, highest])
        ends = np.floor(2 * low) / 2, np.ceil(2 * high) / 2
        frames.span_axis(self.main.yaxis, self.main.y_range, *(float(10**end) for end in ends))

    def _mark(self, radius: float) -> None:
        """Mark the object's radius."""
        for edge in self.edges:
            edge.update(location=radius, visible=radius > 0)
        self.words.update(x=radius, text="R₅₀₀", visible=radius > 0)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.sources, self.ratios, self.medians, self.beyond):
                if name in sources:
                    frames.ink(self.figures, sources[name], colour)


def short(label: str) -> str:
    """Write a label in as few words as the panel has room for."""
    for words, alone in (
        ("X-ray surface brightness, 0.5-2 keV", "brightness"),
        ("spectroscopic-like temperature of hot gas", "temperature"),
        ("surface density", "density"),
    ):
        label = label.replace(words, alone)
    return label


def edge_line(fig: Any) -> Span:
    """Add a thin line at a radius."""
    edge = Span(location=1, dimension="height", line_color=GREY, line_dash="dotted", visible=False)
    fig.add_layout(edge)
    return edge


def some_of(x: NDArray[np.float64], *each: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Where all have a place on logarithmic axes."""
    some = (x > 0) & np.all([values > 0 for values in each], axis=0)
    return (x[some], *(values[some] for values in each))


def between(spread: Spread | None, low: str, high: str) -> tuple[NDArray[np.float64], ...]:
    """x, lower and upper edge of a band; nothing without one.

    The lower edge of what reaches down to nothing lies far below the axis.
    """
    if spread is None:
        return (np.empty(0),) * 3
    below, above = getattr(spread, low), getattr(spread, high)
    return some_of(spread.x, np.where(below > 0, below, 1e-6 * above), above)
