"""A figure for a paper: maps in a row, their curves below, as wide as a journal's page."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import NDArray

from engine import statistics
from engine.mesh import Slab
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
from explorer.plots.paper_look import Colours, Look
from explorer.style import SAMPLES
from explorer.words import SUPERSCRIPTS, short_label

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

Names = Mapping[str, str]
Samples = Mapping[str, Quantiles]

EMPTY = "0.55"
"""Of pixels of a ratio without a value."""

CORNER = 0.03
"""Share of a linear colour bar at its ends in which no number is written."""

NARROW = 1.5
"""Width of a colour bar below which its words are as small as its numbers, [inches]."""

ONE_LINE = 4
"""Maps beside each other whose titles have room for a name and a seed in one line."""

PANELS = 2
"""Statistics below the maps: those that come first of all with a ratio to the truth."""

MANY = 0.1
"""Share of a ratio's bins outside the page's range from which on it is drawn over a wider one."""
WIDE_RANGE = (-0.2, 3.2)


@dataclass(frozen=True, eq=False)
class Panel:
    """One map as it is drawn.

    Parameters
    ----------
    title : str
        Words above it.
    values : array, (ny, nx)
        In the unit shown.
    colours : Colours
        Of these.
    slab : Slab
        Whose values, or one of those that are compared.
    group : str
        Neighbours of the same have one colour bar.
    """

    title: str
    values: NDArray[np.float64]
    colours: Colours
    slab: Slab
    group: str


def paper_figure(
    outcome: Outcome,
    look: Look,
    names: Names = WORDS,
    samples: Samples | None = None,
    inks: Names = COLOURS,
) -> Figure:
    """Draw input, truth, prediction and comparison, and two of their statistics.

    Parameters
    ----------
    outcome : Outcome
        Maps of a slab with their statistics; a truth or a prediction at least.
    look : Look
        Of the maps; with a contrast there is one more, if its maps are there.
    names : mapping of str
        What truth and paintings are called.
    samples : mapping of Quantiles, optional
        Bands of an ensemble by the statistic's name.
    inks : mapping of str
        Colours of the paintings.
    """
    panels = panels_of(outcome.maps, look, names)
    side = (WIDTH - 2 * EDGE - (len(panels) - 1) * GAP) / len(panels)
    titles = TITLES * max(panel.title.count("\n") + 1 for panel in panels)
    below = EDGE + PANEL_WORDS + RATIO + PANEL + 0.12
    tall = below + BAR_WORDS + BAR + 0.05 + side + titles + EDGE
    figure = Figure(figsize=(WIDTH, tall))
    _draw_maps(figure, panels, look, below + BAR_WORDS, side)
    _draw_curves(figure, outcome, names, samples or {}, {**COLOURS, **inks})
    figure.draw_without_rendering()  # makes the texts of ticks
    for text in figure.findobj(Text):
        text.set(fontfamily=FONT, math_fontfamily="stix")
    return figure


def panels_of(maps: Mapping[str, Slab], look: Look, names: Names) -> list[Panel]:
    """List the maps to draw, from the left: input, truth, paintings, their contrast."""
    join = "\n" if len(maps) + (look.contrast is not None) > ONE_LINE else ", "
    panels = []
    for name, slab in maps.items():
        colours = look.dark_matter if name == "input" else look.painted
        title = title_of(name, slab, names).replace(", ", join)
        group = "input" if name == "input" else "painted"
        panels.append(Panel(title, colours.values(slab), colours, slab, group))
    contrast = look.contrast
    if contrast is not None and set(contrast.pair) <= maps.keys():
        below, above = (names[name] for name in contrast.pair)
        if below.split(", ")[0] != above.split(", ")[0]:  # their emulators tell them apart
            below, above = (name.split(", ")[0] for name in (below, above))
        sign = "/" if contrast.ratio else "−"
        title = f"{'Ratio' if contrast.ratio else 'Difference'}{join}{above} {sign} {below}"
        first, second = (maps[name] for name in contrast.pair)
        values = contrast.values(first, second)
        panels.append(Panel(title, values, contrast.colours, first, "contrast"))
    return panels


def title_of(name: str, slab: Slab, names: Names) -> str:
    """Words above a map."""
    what = short_label(slab.field)
    if name == "input":
        return what.capitalize()
    return f"True {what}" if name == "truth" else names[name]


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
    figure: Figure, panels: Sequence[Panel], look: Look, bottom: float, side: float
) -> None:
    """Draw the row of maps, and a colour bar below those that share it."""
    for number, panel in enumerate(panels):
        ax = _place(figure, EDGE + number * (side + GAP), bottom + BAR + 0.05, side, side)
        _draw_map(ax, panel)
        x0, x1, y0, y1 = look.view or (0, panel.slab.box_size, 0, panel.slab.box_size)
        ax.set(xlim=(x0, x1), ylim=(y0, y1))
        if not number:
            _draw_scale(ax, (x0, x1, y0, y1), look)
    for group in dict.fromkeys(panel.group for panel in panels):
        sharing = [number for number, panel in enumerate(panels) if panel.group == group]
        left = EDGE + sharing[0] * (side + GAP)
        width = len(sharing) * (side + GAP) - GAP
        _draw_bar(figure, panels[sharing[0]], (left, bottom, width))


def _draw_map(ax: Axes, panel: Panel) -> None:
    box = panel.slab.box_size
    ax.imshow(
        panel.values,
        norm=panel.colours.norm,
        cmap=panel.colours.colours,
        origin="lower",
        extent=(0, box, 0, box),
        rasterized=True,
    )
    ax.set(xticks=[], yticks=[], facecolor=EMPTY)
    ax.set_title(panel.title, fontsize=NORMAL, pad=3)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)


def _draw_scale(ax: Axes, view: tuple[float, ...], look: Look) -> None:
    """Draw a bar of a round length, about a fifth of the view, with its words."""
    x0, x1, y0, _ = view
    width = x1 - x0
    length = round_length(width * look.length / 5)
    x, y = x0 + 0.05 * width, y0 + 0.06 * width
    outline = [withStroke(linewidth=2.6, foreground="black", alpha=0.6)]
    ax.plot(
        [x, x + length / look.length], [y, y], color="white", linewidth=1.6,
        solid_capstyle="butt", path_effects=outline,
    )  # fmt: skip
    words = printed(f"{length:g} {look.length_unit}")
    ax.text(
        x, y + 0.02 * width, words, color="white", fontsize=NORMAL, va="bottom",
        path_effects=[withStroke(linewidth=1.2, foreground="black", alpha=0.6)],
    )  # fmt: skip


def round_length(length: float) -> float:
    """Find the largest of 1, 2, 5, 10, ... that is no longer."""
    decade = 10 ** np.floor(np.log10(length))
    return float(decade * max(step for step in (1, 2, 5) if step * decade <= length))


def _draw_bar(figure: Figure, panel: Panel, place: tuple[float, float, float]) -> None:
    left, bottom, width = place
    colours = panel.colours
    ax = _place(figure, left, bottom, width, BAR)
    mappable = ScalarMappable(colours.norm, colours.colours)
    bar = figure.colorbar(mappable, cax=ax, orientation="horizontal")
    bar.outline.set_linewidth(0.5)
    power = _draw_ticks(ax, colours, width)
    _thin(ax)
    ax.tick_params(axis="x", direction="out", pad=1.5)
    label = colours.label or f"{short_label(panel.slab.field)} [{panel.slab.about.unit}]"
    unit = f"[$10^{{{power}}}$ " if power else "["
    size = NORMAL if width > NARROW else SMALL
    ax.set_xlabel(printed(label).replace("[", unit, 1), fontsize=size, labelpad=1.5)


def _draw_ticks(ax: Axes, colours: Colours, width: float) -> int:
    """Write powers of ten along a bar, or even steps of the power of ten that is returned."""
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(_power))
    if colours.stretch.name == "log":
        ax.xaxis.set_major_locator(LogLocator())
        return 0
    ax.xaxis.set_minor_locator(NullLocator())
    if colours.stretch.name == "asinh":
        ax.xaxis.set_major_locator(FixedLocator(asinh_ticks(colours, int(4 * width))))
        return 0
    low, high = colours.limits
    power = int(np.floor(np.log10(max(abs(low), abs(high)))))
    power = 0 if -2 <= power <= 3 else power
    ticks = MaxNLocator(max(int(3 * width), 2), min_n_ticks=2).tick_values(low, high)
    inner = CORNER * (high - low)  # those of two bars would meet
    within = [tick for tick in ticks if low + inner <= tick <= high - inner]
    ax.xaxis.set_major_locator(FixedLocator(within))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10**power:.3g}"))
    return power


def asinh_ticks(colours: Colours, most: int) -> list[float]:
    """Zero and whole decades between the limits of an asinh bar, on both sides of zero."""
    low, high = colours.limits
    found = colours.stretch.ticks(0, colours.stretch.bar(0, max(colours.high, -colours.low))[1])
    decades = colours.stretch.value([place for place, _ in found if place > 0])
    step = max(int(np.ceil(len(decades) * (1 + (low < 0)) / most)), 1)
    kept = decades[::-1][::step]
    every = [*(-kept), 0.0, *kept[::-1]]
    return [float(value) for value in every if low <= value <= high]


def _power(value: float, _: int) -> str:
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return f"${sign}10^{{{round(np.log10(abs(value)))}}}$"


PRINTED = (
    (r"P\(k\)|\bk(?= )|\bh\b", r"$\g<0>$"),
    (r"Msun|M⊙", r"$\\mathrm{M_\\odot}$"),
    (r"\^(\d)", r"$^\1$"),
)
"""How symbols and units are set: slanted, with the sun's sign, powers raised."""

