"""A scaling relation of objects and the residuals about it, of truth and paintings."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from bokeh.events import DoubleTap, SelectionGeometry
from bokeh.models import BoxSelectTool, ColumnDataSource
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure

from engine.results import Points
from engine.statistics.compared import COMPARED
from engine.statistics.scaling_fit import Fit, residuals
from explorer.plots import frames
from explorer.plots.brush import LOOK
from explorer.plots.log_curves import HEIGHT, RATIO_HEIGHT
from explorer.style import GREY, HIGHLIGHT, OTHER, PREDICTION
from explorer.words import unit_in_words

MARKERS = {"truth": "circle", "prediction": "cross", "other": "x"}
DASHES = {"truth": "solid", "prediction": "dashed", "other": "dotted"}
INKS = {"truth": GREY, "prediction": PREDICTION, "other": OTHER}

FAINT = 0.2
"""Opacity of objects that are not in the table."""

CLOUD: dict[str, Any] = {"x": (), "y": (), "alpha": ()}

ROOM = 1.15
"""Around the points, a factor."""

LEAST_REACH = 0.05
"""Of the residuals' axes to both sides, [dex]."""

Rectangle = tuple[float, ...]
"""log10 of x0, x1, y0, y1; empty for none."""


class Relation:
    """Points and the power laws through them; a drag picks a rectangle, a double click none.

    Parameters
    ----------
    picked : callable
        Told the rectangle.
    """

    def __init__(self, picked: Callable[[Rectangle], None]) -> None:
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "log")
        self.clouds = {name: cloud(self.main, name) for name in COMPARED}
        self.lines = {
            name: frames.line(self.main, INKS[name], line_width=1.6, line_dash=DASHES[name])
            for name in COMPARED
        }
        self.chosen = ColumnDataSource({"x": (), "y": ()})
        self.main.scatter(
            "x", "y", source=self.chosen, size=13, fill_color=None, line_color=HIGHLIGHT,
            line_width=2,
        )  # fmt: skip
        self.mark = BoxAnnotation(visible=False, **LOOK)
        self.main.add_layout(self.mark)
        tool = BoxSelectTool(renderers=[])
        tool.overlay.update(**LOOK)
        self.main.add_tools(tool)
        self.main.toolbar.active_drag = tool
        self.main.on_event(SelectionGeometry, lambda event: picked(rectangle(event)))
        self.main.on_event(DoubleTap, lambda _: picked(()))
        self.figures = [frames.keep_in_browser(self.main)]

    def show(
        self,
        relation: Mapping[str, Points],
        fits: Mapping[str, Fit],
        shown: Collection[int],
        chosen: int,
        picked: Rectangle,
    ) -> None:
        """Fill the panel.

        Parameters
        ----------
        relation, fits : mapping of str
            By map.
        shown : collection of int
            Numbers of the objects that aren't faint.
        chosen : int
            Number of the one on the maps.
        picked : tuple of float
            Rectangle that is marked.
        """
        for name, source in self.clouds.items():
            points = relation.get(name)
            frames.fill(source, CLOUD if points is None else columns(points, shown))
        whole = frames.span([each.x[each.x > 0] for each in relation.values()])
        for name, source in self.lines.items():
            x = np.array(whole) if name in fits else np.empty(0)
            frames.fill(source, {"x": x, "y": fits[name](x) if name in fits else x})
        each = [points.select(points.columns["number"] == chosen) for points in relation.values()]
        x, y = (np.concatenate([getattr(p, n) for p in each] or [np.empty(0)]) for n in "xy")
        frames.fill(self.chosen, {"x": x, "y": y})
        self._span(relation, whole)
        if picked:
            x0, x1, y0, y1 = (10.0**end for end in picked)
            self.mark.update(left=x0, right=x1, bottom=y0, top=y1)
        self.mark.visible = bool(picked)

    def _span(self, relation: Mapping[str, Points], whole: tuple[float, float]) -> None:
        """Let the axes reach around the points."""
        first = next(iter(relation.values()), None)
        if first is None:
            return
        low, high = frames.span([each.y[each.y > 0] for each in relation.values()])
        for axis, axis_range, ends in (
            (self.main.xaxis, self.main.x_range, whole),
            (self.main.yaxis, self.main.y_range, (low, high)),
        ):
            frames.span_axis(axis, axis_range, ends[0] / ROOM, ends[1] * ROOM)
        self.main.xaxis.axis_label = unit_in_words(first.x_label).replace("M500c", "M₅₀₀")
        self.main.yaxis.axis_label = unit_in_words(first.y_label)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.clouds, self.lines):
                frames.ink(self.figures, sources[name], colour)


