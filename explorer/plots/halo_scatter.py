"""How much haloes of a mass differ in what they hold, in truth and paintings."""

from explorer.plots.linear_curves import LinearCurves

TITLE = "Scatter of haloes"


def build() -> LinearCurves:
    """Half the distance of the 16 and 84 % quantiles, [dex], over the dark-matter mass."""
    return LinearCurves(0, None)
