"""Linked maps: Bokeh figures over the same ranges, fed by the viewport route."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

from bokeh.core.properties import Bool, Float, Int, List, String
from bokeh.events import DoubleTap, MouseLeave, MouseMove, Tap
from bokeh.model import DataModel
from bokeh.models import CustomJS, LinearColorMapper, Range1d
from bokeh.plotting import figure

from engine.halos import Halos
from engine.mesh import Slab
from explorer.plots.map_figure import COMING, EMPTY, Axes, Map, one_map
from explorer.plots.rings import empty_rings, looks, rings
from explorer.style import DIVERGING, GREY
from explorer.words import POWER_OF_TEN

__all__ = ["CLOSEST", "EMPTY", "LinkedMaps", "MapState", "linked_maps", "percentiles", "whole_map"]

SCRIPTS = Path(__file__).parent

CLOSEST = 12
"""Map pixels across the closest view."""


class MapState(DataModel):
    """What the server tells the browser about the maps to show.

    The browser answers through `started`, `expired`, the server has dropped a map that is on
    show, `tapped`, `limits` and `view`.
    """

    tokens = List(String, help="One per map, in their order; empty where there is no map.")
    notes = List(String, help="What stands in place of each map that isn't there; empty where one "
                              "is, or is to come.")  # fmt: skip
    units = List(String, help="Unit of each map's values, as they are shown.")
    factors = List(Float, help="What each map's values are multiplied by to be shown.")
    softenings = List(Float, help="Of each map's asinh, in the unit shown.")
    stretch = String(default="log", help="Name of the maps' stretch.")
    groups = List(String, help="Group of each map; those of a group share colours.")
    compared = List(Int, help="Numbers of the two maps that the contrast is of.")
    lit = String(default="", help="Group whose pixels are lit.")
    contrast = String(default="", help="What the contrast shows: difference, ratio or nothing.")
    contrast_note = String(default="", help="What stands in place of a contrast of nothing.")
    contrast_stretch = String(default="linear", help="Name of the difference's stretch.")
    contrast_softening = Float(default=1.0, help="Of the difference's asinh, in the unit shown.")
    axes = List(String, help="Names of the coordinates along columns and rows.")
    length = Float(default=1.0, help="What 1 comoving Mpc/h is called in the unit shown.")
    length_unit = String(default="cMpc/h", help="Unit of lengths.")
    highlight = List(Float, help="[low, high) of values to light up, linear, in the unit of the "
                                 "map file; empty for none.")  # fmt: skip
    limits = List(Float, help="Percentiles that were asked for, [low, high] of each group in the "
                              "order of `groups`, log10 of the unit of the map file, EMPTY for no "
                              "positive pixel; then how often they were.")  # fmt: skip
    place = List(Float, help="[x, y, width, count]: where to go, [Mpc/h], and how often so far.")
    tapped = Int(default=-1, help="Number of the halo that was tapped last; -1 for none.")
    view = List(Float, help="[x0, x1, y0, y1] that is shown, [Mpc/h], some moments after it was "
                            "moved; empty for the whole map.")  # fmt: skip
    started = Bool(default=False, help="Whether the browser has drawn its first maps.")
    expired = Int(default=0, help="Counts how often a map was found gone.")


@dataclass(frozen=True, eq=False)
class LinkedMaps:
    """Maps that pan and zoom together, and the models through which they are fed.

    Parameters
    ----------
    maps : dict of Map
        By name, in the order of the state's tokens; those of a group share a mapper.
    contrast : Map or None
        Difference or ratio of two of them, made in the browser.
    state : MapState
        Set its tokens to show other maps.
    axes : Axes
        Ranges and haloes of all of them.
    draw : CustomJS
        Draws again what the browser has.
    """

    maps: dict[str, Map]
    contrast: Map | None
    state: MapState
    axes: Axes
    draw: CustomJS = field(default_factory=CustomJS)

    @property
    def x_range(self) -> Range1d:
        """Columns shown, [Mpc/h]."""
        return self.axes.x

    @property
    def y_range(self) -> Range1d:
        """Rows shown, [Mpc/h]."""
        return self.axes.y

    @property
    def each(self) -> list[Map]:
        """All maps, the contrast last."""
        return [*self.maps.values(), *([self.contrast] if self.contrast else [])]

    def set_extent(self, width: float, height: float, pixel_size: float) -> None:
        """Let the ranges reach over maps; those of another size are shown whole.

        Parameters
        ----------
        width, height, pixel_size : float
            Comoving, [Mpc/h].
        """
        for axis, length in ((self.x_range, width), (self.y_range, height)):
            axis.min_interval = CLOSEST * pixel_size
            before: Any = axis.reset_end
            if before is None or not isclose(before, length):
                reach = {"reset_start": 0, "reset_end": length, "bounds": (0, length)}
                axis.update(start=0, end=length, **reach)
                self.state.update(view=[])

    def show_rectangle(self, view: Sequence[float]) -> None:
        """Show exactly one rectangle on all maps, before the browser has another one.

        Parameters
        ----------
        view : sequence of float
            x0, x1, y0, y1, comoving, [Mpc/h].
        """
        x0, x1, y0, y1 = view
        self.x_range.update(start=x0, end=x1)
        self.y_range.update(start=y0, end=y1)
        self.state.update(view=[x0, x1, y0, y1])

    def around(self, x: float, y: float, width: float) -> list[float]:
        """Sides x0, x1, y0, y1 of a square around a place, within what the maps reach.

        Parameters
        ----------
        x, y, width : float
            Middle and side, comoving, [Mpc/h].
        """
        sides = []
        for middle, axis in ((x, self.x_range), (y, self.y_range)):
            reach: Any = axis.reset_end
            side = min(max(width, axis.min_interval or 0), reach)
            start = min(max(middle - side / 2, 0), reach - side)
            sides += [start, start + side]
        return sides

    def go_to(self, x: float, y: float, width: float) -> None:
        """Show a square around a place on all maps, as far as the maps reach.

        Parameters
        ----------
        x, y, width : float
            Middle and side, comoving, [Mpc/h].
        """
        before: Any = self.state.place  # to mypy it is a property's description, not its value
        count = before[3] + 1 if before else 1
        self.state.update(place=[float(x), float(y), float(width), float(count)])

    def set_halos(self, halos: Halos | None, slab: Slab) -> None:
        """Put rings around the haloes of a slab; None for no haloes."""
        self.axes.halos.data = rings(halos, slab) if halos else dict(empty_rings().data)

    def show_rings(self, shown: bool) -> None:
        """Show the rings or hide them; haloes can be tapped while they are shown."""
        for each in self.each:
            for renderer in each.rings:
                renderer.visible = shown

    def light_rings(self, numbers: Collection[int]) -> None:
        """Make the rings of some haloes stand out, those of the others not."""
        halos = self.axes.halos
        halos.data = {**halos.data, **looks(halos.data["number"], numbers)}

    def show_scale_bars(self, physical: bool) -> None:
        """Show the scale bar of physical lengths, or that of comoving ones."""
        for each in (each for each in self.each if each.bars):
            for bar, shown in zip(each.bars, (not physical, physical), strict=True):
                bar.visible = shown


def linked_maps(
    groups: Mapping[str, str],
    axes: Axes | None = None,
    name: str = "maps",
    plain: Collection[str] = (),
    mappers: Mapping[str, LinearColorMapper] | None = None,
) -> LinkedMaps:
    """Build one figure for each map; those of a group share a colour mapper.

    Parameters
    ----------
    groups : mapping of str to str
        Group by name, in the order of the state's tokens.
    axes : Axes or None
        Of other maps, with which these pan and zoom; if left out these have their own, and a
        contrast.
    name : str
        Of the state.
    plain : collection of str
        Maps without scale bars and pixels that are lit; where there are such there is no contrast.
    mappers : mapping of str to LinearColorMapper, optional
        Of other maps' groups, whose colours these share.
    """
    shared = axes or Axes(span(), span(), span(), empty_rings())
    mappers = mappers or {group: mapper() for group in groups.values()}
    prefix = "" if axes is None else f"{name}-"
    besides = axes.references() if axes else set()
    maps = {
        each: one_map(prefix + each, mappers[group], shared, besides, each in plain)
        for each, group in groups.items()
    }
    alone = axes is None and not plain
    contrast = one_map("contrast", mapper(DIVERGING), shared) if alone else None
    for each in [contrast] if contrast else []:
        each.mapper.nan_color = GREY
    ones = [1.0 for _ in groups]
    state = MapState(
        name=name, notes=["" for _ in groups], factors=ones, softenings=ones,
        groups=list(groups.values()),
    )  # fmt: skip
    draw = drawing(state, list(maps.values()), contrast)
    linked = LinkedMaps(maps, contrast, state, shared, draw)
    attach_fetch(linked)
    attach_pointer(linked)
    if axes is None:
        attach_place(linked)
    return linked


def span() -> Range1d:
    """Make a range for one side of the maps."""
    return Range1d(start=0, end=1)


def mapper(palette: Sequence[str] = ("#000000",)) -> LinearColorMapper:
    """Make a colour mapper of a stretch's coordinate."""
    return LinearColorMapper(palette=list(palette), low=0, high=1)


