"""The colour bar of maps whose values can be negative: as far to one side as to the other."""

from collections.abc import Hashable

import numpy as np
import panel as pn
from bokeh.models import LinearColorMapper

from engine.mesh import Slab
from explorer.plots.limits import thinned
from explorer.plots.stretch import Stretch
from explorer.scale import Scale
from explorer.style import DIVERGING
from explorer.views.contrast_bar import ContrastBar


class SignedBar(pn.viewable.Viewer):
    """Symmetric limits of maps in a diverging colour map; takes what a `ColourBar` takes.

    Parameters
    ----------
    mapper : LinearColorMapper
        Of the stretch's coordinate; asinh stands in for a logarithm.
    maps : str
        Whose colours it sets, in words.
    """

    def __init__(self, mapper: LinearColorMapper, maps: str) -> None:
        super().__init__()
        mapper.palette = DIVERGING
        self.maps = maps
        self.contrast = ContrastBar(mapper)
        self.slider = self.contrast.slider
        self.slider.label = maps
        self._kind: Hashable = None
        self._middle = 1.0

    @property
    def stretch(self) -> Stretch:
        """Coordinate of the colours."""
        return self.contrast.stretch

    @property
    def chosen_limits(self) -> tuple[float, float] | None:
        """Limits in the unit of the maps' file; None while they are the default ones."""
        return self.contrast.chosen_limits

    def choose_limits(self, low: float, high: float) -> None:
        """Set limits as soon as there are maps, in the unit of their file."""
        self.contrast.choose_limits(low, high)

    def reset(self) -> None:
        """Go back to the default limits."""
        self.contrast.reset()

    def set_default_limits(self, kind: Hashable, slab: Slab | None) -> None:
        """Choose limits for maps of another kind; those of the same keep what is set."""
        if kind == self._kind or slab is None:
            return
        self._kind = kind
        sizes = np.abs(thinned(slab))
        self._middle = float(np.median(sizes)) or 1.0
        self.contrast.set_default_limits(kind, slab, slab.with_values(np.zeros_like(slab.values)))

    def set_units(self, name: str, scale: Scale) -> None:
        """Show the same limits under another stretch or in another unit.

        Parameters
        ----------
        name : str
            Of the stretch; asinh stands in for a logarithm.
        scale : Scale
            Quantity and unit.
        """
        stretch = Stretch("linear" if name == "linear" else "asinh", scale.factor * self._middle)
        self.contrast.set_units(f"{self.maps}: {scale.label}", False, stretch, scale.factor)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.slider
