"""What is on the page as files: figure, curves, maps, recipe, notebook."""

import io
import logging
from collections.abc import Mapping

import panel as pn
import panel_material_ui as pmui

from explorer.exports import EXPORTS, Shown, export, file_name
from explorer.painting import UNEXPECTED
from explorer.plots.paper_figure import Colours
from explorer.results import Results
from explorer.state import Display
from explorer.store import Store
from explorer.threads import in_reader
from explorer.views.colour_bar import ColourBar
from explorer.views.controls import WIDE, group

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
        Colour maps of the figure.
    bars : mapping of str to ColourBar
        Limits of the figure: of "input" and of "field", which all others share.
    """

    def __init__(self, store: Store, display: Display, bars: Mapping[str, ColourBar]) -> None:
        super().__init__()
        self.store = store
        self.display = display
        self.bars = bars
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
        names = (self.display.input_colours, self.display.field_colours)
        limits = (self.bars[name].slider.value for name in ("input", "field"))
        inputs, painted = (Colours(n, *ends) for n, ends in zip(names, limits, strict=True))
        return Shown(results, inputs, painted, self.store.ensemble)

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
