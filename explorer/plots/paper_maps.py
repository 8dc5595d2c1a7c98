"""The maps of a figure for a paper, with their colour bars and the scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import NDArray

from engine.mesh import Cutout, Slab
from engine.units import MPC_IN_KPC
from explorer.plots.paper_look import Colours, Look
from explorer.plots.paper_sheet import (
    BAR,
    EDGE,
    GAP,
    NORMAL,
    SMALL,
    Names,
    place,
    power_of_ten,
    printed,
    thin,
)
from explorer.words import short_label

EMPTY = "0.55"
"""Of pixels of a ratio without a value."""

CORNER = 0.03
"""Share of a linear colour bar at its ends in which no number is written."""

NARROW = 1.5
"""Width of a colour bar below which its words are as small as its numbers, [inches]."""

ONE_LINE = 4
"""Maps beside each other whose titles have room for a name and a seed in one line."""


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
    slab : Slab or Cutout
        Whose values, or one of those that are compared.
    group : str
        Neighbours of the same have one colour bar.
    """

    title: str
    values: NDArray[np.float64]
    colours: Colours
    slab: Slab | Cutout
    group: str


def panels_of(maps: Mapping[str, Slab], look: Look, names: Names) -> list[Panel]:
    """List the maps to draw, from the left: input, truth, paintings, their contrast."""
    join = "\n" if len(maps) + (look.contrast is not None) > ONE_LINE else ", "
    panels = []
    for name, slab in maps.items():
        colours = look.of_map(name)
        title = title_of(name, slab, names).replace(", ", join)
        panels.append(Panel(title, colours.values(slab), colours, slab, look.group_of(name)))
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
    if name in ("initial", "input"):
        return names.get(name, what.capitalize())
    return f"True {what}" if name == "truth" else names[name]


def draw_maps(
    figure: Figure, panels: Sequence[Panel], look: Look, bottom: float, side: float
) -> None:
    """Draw the row of maps, and a colour bar below those that share it."""
    for number, panel in enumerate(panels):
        ax = place(figure, EDGE + number * (side + GAP), bottom + BAR + 0.05, side, side)
        draw_map(ax, panel)
        side_shown = side_of(panel.slab)
        x0, x1, y0, y1 = look.view or (0, side_shown, 0, side_shown)
        ax.set(xlim=(x0, x1), ylim=(y0, y1))
        if not number:
            draw_scale(ax, (x0, x1, y0, y1), look.length, look.length_unit)
    for group in dict.fromkeys(panel.group for panel in panels):
        sharing = [number for number, panel in enumerate(panels) if panel.group == group]
        left = EDGE + sharing[0] * (side + GAP)
        width = len(sharing) * (side + GAP) - GAP
        draw_bar(figure, panels[sharing[0]], (left, bottom, width))


def side_of(slab: Slab | Cutout) -> float:
    """Width of a map, comoving, [Mpc/h]."""
    return float(slab.shape[1] * slab.pixel_size / MPC_IN_KPC)


def draw_map(ax: Axes, panel: Panel) -> None:
    """Draw a map below its title, without a frame of numbers."""
    side = side_of(panel.slab)
    ax.imshow(
        panel.values,
        norm=panel.colours.norm,
        cmap=panel.colours.colours,
        origin="lower",
        extent=(0, side, 0, side),
        rasterized=True,
    )
    ax.set(xticks=[], yticks=[], facecolor=EMPTY)
    ax.set_title(panel.title, fontsize=NORMAL, pad=3)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)


def draw_scale(ax: Axes, view: tuple[float, ...], unit: float, name: str) -> None:
    """Draw a bar of a round length, about a fifth of the view, with its words.

    Parameters
    ----------
    unit : float
        What 1 comoving Mpc/h is called in the unit of lengths.
    name : str
        Of that unit.
    """
    x0, x1, y0, _ = view
    width = x1 - x0
    length = round_length(width * unit / 5)
    x, y = x0 + 0.05 * width, y0 + 0.06 * width
    outline = [withStroke(linewidth=2.6, foreground="black", alpha=0.6)]
    ax.plot(
        [x, x + length / unit], [y, y], color="white", linewidth=1.6,
        solid_capstyle="butt", path_effects=outline,
    )  # fmt: skip
    words = printed(f"{length:g} {name}")
    ax.text(
        x, y + 0.02 * width, words, color="white", fontsize=NORMAL, va="bottom",
        path_effects=[withStroke(linewidth=1.2, foreground="black", alpha=0.6)],
    )  # fmt: skip


def round_length(length: float) -> float:
    """Find the largest of 1, 2, 5, 10, ... that is no longer."""
    decade = 10 ** np.floor(np.log10(length))
    return float(decade * max(step for step in (1, 2, 5) if step * decade <= length))


def draw_bar(figure: Figure, panel: Panel, where: tuple[float, float, float]) -> None:
    """Draw the colour bar of a map with quantity and unit at (left, bottom, width), [inches]."""
    left, bottom, width = where
    colours = panel.colours
    ax = place(figure, left, bottom, width, BAR)
    mappable = ScalarMappable(colours.norm, colours.colours)
    bar = figure.colorbar(mappable, cax=ax, orientation="horizontal")
    bar.outline.set_linewidth(0.5)
    power = _draw_ticks(ax, colours, width)
    thin(ax)
    ax.tick_params(axis="x", direction="out", pad=1.5)
    label = colours.label or f"{short_label(panel.slab.field)} [{panel.slab.about.unit}]"
    unit = f"[$10^{{{power}}}$ " if power else "["
    size = NORMAL if width > NARROW else SMALL
    ax.set_xlabel(printed(label).replace("[", unit, 1), fontsize=size, labelpad=1.5)


def _draw_ticks(ax: Axes, colours: Colours, width: float) -> int:
    """Write powers of ten along a bar, or even steps of the power of ten that is returned."""
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(power_of_ten))
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
    decades = colours.stretch.value([at for at, _ in found if at > 0])
    step = max(int(np.ceil(len(decades) * (1 + (low < 0)) / most)), 1)
    kept = decades[::-1][::step]
    every = [*(-kept), 0.0, *kept[::-1]]
    return [float(value) for value in every if low <= value <= high]