class Residuals:
    """Residuals of paintings against the truth's: on the diagonal where they are alike."""

    def __init__(self) -> None:
        self.main = frames.frame(HEIGHT + RATIO_HEIGHT, "linear", x_axis="linear")
        for axis in self.main.axis:
            axis.formatter = frames.even_words()
        for dimension in ("width", "height"):
            self.main.add_layout(Span(location=0, dimension=dimension, line_color=GREY))
        self.same = frames.line(self.main, GREY, line_width=1, line_dash="dotted")
        self.clouds = {name: cloud(self.main, name) for name in COMPARED[1:]}
        self.main.xaxis.axis_label = "truth's residual [dex]"
        self.main.yaxis.axis_label = "painting's residual [dex]"
        self.figures = [frames.keep_in_browser(self.main)]

    def show(
        self, relation: Mapping[str, Points], names: Collection[str], shown: Collection[int]
    ) -> None:
        """Fill the panel with the paintings whose residuals are of the truth's objects."""
        off = {name: residuals(relation[name]) for name in names}
        true = residuals(relation["truth"]) if names else np.empty(0)
        for name, source in self.clouds.items():
            if name not in off:
                frames.fill(source, CLOUD)
                continue
            some = np.isfinite(true) & np.isfinite(off[name])
            alpha = opacity(relation[name], shown)[some]
            frames.fill(source, {"x": true[some], "y": off[name][some], "alpha": alpha})
        sizes = [np.abs(each) for each in (true, *off.values(), np.array([LEAST_REACH]))]
        reach = 1.1 * frames.span(sizes)[1]
        for axis_range in (self.main.x_range, self.main.y_range):
            axis_range.update(start=-reach, end=reach)
        frames.fill(self.same, {"x": np.array([-reach, reach]), "y": np.array([-reach, reach])})

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw paintings in other colours, by their names."""
        for name, source in self.clouds.items():
            if name in inks:
                frames.ink(self.figures, source, inks[name])


def cloud(fig: figure, name: str) -> ColumnDataSource:
    """Add marks of a map's objects that their source will fill."""
    source = ColumnDataSource(dict(CLOUD))
    look: dict[str, Any] = {"line_color": INKS[name], "fill_color": INKS[name]}
    fig.scatter(
        "x", "y", source=source, marker=MARKERS[name], size=7, line_width=1.4, fill_alpha=0.15,
        line_alpha="alpha", **look,
    )  # fmt: skip
    return source


def columns(points: Points, shown: Collection[int]) -> dict[str, Any]:
    """Columns of the objects that have a place on logarithmic axes."""
    some = (points.x > 0) & (points.y > 0)
    return {"x": points.x[some], "y": points.y[some], "alpha": opacity(points, shown)[some]}


def opacity(points: Points, shown: Collection[int]) -> Any:
    """One of objects that are in the table, less of the others, (n,)."""
    return np.where(np.isin(points.columns["number"], list(shown)), 1.0, FAINT)


def rectangle(event: SelectionGeometry) -> Rectangle:
    """Rectangle that a drag went over, log10, low to high; none of a slip of the hand."""
    geometry: Any = event.geometry  # Bokeh's type is of all tools
    ends = [sorted(float(geometry[f"{axis}{end}"]) for end in (0, 1)) for axis in "xy"]
    if any(low <= 0 for low, _ in ends):
        return ()
    x0, x1, y0, y1 = (float(np.log10(end)) for pair in ends for end in pair)
    wide = x1 - x0 > 0.01 and y1 - y0 > 0.01
    return (round(x0, 3), round(x1, 3), round(y0, 3), round(y1, 3)) if wide else ()
