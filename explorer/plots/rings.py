"""Rings around the haloes of a slab, at their virial radii."""

from collections.abc import Collection
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.models.renderers import GlyphRenderer
from numpy.typing import ArrayLike, NDArray

from engine.fields import map_axes
from engine.halos import Halos
from engine.mesh import Slab
from engine.units import MPC_IN_KPC
from explorer.style import HIGHLIGHT, RING

SMALLEST = 1.0
"""Virial radius, in pixels, below which a halo has no ring."""

RESOLVED = 3.0
"""Virial radius, in pixels, from which its ring is drawn in full."""

COLUMNS = ("x", "y", "radius", "number", "alpha", "colour", "width")


def empty_rings() -> ColumnDataSource:
    """Make a source without a halo."""
    data = {name: np.zeros(0) for name in COLUMNS}
    return ColumnDataSource(data=data | {"colour": []})  # an array of numbers is no colours


def rings(halos: Halos, slab: Slab, lit: Collection[int] = ()) -> dict[str, Any]:
    """Columns of the rings of a slab, with copies of those that cross an edge.

    Parameters
    ----------
    halos : Halos
        All of the run.
    slab : Slab
        Those whose centres it holds are taken, from a virial radius of `SMALLEST` pixels.
    lit : collection of int
        Numbers of haloes to make stand out.

    Returns
    -------
    dict
        x, y, radius (comoving, [Mpc/h]), number (index in `halos`), and how to draw them.
    """
    pixels = halos.rvir / slab.pixel_size
    number = halos.in_slab(slab)
    number = number[pixels[number] >= SMALLEST]
    column, row, _ = map_axes(slab.axis)
    centre = np.mod(halos.position[number][:, [column, row]].astype(np.float64), slab.box_size)
    radius = halos.rvir[number].astype(np.float64) / MPC_IN_KPC
    which, centre = with_copies(centre, radius, slab.box_size)
    number = number[which]
    return {
        "x": centre[:, 0],
        "y": centre[:, 1],
        "radius": radius[which],
        "number": number,
        "alpha": np.where(pixels[number] >= RESOLVED, 0.9, 0.45),
        **looks(number, lit),
    }


def looks(number: ArrayLike, lit: Collection[int]) -> dict[str, NDArray[Any]]:
    """Colour and width of the rings of some haloes."""
    shines = np.isin(number, list(lit))
    return {
        "colour": np.where(shines, HIGHLIGHT, RING),
        "width": np.where(shines, 2.5, 1.1),
    }


def with_copies(
    centre: NDArray[np.float64], radius: NDArray[np.float64], box_size: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Repeat circles wherever they reach over an edge of the periodic box.

    Returns
    -------
    array, (m,)
        Which circle each is.
    array, (m, 2)
        Their centres.
    """
    which, centres = [], []
    for shift in np.ndindex(3, 3):
        moved = centre + (np.array(shift) - 1) * box_size
        seen = ((moved > -radius[:, None]) & (moved < box_size + radius[:, None])).all(axis=1)
        which.append(np.flatnonzero(seen))
        centres.append(moved[seen])
    return np.concatenate(which), np.concatenate(centres)


def draw_rings(fig: Any, source: ColumnDataSource) -> tuple[GlyphRenderer, ...]:
    """Draw the rings hidden: a dark line below each, so that they show on bright and dark."""
    below = fig.circle(
        "x", "y", radius="radius", source=source, fill_color=None, line_color="black",
        line_alpha=0.5, line_width=3,
    )  # fmt: skip
    above = fig.circle(
        "x", "y", radius="radius", source=source, fill_color=None, line_color="colour",
        line_alpha="alpha", line_width="width",
    )  # fmt: skip
    for renderer in (below, above):
        renderer.visible = False
        renderer.nonselection_glyph = renderer.selection_glyph = None
        renderer.muted_glyph = None
    return below, above
