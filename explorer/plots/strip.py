"""A box seen from the side, and on it the layer in view, which is dragged and resized."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.core.properties import Int, List
from bokeh.events import Tap
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, LinearColorMapper, Range1d
from bokeh.models.annotations import BoxAnnotation
from bokeh.plotting import figure
from numpy.typing import NDArray

from explorer.plots import frames
from explorer.style import HIGHLIGHT

HEIGHT = 108
"""Pixels of the strip with its axis."""

SCRIPT = (Path(__file__).parent / "strip.js").read_text()

WINDOW: dict[str, Any] = {
    "editable": True,
    "resizable": "x",
    "movable": "x",
    "fill_color": HIGHLIGHT,
    "fill_alpha": 0.22,
    "line_color": HIGHLIGHT,
    "line_alpha": 1,
    "line_width": 2,
    "hover_fill_alpha": 0.34,
    "hover_fill_color": HIGHLIGHT,
    "hover_line_color": HIGHLIGHT,
    "hover_line_alpha": 1,
    "hover_line_width": 2,
}
"""Look of the layer in view, which is dragged and resized along the box."""

FAINTEST, BRIGHTEST = 2.0, 99.7
"""Per cent of the pixels that are darker than the lowest and the highest colour."""


class Layer(DataModel):
    """The layer in view, wherever it was moved: in the browser or here."""

    cells = List(Int, default=[0, 1], help="First cell and number of cells.")


@dataclass(frozen=True, eq=False)
class Strip:
    """The models of a strip that change.

    Parameters
    ----------
    figure : figure
        The whole of it.
    source : ColumnDataSource
        Of the box's image.
    mapper : LinearColorMapper
        Of the image.
    layer : Layer
        Where the layer is.
    move : CustomJS
        Snaps to cells; its arguments hold the size of the cells.
    """

    figure: figure
    source: ColumnDataSource
    mapper: LinearColorMapper
    layer: Layer
    move: CustomJS

    def show_box(self, density: NDArray[np.floating], side: float, cells: int, axis: str) -> None:
        """Show a box from the side.

        Parameters
        ----------
        density : array, (m, n)
            What is seen across the strip, a density or a contrast; columns along it.
        side : float
            Of the box, comoving, [Mpc/h].
        cells : int
            That layers begin and end with, in the box.
        axis : {"x", "y", "z"}
            Line of sight, along the strip.
        """
        values = np.asarray(density, np.float64)
        if (values >= 0).all():
            values = np.log10(np.maximum(values, np.min(values[values > 0], initial=1e30)))
        low, high = np.percentile(values, (FAINTEST, BRIGHTEST))
        self.mapper.update(low=float(low), high=float(max(high, low + 1e-6)))
        image = values.astype(np.float32)
        self.source.data = {"image": [image], "x": [0.0], "y": [0.0], "dw": [side], "dh": [1.0]}
        self.figure.x_range.update(start=0.0, end=side)
        self.figure.xaxis.axis_label = f"{axis} [cMpc/h]"
        self.move.args = {**self.move.args, "cell": side / cells, "count": cells}

    def show_layer(self, first: int, depth: int) -> None:
        """Mark a layer, [cells]."""
        self.layer.update(cells=[first, depth])


def strip() -> Strip:
    """Build an empty strip."""
    fig = empty_frame()
    empty = np.zeros((1, 1), np.float32)
    source = ColumnDataSource({"image": [empty], "x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0]})
    mapper = LinearColorMapper(palette=["#000000"], low=0, high=1)
    fig.image("image", "x", "y", "dw", "dh", source=source, color_mapper=mapper)
    box = BoxAnnotation(left=0, right=0, **WINDOW)
    fig.add_layout(box)
    layer = Layer(name="layer")
    move = CustomJS(args={"box": box, "layer": layer, "cell": 1.0, "count": 1}, code=SCRIPT)
    for side in ("left", "right"):
        box.js_on_change(side, move)
    fig.js_on_event(Tap, move)
    layer.js_on_change("cells", move)
    fig.js_on_change("inner_width", move)
    frames.keep_in_browser(fig, {layer, move})
    return Strip(fig, source, mapper, layer, move)


def empty_frame() -> Any:
    """Make the figure: as wide as there is room, with an axis along the box alone."""
    fig: Any = figure(
        name="strip",
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=0, end=1),
        tools="",
        toolbar_location=None,
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
        min_border_left=10,
        min_border_right=10,
        min_border_top=4,
    )
    fig.yaxis.visible = False
    fig.xaxis.axis_label_standoff = 2
    fig.xaxis.axis_label_text_font_size = "11px"
    fig.xaxis.major_label_text_font_size = "11px"
    fig.grid.visible = False
    return fig
