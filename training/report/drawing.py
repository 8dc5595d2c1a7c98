"""How figures are drawn: colours for light and dark pages, SVG that stands in a page."""

import io
import re
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

INK = "#0f1317"
"""Becomes the page's own text colour, light or dark."""

GREY = "#8a94a3"
"""Of bands; readable on both."""

COLOURS = ("#2b8fd0", "#d9730d", "#159b73", "#c0408a", "#6a51a3")
"""Of lines, one after the other; apart for every colour vision, as dashes are in grey."""

DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1, 1, 1)))

PRINTED = {"Msun": r"M$_\odot$", "N_HI": "N$_{HI}$", "R_vir": "R$_{vir}$"}

WIDTH = 10.0
"""[inches]."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "mathtext.default": "regular",
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def svg(figure: Figure, name: str) -> str:
    """Render for a page, whose text colour it takes.

    Parameters
    ----------
    figure : Figure
        To render.
    name : str
        Of the figure, unlike any other's on the page: it keeps their marks apart.
    """
    file = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata={"Date": None}, dpi=130)
    text = file.getvalue().replace(INK, "currentColor")
    text = text[text.index("<svg") :]
    # What has a name for others to point at must have it once on the page.
    text = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    return re.sub(
        r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r'<svg role="img" \1', text, count=1
    )


def drawn(name: str, figure: Figure) -> Markup:
    """Render for a page, under a name of which only letters and digits are kept."""
    return Markup(svg(figure, "".join(c if c.isalnum() else "-" for c in name)))


def line_style(number: int) -> tuple[str, Any]:
    """Colour and dashes of the line of that number."""
    return COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]


def numbers(values: Any) -> NDArray[np.float64]:
    """An array of what JSON holds; None becomes NaN."""
    return np.array(values, float)


def label(words: str) -> str:
    """Set the engine's labels for print: powers raised, the sun's sign."""
    words = re.sub(r"\^(-?\d+)", r"$^{\1}$", words)
    for plain, printed in PRINTED.items():
        words = words.replace(plain, printed)
    return words


def tolerance(ax: Axes) -> None:
    """Draw the line at one and bands of 10 and 20 % around it."""
    for width, strength in ((0.2, 0.14), (0.1, 0.2)):
        ax.axhspan(1 - width, 1 + width, color=GREY, alpha=strength, linewidth=0)
    ax.axhline(1, color=INK, linewidth=0.7)


def banded(ax: Axes, x: Any, values: dict[str, Any], colour: str, dashes: Any, words: str) -> None:
    """Draw a median with its band."""
    places = numbers(x)
    low, median, high = (numbers(values[name]) for name in ("low", "median", "high"))
    ax.fill_between(places, low, high, color=colour, alpha=0.25, linewidth=0)
    ax.plot(places, median, color=colour, linestyle=dashes, label=words)


def legend_above(figure: Figure, ax: Axes) -> None:
    """Name the lines of one panel, which all share, above the figure."""
    handles, words = ax.get_legend_handles_labels()
    figure.legend(handles, words, loc="outside upper center", ncols=min(len(words), 5))
