"""Truth against a painting: which one, and how their difference or ratio is shown."""

from explorer.plots.maps import LinkedMaps
from explorer.plots.stretch import Stretch
from explorer.results import Results
from explorer.scale import Scale
from explorer.state import Display
from explorer.views.contrast_bar import ContrastBar

CONTRASTS = ("difference", "ratio")
"""Ways to compare that have a map of their own."""


class Contrast:
    """The map of a difference or a ratio, which the browser makes of two others.

    Parameters
    ----------
    linked : LinkedMaps
        With a contrast.
    display : Display
        Says what is compared, and how.
    """

    def __init__(self, linked: LinkedMaps, display: Display) -> None:
        assert linked.contrast is not None
        self.linked, self.display = linked, display
        self.map = linked.contrast
        self.bar = ContrastBar(self.map.mapper)

    @property
    def is_shown(self) -> bool:
        """Whether it has a place."""
        return self.display.show in CONTRASTS

    def against(self, results: Results | None) -> str:
        """Which painting the truth is compared with: there may be one only."""
        comparing = results is not None and bool(results.request.other)
        return self.display.against if comparing else "prediction"

    def compare(self, results: Results | None) -> None:
        """Tell the browser which maps to compare, or the visitor that there are none."""
        against, names = self.against(results), list(self.linked.maps)
        self.map.note.text = ""
        if results is not None and getattr(results, f"no_{against}") + results.no_truth:
            self.map.note.text = "nothing to compare"
        self.linked.state.update(
            compared=[names.index("truth"), names.index(against)],
            contrast=self.display.show if self.is_shown else "",
        )

    def set_units(self, results: Results, painting: str, scale: Scale, softening: float) -> None:
        """Show it in the unit of the maps; asinh stands in for a logarithm.

        Parameters
        ----------
        results : Results
            On show.
        painting : str
            What the truth is compared with, in words.
        scale : Scale
            Of the maps.
        softening : float
            Of the maps' asinh, in the unit shown.
        """
        show = self.display.show
        other = getattr(results, self.against(results))
        request = results.request
        kind = request.simulation, request.field, results.input.axis
        self.bar.set_default_limits(kind, results.truth, other)
        stretch = Stretch("linear" if self.display.stretch == "linear" else "asinh", softening)
        label = f"{painting.capitalize()} − truth [{scale.unit}]"
        if show == "ratio":
            label = f"log₁₀({painting} / truth) [dex]"
        self.bar.set_units(label, show == "ratio", stretch, scale.factor)
        self.linked.state.update(
            contrast_stretch=stretch.name, contrast_softening=stretch.softening, contrast=show
        )
