"""A figure for a paper: maps in a row, their curves below, as wide as a journal's page."""

import io

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from engine.results import Outcome
from explorer.plots.paper_curves import draw_curves
from explorer.plots.paper_look import Look
from explorer.plots.paper_maps import draw_maps, panels_of
from explorer.plots.paper_sheet import (
    BAR,
    BAR_WORDS,
    COLOURS,
    EDGE,
    FONT,
    GAP,
    PANEL,
    PANEL_WORDS,
    RATIO,
    TITLES,
    WIDTH,
    WORDS,
    Names,
    Samples,
)

DOTS_PER_INCH = 400
"""Of a PNG, and of the maps within a PDF: a map of a two-column page has 900 to a side."""


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
    draw_maps(figure, panels, look, below + BAR_WORDS, side)
    draw_curves(figure, outcome, names, samples or {}, {**COLOURS, **inks})
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
