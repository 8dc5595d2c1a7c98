"""Galaxies: painted against true, stars against subhalo mass, and how many there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, TapTool
from numpy.typing import NDArray

from engine.galaxies import ADDED, mass_function
from engine.halos import Subhalos
from engine.statistics.compared import COMPARED
from explorer.plots import frames
from explorer.plots.log_curves import ERROR_ALPHA, PAINTED
from explorer.style import GREY, HIGHLIGHT, OTHER, PREDICTION

HEIGHT = 306
"""As the card of haloes of slabs, [pixels]."""

MARKERS = {"truth": "circle", "prediction": "cross", "other": "x"}
DASHES = {"truth": "solid", "prediction": "dashed", "other": "dotted"}
COLOURS = {"truth": GREY, "prediction": PREDICTION, "other": OTHER}

STARS = "stellar mass + 10⁷ [M⊙/h]"
"""Label of an axis on which dark subhaloes have a place."""

POINTS: dict[str, Any] = {"x": (), "y": (), "row": (), "mass": ()}

TIPS = (
    ("subhalo", "@row{%d}"),
    ("its mass", "@mass{%.2e} M⊙/h"),
    ("its stars + 10⁷", "@y{%.2e} M⊙/h"),
)
"""What is said of a point."""

TRUE_TIP = ("truth + 10⁷", "@x{%.2e} M⊙/h")

IN_POWERS: dict[str, Any] = dict.fromkeys(("@row", "@mass", "@x", "@y"), "printf")

BIN = 0.25
"""Of subhalo mass for percentiles, [dex]."""

FEWEST = 3
"""Subhaloes of a bin that has percentiles."""

STAR_BINS = np.arange(7.0, 12.01, 0.25)
"""Of stellar mass for the mass function, log10 of Msun/h."""


@dataclass(frozen=True, eq=False)
class GalaxiesOnShow:
    """What there is of the galaxies of a box.

    Parameters
    ----------
    subhalos : Subhalos
        All of the dark-matter-only run.
    painted : array, (n,)
        Rows of those that are painted.
    stars : mapping of str to array, (n,)
        Of these, by "truth", "prediction" and "other" as far as they are there, [Msun/h].
    all_stars : mapping of str to array
        Of all galaxies, those that are in no subhalo among them, [Msun/h].
    completeness : mapping of float to (float, float)
        By stellar mass [Msun/h], share of the true galaxies above it that are matched with a
        subhalo, and of their stars.
    box_size : float
        Comoving, [Mpc/h].
    """

    subhalos: Subhalos
    painted: NDArray[np.int64]
    stars: Mapping[str, NDArray[np.float64]]
    all_stars: Mapping[str, NDArray[np.float32]]
    completeness: Mapping[float, tuple[float, float]]
    box_size: float


class GalaxyFigures:
    """Three figures of the galaxies of a box; a tap on a point selects its subhalo."""

    def __init__(self) -> None:
        self.scatter = frames.frame(HEIGHT, "log")
        self.relation = frames.frame(HEIGHT, "log")
        self.numbers = frames.frame(HEIGHT, "log")
        self.scatter.xaxis.axis_label = f"true {STARS}"
        self.scatter.yaxis.axis_label = f"painted {STARS}"
        self.relation.xaxis.axis_label = "subhalo mass [M⊙/h]"
        self.relation.yaxis.axis_label = STARS
        self.numbers.xaxis.axis_label = "stellar mass [M⊙/h]"
        self.numbers.yaxis.axis_label = "galaxies [(h/Mpc)³ / dex]"
        self.equal = frames.line(self.scatter, GREY, line_width=1)
        self.points = {name: points(self.scatter, name, TRUE_TIP) for name in PAINTED}
        self.scatter_of_truth = frames.band(self.relation, GREY, ERROR_ALPHA)
        self.clouds = {name: points(self.relation, name) for name in COMPARED}
        look: dict[str, Any] = {"line_width": 2}
        self.medians = {
            name: frames.line(self.relation, COLOURS[name], line_dash=DASHES[name], **look)
            for name in COMPARED
        }
        self.error = frames.band(self.numbers, GREY, ERROR_ALPHA)
        self.counts = {
            name: frames.line(self.numbers, COLOURS[name], line_dash=DASHES[name], **look)
            for name in COMPARED
        }
        self.figures = [self.scatter, self.relation, self.numbers]
        self.tapped = [*self.points.values(), *self.clouds.values()]
        for fig in self.figures:
            frames.keep_in_browser(fig, besides={each.selected for each in self.tapped})

    def show(self, found: GalaxiesOnShow) -> None:
        """Fill the figures."""
        mass = found.subhalos.mvir[found.painted].astype(np.float64)
        truth = found.stars.get("truth")
        for name in PAINTED:
            stars = found.stars.get(name)
            known = stars is not None and truth is not None
            fill(self.points[name], truth if known else None, stars, found, mass)
        for name in COMPARED:
            stars = found.stars.get(name)
            fill(self.clouds[name], mass if stars is not None else None, stars, found, mass)
            x, y = by_mass(mass, stars) if stars is not None else (np.empty(0), np.empty((3, 0)))
            frames.fill(self.medians[name], {"x": x, "y": y[1]})
            if name == "truth":
                frames.fill(self.scatter_of_truth, {"x": x, "low": y[0], "high": y[2]})
        self._show_numbers(found)
        low, high = frames.span(each + ADDED for each in found.stars.values())
        low, high = low / 1.3, high * 1.6
        frames.fill(self.equal, {"x": np.array([low, high]), "y": np.array([low, high])})
        for axes, of in (
            (self.scatter.xaxis, self.scatter.x_range),
            (self.scatter.yaxis, self.scatter.y_range),
            (self.relation.yaxis, self.relation.y_range),
        ):
            frames.span_axis(axes, of, low, high)
        first, last = frames.span([mass])
        frames.span_axis(self.relation.xaxis, self.relation.x_range, first / 1.3, last * 1.6)

    def _show_numbers(self, found: GalaxiesOnShow) -> None:
        """Fill the mass function, the truth's with its error by the number of galaxies."""
        centre, heights = 10 ** (STAR_BINS[:-1] + np.diff(STAR_BINS) / 2), []
        last = 0
        for name in COMPARED:
            stars = found.all_stars.get(name)
            if stars is None:
                frames.fill(self.counts[name], {"x": np.empty(0), "y": np.empty(0)})
                continue
            y, error = mass_function(stars, found.box_size, STAR_BINS)
            some = y > 0
            last = max(last, *np.flatnonzero(some), 0)
            frames.fill(self.counts[name], {"x": centre, "y": np.where(some, y, np.nan)})
            heights.append(y[some])
            if name == "truth":
                below = np.maximum(y - error, 0.1 * y)[some]
                band = {"x": centre[some], "low": below, "high": (y + error)[some]}
                frames.fill(self.error, band)
        low, high = frames.span(heights)
        frames.span_axis(self.numbers.yaxis, self.numbers.y_range, low / 2, high * 2)
        ends = 10 ** STAR_BINS[[0, min(last + 2, len(STAR_BINS) - 1)]]
        frames.span_axis(self.numbers.xaxis, self.numbers.x_range, *ends)

    def set_inks(self, inks: Mapping[str, str]) -> None:
        """Draw truth and paintings in other colours, by their names."""
        for name, colour in inks.items():
            for sources in (self.points, self.clouds, self.medians, self.counts):
                if name in sources:
                    frames.ink(self.figures, sources[name], colour)

    def light(self, row: int) -> None:
        """Make the points of one subhalo stand out; of none for -1."""
        for source in self.tapped:
            at = np.flatnonzero(np.asarray(source.data["row"]) == row).tolist()
            if list(source.selected.indices) != at:
                source.selected.indices = at


