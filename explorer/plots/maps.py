"""Linked maps: Bokeh figures over the same ranges, fed by the viewport route."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from bokeh.core.properties import Int, List, String
from bokeh.events import DoubleTap, MouseLeave, MouseMove
from bokeh.model import DataModel
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    LinearColorMapper,
    Node,
    PanTool,
    Range1d,
    WheelZoomTool,
)
from bokeh.models.annotations import Label, ScaleBar, Span
from bokeh.models.annotations.dimensional import Metric
from bokeh.plotting import figure

from explorer.style import FONT, GREY

SCRIPTS = Path(__file__).parent

EMPTY = -99.0
"""log10 that stands for zero: below any map's values, so that it gets the lowest colour."""

SIDE = 360
"""Pixels of a map before the page is laid out."""

CLOSEST = 12
"""Map pixels across the closest view."""


CENTRED: dict[str, Any] = {"anchor": "center", "text_align": "center"}
BOXED: dict[str, Any] = {"anchor": "top_left", "padding": 5, "border_radius": 4}


class MapFeed(DataModel):
    """What the server tells the browser about the maps to show.

    The browser answers through `expired`: the server has dropped a map that is on show.
    """

    tokens = List(String, help="One per map, in their order; empty where there is no map.")
    units = List(String, help="Unit of each map's values.")
    axes = List(String, help="Names of the coordinates along columns and rows.")
    expired = Int(default=0, help="Counts how often a map was found gone.")


@dataclass(frozen=True, eq=False)
class Map:
    """One map's figure and the models in it that change."""

    figure: figure
    source: ColumnDataSource
    mapper: LinearColorMapper
    note: Label
    readout: Label
    lines: tuple[Span, Span]


@dataclass(frozen=True, eq=False)
class LinkedMaps:
    """Maps that pan and zoom together, and the models through which they are fed.

    Parameters
    ----------
    maps : dict of Map
        By name, in the order of the feed's tokens; compared ones share a mapper.
    feed : MapFeed
        Set its tokens to show other maps.
    x_range, y_range : Range1d
        What all of them show, [Mpc/h].
    """

    maps: dict[str, Map]
    feed: MapFeed
    x_range: Range1d
    y_range: Range1d

    def reach(self, width: float, height: float, pixel_size: float) -> None:
        """Show the whole of maps of another size.

        Parameters
        ----------
        width, height, pixel_size : float
            Comoving, [Mpc/h].
        """
        for axis, length in ((self.x_range, width), (self.y_range, height)):
            axis.update(
                start=0,
                end=length,
                reset_start=0,
                reset_end=length,
                bounds=(0, length),
                min_interval=CLOSEST * pixel_size,
            )


def linked_maps(names: Sequence[str], compared: Sequence[str]) -> LinkedMaps:
    """Build one figure per name; those compared share a colour mapper.

    Parameters
    ----------
    names : sequence of str
        In the order of the feed's tokens.
    compared : sequence of str
        Those that must have the same colours for the same values.
    """
    x_range, y_range = (Range1d(start=0, end=1) for _ in "xy")
    shared = LinearColorMapper(palette=["#000000"], low=0, high=1)
    mappers = [
        shared if name in compared else LinearColorMapper(palette=["#000000"], low=0, high=1)
        for name in names
    ]
    maps = {
        name: one_map(name, mapper, x_range, y_range)
        for name, mapper in zip(names, mappers, strict=True)
    }
    linked = LinkedMaps(maps, MapFeed(), x_range, y_range)
    attach_feed(linked)
    attach_pointer(linked)
    return linked


def empty_source() -> ColumnDataSource:
    """Make image data with nothing in it."""
    nothing = np.full((1, 1), EMPTY, np.float32)
    data = {"image": [nothing], "x": [0.0], "y": [0.0], "dw": [1e-6], "dh": [1e-6]}
    return ColumnDataSource(data=data)


def one_map(name: str, mapper: LinearColorMapper, x_range: Range1d, y_range: Range1d) -> Map:
    """Draw a square, borderless map with a scale bar, a note and a readout."""
    fig: Any = map_figure(name, x_range, y_range)  # Bokeh's types know no color_mapper
    source = empty_source()
    fig.image("image", "x", "y", "dw", "dh", source=source, color_mapper=mapper)
    parts = note(), readout(), crosshair("width"), crosshair("height")
    for part in (scale_bar(x_range), *parts):
        fig.add_layout(part)
    for model in fig.references():
        model.syncable = False  # what the browser draws doesn't come back to the server
    return Map(fig, source, mapper, parts[0], parts[1], parts[2:])


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


def scale_bar(x_range: Range1d) -> ScaleBar:
    """Draw a bar of a round comoving length that follows the zoom."""
    return ScaleBar(
        range=x_range,
        unit="Mpc/h",
        label="@{value} c@{unit}",
        dimensional=Metric(base_unit="pc/h", include=["Mpc/h", "kpc/h"]),
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
    """Write words in the middle of a map that isn't there."""
    middle = Node(target="frame", symbol="center")
    return Label(
        x=middle,
        y=middle,
        text="",
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


def attach_feed(linked: LinkedMaps) -> None:
    """Refetch when the place, the maps or the screen change."""
    maps = list(linked.maps.values())
    script = CustomJS(
        code=(SCRIPTS / "feed.js").read_text(),
        args={
            "feed": linked.feed,
            "figure": maps[0].figure,
            "sources": [each.source for each in maps],
            "x_range": linked.x_range,
            "y_range": linked.y_range,
            "EMPTY": EMPTY,
        },
    )
    linked.feed.js_on_change("tokens", script)
    for axis in (linked.x_range, linked.y_range):
        axis.js_on_change("start", script)
        axis.js_on_change("end", script)
    maps[0].figure.js_on_change("inner_width", script)


def attach_pointer(linked: LinkedMaps) -> None:
    """Show the value under the pointer on every map, and the whole map on a double tap."""
    maps = list(linked.maps.values())
    script = CustomJS(
        code=(SCRIPTS / "pointer.js").read_text(),
        args={
            "feed": linked.feed,
            "figures": [each.figure for each in maps],
            "sources": [each.source for each in maps],
            "readouts": [each.readout for each in maps],
            "lines": [list(each.lines) for each in maps],
            "EMPTY": EMPTY,
        },
    )
    for each in maps:
        each.figure.js_on_event(MouseMove, script)
        each.figure.js_on_event(MouseLeave, script)
        each.figure.js_on_event(DoubleTap, whole_map(linked))


def whole_map(linked: LinkedMaps) -> CustomJS:
    """Make a script that zooms out to the whole map."""
    return CustomJS(
        args={"ranges": [linked.x_range, linked.y_range]},
        code="for (const range of ranges)\n"
        "  range.setv({start: range.reset_start, end: range.reset_end})",
    )
