"""Empty figures of the curve cards and what is drawn in them; filled by their sources."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Literal

import numpy as np
from bokeh.model import Model
from bokeh.models import CDSView, ColumnDataSource, GroupFilter, Range1d
from bokeh.models.axes import LogAxis
from bokeh.models.formatters import CustomJSTickFormatter
from bokeh.models.tickers import FixedTicker
from bokeh.plotting import figure
from numpy.typing import NDArray

from engine.results import Curve
from explorer.style import GREY, PUBLISHED
from explorer.words import POWER_OF_TEN

Columns = Mapping[str, NDArray[np.float64]]

MARGINS: dict[str, Any] = {"min_border_left": 64, "min_border_right": 12, "min_border_top": 6}
"""Pixels around every frame, so that panels line up and no label's width moves them."""

NOTHING = (0.1, 10.0)
"""Range of an axis without data."""

LINE = {"x": (), "y": ()}
AREA = {"x": (), "low": (), "high": ()}
DOTS = {"x": (), "y": (), "full": ()}
"""Columns of an empty line, of an empty band and of no marks."""


def frame(
    height: int,
    y_axis: Literal["log", "linear"],
    with_x: bool = True,
    x_axis: Literal["log", "linear"] = "log",
) -> figure:
    """Make an empty figure.

    Parameters
    ----------
    height : int
        [pixels]
    y_axis : {"log", "linear"}
        Scale of y.
    with_x : bool
        Whether the x axis is drawn; the upper of two panels has the lower one's.
    x_axis : {"log", "linear"}
        Scale of x.
    """
    fig: Any = figure(  # Bokeh's types know no lists of axes
        height=height,
        sizing_mode="stretch_width",
        x_axis_type=x_axis,
        y_axis_type=y_axis,
        x_range=Range1d(start=NOTHING[0], end=NOTHING[1]),
        y_range=Range1d(start=NOTHING[0], end=NOTHING[1]),
        tools="",
        toolbar_location=None,
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
        output_backend="canvas",
        **MARGINS,
    )
    fig.xaxis.visible = with_x
    for axis in fig.axis:
        if isinstance(axis, LogAxis):
            axis.update(ticker=FixedTicker(ticks=[1, 10]), formatter=tick_words())
    fig.axis.axis_label_text_font_style = "normal"
    fig.axis.axis_label_text_font_size = "13px"
    fig.axis.major_label_text_font_size = "12px"
    return fig


def ticks(low: float, high: float) -> list[float]:
    """Places of a logarithmic axis to write numbers at: at most seven, at least two."""
    first, last = np.floor(np.log10(low)), np.ceil(np.log10(high))
    powers = 10.0 ** np.arange(first, last + 1)
    step = int(np.ceil((last - first) / 7))
    some = powers[::step] if step > 1 else powers
    shown = [tick for tick in some if low <= tick <= high]
    if len(shown) < 2:
        finer = np.outer(powers, (1, 2, 5)).ravel()
        shown = [tick for tick in finer if low <= tick <= high]
    return [float(tick) for tick in shown]


def span_axis(axes: Any, axis_range: Any, low: float, high: float) -> None:
    """Let a logarithmic axis, or several that share their range, reach from low to high."""
    axis_range.update(start=low, end=high)
    for axis in axes:
        axis.ticker.ticks = ticks(low, high)


def tick_words() -> CustomJSTickFormatter:
    """Write ticks as on the colour bars: plain if short, else with a power of ten."""
    return CustomJSTickFormatter(
        code=POWER_OF_TEN
        + """
        if (tick >= 0.01 && tick < 1000) return String(Number(tick.toPrecision(3)))
        const exponent = Math.floor(Math.log10(tick) + 1e-9)
        const digit = Math.round(tick / 10 ** exponent)
        return (digit == 1 ? "" : `${digit}·`) + power_of_ten(exponent)
        """
    )


