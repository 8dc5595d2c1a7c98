"""The sheet of a figure for a paper: sizes, inks, and how words and numbers are set."""

import re
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from explorer.ensemble import Quantiles
from explorer.words import SUPERSCRIPTS

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


def place(figure: Figure, left: float, bottom: float, width: float, tall: float) -> Axes:
    """Add axes at a place, [inches] from the lower left corner."""
    full_width, full = figure.get_size_inches()
    return figure.add_axes((left / full_width, bottom / full, width / full_width, tall / full))


def power_of_ten(value: float, _: int) -> str:
    """Write a tick of an axis of decades."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return f"${sign}10^{{{round(np.log10(abs(value)))}}}$"


def thin(ax: Axes) -> None:
    """Line widths and sizes of ticks for print."""
    ax.tick_params(which="both", width=0.5, labelsize=SMALL, labelfontfamily=FONT)
    ax.tick_params(which="major", length=3)
    ax.tick_params(which="minor", length=1.6)
    for spine in ax.spines.values():
        spine.set_linewidth(0.5)
