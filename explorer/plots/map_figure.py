"""One map of those that are linked: a square figure with what is written and drawn over it."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from bokeh.model import Model
from bokeh.models import (
    ColumnDataSource,
    LinearColorMapper,
    Node,
    PanTool,
    Range1d,
    WheelZoomTool,
)
from bokeh.models.annotations import Label, ScaleBar, Span
from bokeh.models.annotations.dimensional import Metric
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from explorer.plots.rings import draw_rings
from explorer.style import FONT, GREY, HIGHLIGHT

EMPTY = -99.0
"""log10 that stands for zero: below any map's values, so that it gets the lowest colour."""

COMING = "Reading …"
"""In place of a map that is on its way, where nothing else is said of it."""

SIDE = 360
"""Pixels of a map before the page is laid out."""

CENTRED: dict[str, Any] = {"anchor": "center", "text_align": "center"}
BOXED: dict[str, Any] = {"anchor": "top_left", "padding": 5, "border_radius": 4}


@dataclass(frozen=True, eq=False)
class Map:
    """One map's figure and the models in it that change.

    Parameters
    ----------
    figure : figure
        The whole of it.
    source : ColumnDataSource
        Of the image, in the stretch's coordinate.
    mapper : LinearColorMapper
        Of the image.
    light : ColumnDataSource
        Of the pixels that are lit: 1, the others not a number.
    note, readout : Label
        Words in place of the map, and the value under the pointer.
    lines : tuple of Span
        Through the pointer.
    bars : tuple of ScaleBar
        Of a comoving and of a physical length; none on a plain map.
    rings : tuple of GlyphRenderer
        Around the haloes.
    """

    figure: figure
    source: ColumnDataSource
    mapper: LinearColorMapper
    light: ColumnDataSource
    note: Label
    readout: Label
    lines: tuple[Span, Span]
    bars: tuple[ScaleBar, ...]
    rings: tuple[GlyphRenderer, ...]


@dataclass(frozen=True, eq=False)
class Axes:
    """What all maps have in common.

    Parameters
    ----------
    x, y : Range1d
        What is shown, comoving, [Mpc/h].
    ruler : Range1d
        The columns shown as physical lengths, [Mpc].
    halos : ColumnDataSource
        See `explorer.plots.rings`.
    """

    x: Range1d
    y: Range1d
    ruler: Range1d
    halos: ColumnDataSource

    def references(self) -> set[Model]:
        """All models that hang on these."""
        each = (self.x, self.y, self.ruler, self.halos)
        return set().union(*(model.references() for model in each))


def empty_source() -> ColumnDataSource:
    """Make image data with nothing in it."""
    nothing = np.full((1, 1), EMPTY, np.float32)
    data = {"image": [nothing], "x": [0.0], "y": [0.0], "dw": [1e-6], "dh": [1e-6]}
    return ColumnDataSource(data=data)


def one_map(
    name: str,
    mapper: LinearColorMapper,
    axes: Axes,
    besides: Set[Model] = frozenset(),
    plain: bool = False,
) -> Map:
    """Draw a square, borderless map with rings, scale bars, a note and a readout.

    Parameters
    ----------
    name : str
        Of the figure.
    mapper : LinearColorMapper
        Of the image.
    axes : Axes
        Shared with other maps.
    besides : set of Model
        Not the figure's own: whether they tell the server what the browser does stays.
    plain : bool
        Without scale bars and pixels that are lit, as one of many: a third fewer models to send.
    """
    fig: Any = map_figure(name, axes.x, axes.y)  # Bokeh's types know no color_mapper
    source, light = empty_source(), empty_source()
    fig.image("image", "x", "y", "dw", "dh", source=source, color_mapper=mapper)
    if not plain:
        shining = LinearColorMapper(palette=[HIGHLIGHT], low=0, high=1, nan_color="#00000000")
        shining.low_color = "#00000000"
        fig.image("image", "x", "y", "dw", "dh", source=light, color_mapper=shining)
    rings = draw_rings(fig, axes.halos)
    parts = note(), readout(), crosshair("width"), crosshair("height")
    bars: tuple[ScaleBar, ...] = ()
    if not plain:
        bars = scale_bar(axes.x, "c", "pc/h"), scale_bar(axes.ruler, "p", "pc")
        bars[1].visible = False
    for part in (*bars, *parts):
        fig.add_layout(part)
    for model in fig.references() - besides:
        model.syncable = False  # what the browser draws doesn't come back to the server
    return Map(fig, source, mapper, light, parts[0], parts[1], parts[2:], bars, rings)


def map_figure(name: str, x_range: Range1d, y_range: Range1d) -> figure:
    """Make a figure that is all frame, dragged and zoomed without a toolbar."""
    wheel, pan = WheelZoomTool(maintain_focus=False), PanTool()
    fig = figure(
        name=name,
        width=SIDE,
        height=SIDE,
        sizing_mode="scale_width",
        aspect_ratio=1,
        x_range=x_range,
        y_range=y_range,
        x_axis_type=None,
        y_axis_type=None,
        tools=[pan, wheel],
        toolbar_location=None,
        min_border=0,
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
        lod_threshold=None,
    )
    fig.toolbar.active_scroll = wheel
    return fig


def scale_bar(x_range: Range1d, prefix: str, unit: str) -> ScaleBar:
    """Draw a bar of a round length that follows the zoom of a range in millions of a unit."""
    return ScaleBar(
        range=x_range,
        unit=f"M{unit}",
        label=f"@{{value}} {prefix}@{{unit}}",
        dimensional=Metric(base_unit=unit, include=[f"M{unit}", f"k{unit}"]),
        location="bottom_right",
        bar_length=0.22,
        bar_length_units="percent",
        bar_line_color="white",
        bar_line_width=2,
        label_text_color="white",
        label_text_font=FONT,
        label_text_font_size="11px",
        label_standoff=3,
        margin=8,
        padding=6,
        background_fill_color="black",
        background_fill_alpha=0.45,
        border_line_color=None,
    )


def note() -> Label:
    """Write words in the middle of a map that isn't there; the browser has it go and come."""
    middle = Node(target="frame", symbol="center")
    return Label(
        x=middle,
        y=middle,
        text=COMING,
        text_color=GREY,
        text_font=FONT,
        text_font_size="13px",
        **CENTRED,
    )


def readout() -> Label:
    """Write the value under the pointer, in the upper left corner."""
    return Label(
        x=Node(target="frame", symbol="left", offset=8),
        y=Node(target="frame", symbol="top", offset=8),
        text="",
        text_color="white",
        text_font=FONT,
        text_font_size="12px",
        background_fill_color="black",
        background_fill_alpha=0.55,
        visible=False,
        **BOXED,
    )


def crosshair(dimension: Literal["width", "height"]) -> Span:
    """Draw one of the two lines that mark the pointer's place on every map."""
    return Span(
        dimension=dimension,
        location=0,
        line_color="white",
        line_alpha=0.45,
        line_width=1,
        visible=False,
    )
