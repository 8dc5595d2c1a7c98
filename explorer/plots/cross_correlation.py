"""The cross-correlation of truth and painting."""

from explorer.plots.linear_curves import LinearCurves

TITLE = "Cross-correlation"


def build() -> LinearCurves:
    """r(k): whether the waves stand where they do in the truth."""
    return LinearCurves(0, 1.15)