def script(name: str, **args: Any) -> CustomJS:
    """Read a script that lies beside this file, with the functions that scripts share."""
    shared = POWER_OF_TEN + (SCRIPTS / "codes.js").read_text()
    return CustomJS(code=shared + (SCRIPTS / f"{name}.js").read_text(), args=args)


def drawing(state: MapState, maps: list[Map], contrast: Map | None) -> CustomJS:
    """Redraw from what was fetched when it is to be shown in another way."""
    draw = script(
        "draw",
        state=state,
        sources=[each.source for each in maps],
        lights=[each.light for each in maps],
        labels=[each.note for each in maps],
        contrast=contrast.source if contrast else None,
        contrast_label=contrast.note if contrast else None,
        EMPTY=EMPTY,
        COMING=COMING,
    )
    looked_at = ("factors", "softenings", "stretch", "highlight", "compared", "notes")
    for name in (
        *looked_at,
        *(f"contrast{part}" for part in ("", "_note", "_stretch", "_softening")),
    ):
        state.js_on_change(name, draw)
    return draw


def attach_fetch(linked: LinkedMaps) -> None:
    """Refetch when the place, the maps or the screen change."""
    figures: list[figure] = [each.figure for each in linked.maps.values()]
    fetch = script(
        "fetch",
        state=linked.state,
        figures=figures,
        x_range=linked.x_range,
        y_range=linked.y_range,
        draw=linked.draw,
    )
    linked.state.js_on_change("tokens", fetch)
    for axis in (linked.x_range, linked.y_range):
        axis.js_on_change("start", fetch)
        axis.js_on_change("end", fetch)
    for each in figures:  # any of them may be hidden
        each.js_on_change("inner_width", fetch)


