"""The cross-correlation of truth and painting."""

from explorer.plots.agreement import Agreement

TITLE = "Cross-correlation"


def build() -> Agreement:
    """r(k): whether the waves stand where they do in the truth."""
    return Agreement(0, 1.15)
