"""Cards with the kernels of an emulator's first layer and the feature maps that they make."""

import asyncio
import base64
import io
from collections.abc import Mapping
from html import escape

import numpy as np
import panel as pn
from numpy.typing import NDArray
from PIL import Image

from explorer.store import Store
from explorer.style import CARD, DIVERGING, FREE, palette
from explorer.threads import in_reader
from explorer.views.text import html
from explorer.volumes.boxes import BoxResults
from explorer.volumes.kernels import FirstLayer, first_layers

TITLES = {"input": "Low resolution", "initial": "Initial conditions"}

FEATURE_COLOURS = "Grey"

PART = (1.0, 99.0)
"""Percentiles of a feature map that its colours reach over."""

LOOK = """
.kernels { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 8px; }
.kernels img { width: 100%; aspect-ratio: 1; display: block; border-radius: 3px; }
.kernels figure { margin: 0; }
.kernels .kernel { image-rendering: pixelated; width: 56%; margin: 0 auto 4px auto; }
.side { font-size: 12px; margin: 10px 0 4px 0; }
"""

TWO = """
:host {
  display: grid !important;
  grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr));
  gap: 10px;
}
.bk-panel-models-layout-Column { height: auto !important; }
"""

NONE = "This emulator has no first layer of kernels to look at."


class Kernels(pn.viewable.Viewer):
    """Two cards, one for each input, which follow emulator and layer.

    Parameters
    ----------
    store : Store
        Its results are looked at, in a thread of its readers.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.panes = {name: html("", LOOK) for name in TITLES}
        self._shown: object = None
        store.param.watch(self._on_results_changed, "results")
        if isinstance(store.results, BoxResults):
            self._show(store.results, layers_of(store.results))

    async def _on_results_changed(self, _: object) -> None:
        results = self.store.results
        if not isinstance(results, BoxResults) or key_of(results) == self._shown:
            return
        await asyncio.sleep(SETTLED)
        if self.store.results is results:  # a layer that is dragged through needs none
            self._show(results, await in_reader(layers_of, results))

    def _show(self, results: BoxResults, layers: Mapping[str, FirstLayer]) -> None:
        """Draw the first layer of what is on show."""
        self._shown = key_of(results)
        for name, pane in self.panes.items():
            layer = layers.get(name)
            pane.object = written(TITLES[name], layer) if layer else f"<p>{NONE}</p>"

    def __panel__(self) -> pn.viewable.Viewable:
        wide = {"sizing_mode": "stretch_width", "margin": 0}
        cards = [
            pn.Column(pane, css_classes=[f"kernels-{name}"], stylesheets=[FREE, CARD], **wide)
            for name, pane in self.panes.items()
        ]
        return pn.Column(*cards, stylesheets=[FREE, TWO], **wide)


SETTLED = 0.4
"""Seconds after which a layer is looked at that was dragged to."""


def layers_of(results: BoxResults) -> Mapping[str, FirstLayer]:
    """Look at the first layer, where there is what it eats."""
    return first_layers(results) if "initial" in results.boxes else {}


def key_of(results: BoxResults) -> tuple[object, ...]:
    """What decides the pictures."""
    request = results.request
    return (
        results.boxes.get("initial"),
        request.emulator,
        request.axis,
        request.start,
        request.depth,
    )


def written(title: str, layer: FirstLayer) -> str:
    """Write a card: under each kernel the map of its feature, as HTML."""
    parts = [
        f'<div class="heading"><b>{escape(title)}</b></div><div class="side muted">Kernels of the '
        "first layer, cut through the middle, and the feature map that each makes of the plane "
        "amid the layer in view.</div>"
    ]
    for side, kernels in layer.kernels.items():
        most = float(np.abs(kernels).max()) or 1.0
        cells = f"{side}³ cells, weights from −{most:.2g} (blue) to {most:.2g} (yellow)"
        parts.append(f'<div class="side muted">{cells}</div><div class="kernels">')
        for number, (kernel, feature) in enumerate(
            zip(kernels, layer.features[side], strict=True), 1
        ):
            name = f"kernel {number} of {side}³ cells"
            low, high = (float(each) for each in np.percentile(feature, PART))
            parts.append(
                f'<figure><img class="kernel" alt="{name}" title="{name}, central slice" '
                f'src="{drawn(kernel, DIVERGING, -most, most)}">'
                f'<img alt="feature map of {name}" title="its feature, {low:.2g} to {high:.2g}" '
                f'src="{drawn(feature, palette(FEATURE_COLOURS), low, high)}"></figure>'
            )
        parts.append("</div>")
    return "".join(parts)


def drawn(values: NDArray[np.floating], colours: list[str], low: float, high: float) -> str:
    """Draw a map, row 0 at the bottom, as the address of a PNG that holds itself."""
    last = len(colours) - 1
    place = np.clip((values[::-1] - low) / max(high - low, 1e-12), 0, 1)
    image = Image.fromarray(np.rint(place * last).astype(np.uint8), "P")
    image.putpalette([int(colour[at : at + 2], 16) for colour in colours for at in (1, 3, 5)])
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
