"""The radial profile of truth and prediction around one halo."""

from explorer.plots.log_curves import LogCurves

TITLE = "Halo profile"


def build() -> LogCurves:
    """Mean surface density of rings over their radius, and below it the ratio."""
    return LogCurves()
