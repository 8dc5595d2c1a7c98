"""A figure of a cluster for a paper: its maps, a row for each quantity, and curves of all below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from engine.mesh import Cutout
from engine.results import Curve, Points
from engine.statistics.compared import COMPARED
from engine.statistics.profile_spread import Spread
from engine.statistics.scaling_fit import Fit
from explorer.plots.functions import stepped
from explorer.plots.paper_look import Colours
from explorer.plots.paper_maps import Panel, draw_bar, draw_map, draw_scale, side_of
from explorer.plots.paper_sheet import (
    BAR,
    BAR_WORDS,
    COLOURS,
    DASHES,
    EDGE,
    FONT,
    GAP,
    LABELS,
    NORMAL,
    PANEL,
    PANEL_WORDS,
    RATIO,
    SMALL,
    TITLES,
    TRUTH,
    WIDTH,
    Names,
    place,
    power_of_ten,
    printed,
    thin,
)
from explorer.words import short_label

MARKS = {"truth": "o", "prediction": "+", "other": "x"}
BAND, WIDE_BAND = 0.25, 0.1
"""Opacity of quartiles, or of a function's error, and of the whole range."""

SYMBOLS = (("M500c", "$M_{500}$"), ("dn/dlog10 x", "$dn/d\\log_{10}L$"))
"""Of labels, as they are set."""

ROOM = 12.0
"""Above the points of the relation, a factor: for its legend."""

CURVES = 3
"""Panels below the maps."""


@dataclass(frozen=True, eq=False)
class ClusterLook:
    """Everything of the page's maps of a cluster that isn't their values.

    Parameters
    ----------
    colours : mapping of str to Colours
        Of "input" (dark matter), of each field and of "error".
    pair : tuple of str
        Maps whose fractional error is shown, the one that is held against first.
    radius : float
        Of the circle on the maps, comoving, [Mpc/h]; 0 for none.
    view : tuple of float
        x0, x1, y0, y1 that is shown, comoving, [Mpc/h]; empty for the whole map.
    length : float
        What 1 comoving Mpc/h is called in the unit of lengths.
    length_unit : str
        That unit.
    """

    colours: Mapping[str, Colours]
    pair: tuple[str, str]
    radius: float = 0.0
    view: tuple[float, ...] = ()
    length: float = 1.0
    length_unit: str = "cMpc/h"


@dataclass(frozen=True, eq=False)
class ClusterCurves:
    """What stands below the maps.

    Parameters
    ----------
    profile, function : mapping of str to Curve
        Of the cluster on the maps, and of all that are shown, by map.
    spreads : mapping of str to Spread
        Of the profiles of all.
    relation, fits : mapping of str to Points, to Fit
        Of all, by map.
    alike : mapping of str to float
        Correlation of the truth's residuals with each painting's.
    """

    profile: Mapping[str, Curve]
    function: Mapping[str, Curve]
    spreads: Mapping[str, Spread]
    relation: Mapping[str, Points]
    fits: Mapping[str, Fit]
    alike: Mapping[str, float]


def cluster_figure(
    maps: Mapping[str, Cutout],
    curves: ClusterCurves,
    look: ClusterLook,
    names: Names,
    inks: Names,
    quantities: Mapping[str, str],
    facts: Sequence[str] = (),
) -> Figure:
    """Draw a cluster.

    Parameters
    ----------
    maps : mapping of str to Cutout
        "input", and "xray_truth" and the like.
    curves : ClusterCurves
        Below them.
    look : ClusterLook
        Of the maps.
    names, inks : mapping of str
        What truth and paintings are called, and the colours of these.
    quantities : mapping of str
        What fields are called.
    facts : sequence of str
        Lines below the dark matter.
    """
    inks = {**COLOURS, **inks}
    dark, rows = rows_of(maps, look, names, quantities)
    columns = 1 + max(len(row) for row in rows)
    side = (WIDTH - 2 * EDGE - (columns - 1) * GAP) / columns
    row_tall = TITLES + side + 0.05 + BAR + BAR_WORDS
    curves_tall = PANEL_WORDS + RATIO + PANEL + 0.3
    figure = Figure(figsize=(WIDTH, EDGE + curves_tall + len(rows) * row_tall + EDGE))
    top = EDGE + curves_tall + len(rows) * row_tall
    _draw_row(figure, [dark], look, (EDGE, top - row_tall), side)
    lines = "\n".join(printed(line) for line in facts)
    from_top = (top - row_tall - TITLES) / figure.get_figheight()
    figure.text(EDGE / WIDTH, from_top, lines, fontsize=NORMAL, va="top", linespacing=1.6)
    for number, row in enumerate(rows, 1):
        _draw_row(figure, row, look, (EDGE + side + GAP, top - number * row_tall), side)
    _draw_curves(figure, curves, names, inks)
    figure.draw_without_rendering()  # makes the texts of ticks
    for text in figure.findobj(Text):
        text.set(fontfamily=FONT, math_fontfamily="stix")
    return figure


