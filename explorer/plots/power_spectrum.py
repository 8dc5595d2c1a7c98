"""The power spectrum of truth and prediction."""

from explorer.plots.log_curves import LogCurves

TITLE = "Power spectrum"


def build() -> LogCurves:
    """P(k) over k [h/Mpc] with its error from mode counts, and below it the ratio."""
    return LogCurves()
