"""A figure for a paper: maps in a row, their curves below, as wide as a journal's page."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from engine import statistics
from engine.fields import field_named
from engine.mesh import Slab
from engine.results import Outcome
from explorer.plots.curve_columns import Curves, described, error_band, extent, height, points
from explorer.plots.curve_columns import ratio as ratio_of
from explorer.plots.log_curves import BAND, PAINTED, RATIO_RANGE
from explorer.style import palette
from explorer.words import short_label

WIDTH = 7.1
"""Of a two-column journal page, [inches]."""

EDGE = 0.08
"""Around everything, [inches]; as are all sizes below."""
GAP = 0.08
"""Between maps."""
TITLES, BAR, BAR_WORDS = 0.2, 0.09, 0.4
"""Heights of the words above a map, of a colour bar, and of what is below it."""
PANEL, RATIO, PANEL_WORDS = 1.5, 0.55, 0.42
"""Heights of curves, of their ratio, and of the words below."""
LABELS = 0.58
"""Width of what is written left of a panel."""

DOTS_PER_INCH = 400
"""Of a PNG, and of the maps within a PDF: a map of a two-column page has 900 to a side."""

FONT = "STIXGeneral"
"""Comes with matplotlib and looks like a journal's own."""

SMALL, NORMAL = 7.5, 8.5
"""Sizes of numbers and of words, [points]; a caption has 8 to 9."""

TRUTH, PREDICTION, OTHER = "black", "#0072b2", "#d55e00"
"""Okabe and Ito's, which every colour vision tells apart; dashes do so in grey."""

DASHES = {"truth": "-", "prediction": (0, (4, 1.5)), "other": (0, (1, 1.2))}
COLOURS = {"truth": TRUTH, "prediction": PREDICTION, "other": OTHER}
WORDS = {"truth": "truth", "prediction": "prediction", "other": "comparison"}

PANELS = 2
"""Statistics below the maps: those that come first of all with a ratio to the truth."""

MANY = 0.1
"""Share of a ratio's bins outside the page's range from which on it is drawn over a wider one."""
WIDE_RANGE = (-0.2, 3.2)


@dataclass(frozen=True)
class Colours:
    """How a map's values are coloured.

    Parameters
    ----------
    name : str
        Of the colour map, see `explorer.style`.
    low, high : float
        Limits, log10 of the map's unit.
    """

    name: str
    low: float
    high: float

    @property
    def norm(self) -> LogNorm:
        """What makes values shares of the colour map."""
        return LogNorm(10**self.low, 10**self.high)

    @property
    def colours(self) -> LinearSegmentedColormap:
        """The colour map."""
        return LinearSegmentedColormap.from_list(self.name, palette(self.name))

    def mappable(self) -> ScalarMappable:
        """What a colour bar shows."""
        return ScalarMappable(self.norm, self.colours)


def paper_figure(outcome: Outcome, dark_matter: Colours, painted: Colours) -> Figure:
    """Draw input, truth, prediction and comparison, and two of their statistics.

    Parameters
    ----------
    outcome : Outcome
        Maps of a slab with their statistics; a truth or a prediction at least.
    dark_matter, painted : Colours
        Of the input, and of all others alike.
    """
    maps = outcome.maps
    side = (WIDTH - 2 * EDGE - (len(maps) - 1) * GAP) / len(maps)
    below = EDGE + PANEL_WORDS + RATIO + PANEL + 0.12
    tall = below + BAR_WORDS + BAR + 0.05 + side + TITLES + EDGE
    figure = Figure(figsize=(WIDTH, tall))
    _draw_maps(figure, maps, (dark_matter, painted), below + BAR_WORDS, side)
    _draw_curves(figure, outcome)
    figure.draw_without_rendering()  # makes the texts of ticks
    for text in figure.findobj(Text):
        text.set(fontfamily=FONT, math_fontfamily="stix")
    return figure


