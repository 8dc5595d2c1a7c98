"""The distribution of pixel values of truth and prediction."""

from explorer.plots.comparison import Comparison

TITLE = "Pixel PDF"

FEWEST_PIXELS = 20
"""Bins of the truth with fewer are left out of the ratio: their Poisson error alone is
above 20 %."""


def build() -> Comparison:
    """The PDF over the field's value with its Poisson error, and below it the ratio."""
    return Comparison(FEWEST_PIXELS)
