"""A colour bar whose limits are its handles: what lies between them is the colour map."""

from collections.abc import Hashable

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param
from bokeh.models import CustomJSTickFormatter, LinearColorMapper

from engine.mesh import Slab
from explorer.plots.limits import Limits, limits
from explorer.plots.stretch import Stretch, Tick, default_places
from explorer.scale import Scale
from explorer.style import COLOUR_MAPS, palette, slider_sx
from explorer.words import POWER_OF_TEN

STEPS = 1000
"""Places of a handle along a bar without steps of its own."""

HEIGHT = 50
"""Pixels of words, bar and labels."""

PRINTED = (
    POWER_OF_TEN
    + """
const value = {log: 10 ** tick, asinh: softening * Math.sinh(tick * Math.LN10), linear: tick}[name]
if (value == 0) return "0"
const exponent = Math.floor(Math.log10(Math.abs(value)))
return `${(value / 10 ** exponent).toFixed(2)} × ${power_of_ten(exponent)}`.replace("-", "−")
"""
)
"""How a limit is written beside its handle."""

MOVED = """
const [low, high] = cb_obj.value
mapper.setv({low, high: Math.max(high, low + 0.01 * (cb_obj.end - cb_obj.start))})
"""
"""Limits follow the handles; they keep a hundredth of the bar apart."""


class ColourBar(pn.viewable.Viewer):
    """The limits of a colour mapper, moved in the browser without the server.

    Parameters
    ----------
    mapper : LinearColorMapper
        Of the stretch's coordinate.
    maps : str
        Whose colours it sets, in words.
    """

    def __init__(self, mapper: LinearColorMapper, maps: str) -> None:
        super().__init__()
        self.mapper = mapper
        self.maps = maps
        self._kind: Hashable = None
        self._colours = next(iter(COLOUR_MAPS))
        self._default = Limits(0, 1, 0, 1)
        self._factor = 1.0
        self._wanted: tuple[float, float] | None = None
        self.stretch = Stretch()
        self.slider = range_slider(maps)
        self.slider.jscallback(args={"mapper": mapper}, value=MOVED)
        self.slider.param.watch(self._on_bar_lengthened, ["start", "end"])

    def set_default_limits(self, kind: Hashable, slab: Slab | None) -> None:
        """Choose limits for maps of another kind; those of the same keep what is set.

        Parameters
        ----------
        kind
            Whatever tells kinds of maps apart.
        slab : Slab or None
            To take limits from.
        """
        if kind == self._kind or slab is None:
            return
        self._kind = kind
        self._default = limits(slab)
        self.reset()

    def set_units(self, name: str, scale: Scale) -> None:
        """Show the same limits under another stretch or in another unit.

        Parameters
        ----------
        name : str
            Of the stretch.
        scale : Scale
            Quantity and unit.
        """
        self.slider.label = f"{self.maps}: {scale.label}"
        stretch = Stretch(name, scale.factor * 10**self._default.middle)
        if (stretch, scale.factor) != (self.stretch, self._factor):
            values = self._values()
            same_stretch = name == self.stretch.name
            self.stretch, self._factor = stretch, scale.factor
            if same_stretch or name != "linear":
                self.set_limits(*values)
            else:
                self.reset()
        if self._wanted is not None:
            self.set_limits(*self._wanted)
            self._wanted = None

    def choose_limits(self, low: float, high: float) -> None:
        """Set limits as soon as there are maps, in the linear unit of their file."""
        self._wanted = (low, high)

    @property
    def chosen_limits(self) -> tuple[float, float] | None:
        """Limits in the linear unit of the maps' file; None while they are the default ones."""
        if self._wanted is not None or self._kind is None:
            return self._wanted
        if not np.isfinite(values := self._values()).all():
            return None
        default = np.array(default_places(self._default, self.stretch, self._factor))
        step = self.stretch.step or (self.slider.end - self.slider.start) / STEPS
        apart = np.abs(np.array(self.slider.value) - default)
        return values if (apart > 0.6 * step).any() else None

    def _values(self) -> tuple[float, float]:
        """Limits in the linear unit of the maps' file."""
        with np.errstate(over="ignore"):  # of a handle that was moved under another stretch
            low, high = self.stretch.value(np.array(self.slider.value)) / self._factor
        return float(low), float(high)

    def set_limits(self, low: float, high: float) -> None:
        """Move the limits to values in the unit of the maps' file; zero has no logarithm.

        Limits that are no numbers are the default ones.
        """
        if not np.isfinite([low, high]).all():
            self.reset()
            return
        if self.stretch.name == "log" and low <= 0:
            low = 10**self._default.low
        places = self.stretch.place(self._factor * np.array([low, high]))
        self._set(*(round(float(place), 12) for place in places))

    def reset(self) -> None:
        """Go back to the default limits."""
        softening = self._factor * 10**self._default.middle
        self.stretch = Stretch(self.stretch.name, softening)
        self._set(*default_places(self._default, self.stretch, self._factor))

    def set_colours(self, name: str) -> None:
        """Use another colour map."""
        self._colours = name
        self.mapper.palette = palette(name)
        self._draw((self.slider.start, self.slider.end), self.slider.value)

    def _set(self, low: float, high: float) -> None:
        """Move limits and bar."""
        ends = self._ends(low, high)
        low = min(max(low, ends[0]), ends[1] - 0.01 * (ends[1] - ends[0]))
        self.mapper.update(low=low, high=high)
        self._draw(ends, (low, high))

    def _draw(self, ends: tuple[float, float], value: tuple[float, float]) -> None:
        ticks = self.stretch.ticks(*ends)
        draw_ticks(self.slider, self.stretch, ends, value, ticks, palette(self._colours))

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        """Ends of the bar: all but the very faint, and on a linear one twice the default."""
        top = self._default.high + 0.3 if self.stretch.name == "linear" else self._default.end
        least, most = self.stretch.place(self._factor * 10 ** np.array([self._default.start, top]))
        return self.stretch.bar(min(low, float(least)), max(high, float(most)))

    def _on_bar_lengthened(self, *_: param.parameterized.Event) -> None:
        """Give a bar that the browser has lengthened new ticks."""
        low, high = self.slider.value
        ends = self._ends(low, high)
        if not np.allclose(ends, (self.slider.start, self.slider.end)):
            self._draw(ends, (low, high))

    def __panel__(self) -> pn.viewable.Viewable:
        return self.slider


def range_slider(label: str) -> pmui.RangeSlider:
    """Make a slider with two handles that is to be a colour bar."""
    return pmui.RangeSlider(
        label=label,
        start=0,
        end=1,
        value=(0.0, 1.0),
        step=0.01,
        show_value=False,
        sizing_mode="stretch_width",
        height=HEIGHT,
        margin=0,
    )


def draw_ticks(
    slider: pmui.RangeSlider,
    stretch: Stretch,
    ends: tuple[float, float],
    value: tuple[float, float],
    ticks: list[Tick],
    colours: list[str],
) -> None:
    """Give a colour bar its ends, handles, ticks and colours, all at once."""
    printing = {"name": stretch.name, "softening": stretch.softening}
    length = ends[1] - ends[0]
    middle = (sum(value) / 2 - ends[0]) / length
    slider.param.update(
        start=ends[0],
        end=ends[1],
        value=value,
        step=stretch.step or length / STEPS,
        marks=[{"value": place, "label": text} for place, text in ticks],
        format=CustomJSTickFormatter(code=PRINTED, args=printing),
        sx=slider_sx(colours, len(ticks) - 1, middle),
    )
