"""The equilateral bispectrum of truth and prediction."""

from explorer.plots.log_curves import LogCurves

TITLE = "Bispectrum, equilateral"


def build() -> LogCurves:
    """B(k) over k [h/Mpc] with the error of a Gaussian field, and below it the ratio."""
    return LogCurves()
