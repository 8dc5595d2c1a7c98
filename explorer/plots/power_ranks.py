"""Where the true power stands among the samples' at each wavenumber."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.models.annotations import BoxAnnotation, Span
from numpy.typing import NDArray

from engine.calibration import Calibration
from explorer.plots import frames
from explorer.plots.log_curves import HEIGHT, RATIO_HEIGHT
from explorer.style import GREY, PREDICTION

LEVELS = (0.95, 0.68)
"""Of the intervals, the wider first."""

INTERVAL_ALPHA = 0.13

MARGIN = 1.12
"""Of the x axis, so that dots at its ends are whole."""


class PowerRanks:
    """A dot for each slab and bin of wavenumber, over the central intervals."""

    def __init__(self) -> None:
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "linear")
        self.main.y_range.update(start=-0.02, end=1.02)
        self.main.xaxis.axis_label = "k [h/Mpc]"
        self.main.yaxis.axis_label = "share of samples below the truth"
        look: dict[str, Any] = {
            "fill_color": PREDICTION,
            "fill_alpha": INTERVAL_ALPHA,
            "line_width": 0,
        }
        for level in LEVELS:
            low, high = (1 - level) / 2, (1 + level) / 2
            self.main.add_layout(BoxAnnotation(bottom=low, top=high, **look))
        self.main.add_layout(Span(location=0.5, dimension="width", line_color=GREY))
        self.source = ColumnDataSource(dict(frames.LINE))
        self.main.scatter(
            "x", "y", source=self.source, size=8, color=PREDICTION, fill_alpha=0.5, line_width=1.2
        )
        self.figures = [frames.keep_in_browser(self.main)]

    def show(self, ranked: Calibration | None, wavenumber: NDArray[np.float64]) -> None:
        """Fill the figure.

        Parameters
        ----------
        ranked : Calibration or None
            By bin of wavenumber.
        wavenumber : array, (n,)
            Of the bins, [h/Mpc].
        """
        x, y = dots(ranked, wavenumber)
        frames.fill(self.source, {"x": x, "y": y})
        low, high = frames.span([x])
        frames.span_axis(self.main.xaxis, self.main.x_range, low / MARGIN, high * MARGIN)


def dots(
    ranked: Calibration | None, wavenumber: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give wavenumber and share of samples below, the middle of its rank, for each truth."""
    if ranked is None:
        return np.empty(0), np.empty(0)
    bin_index, rank = np.nonzero(ranked.ranks)
    times = ranked.ranks[bin_index, rank]
    x, y = wavenumber[bin_index], (rank + 0.5) / (ranked.samples + 1)
    return np.repeat(x, times), np.repeat(y, times)