def points(fig: Any, name: str, *further: tuple[str, str]) -> ColumnDataSource:
    """Add marks of subhaloes that can be tapped, and that say under the pointer what they are."""
    source = ColumnDataSource(dict(POINTS))
    colour = COLOURS[name]
    drawn = fig.scatter(
        "x", "y", source=source, marker=MARKERS[name], size=7, line_color=colour,
        fill_color=colour, fill_alpha=0.15 if name == "truth" else 1, line_alpha=0.8,
    )  # fmt: skip
    drawn.nonselection_glyph = drawn.glyph
    drawn.selection_glyph = type(drawn.glyph)(
        marker=MARKERS[name], size=13, line_color=HIGHLIGHT, fill_color=HIGHLIGHT, line_width=3
    )
    hover = fig.select_one(HoverTool)
    if hover is None:
        hover = HoverTool(tooltips=[*TIPS, *further], formatters=IN_POWERS, renderers=[])
        fig.add_tools(TapTool(), hover)
    # Not of the lines, which are of no subhalo.
    hover.renderers = [*hover.renderers, drawn]
    return source


def fill(
    source: ColumnDataSource,
    x: NDArray[np.floating] | None,
    stars: NDArray[np.floating] | None,
    found: GalaxiesOnShow,
    mass: NDArray[np.floating],
) -> None:
    """Give points their places; none where something is missing."""
    if x is None or stars is None:
        frames.fill(source, {name: np.empty(0) for name in POINTS})
        return
    on_stars = x is found.stars.get("truth")
    columns = {
        "x": np.asarray(x, np.float64) + (ADDED if on_stars else 0.0),
        "y": np.asarray(stars, np.float64) + ADDED,
        "row": found.painted.astype(np.float64),
        "mass": mass.astype(np.float64),
    }
    frames.fill(source, columns)


SHARES = (16, 50, 84)
"""Percentiles of the stars in subhaloes of like mass: the median, and what most lie between."""


def by_mass(
    mass: NDArray[np.floating], stars: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentiles of the stars, with `ADDED`, in bins of subhalo mass that have enough of them.

    Returns
    -------
    array, (m,)
        Subhalo mass amid each bin, [Msun/h].
    array, (3, m)
        `SHARES` of the stars there, [Msun/h].
    """
    number = np.floor(np.log10(mass) / BIN).astype(int)
    kinds, count = np.unique(number, return_counts=True)
    kinds = kinds[count >= FEWEST]
    found = [np.percentile(stars[number == each], SHARES) + ADDED for each in kinds]
    return 10 ** ((kinds + 0.5) * BIN), np.reshape(found, (-1, len(SHARES))).T