def rows_of(
    maps: Mapping[str, Cutout], look: ClusterLook, names: Names, quantities: Names
) -> tuple[Panel, list[list[Panel]]]:
    """List the maps to draw: dark matter, and a row for each field there is."""

    def panel(name: str, title: str, group: str) -> Panel:
        colours = look.colours[group]
        return Panel(title, colours.values(maps[name]), colours, maps[name], group)

    rows = []
    for field in (field for field in quantities if field in look.colours):
        there = [name for name in COMPARED if f"{field}_{name}" in maps]
        titles = [names.get(name, name) for name in there]
        titles[:1] = [f"{quantities[field].capitalize()}: {title}" for title in titles[:1]]
        row = [
            panel(f"{field}_{name}", title, field)
            for name, title in zip(there, titles, strict=True)
        ]
        if set(look.pair) <= set(there):
            first, second = (maps[f"{field}_{name}"] for name in look.pair)
            values = _error(first, second)
            row.append(Panel("Error", values, look.colours["error"], first, "error"))
        rows.append(row)
    return panel("input", short_label(maps["input"].field).capitalize(), "input"), rows


def _error(first: Cutout, second: Cutout) -> np.ndarray:
    """Second over first less one; not a number where the first is zero."""
    over = np.full(first.shape, np.nan)
    np.divide(second.values, first.values, where=first.values > 0, out=over)
    return over - 1


def _draw_row(
    figure: Figure,
    panels: Sequence[Panel],
    look: ClusterLook,
    corner: tuple[float, float],
    side: float,
) -> None:
    """Draw maps side by side above their colour bars."""
    left, bottom = corner
    above = bottom + BAR_WORDS + BAR + 0.05
    for number, panel in enumerate(panels):
        ax = place(figure, left + number * (side + GAP), above, side, side)
        wide = side_of(panel.slab)
        x0, x1, y0, y1 = look.view or (0, wide, 0, wide)
        draw_map(ax, panel)
        if look.radius:
            ink = "white" if panel.group != "error" else "black"
            ring = Circle((wide / 2, wide / 2), look.radius, fill=False, lw=0.7, color=ink)
            ax.add_patch(ring)
        ax.set(xlim=(x0, x1), ylim=(y0, y1))
        if panel.group == "input":
            draw_scale(ax, (x0, x1, y0, y1), look.length, look.length_unit)
    for group in dict.fromkeys(panel.group for panel in panels):
        sharing = [number for number, panel in enumerate(panels) if panel.group == group]
        start = left + sharing[0] * (side + GAP)
        width = len(sharing) * (side + GAP) - GAP
        draw_bar(figure, panels[sharing[0]], (start, bottom + BAR_WORDS, width))


