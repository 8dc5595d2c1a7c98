"""What is on the page as files: figure, curves, maps, recipe, notebook."""

import io
import logging
from typing import Any

import panel as pn
import panel_material_ui as pmui

from engine.mesh import Slab
from explorer.exports import EXPORTS, Shown, export, file_name
from explorer.painting import UNEXPECTED
from explorer.plots.paper_look import Colours, Contrast, Look
from explorer.results import Results
from explorer.scale import length_of, scale_of
from explorer.state import Display
from explorer.store import Store
from explorer.threads import in_reader
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast import CONTRASTS
from explorer.views.controls import WIDE, group
from explorer.views.maps import Maps
from explorer.views.signed_bar import SignedBar
from explorer.words import short_label

COLUMNS = "cm⁻²"
"""Unit of column densities."""

log = logging.getLogger(__name__)


class DownloadButton(pmui.FileDownload):
    """A download button whose callback may come back with nothing."""

    async def _async_sync_data(self) -> None:
        """Send what the callback makes, if it makes something."""
        if self.callback is not None and (content := await self.callback()) is not None:
            self._sync_data(content)


class Download(pn.viewable.Viewer):
    """Group of the sidebar: what to take away, and the button that does.

    Parameters
    ----------
    store : Store
        Its results are taken; it is told what goes wrong.
    display : Display
        Colour maps, units and comparison of the figure.
    maps : Maps
        The figure looks as they do.
    """

    def __init__(self, store: Store, display: Display, maps: Maps) -> None:
        super().__init__()
        self.store = store
        self.display = display
        self.maps = maps
        self.what = pmui.Select(label="File", options=list(EXPORTS), **WIDE)
        self.button = DownloadButton(
            callback=self.make,
            filename="baryon-explorer",
            label="Download",
            size="small",
            sizing_mode="stretch_width",
            margin=(3, 0, 18, 0),
        )
        self.button.variant = "outlined"  # given above, it would warn of what Panel itself does
        store.param.watch(self._update_button, "results")
        self.what.param.watch(self._update_button, "value")
        self._update_button()

    async def make(self) -> io.BytesIO | None:
        """Make the file chosen, in a thread; None if it can't be made."""
        results = self.store.results
        if results is None or not ready(results):
            return None
        shown, what = self._shown(results), self.what.value
        try:
            content = io.BytesIO(await in_reader(export, shown, what))
            self.button.filename = file_name(results, what)  # others may be shown by now
            return content
        except (ValueError, OSError) as error:
            self.store.error = str(error)
        except Exception:
            log.exception("making %s failed", what)
            self.store.error = UNEXPECTED
        return None

    def _shown(self, results: Results) -> Shown:
        return Shown(results, look_of(results, self.display, self.maps), self.store.ensemble)

    def _update_button(self, *_: object) -> None:
        """Name the file after what is shown; out of reach until there is something."""
        results = self.store.results
        self.button.disabled = not ready(results)
        if results is not None and ready(results):
            self.button.filename = file_name(results, self.what.value)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            group("Download"),
            self.what,
            self.button,
            sizing_mode="stretch_width",
            margin=(0, 18),
        )


def ready(results: Results | None) -> bool:
    """Whether all that was asked for is there."""
    return results is not None and results.is_whole and results.has_paintings


def look_of(results: Results, display: Display, maps: Maps) -> Look:
    """Take what the page's maps look like now."""
    input_bar, painted_bar = maps.bars.values()
    painted = results.truth or results.prediction or results.input
    dark_matter = colours_of(display.input_colours, results.input, input_bar, display)
    field = colours_of(display.field_colours, painted, painted_bar, display)
    length, unit = length_of(results.input, display.units == "physical")
    view: Any = maps.linked.state.view  # to mypy it is a property's description
    contrast = contrast_of(results, display, maps, field)
    physical, columns = display.units == "physical", display.quantity == "columns"
    return Look(dark_matter, field, contrast, tuple(view), length, unit, physical, columns)


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
