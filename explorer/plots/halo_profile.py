"""The radial profile of truth and prediction around one halo."""

from explorer.plots.comparison import Comparison

TITLE = "Halo profile"


def build() -> Comparison:
    """Mean surface density of rings over their radius, and below it the ratio."""
    return Comparison()
