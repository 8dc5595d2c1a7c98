"""The colour bar of a difference or a ratio: as far to one side as to the other."""

from collections.abc import Hashable

import numpy as np
import panel as pn
from bokeh.models import LinearColorMapper

from engine.mesh import Slab
from explorer.plots.limits import contrast_limits
from explorer.plots.stretch import Stretch, nice_above, symmetric_ticks
from explorer.style import DIVERGING
from explorer.views.colour_bar import draw_ticks, range_slider

MOST = 2.0
"""Ends of the ratio's bar, [dex]."""

MOVED = """
const [low, high] = cb_obj.value
const moved = Math.abs(-low - mapper.high) > Math.abs(high - mapper.high) ? -low : high
const half = Math.max(moved, 0.01 * cb_obj.end)
mapper.setv({low: -half, high: half})
if (low != -half || high != half) cb_obj.value = [-half, half]
"""
"""Whichever handle is moved, the other one mirrors it."""


class ContrastBar(pn.viewable.Viewer):
    """Symmetric limits of a diverging colour mapper, moved in the browser.

    Parameters
    ----------
    mapper : LinearColorMapper
        Of the difference's stretch, or of the ratio's logarithm.
    """

    def __init__(self, mapper: LinearColorMapper) -> None:
        super().__init__()
        self.mapper = mapper
        self.stretch = Stretch("linear")
        self._kind: Hashable = None
        self._shown: Hashable = None
        self._defaults = (1.0, 1.0)
        self._factor = 1.0
        self._default = 0.0
        self._wanted: tuple[float, float] | None = None
        self.slider = range_slider("Difference")
        self.slider.jscallback(args={"mapper": mapper}, value=MOVED)

    def set_default_limits(self, kind: Hashable, truth: Slab | None, other: Slab | None) -> None:
        """Choose limits for another kind of maps; those of the same keep what is set."""
        if kind == self._kind or truth is None or other is None:
            return
        self._kind = kind
        self._shown = None
        self._defaults = contrast_limits(truth, other)

    def set_units(self, label: str, ratio: bool, stretch: Stretch, factor: float) -> None:
        """Show limits for a ratio or a difference under a stretch and in a unit.

        Parameters
        ----------
        label : str
            What is shown, with its unit.
        ratio : bool
            Whether it is log10 of a ratio; stretch and factor don't matter then.
        stretch : Stretch
            Of the difference.
        factor : float
            What differences are multiplied by.
        """
        self.slider.label = label
        shown = ratio or (stretch, factor)
        if shown == self._shown:
            return
        self._shown = shown
        self.stretch = Stretch("linear") if ratio else stretch
        self._factor = factor
        self.reset()
        if self._wanted is not None:
            self._put(float(self.stretch.place(self._unit * self._wanted[1])))
            self._wanted = None

    def choose_limits(self, low: float, high: float) -> None:
        """Set limits as soon as there are maps: in the unit of their file, or in dex of a ratio."""
        self._wanted = (low, high)

    @property
    def chosen_limits(self) -> tuple[float, float] | None:
        """Limits in the unit of the maps' file, or in dex; None while they are the default ones."""
        if self._wanted is not None or self._shown is None:
            return self._wanted
        half = self.slider.value[1]
        if abs(half - self._default) <= 0.6 * self.slider.step:
            return None
        limit = float(self.stretch.value(np.array(half))) / self._unit
        return -limit, limit

    @property
    def _unit(self) -> float:
        """What values are multiplied by to be shown."""
        return 1.0 if self._shown is True else self._factor

    def reset(self) -> None:
        """Go back to the default limits."""
        if self._shown is True:
            half, end = self._defaults[1], MOST
        else:
            value = self._factor * self._defaults[0]
            half = float(self.stretch.place(value))
            linear = self.stretch.name == "linear"
            end = nice_above(2 * value) if linear else self._decade_above(half)
        self._default = half
        self._put(half, end)

    def _put(self, half: float, end: float | None = None) -> None:
        """Move the limits, and the bar's end if one is given or they reach beyond it."""
        end = max(end or self.slider.end, half)
        self.mapper.update(low=-half, high=half)
        ticks = symmetric_ticks(self.stretch, end)
        draw_ticks(self.slider, self.stretch, (-end, end), (-half, half), ticks, DIVERGING)

    def _decade_above(self, half: float) -> float:
        """A decade of room above a limit."""
        return self.stretch.bar(0, half + 0.7)[1]

    def __panel__(self) -> pn.viewable.Viewable:
        return self.slider
