"""The transfer function of truth and painting."""

from explorer.plots.agreement import Agreement

TITLE = "Transfer function"


def build() -> Agreement:
    """T(k): by how much the amplitudes of the waves differ."""
    return Agreement(0.5, 1.5)
