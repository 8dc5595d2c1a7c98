"""How a map's values are spread over its colours, and the ticks that go with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explorer.plots.limits import Limits
from explorer.plots.map_figure import EMPTY
from explorer.words import power_of_ten

Tick = tuple[float, str]
"""Place on the bar, and what is written there."""

MOST_DECADES = 8
"""Along a bar with words at each; of more, as of X-rays that fade out, some have none."""


@dataclass(frozen=True)
class Stretch:
    """A coordinate along which colours are even; the browser computes the same in draw.js.

    Parameters
    ----------
    name : {"log", "asinh", "linear"}
        log10(v), asinh(v / softening) / ln 10 or v.
    softening : float
        Value around which asinh turns from linear to logarithmic.
    """

    name: str = "log"
    softening: float = 1.0

    def place(self, value: ArrayLike) -> NDArray[np.float64]:
        """Coordinate of values; zero has one too."""
        v = np.asarray(value, np.float64)
        if self.name == "linear":
            return v
        if self.name == "asinh":
            return np.arcsinh(v / self.softening) / np.log(10)
        return np.log10(v, where=v > 0, out=np.full(v.shape, EMPTY))

    def value(self, place: ArrayLike) -> NDArray[np.float64]:
        """Values at coordinates: the inverse of `place`."""
        u = np.asarray(place, np.float64)
        if self.name == "linear":
            return u
        if self.name == "asinh":
            return self.softening * np.sinh(u * np.log(10))
        return 10.0**u

    @property
    def step(self) -> float:
        """Between two places of a colour bar's handle; 0 to be taken from the bar's length."""
        return 0.0 if self.name == "linear" else 0.01

    def bar(self, low: float, high: float) -> tuple[float, float]:
        """Ends of a bar that holds two coordinates, where there are ticks."""
        if self.name == "linear":
            return 0.0, nice_above(high)
        if self.name == "asinh":
            return 0.0, float(self.place(10 ** np.ceil(np.log10(self.value(high)) - 1e-9)))
        return float(np.floor(low + 1e-9)), float(np.ceil(high - 1e-9))

    def ticks(self, start: float, end: float) -> list[Tick]:
        """What is written along a bar: whole decades, or even steps where it is linear."""
        if self.name == "linear":
            places = np.arange(0, end * (1 + 1e-9), nice_step(end))
            return [(float(u), short(float(u))) for u in places]
        if self.name == "log":
            first, last = round(start), round(end)
            step = max(1, -(-(last - first) // MOST_DECADES))
            decades = range(first, last + 1)
            return [(float(n), "" if (last - n) % step else power_of_ten(n)) for n in decades]
        return [(0.0, "0"), *self._decades(end)]

    def _decades(self, end: float) -> list[Tick]:
        """Whole decades of asinh that have room beside zero."""
        last = round(np.log10(float(self.value(end))))
        places = [(float(self.place(10.0**n)), power_of_ten(n)) for n in range(last - 12, last + 1)]
        return [tick for tick in places if tick[0] > 0.09 * end]


def short(value: float) -> str:
    """Write a round number as briefly as it goes."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    if value == 0 or -3 < int(exponent) < 4:
        return f"{value:g}"
    return f"{float(mantissa):g} × {power_of_ten(int(exponent))}"


def nice_step(length: float) -> float:
    """A round step that divides a length in three to six."""
    decade = 10.0 ** np.floor(np.log10(length))
    return float(next(decade * n for n in (0.2, 0.5, 1, 2) if length / (decade * n) <= 6.001))


def nice_above(value: float) -> float:
    """The next whole step at or above a value."""
    step = nice_step(value) if value > 0 else 1.0
    end = float(np.ceil(value / step - 1e-9) * step)
    return float(np.ceil(end / nice_step(end) - 1e-9) * nice_step(end))


def default_places(limits: Limits, stretch: Stretch, factor: float) -> tuple[float, float]:
    """Coordinates of default limits, for values shown times a factor."""
    low, high = stretch.place(factor * 10 ** np.array([limits.low, limits.high]))
    if stretch.name == "log":
        return round(float(low), 2), round(float(high), 2)
    return (0.0, float(high)) if stretch.name == "linear" else (float(low), float(high))


def symmetric_ticks(stretch: Stretch, end: float) -> list[Tick]:
    """Ticks of a bar from -end to end."""
    above = [tick for tick in stretch.ticks(0, end) if tick[0] > 0.2 * end]
    if len(above) > 3:
        above = above[(len(above) - 1) % 2 :: 2]
    below = [(-u, f"−{text}") for u, text in reversed(above)]
    return [*below, (0.0, "0"), *above]
