"""The column-density distribution of truth and prediction, beside a published one."""

from engine.published import cddf_prochaska_2014
from explorer.plots.comparison import Comparison

TITLE = "Column densities"

FEWEST_PIXELS = 20
"""As for the PDF."""


def build() -> Comparison:
    """f(N) over N_HI [cm^-2] with its Poisson error, and below it the ratio."""
    return Comparison(FEWEST_PIXELS, [cddf_prochaska_2014()])