def as_file(figure: Figure, ending: str) -> bytes:
    """Render a figure.

    Parameters
    ----------
    figure : Figure
        To render.
    ending : {"pdf", "png"}
        In a PDF only maps are pixels.
    """
    file = io.BytesIO()
    # Type 42 embeds fonts as journals ask for; the same for every figure of the process.
    with matplotlib.rc_context({"pdf.fonttype": 42}):
        figure.savefig(file, format=ending, dpi=DOTS_PER_INCH)
    return file.getvalue()


def _place(figure: Figure, left: float, bottom: float, width: float, tall: float) -> Axes:
    """Add axes at a place, [inches] from the lower left corner."""
    full_width, full = figure.get_size_inches()
    return figure.add_axes((left / full_width, bottom / full, width / full_width, tall / full))


def _draw_maps(
    figure: Figure,
    maps: Mapping[str, Slab],
    colours: tuple[Colours, Colours],
    bottom: float,
    side: float,
) -> None:
    """Draw the row of maps with a colour bar below the first and one below the others."""
    of_input, of_painted = colours
    for number, (name, slab) in enumerate(maps.items()):
        left = EDGE + number * (side + GAP)
        ax = _place(figure, left, bottom + BAR + 0.05, side, side)
        _draw_map(ax, slab, of_painted if number else of_input)
        ax.set_title(title(name, slab), fontsize=NORMAL, pad=3)
        if not number:
            _draw_scale(ax, slab.box_size)
    _draw_bar(figure, of_input, maps["input"].field, (EDGE, bottom, side))
    if len(maps) > 1:
        left = EDGE + side + GAP
        field = list(maps.values())[-1].field
        _draw_bar(figure, of_painted, field, (left, bottom, WIDTH - EDGE - left))


def title(name: str, slab: Slab) -> str:
    """Words above a map."""
    if name == "input":
        return short_label(slab.field).capitalize()
    seed = "" if slab.seed is None else f", seed {slab.seed}"
    return f"{short_label(slab.field).capitalize()}, {WORDS[name]}{seed}"


def _draw_map(ax: Axes, slab: Slab, colours: Colours) -> None:
    ax.imshow(
        np.maximum(slab.values, 10**colours.low),
        norm=colours.norm,
        cmap=colours.colours,
        origin="lower",
        extent=(0, slab.box_size, 0, slab.box_size),
        rasterized=True,
    )
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)


def _draw_scale(ax: Axes, box_size: float) -> None:
    """Draw a bar of a round length, about a fifth of the box, with its words."""
    length = round_length(box_size / 5)
    x, y = 0.05 * box_size, 0.06 * box_size
    outline = [withStroke(linewidth=2.6, foreground="black", alpha=0.6)]
    ax.plot(
        [x, x + length], [y, y], color="white", linewidth=1.6, solid_capstyle="butt",
        path_effects=outline,
    )  # fmt: skip
    words = printed(f"{length:g} cMpc/h")
    ax.text(
        x, y + 0.02 * box_size, words, color="white", fontsize=NORMAL, va="bottom",
        path_effects=[withStroke(linewidth=1.2, foreground="black", alpha=0.6)],
    )  # fmt: skip


def round_length(length: float) -> float:
    """Find the largest of 1, 2, 5, 10, ... that is no longer."""
    decade = 10 ** np.floor(np.log10(length))
    return float(decade * max(step for step in (1, 2, 5) if step * decade <= length))


def _draw_bar(
    figure: Figure, colours: Colours, field: str, place: tuple[float, float, float]
) -> None:
    left, bottom, width = place
    ax = _place(figure, left, bottom, width, BAR)
    bar = figure.colorbar(colours.mappable(), cax=ax, orientation="horizontal")
    bar.outline.set_linewidth(0.5)
    ax.xaxis.set_major_locator(LogLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(_power))
    ax.xaxis.set_minor_formatter(NullFormatter())
    _thin(ax)
    ax.tick_params(axis="x", direction="out", pad=1.5)
    label = f"{short_label(field)} [{field_named(field).unit}]"
    ax.set_xlabel(printed(label), fontsize=NORMAL, labelpad=1.5)


