"""The distribution of pixel values of truth and prediction."""

from explorer.plots.log_curves import LogCurves

TITLE = "Pixel PDF"

FEWEST_PIXELS = 20
"""Bins of the truth with fewer are left out of the ratio: their Poisson error alone is
above 20 %."""


def build() -> LogCurves:
    """The PDF over the field's value with its Poisson error, and below it the ratio."""
    return LogCurves(FEWEST_PIXELS)