def even_words() -> CustomJSTickFormatter:
    """Write ticks of an even axis: plain if short, else with a power of ten."""
    return CustomJSTickFormatter(
        code=POWER_OF_TEN
        + """
        const size = Math.abs(tick)
        if (size == 0 || (size >= 0.001 && size < 10000)) {
          return String(Number(tick.toPrecision(4))).replace("-", "−")
        }
        const exponent = Math.floor(Math.log10(size) + 1e-9)
        const digits = Number((tick / 10 ** exponent).toPrecision(3))
        return `${digits}·${power_of_ten(exponent)}`.replace("-", "−")
        """
    )


def line(fig: figure, colour: str, **look: Any) -> ColumnDataSource:
    """Add a line that its source will fill."""
    source = ColumnDataSource(dict(LINE))
    fig.line("x", "y", source=source, line_color=colour, **look)
    return source


def band(fig: figure, colour: str, alpha: float) -> ColumnDataSource:
    """Add a band that its source will fill."""
    source = ColumnDataSource(dict(AREA))
    fig.varea("x", "low", "high", source=source, fill_color=colour, fill_alpha=alpha)
    return source


def dots(fig: figure, colour: str) -> ColumnDataSource:
    """Add marks that their source will fill, hollow where `full` is 0."""
    source = ColumnDataSource(dict(DOTS))
    look: dict[str, Any] = {"line_color": colour, "fill_color": colour, "fill_alpha": "full"}
    fig.scatter("x", "y", source=source, size=6, line_width=1.4, **look)
    return source


def arrows(fig: figure, colour: str) -> ColumnDataSource:
    """Add marks that their source will fill: up where `full` is 1, down where it is 0."""
    source = ColumnDataSource(dict(DOTS))
    for up, marker in ((1, "triangle"), (0, "inverted_triangle")):
        some = GroupFilter(column_name="full", group=up)
        look: dict[str, Any] = {"line_color": colour, "fill_color": colour, "marker": marker}
        fig.scatter("x", "y", source=source, view=CDSView(filter=some), size=6, **look)
    return source


def ink(figures: Iterable[figure], source: ColumnDataSource, colour: str) -> None:
    """Draw what a source fills in another colour, unless it has it."""
    for fig in figures:
        for renderer in fig.renderers:
            if getattr(renderer, "data_source", None) is not source:
                continue
            glyph: Any = getattr(renderer, "glyph", None)
            for part in {"line_color", "fill_color"} & glyph.properties():
                if getattr(glyph, part) != colour:
                    setattr(glyph, part, colour)


def literature(fig: Any, published: Sequence[Curve]) -> None:
    """Draw relations from the literature; a click on a name hides its line."""
    for curve, dash in zip(published, ("solid", "dashed"), strict=False):
        fig.line(curve.x, curve.y, line_color=PUBLISHED, line_dash=dash, legend_label=curve.name)
    if published:
        fig.legend.update(
            click_policy="hide",
            location="bottom_left",
            background_fill_alpha=0,
            border_line_color=None,
            label_text_font_size="11px",
            label_text_color=GREY,
            padding=2,
            margin=4,
            spacing=0,
            glyph_height=12,
        )


def keep_in_browser(fig: figure, besides: Set[Model] = frozenset()) -> figure:
    """Keep what the browser does to a figure from being sent back to the server.

    The page's theme restyles every axis in the browser; that would be a hundred messages at
    every first paint.

    Parameters
    ----------
    fig : figure
        With all that it draws.
    besides : set of Model
        Not the figure's own: left as they are.
    """
    for model in fig.references() - besides:
        model.syncable = False
    return fig


def fill(source: ColumnDataSource, columns: Columns) -> None:
    """Give a source new columns, unless it has them: the browser would redraw."""
    old = source.data
    if any(not np.array_equal(old[name], values) for name, values in columns.items()):
        source.data = {name: np.asarray(values) for name, values in columns.items()}


def span(values: Iterable[NDArray[np.float64]]) -> tuple[float, float]:
    """Common range of the numbers in some arrays; `NOTHING` where there are none."""
    joined = np.concatenate([np.empty(0), *values])
    joined = joined[np.isfinite(joined)]
    return (float(joined.min()), float(joined.max())) if len(joined) else NOTHING
