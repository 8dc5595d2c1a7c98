"""The equilateral bispectrum of truth and prediction."""

from explorer.plots.comparison import Comparison

TITLE = "Bispectrum, equilateral"


def build() -> Comparison:
    """B(k) over k [h/Mpc] with the error of a Gaussian field, and below it the ratio."""
    return Comparison()