def attach_pointer(linked: LinkedMaps) -> None:
    """Follow the pointer on every map: values, the halo tapped, the whole map on a double tap."""
    pointer = script(
        "pointer",
        state=linked.state,
        figures=[each.figure for each in linked.each],
        readouts=[each.readout for each in linked.each],
        lines=[list(each.lines) for each in linked.each],
    )
    tap = script("tap", state=linked.state, halos=linked.axes.halos, ring=linked.each[0].rings[0])
    for each in linked.each:
        each.figure.js_on_event(MouseMove, pointer)
        each.figure.js_on_event(MouseLeave, pointer)
        each.figure.js_on_event(Tap, tap)
        each.figure.js_on_event(DoubleTap, whole_map(linked))


def attach_place(linked: LinkedMaps) -> None:
    """Go where the state says, tell the server where, and keep the ruler beside the columns."""
    axes = linked.axes
    go = script("place", state=linked.state, ranges=[axes.x, axes.y])
    linked.state.js_on_change("place", go)
    measure = CustomJS(
        args={"state": linked.state, "ruler": axes.ruler, "x_range": axes.x},
        code="ruler.setv({start: x_range.start * state.length, end: x_range.end * state.length})",
    )
    view = script("view", state=linked.state, ranges=[axes.x, axes.y])
    for name in ("start", "end"):
        axes.x.js_on_change(name, measure, view)
        axes.y.js_on_change(name, view)
    linked.state.js_on_change("length", measure)
    # A link's unit and place are there before anything changes.
    next(iter(linked.maps.values())).figure.js_on_change("inner_width", measure)


def percentiles(linked: LinkedMaps, part: tuple[float, float]) -> CustomJS:
    """Make a script that tells the state percentiles of what is in view.

    Parameters
    ----------
    linked : LinkedMaps
        The maps in view.
    part : tuple of float
        Fractions of the positive pixels below the limits.
    """
    return script(
        "percentiles",
        state=linked.state,
        part=list(part),
        x_range=linked.x_range,
        y_range=linked.y_range,
    )


def whole_map(linked: LinkedMaps) -> CustomJS:
    """Make a script that zooms out to the whole map."""
    return CustomJS(
        args={"ranges": [linked.x_range, linked.y_range]},
        code="for (const range of ranges)\n"
        "  range.setv({start: range.reset_start, end: range.reset_end})",
    )
