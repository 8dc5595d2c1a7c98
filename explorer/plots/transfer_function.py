"""The transfer function of truth and painting."""

from explorer.plots.linear_curves import LinearCurves

TITLE = "Transfer function"


def build() -> LinearCurves:
    """T(k): by how much the amplitudes of the waves differ."""
    return LinearCurves(0.5, 1.5)
