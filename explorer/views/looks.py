"""What the page's maps look like now, for figures that are downloaded."""

from typing import Any

from engine.fields import field_named
from engine.mesh import Slab
from engine.units import MPC_IN_KPC
from explorer.clusters.objects import QUANTITIES
from explorer.clusters.results import ClusterResults
from explorer.display import Display
from explorer.names import PAIRS
from explorer.plots.paper_clusters import ClusterLook
from explorer.plots.paper_look import Colours, Contrast, Look
from explorer.results import Results
from explorer.scale import length_of, scale_of
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast import CONTRASTS
from explorer.views.maps import Maps
from explorer.views.signed_bar import SignedBar
from explorer.words import short_label

COLUMNS = "cm⁻²"
"""Unit of column densities."""


def look_of(results: Results, display: Display, maps: Maps) -> Look:
    """Take what the page's maps look like now."""
    painted = results.truth or results.prediction or results.input
    field = colours_of(display.field_colours, painted, maps.bars["field"], display)
    dark_matter, initial = field, None
    if maps.store.scene.maps["input"] == "input":
        dark_matter = colours_of(display.input_colours, results.input, maps.bars["input"], display)
    if "initial" in maps.bars and (start := getattr(results, "initial", None)) is not None:
        bar = maps.bars["initial"]
        low, high = bar.slider.value
        initial = Colours("", low, high, bar.stretch, 1.0, field_named(start.field).label)
    length, unit = length_of(results.input, display.units == "physical")
    view: Any = maps.linked.state.view  # to mypy it is a property's description
    contrast = contrast_of(results, display, maps, field)
    physical, columns = display.units == "physical", display.quantity == "columns"
    view = tuple(view)
    return Look(dark_matter, field, contrast, view, length, unit, physical, columns, initial)


def colours_of(name: str, slab: Slab, bar: ColourBar | SignedBar, display: Display) -> Colours:
    """Take how the maps of a colour bar are coloured, and in which unit."""
    scale = scale_of(slab, display.units == "physical", display.quantity == "columns")
    what = "N(HI)" if scale.unit == COLUMNS else short_label(slab.field)
    low, high = bar.slider.value
    return Colours(name, low, high, bar.stretch, scale.factor, f"{what} [{scale.unit}]")


def contrast_of(
    results: Results, display: Display, maps: Maps, painted: Colours
) -> Contrast | None:
    """Take what the difference or the ratio on the page looks like; None if there is none."""
    if display.show not in CONTRASTS:
        return None
    ratio, bar = display.show == "ratio", maps.contrast.bar
    low, high = bar.slider.value
    unit = painted.label.partition("[")[2]
    label = "Ratio [dex]" if ratio else f"Difference [{unit}"
    colours = Colours("", low, high, bar.stretch, painted.factor, label)
    return Contrast(maps.contrast.pair(results), ratio, colours)


def look_of_cluster(results: ClusterResults, display: Display, maps: ClusterMaps) -> ClusterLook:
    """Take what the page's maps of a cluster look like now."""
    dark: Any = results.input
    found = {"input": colours_of(display.input_colours, dark, maps.bars["input"], display)}
    for field in QUANTITIES:
        cutout: Any = next(iter(results.maps[field].values()), None)
        if cutout is not None:
            found[field] = colours_of(display.field_colours, cutout, maps.bars[field], display)
    bar = maps.bar_of_contrast
    low, high = bar.slider.value
    found["error"] = Colours("", low, high, bar.stretch, 1.0, "Fractional error")
    radius = 0.0
    if display.rings and results.table is not None:
        radius = float(results.table.radius[results.request.number]) / MPC_IN_KPC
    length, unit = length_of(dark, display.units == "physical")
    view: Any = maps.linked.state.view
    pair = PAIRS[maps.compared(results)]
    return ClusterLook(found, pair, radius, tuple(view), length, unit)
