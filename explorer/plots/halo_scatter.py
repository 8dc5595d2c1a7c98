"""How much haloes of a mass differ in what they hold, in truth and paintings."""

from explorer.plots.agreement import Agreement

TITLE = "Scatter of haloes"


def build() -> Agreement:
    """Half the distance of the 16 and 84 % quantiles, [dex], over the dark-matter mass."""
    return Agreement(0, None)
