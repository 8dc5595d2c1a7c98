"""One map against another: which two, and how their difference or ratio is shown."""

from collections.abc import Sequence

from explorer.display import Display
from explorer.names import PAIRS, painting_names
from explorer.plots.maps import LinkedMaps
from explorer.plots.stretch import Stretch
from explorer.results import PAINTING, Results
from explorer.scale import Scale
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

    def pair(self, results: Results | None) -> tuple[str, str]:
        """Names of the two maps, the one that is held against first: there may be two only."""
        if results is None or not results.request.other:
            return PAIRS["prediction"]
        return PAIRS["paintings" if results.no_truth else self.display.against]

    def compare(self, results: Results | None) -> None:
        """Tell the browser which maps to compare, or the visitor that there are none."""
        pair, names = self.pair(results), list(self.linked.maps)
        notes = [getattr(results, f"no_{name}") for name in pair] if results else []
        self.linked.state.update(
            compared=[names.index(name) for name in pair],
            contrast=self.display.show if self.is_shown else "",
            contrast_note=note_of(notes),
        )

    def set_units(self, results: Results, scale: Scale, softening: float) -> None:
        """Show it in the unit of the maps; asinh stands in for a logarithm.

        Parameters
        ----------
        results : Results
            On show.
        scale : Scale
            Of the maps.
        softening : float
            Of the maps' asinh, in the unit shown.
        """
        show = self.display.show
        first, second = self.pair(results)
        request = results.request
        kind = request.simulation, request.field, results.input.axis
        slabs = results.comparable
        self.bar.set_default_limits(kind, slabs.get(first), slabs.get(second))
        stretch = Stretch("linear" if self.display.stretch == "linear" else "asinh", softening)
        names = painting_names(results)
        label = f"{names[second]} − {names[first]} [{scale.unit}]"
        if show == "ratio":
            label = f"log₁₀({names[second]} / {names[first]}) [dex]"
        self.bar.set_units(label, show == "ratio", stretch, scale.factor)
        self.linked.state.update(
            contrast_stretch=stretch.name, contrast_softening=stretch.softening, contrast=show
        )


def note_of(notes: Sequence[str]) -> str:
    """Say why two maps aren't compared, from what stands in place of each; empty if they are."""
    missing = [note for note in notes if note]
    if not missing:
        return ""
    return PAINTING if set(missing) == {PAINTING} else "nothing to compare"
