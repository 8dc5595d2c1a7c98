"""Mass of every halo against its dark matter, in truth and paintings."""

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh
import numpy as np
from bokeh.models.tickers import FixedTicker
from numpy.typing import NDArray

from engine.published import HI_MASS_RELATIONS
from engine.results import Curve, Points
from explorer.plots.frames import MARGINS, tick_words
from explorer.style import GREY, PUBLISHED
from explorer.words import unit_in_words

hv.Store.set_current_backend("bokeh")

TITLE = "Haloes"
SCATTER_TITLE = "Scatter of haloes"
"""Of the card of their scatter about the median."""

HEIGHT = 306
"""As two panels of a curve together, [pixels]."""

FAINT = 0.25
"""Opacity of haloes whose virial radius is too few pixels for their mass to be trusted."""

DECADES = (10.0 ** np.arange(0, 16)).tolist()
"""Masses that are written along the axes, [Msun/h]."""

COLUMNS = ("number", "slab", "mvir", "rvir", "environment", "opacity", "colour")
TOOLTIPS = [
    ("halo", "@number, slab @slab"),
    ("Mᵥᵢᵣ", "@mvir{0.00e+0} M⊙/h"),
    ("Rᵥᵢᵣ", "@rvir{0} ckpc/h"),
    ("dark matter", "@x{0.00e+0} M⊙/h"),
    ("this field", "@y{0.00e+0} M⊙/h"),
    ("neighbours", "@environment{0.0} (h/Mpc)²"),
]
"""Masses of the axes are within the projected virial radius, Mᵥᵢᵣ is the halo finder's."""


def cloud(points: Points | None, colours: Sequence[str], marker: str, name: str) -> hv.Points:
    """Draw a point for each halo; those too small to be resolved are faint.

    Parameters
    ----------
    points : Points or None
        See `engine.statistics.halo_relation`; None draws nothing.
    colours : sequence of str
        One for all haloes, or three for low, middle and high numbers of neighbours.
    marker : str
        Of the points.
    name : str
        Whose haloes they are, for the tooltip.
    """
    x, y = hv.Dimension("x"), hv.Dimension("y")
    if points is not None:
        x, y = (
            hv.Dimension(("x", short(points.x_label))),
            hv.Dimension(("y", short(points.y_label))),
        )
    return hv.Points(table(points, colours), [x, y], list(COLUMNS)).opts(
        # Not as one "color": HoloViews would ask hatches for a column of that name.
        line_color="colour",
        fill_color="colour",
        marker=marker,
        size=7,
        fill_alpha=0.15 if marker == "circle" else 1,
        line_alpha="opacity",
        nonselection_line_alpha=0.08,
        nonselection_fill_alpha=0.02,
        tools=["hover", "tap", "box_select"],
        hover_tooltips=[(name, ""), *TOOLTIPS],
        framewise=True,
    )


def short(label: str) -> str:
    """Write a label in as few words as the card has room for."""
    for mass, alone in (("-matter mass", " matter"), ("neutral hydrogen", "HI"), (" mass", "")):
        label = label.replace(mass, alone)
    return unit_in_words(label)


def table(points: Points | None, colours: Sequence[str]) -> tuple[NDArray[Any], ...]:
    """Columns of the haloes that can be drawn on logarithmic axes."""
    if points is None:
        return *(np.empty(0) for _ in COLUMNS), np.empty(0), np.empty(0, "U7")
    drawn = (points.x > 0) & (points.y > 0)
    some = points.select(drawn)
    opacity = np.where(some.columns["resolved"], 1.0, FAINT)
    group = third_of(points)[drawn] if len(colours) > 1 else np.zeros(len(some), np.intp)
    return (
        some.x,
        some.y,
        *(some.columns[name] for name in COLUMNS[:-2]),
        opacity,
        np.array(colours)[group],
    )


def thirds(points: Points) -> tuple[float, float]:
    """Neighbours per area that a third and two thirds of the haloes don't exceed, [(h/Mpc)^2].

    References
    ----------
    Bernardini et al. 2022, equation 10 and figure 7, whose colours are of medians in bins.
    """
    around = points.columns["environment"]
    low, high = np.quantile(around, (1 / 3, 2 / 3), method="inverted_cdf")
    return float(low), float(high)


def third_of(points: Points) -> NDArray[np.intp]:
    """Whether each halo has few neighbours, some or many: 0, 1 or 2."""
    if not len(points):
        return np.empty(0, np.intp)
    return np.searchsorted(thirds(points), points.columns["environment"])


def median(curve: Curve | None, colour: str, dash: str) -> hv.Curve:
    """Draw the median of the haloes in bins of dark-matter mass."""
    x, y = (curve.x, curve.y) if curve is not None else (np.empty(0), np.empty(0))
    some = np.isfinite(y)
    return hv.Curve((x[some], y[some]), "x", "y").opts(
        color=colour, line_dash=dash, line_width=2, framewise=True
    )


def literature(curves: Sequence[Curve]) -> hv.Overlay:
    """Draw published relations; a click on a name hides its line.

    Those that there are none of for a field are drawn empty: a legend that comes later has no
    place on the page, and the browser fails at every change of it.
    """
    drawn = {curve.name: (curve.x, curve.y) for curve in curves}
    nothing = (np.empty(0), np.empty(0))
    lines = [
        hv.Curve(drawn.get(name, nothing), "x", "y", label=name).opts(
            color=PUBLISHED, line_dash=dash, line_width=1.2, framewise=True
        )
        for name, dash in zip(HI_MASS_RELATIONS, ("solid", "dashed"), strict=True)
    ]
    return hv.Overlay(lines)


def look(plot: Any, element: hv.Overlay) -> None:
    """Give the figure the frame of the other cards."""
    plot.state.update(**MARGINS, outline_line_color=None, output_backend="canvas")
    for axis in plot.state.axis:
        axis.update(ticker=FixedTicker(ticks=DECADES), formatter=tick_words())
    published = [len(line) for line in element.traverse(specs=[hv.Curve]) if line.label]
    for legend in plot.state.legend:
        legend.update(
            visible=any(published),
            click_policy="hide",
            background_fill_alpha=0,
            border_line_color=None,
            label_text_color=GREY,
            label_text_font_size="11px",
            padding=2,
            spacing=0,
        )
