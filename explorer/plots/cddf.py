"""The column-density distribution of truth and prediction, beside others to hold it against."""

from typing import Any

from engine.published import cddf_prochaska_2014
from explorer.ensemble import Quantiles
from explorer.plots import frames
from explorer.plots.curve_columns import Curves, path, points, ratio
from explorer.plots.log_curves import LogCurves
from explorer.state import WHOLE_BOX
from explorer.style import GREY


class ColumnDensities(LogCurves):
    """A comparison with one more truth: columns through the whole box rather than its slabs.

    Where both agree absorbers seldom lie one behind another, so that the depth of the slabs
    doesn't matter (Bernardini et al. 2022, figure A1: from 10^16 cm^-2 on). In the lower panel
    it is over the truth of the slabs. Published curves and this one are hidden by a click on
    their names.
    """

    def __init__(self, least: float) -> None:
        super().__init__(least, [cddf_prochaska_2014()])
        name = f"{WHOLE_BOX} (truth)"
        look: dict[str, Any] = {"line_width": 1.6, "line_dash": "dotdash"}
        self.sources["box"] = frames.line(self.main, GREY, legend_label=name, **look)
        self.ratio_sources["box"] = frames.line(self.below, GREY, **look)
        self.entry: Any = self.main.legend[0].items[-1]
        self.main.renderers[-1].js_link("visible", self.below.renderers[-1], "visible")
        for each in self.figures:
            frames.keep_in_browser(each)

    def show(self, curves: Curves, samples: Quantiles | None = None) -> None:
        """Fill the panels; the legend names the whole box only while there is its curve."""
        super().show(curves, samples)
        box = curves.get(WHOLE_BOX)
        frames.fill(self.sources["box"], path(points(box)))
        over = ratio(curves.get("truth"), box, self.least)
        frames.fill(self.ratio_sources["box"], path(over))
        self.entry.visible = box is not None
