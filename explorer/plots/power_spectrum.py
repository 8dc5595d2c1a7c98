"""The power spectrum of truth and prediction."""

import holoviews as hv

from explorer.plots.comparison import Pair, main_panel, ratio_panel

TITLE = "Power spectrum"


def panels(pair: Pair, ink: str) -> tuple[hv.Overlay, hv.Overlay]:
    """Draw P(k) with its error from mode counts, and below it the ratio.

    Parameters
    ----------
    pair : Pair
        Curves over k [h/Mpc].
    ink : str
        Colour of the truth.
    """
    return main_panel(pair, ink), ratio_panel(pair)
