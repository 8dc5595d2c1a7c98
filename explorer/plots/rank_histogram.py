"""How often the truth stands where among the samples, against ranks that are all as likely."""

from typing import Any

import numpy as np
from bokeh.models.annotations import Span
from numpy.typing import NDArray

from engine.calibration import Calibration
from explorer.plots import frames
from explorer.plots.log_curves import HEIGHT, RATIO_HEIGHT
from explorer.style import GREY

COLOURS = ("#6f86d6", "#2fa0c8", "#2fae7e", "#c29a1f", "#dd6b45")
"""Of groups in order, cool to hot, of a lightness that both themes show."""

DASHES = ("solid", "dashed", "dotted", "dotdash", "dashdot")
"""So that colour isn't needed."""

BARS = 10
"""Tenths of the ranks: few enough for the 148 pixels of a slab's rarest class."""

COUNTING_ALPHA = 0.13

RANGE = (1 / BARS, BARS)
"""Of the y axis: a tenth holds ten times its share at most; an empty one lies below."""

LABEL = "frequency, flat = 1"


class RankHistogram:
    """A stepped line for each group around one, where calibrated, in its counting error.

    Parameters
    ----------
    groups : int
        Number of them.
    bars : int
        Most bars; there are no more than ranks.
    """

    def __init__(self, groups: int, bars: int = BARS) -> None:
        self.bars = bars
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "log", x_axis="linear")
        self.main.x_range.update(start=0, end=1)
        self.main.y_range.update(start=RANGE[0], end=RANGE[1])
        axis: Any = self.main.yaxis  # Bokeh's types know no lists of axes
        axis.ticker.ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
        self.main.xaxis.axis_label = "share of samples below the truth"
        self.main.yaxis.axis_label = LABEL
        self.main.add_layout(Span(location=1, dimension="width", line_color=GREY))
        colours = COLOURS[:groups]
        self.counting = [frames.band(self.main, each, COUNTING_ALPHA) for each in colours]
        self.lines = [
            frames.line(self.main, colour, line_width=2, line_dash=dash)
            for colour, dash in zip(colours, DASHES, strict=False)
        ]
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, ranked: Calibration | None) -> None:
        """Fill the figure; groups without truths have no line."""
        for group, (line, counting) in enumerate(zip(self.lines, self.counting, strict=True)):
            steps, band = columns(ranked, group, self.bars)
            frames.fill(line, steps)
            frames.fill(counting, band)


def columns(
    ranked: Calibration | None, group: int, bars: int
) -> tuple[frames.Columns, frames.Columns]:
    """Columns of a group's line and of the band in which counting alone leaves it."""
    if ranked is None or not ranked.count[group]:
        nothing = np.empty(0)
        return {"x": nothing, "y": nothing}, {"x": nothing, "low": nothing, "high": nothing}
    edges, height = histogram(ranked.ranks[group], bars)
    error = np.sqrt((len(height) - 1) / ranked.count[group])
    x, y = np.repeat(edges, 2)[1:-1], np.repeat(np.clip(height, *RANGE), 2)
    flat = np.array([0.0, 1.0])
    return {"x": x, "y": y}, {
        "x": flat,
        "low": np.full(2, max(1 - error, RANGE[0])),
        "high": np.full(2, min(1 + error, RANGE[1])),
    }


def histogram(
    ranks: NDArray[np.integer], bars: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Join ranks to bars of equal width; a rank between two goes to each in proportion.

    Parameters
    ----------
    ranks : array, (samples + 1,)
        Number of truths with each rank.
    bars : int
        Most bars.

    Returns
    -------
    array, (n + 1,), and array, (n,)
        Edges from 0 to 1 and frequency, one where every rank is as likely.
    """
    edges = np.linspace(0, 1, min(bars, len(ranks)) + 1)
    below = np.interp(edges, np.linspace(0, 1, len(ranks) + 1), np.append(0, np.cumsum(ranks)))
    return edges, np.diff(below) / below[-1] * (len(edges) - 1)