def _draw_curves(figure: Figure, curves: ClusterCurves, names: Names, inks: Names) -> None:
    """Draw profile, function and relation side by side."""
    width = (WIDTH - EDGE - CURVES * LABELS) / CURVES
    axes = [
        place(figure, LABELS + n * (width + LABELS), EDGE + PANEL_WORDS, width, PANEL + RATIO)
        for n in range(CURVES)
    ]
    for ax, draw in zip(axes, (_draw_profile, _draw_function, _draw_relation), strict=True):
        ax.set(xscale="log", yscale="log")
        draw(ax, curves, names, inks)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(LogLocator(numticks=6))
            axis.set_major_formatter(FuncFormatter(power_of_ten))
            axis.set_minor_formatter(NullFormatter())
        ax.tick_params(which="both", direction="in", top=True, right=True)
        ax.yaxis.set_label_coords(-(LABELS - 0.21) / width, 0.5)
        thin(ax)


def _draw_profile(ax: Axes, curves: ClusterCurves, names: Names, inks: Names) -> None:
    """Draw the profile of this cluster among those of all."""
    whole = curves.spreads.get("truth") or next(iter(curves.spreads.values()), None)
    if whole is not None:
        for low, high, alpha in (
            (whole.lowest, whole.highest, WIDE_BAND),
            (whole.lower, whole.upper, BAND),
        ):
            ax.fill_between(whole.x, low, high, color=TRUTH, alpha=alpha, lw=0)
    for name, curve in curves.profile.items():
        some = curve.y > 0
        ax.plot(curve.x[some], curve.y[some], color=inks[name], ls=DASHES[name], lw=1.1,
                label=names.get(name, name))  # fmt: skip
    # The range of all goes on to where there is next to nothing.
    lowest = [each.lower for each in curves.spreads.values()]
    lowest += [curve.y for curve in curves.profile.values()]
    seen = np.concatenate([low[low > 0] for low in lowest] or [np.ones(1)])
    ax.set_ylim(bottom=float(seen.min()) / 2)
    ax.legend(frameon=False, fontsize=SMALL, handlelength=2.4, loc="lower left")
    _label(ax, next(iter(curves.profile.values()), None))


def _draw_function(ax: Axes, curves: ClusterCurves, names: Names, inks: Names) -> None:  # noqa: ARG001 (as the others)
    """Draw how many clusters there are, the truth's count with its error."""
    for name, curve in curves.function.items():
        (x, y), (edges, low, high) = stepped(curve)
        if name == "truth":
            ax.fill_between(edges, low, high, color=TRUTH, alpha=BAND, lw=0)
        ax.plot(x, y, color=inks[name], ls=DASHES[name], lw=1.1)
    _label(ax, next(iter(curves.function.values()), None))


def _draw_relation(ax: Axes, curves: ClusterCurves, names: Names, inks: Names) -> None:
    """Draw every cluster, with the power law through them."""
    for name, points in curves.relation.items():
        some = (points.x > 0) & (points.y > 0)
        ink: dict[str, Any] = {"color": inks[name]}
        if name == "truth":
            ink = {"facecolors": "none", "edgecolors": inks[name]}
        x, y = points.x[some], points.y[some]
        ax.scatter(x, y, s=9, marker=MARKS[name], linewidths=0.6, **ink)
        if name in curves.fits:
            ends = np.sort(x)[[0, -1]]
            words = f"{names.get(name, name)}: {curves.fits[name].scatter:.3f} dex"
            if name in curves.alike:
                words += f", r = {curves.alike[name]:.2f}"
            ax.plot(
                ends,
                curves.fits[name](ends),
                color=inks[name],
                ls=DASHES[name],
                lw=1.0,
                label=words,
            )
    if curves.fits:
        ax.legend(frameon=False, fontsize=SMALL - 1, handlelength=2.0, loc="upper left")
        brightest = max(float(points.y.max()) for points in curves.relation.values())
        ax.set_ylim(top=brightest * ROOM)
    first = next(iter(curves.relation.values()), None)
    _label(ax, first)


def _label(ax: Axes, about: Curve | Points | None) -> None:
    if about is not None:
        for words, write in ((about.x_label, ax.set_xlabel), (about.y_label, ax.set_ylabel)):
            set_so = reduce(lambda text, pair: text.replace(*pair), SYMBOLS, words)
            write(printed(set_so), fontsize=NORMAL)
