"""What is on the page as files: figure, curves, maps, recipe, notebook."""

import io
import logging
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from explorer import box_exports, cluster_exports, exports
from explorer.display import Display
from explorer.exports import Export, Shown
from explorer.painting import UNEXPECTED
from explorer.results import Results
from explorer.store import Store
from explorer.threads import in_reader
from explorer.views.controls import WIDE, group
from explorer.views.looks import look_of, look_of_cluster
from explorer.views.scene_maps import SceneMaps

KINDS: dict[str, tuple[dict[str, Export], Callable[[Any, str], str], Callable[..., Any]]] = {
    "slab": (exports.EXPORTS, exports.file_name, look_of),
    "grid": (box_exports.EXPORTS, box_exports.file_name, look_of),
    "cutout": (cluster_exports.EXPORTS, cluster_exports.file_name, look_of_cluster),
}
"""Files by the kind of meshes that a scene is of, what names them, and what their maps look like.
"""

log = logging.getLogger(__name__)


class DownloadButton(pmui.FileDownload):
    """A download button whose callback may come back with nothing."""

    async def _async_sync_data(self) -> None:
        """Send what the callback makes, if it makes something."""
        if self.callback is not None and (content := await self.callback()) is not None:
            self._sync_data(content)


class Download(pn.viewable.Viewer):
    """Group of the sidebar: what to download, and the button that does.

    Parameters
    ----------
    store : Store
        Its results are taken; it is told what goes wrong.
    display : Display
        Colour maps, units and comparison of the figure.
    maps : SceneMaps
        The figure looks as they do.
    """

    def __init__(self, store: Store, display: Display, maps: SceneMaps) -> None:
        super().__init__()
        self.store = store
        self.display = display
        self.maps = maps
        self.files, self.file_name, self._look_of = KINDS[store.scene.kind]
        self.what = pmui.Select(label="File", options=list(self.files), **WIDE)
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
            content = io.BytesIO(await in_reader(self.files[what][1], shown))
            self.button.filename = self.file_name(results, what)  # others may be shown by now
            return content
        except (ValueError, OSError) as error:
            self.store.error = str(error)
        except Exception:
            log.exception("making %s failed", what)
            self.store.error = UNEXPECTED
        return None

    def _shown(self, results: Results) -> Shown:
        look = self._look_of(results, self.display, self.maps)
        return Shown(results, look, self.store.ensemble)

    def _update_button(self, *_: object) -> None:
        """Name the file after what is shown; out of reach until there is something."""
        results = self.store.results
        self.button.disabled = not ready(results)
        if results is not None and ready(results):
            self.button.filename = self.file_name(results, self.what.value)

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