def _power(value: float, _: int) -> str:
    return f"$10^{{{round(np.log10(value))}}}$"


PRINTED = (
    (r"P\(k\)|\bk(?= )|\bh\b", r"$\g<0>$"),
    (r"Msun", r"$\\mathrm{M_\\odot}$"),
    (r"\^(\d)", r"$^\1$"),
)
"""How symbols and units are set: slanted, with the sun's sign, powers raised."""


def printed(words: str) -> str:
    """Set a label of the engine for print."""
    if words[1:2].isalpha():  # begins with a word, not with a symbol
        words = words[0].upper() + words[1:]
    for plain, set_as in PRINTED:
        words = re.sub(plain, set_as, words)
    return words


def _thin(ax: Axes) -> None:
    """Line widths and sizes of ticks for print."""
    ax.tick_params(which="both", width=0.5, labelsize=SMALL, labelfontfamily=FONT)
    ax.tick_params(which="major", length=3)
    ax.tick_params(which="minor", length=1.6)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)


def _draw_curves(figure: Figure, outcome: Outcome) -> None:
    """Draw each statistic with its ratio below."""
    width = (WIDTH - EDGE - 2 * LABELS - GAP) / PANELS
    for number, name in enumerate(first_of(outcome.curves)):
        left = LABELS + number * (width + LABELS + GAP)
        curves = outcome.curves[name]
        bottom = EDGE + PANEL_WORDS
        main = _place(figure, left, bottom + RATIO, width, PANEL)
        below = _place(figure, left, bottom, width, RATIO)
        _draw_main(main, curves)
        _draw_ratio(below, curves, statistics.get(name).least)
        for ax in (main, below):
            ax.set_xlim(extent(curves))
            ax.yaxis.set_label_coords(-(LABELS - 0.21) / width, 0.5)
        if not number:
            main.legend(frameon=False, fontsize=SMALL, handlelength=2.4, loc="lower left")


def first_of(names: Iterable[str]) -> list[str]:
    """Pick the statistics to draw from those there are."""
    logarithmic = [name for name in names if statistics.get(name).y_range is None]
    return sorted(logarithmic, key=lambda name: statistics.get(name).place)[:PANELS]


def _draw_main(ax: Axes, curves: Curves) -> None:
    x, low, high = error_band(curves.get("truth"))
    ax.fill_between(x, low, high, color=TRUTH, alpha=0.15, linewidth=0)
    for name, words in WORDS.items():
        curve = curves.get(name)
        if curve is not None:
            ax.plot(
                *points(curve), color=COLOURS[name], linestyle=DASHES[name], linewidth=1.1,
                label=words,
            )  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=height(curves), xticklabels=[])
    lowest = height(curves)[0]
    # A number at the foot would meet the ratio's.
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: _power(value, _) if value > 1.1 * lowest else "")
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True, labelbottom=False)
    about = described(curves)
    ax.set_ylabel(printed(about.y_label if about else ""), fontsize=NORMAL)
    _thin(ax)


def _draw_ratio(ax: Axes, curves: Curves, least: float) -> None:
    ax.axhspan(1 - BAND, 1 + BAND, color="0.88", linewidth=0)
    ax.axhline(1, color=TRUTH, linewidth=0.6)
    outside = False
    for name in PAINTED:
        x, y = ratio_of(curves.get("truth"), curves.get(name), least)
        ax.plot(x, y, color=COLOURS[name], linestyle=DASHES[name], linewidth=1.1)
        outside |= bool(
            np.mean((y < RATIO_RANGE[0]) | (y > RATIO_RANGE[1])) > MANY if len(y) else 0
        )
    ticks = (0, 1, 2) if outside else (0.75, 1, 1.25)
    ax.set(xscale="log", ylim=WIDE_RANGE if outside else RATIO_RANGE, yticks=ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(_power))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.set_ylabel("Ratio", fontsize=NORMAL)
    about = described(curves)
    ax.set_xlabel(printed(about.x_label if about else ""), fontsize=NORMAL, labelpad=1)
    _thin(ax)
