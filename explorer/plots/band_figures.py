"""Maps of one band of wavenumbers: signed, in the same colours, over the ranges of the maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.events import DoubleTap
from bokeh.models import ColumnDataSource, LinearColorMapper
from bokeh.models.annotations import Label
from bokeh.plotting import figure
from numpy.typing import NDArray

from explorer.plots.frames import keep_in_browser
from explorer.plots.map_figure import map_figure, note, scale_bar
from explorer.plots.maps import LinkedMaps, whole_map
from explorer.style import DIVERGING

NAMES = ("truth", "prediction", "other", "residual")

LAST_CODE = len(DIVERGING) - 1


@dataclass(frozen=True, eq=False)
class BandFigures:
    """Figures of the maps of a band.

    Parameters
    ----------
    figures : dict of figure
        By the map's name.
    sources : dict of ColumnDataSource
        Of the images, codes from 0 to 255.
    notes : dict of Label
        Words in place of a map.
    """

    figures: dict[str, figure]
    sources: dict[str, ColumnDataSource]
    notes: dict[str, Label]

    def show(self, codes: Mapping[str, NDArray[np.uint8]], width: float, height: float) -> None:
        """Fill the maps; one that isn't there is left empty.

        Parameters
        ----------
        codes : mapping
            Uint8 arrays (ny, nx) by name.
        width, height : float
            Of every map, comoving, [Mpc/h].
        """
        for name, source in self.sources.items():
            image = codes.get(name)
            source.data = columns() if image is None else columns(image, width, height)


def band_figures(linked: LinkedMaps) -> BandFigures:
    """Build the figures, which pan and zoom together with the maps of a page."""
    mapper = LinearColorMapper(palette=DIVERGING, low=0, high=LAST_CODE)
    shared = linked.x_range.references() | linked.y_range.references()
    figures: dict[str, figure] = {}
    sources: dict[str, ColumnDataSource] = {}
    notes: dict[str, Label] = {}
    for name in NAMES:
        fig: Any = map_figure(f"band-{name}", linked.x_range, linked.y_range)
        sources[name], notes[name] = ColumnDataSource(columns()), note()
        fig.image("image", "x", "y", "dw", "dh", source=sources[name], color_mapper=mapper)
        fig.add_layout(scale_bar(linked.x_range, "c", "pc/h"))
        fig.add_layout(notes[name])
        fig.js_on_event(DoubleTap, whole_map(linked))
        figures[name] = keep_in_browser(fig, shared)
    return BandFigures(figures, sources, notes)


def columns(
    image: NDArray[np.uint8] | None = None, width: float = 0, height: float = 0
) -> dict[str, list[Any]]:
    """Columns of an image that begins at the origin; without one, no rows."""
    if image is None:
        return {name: [] for name in ("image", "x", "y", "dw", "dh")}
    return {"image": [image], "x": [0.0], "y": [0.0], "dw": [width], "dh": [height]}
