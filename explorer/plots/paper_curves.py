"""The curves of a figure for a paper, each with its ratio to the truth below."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from engine import statistics
from engine.results import Curve, Outcome
from explorer.ensemble import Quantiles
from explorer.plots.curve_columns import (
    Curves,
    described,
    error_band,
    extent,
    height,
    marks,
    points,
    sample_band,
    sample_ratio,
)
from explorer.plots.curve_columns import ratio as ratio_of
from explorer.plots.log_curves import BAND, PAINTED, RATIO_RANGE
from explorer.plots.paper_sheet import (
    DASHES,
    EDGE,
    GAP,
    LABELS,
    NORMAL,
    PANEL,
    PANEL_WORDS,
    RATIO,
    SMALL,
    TRUTH,
    WIDTH,
    WORDS,
    Names,
    Samples,
    place,
    power_of_ten,
    printed,
    thin,
)
from explorer.style import SAMPLES

PANELS = 2
"""Statistics below the maps: those that come first of all with a ratio to the truth."""

MANY = 0.1
"""Share of a ratio's bins outside the page's range from which on it is drawn over a wider one."""
WIDE_RANGE = (-0.2, 3.2)


def draw_curves(
    figure: Figure, outcome: Outcome, names: Names, samples: Samples, inks: Names
) -> None:
    """Draw each statistic with its ratio below."""
    width = (WIDTH - EDGE - 2 * LABELS - GAP) / PANELS
    along_log = (name for name, found in outcome.curves.items() if all_log(found))
    for number, name in enumerate(first_of(along_log)):
        left = LABELS + number * (width + LABELS + GAP)
        curves, band = outcome.curves[name], samples.get(name)
        bottom = EDGE + PANEL_WORDS
        main = place(figure, left, bottom + RATIO, width, PANEL)
        below = place(figure, left, bottom, width, RATIO)
        _draw_main(main, curves, names, band, inks)
        _draw_ratio(below, curves, statistics.get(name).least, band, inks)
        for ax in (main, below):
            ax.set_xlim(extent(curves))
            ax.yaxis.set_label_coords(-(LABELS - 0.21) / width, 0.5)
        if not number:
            main.legend(frameon=False, fontsize=SMALL, handlelength=2.4, loc="lower left")


def all_log(curves: Curves) -> bool:
    """Whether curves are drawn along a logarithmic axis."""
    return all(curve.x_log for curve in curves.values())


def first_of(names: Iterable[str]) -> list[str]:
    """Pick the statistics to draw from those there are."""
    known = [name for name in names if name in statistics.names()]
    logarithmic = [name for name in known if statistics.get(name).y_range is None]
    return sorted(logarithmic, key=lambda name: statistics.get(name).place)[:PANELS]


def _draw_main(
    ax: Axes, curves: Curves, names: Names, samples: Quantiles | None, inks: Names
) -> None:
    x, low, high = error_band(curves.get("truth"))
    ax.fill_between(x, low, high, color=TRUTH, alpha=0.15, linewidth=0)
    if samples is not None:
        words = f"16 to 84 % of {samples.count} samples"
        x, low, high = sample_band(samples)
        ax.fill_between(x, low, high, color=SAMPLES, alpha=0.4, linewidth=0, label=words)
    for name in WORDS:
        curve = curves.get(name)
        if curve is not None:
            ax.plot(
                *points(curve), color=inks[name], linestyle=DASHES[name], linewidth=1.1,
                label=names.get(name, WORDS[name]),
            )  # fmt: skip
            _draw_marks(ax, curve, inks[name])
    ax.set(xscale="log", yscale="log", ylim=height(curves), xticklabels=[])
    lowest = height(curves)[0]
    # A number at the foot would meet the ratio's.
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: power_of_ten(value, _) if value > 1.1 * lowest else "")
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True, labelbottom=False)
    about = described(curves)
    ax.set_ylabel(printed(about.y_label if about else ""), fontsize=NORMAL)
    thin(ax)


def _draw_marks(ax: Axes, curve: Curve, colour: str) -> None:
    """Draw values below zero hollow, without their sign, and lone values above it full."""
    x, y, full = marks(curve)
    faces = [colour if each else "none" for each in full]
    ax.scatter(x, y, s=9, facecolors=faces, edgecolors=colour, linewidths=0.8)


def _draw_ratio(
    ax: Axes, curves: Curves, least: float, samples: Quantiles | None, inks: Names
) -> None:
    ax.axhspan(1 - BAND, 1 + BAND, color="0.88", linewidth=0)
    ax.axhline(1, color=TRUTH, linewidth=0.6)
    x, low, high = sample_ratio(curves.get("truth"), samples, least)
    ax.fill_between(x, low, high, color=SAMPLES, alpha=0.4, linewidth=0)
    outside = False
    for name in PAINTED:
        x, y = ratio_of(curves.get("truth"), curves.get(name), least)
        ax.plot(x, y, color=inks[name], linestyle=DASHES[name], linewidth=1.1)
        outside |= bool(
            np.mean((y < RATIO_RANGE[0]) | (y > RATIO_RANGE[1])) > MANY if len(y) else 0
        )
    ticks = (0, 1, 2) if outside else (0.75, 1, 1.25)
    ax.set(xscale="log", ylim=WIDE_RANGE if outside else RATIO_RANGE, yticks=ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(power_of_ten))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.set_ylabel("Ratio", fontsize=NORMAL)
    about = described(curves)
    ax.set_xlabel(printed(about.x_label if about else ""), fontsize=NORMAL, labelpad=1)
    thin(ax)
