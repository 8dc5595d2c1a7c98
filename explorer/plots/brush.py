"""Picking a range of a curve's x axis by a drag, and the mark of what is picked."""

from collections.abc import Callable, Sequence
from typing import Any

from bokeh.events import DoubleTap, SelectionGeometry
from bokeh.models import BoxSelectTool
from bokeh.models.annotations import BoxAnnotation
from bokeh.plotting import figure

from explorer.plots import frames
from explorer.style import HIGHLIGHT

Picked = tuple[float, float] | tuple[()]
"""(low, high) in the unit of x; empty for no range."""

LOOK: dict[str, Any] = {
    "fill_color": HIGHLIGHT,
    "fill_alpha": 0.16,
    "line_color": HIGHLIGHT,
    "line_alpha": 0.7,
}


class Brush:
    """A drag along x over any of some figures picks a range, a double click none.

    Parameters
    ----------
    figures : sequence of figure
        Panels over the same x.
    picked : callable
        Told the range that was dragged over, or an empty tuple at a double click; it decides
        whether that is marked, see `mark`.
    """

    def __init__(self, figures: Sequence[figure], picked: Callable[[Picked], None]) -> None:
        self.marks = [BoxAnnotation(visible=False, **LOOK) for _ in figures]
        for fig, mark in zip(figures, self.marks, strict=True):
            fig.add_layout(mark)
            tool = BoxSelectTool(dimensions="width", renderers=[])
            tool.overlay.update(**LOOK)
            fig.add_tools(tool)
            fig.toolbar.active_drag = tool
            fig.on_event(SelectionGeometry, lambda event: picked(dragged(event)))
            fig.on_event(DoubleTap, lambda _: picked(()))
            frames.keep_in_browser(fig)

    def mark(self, range_: Picked) -> None:
        """Mark a range on all figures; an empty one takes the mark away."""
        for mark in self.marks:
            if range_:
                mark.update(left=range_[0], right=range_[1])
            mark.visible = bool(range_)


def dragged(event: SelectionGeometry) -> Picked:
    """Range of x that a drag went over, low to high."""
    geometry: Any = event.geometry  # Bokeh's type is of all tools
    ends = geometry["x0"], geometry["x1"]
    return float(min(ends)), float(max(ends))