LOWERED = {raised: plain for plain, raised in SUPERSCRIPTS.items()}
RAISED = f"[{''.join(map(chr, LOWERED))}]+"
"""Powers as the page writes them, and plain."""


def printed(words: str) -> str:
    """Set a label of the engine or of the page for print."""
    if words[1:2].isalpha():  # begins with a word, not with a symbol
        words = words[0].upper() + words[1:]
    for plain, set_as in PRINTED:
        words = re.sub(plain, set_as, words)
    # The page's own raised digits: not every font of a journal has them.
    return re.sub(RAISED, lambda found: f"$^{{{found[0].translate(LOWERED)}}}$", words)


def _thin(ax: Axes) -> None:
    """Line widths and sizes of ticks for print."""
    ax.tick_params(which="both", width=0.5, labelsize=SMALL, labelfontfamily=FONT)
    ax.tick_params(which="major", length=3)
    ax.tick_params(which="minor", length=1.6)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)


def _draw_curves(
    figure: Figure, outcome: Outcome, names: Names, samples: Samples, inks: Names
) -> None:
    """Draw each statistic with its ratio below."""
    width = (WIDTH - EDGE - 2 * LABELS - GAP) / PANELS
    for number, name in enumerate(first_of(outcome.curves)):
        left = LABELS + number * (width + LABELS + GAP)
        curves, band = outcome.curves[name], samples.get(name)
        bottom = EDGE + PANEL_WORDS
        main = _place(figure, left, bottom + RATIO, width, PANEL)
        below = _place(figure, left, bottom, width, RATIO)
        _draw_main(main, curves, names, band, inks)
        _draw_ratio(below, curves, statistics.get(name).least, band, inks)
        for ax in (main, below):
            ax.set_xlim(extent(curves))
            ax.yaxis.set_label_coords(-(LABELS - 0.21) / width, 0.5)
        if not number:
            main.legend(frameon=False, fontsize=SMALL, handlelength=2.4, loc="lower left")


def first_of(names: Iterable[str]) -> list[str]:
    """Pick the statistics to draw from those there are."""
    logarithmic = [name for name in names if statistics.get(name).y_range is None]
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
        FuncFormatter(lambda value, _: _power(value, _) if value > 1.1 * lowest else "")
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True, labelbottom=False)
    about = described(curves)
    ax.set_ylabel(printed(about.y_label if about else ""), fontsize=NORMAL)
    _thin(ax)


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
    ax.xaxis.set_major_formatter(FuncFormatter(_power))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.set_ylabel("Ratio", fontsize=NORMAL)
    about = described(curves)
    ax.set_xlabel(printed(about.x_label if about else ""), fontsize=NORMAL, labelpad=1)
    _thin(ax)
