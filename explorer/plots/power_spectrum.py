"""The power spectrum of truth and prediction."""

from explorer.plots.comparison import Comparison

TITLE = "Power spectrum"


def build() -> Comparison:
    """P(k) over k [h/Mpc] with its error from mode counts, and below it the ratio."""
    return Comparison()
