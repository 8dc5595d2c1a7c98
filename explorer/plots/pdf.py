"""The distribution of pixel values of truth and prediction."""

import holoviews as hv

from explorer.plots.comparison import Pair, main_panel, ratio_panel

TITLE = "Pixel PDF"

FEWEST_PIXELS = 20
"""Bins of the truth with fewer are left out of the ratio: their Poisson error alone is
above 20 %."""


def panels(pair: Pair, ink: str) -> tuple[hv.Overlay, hv.Overlay]:
    """Draw the PDF with its Poisson error, and below it the ratio.

    Parameters
    ----------
    pair : Pair
        Curves over the field's value.
    ink : str
        Colour of the truth.
    """
    return main_panel(pair, ink), ratio_panel(pair, FEWEST_PIXELS)
