"""How maps look on paper: as they do on the page when the figure is asked for."""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import (
    AsinhNorm,
    Colormap,
    LinearSegmentedColormap,
    LogNorm,
    Normalize,
)
from numpy.typing import NDArray

from engine.mesh import Cutout, Slab
from explorer.plots.stretch import Stretch
from explorer.style import DIVERGING, palette

LOG = Stretch()


@dataclass(frozen=True)
class Colours:
    """How a map's values are coloured.

    Parameters
    ----------
    name : str
        Of the colour map, see `explorer.style`; empty for the diverging one.
    low, high : float
        Limits, in the stretch's coordinate of the values shown.
    stretch : Stretch
        Along which colours are even.
    factor : float
        What a map's values are multiplied by to be shown.
    label : str
        Quantity and unit shown; empty for the field's own.
    """

    name: str
    low: float
    high: float
    stretch: Stretch = LOG
    factor: float = 1.0
    label: str = ""

    @property
    def limits(self) -> tuple[float, float]:
        """Values shown in the lowest and in the highest colour."""
        low, high = self.stretch.value([self.low, self.high])
        return float(low), float(high)

    @property
    def norm(self) -> Normalize:
        """What makes values shares of the colour map."""
        if self.stretch.name == "log":
            return LogNorm(*self.limits)
        if self.stretch.name == "asinh":
            return AsinhNorm(self.stretch.softening, *self.limits)
        return Normalize(*self.limits)

    @property
    def colours(self) -> Colormap:
        """The colour map."""
        colours = palette(self.name) if self.name else DIVERGING
        return LinearSegmentedColormap.from_list(self.name, colours)

    def values(self, slab: Slab | Cutout) -> NDArray[np.float64]:
        """Values shown of a map, (ny, nx); zero has no logarithm and gets the lowest colour."""
        shown = self.factor * np.asarray(slab.values, np.float64)
        return np.maximum(shown, self.limits[0]) if self.stretch.name == "log" else shown


@dataclass(frozen=True)
class Contrast:
    """One map against another.

    Parameters
    ----------
    pair : tuple of str
        Names of the two, the one that is held against first.
    ratio : bool
        Whether log10 of the ratio is shown, else the difference.
    colours : Colours
        Of it.
    """

    pair: tuple[str, str]
    ratio: bool
    colours: Colours

    def values(self, first: Slab, second: Slab) -> NDArray[np.float64]:
        """Second minus first in the unit shown, or dex; no number where one of them is zero."""
        t, p = (np.asarray(slab.values, np.float64) for slab in (first, second))
        if not self.ratio:
            return self.colours.factor * (p - t)
        both = (t > 0) & (p > 0)
        return np.log10(p / np.where(both, t, 1), where=both, out=np.full(t.shape, np.nan))


@dataclass(frozen=True)
class Look:
    """Everything of the page's maps that isn't their values.

    Parameters
    ----------
    dark_matter, painted : Colours
        Of the input, and of all others alike; one and the same where all share a colour bar.
    contrast : Contrast or None
        None if nothing is compared.
    view : tuple of float
        x0, x1, y0, y1 that is shown, comoving, [Mpc/h]; empty for the whole map.
    length : float
        What 1 comoving Mpc/h is called in the unit of lengths.
    length_unit : str
        That unit.
    physical, columns : bool
        Whether lengths and areas are physical, and HI is shown as column density.
    initial : Colours or None
        Of initial conditions, where there are some.
    """

    dark_matter: Colours
    painted: Colours
    contrast: Contrast | None = None
    view: tuple[float, ...] = ()
    length: float = 1.0
    length_unit: str = "cMpc/h"
    physical: bool = False
    columns: bool = False
    initial: Colours | None = None

    def of_map(self, name: str) -> Colours:
        """Colours of a map by its name."""
        if name == "initial" and self.initial is not None:
            return self.initial
        return self.dark_matter if name == "input" else self.painted

    def group_of(self, name: str) -> str:
        """What a map's neighbours must be to share its colour bar."""
        apart = name == "initial" or (name == "input" and self.dark_matter is not self.painted)
        return name if apart else "painted"
