"""Which part of the maps and of their values is shown, as it stands in a link."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, inf, isfinite
from typing import Any

from engine.units import MPC_IN_KPC
from explorer.display import Display
from explorer.plots.maps import LinkedMaps
from explorer.state import Region
from explorer.store import Store
from explorer.views.colour_bar import ColourBar
from explorer.views.contrast_bar import ContrastBar
from explorer.views.signed_bar import SignedBar


class RectangleInView:
    """The rectangle in view; nothing stands for the whole map.

    Curves of the region in view are of it, unless the link says of which pixels.

    Parameters
    ----------
    linked : LinkedMaps
        Framed as a link asks for; their state knows what the browser shows.
    store : Store
        Its simulation says how far the maps reach.
    """

    names = ("view",)

    def __init__(self, linked: LinkedMaps, store: Store) -> None:
        self.linked = linked
        self.store = store

    def to_query(self) -> dict[str, str]:
        """Write the rectangle in view, to a thousandth of a Mpc/h."""
        view: Any = self.linked.state.view  # to mypy it is a property's description
        return {"view": ",".join(f"{side:.3f}" for side in view)} if view else {}

    def take(self, _: str, text: str) -> None:
        """Show what a link asks for.

        Raises
        ------
        ValueError
            In one sentence, if it isn't a part of the maps.
        """
        simulation = self.store.simulation
        if simulation is None:
            return  # the store tells what is wrong
        side = self.store.scene.extent(simulation)
        view = numbers(text)
        if not is_part(view, side):
            raise ValueError(
                f"View in the link is {text!r}, expected x0,x1,y0,y1 in Mpc/h between 0 and "
                f"{side:g}; showing the whole map."
            )
        pixel = self.store.scene.pixel_size(simulation) / MPC_IN_KPC
        self.linked.set_extent(side, side, pixel)
        self.linked.show_rectangle(view)
        selection = self.store.selection
        if getattr(selection, "scope", "") == "region" and selection.region is None:
            pixel = self.store.scene.pixel_size(simulation)
            pixels = round(side * MPC_IN_KPC / pixel)
            selection.region = pixels_of(view, pixel, (pixels, pixels))


class ColourLimits:
    """Limits of the colour bars, in the linear unit of the maps' file; nothing for default ones.

    So they hold for every stretch and unit. A ratio's are in dex.

    Parameters
    ----------
    bars : mapping of str to ColourBar or SignedBar
        Of each group of maps.
    contrast : ContrastBar
        Of the difference, the ratio or the error.
    """

    def __init__(self, bars: Mapping[str, ColourBar | SignedBar], contrast: ContrastBar) -> None:
        self.bars: dict[str, ColourBar | SignedBar | ContrastBar] = {
            **{f"{group}_limits": bar for group, bar in bars.items()},
            "contrast_limits": contrast,
        }
        self.names = tuple(self.bars)

    def watch(self, told: Callable[[], None]) -> None:
        """Have a function called whenever what stands in the link changes."""
        written = self.to_query()

        def look(_: object) -> None:
            nonlocal written
            if (now := self.to_query()) != written:
                written = now
                told()

        for bar in self.bars.values():
            bar.slider.param.watch(look, "value")

    def to_query(self) -> dict[str, str]:
        """Write limits that were changed."""
        chosen = {name: bar.chosen_limits for name, bar in self.bars.items()}
        return {
            name: ",".join(f"{limit:.5g}" for limit in limits)
            for name, limits in chosen.items()
            if limits is not None
        }

    def take(self, name: str, text: str) -> None:
        """Set the limits of one bar from a link.

        Raises
        ------
        ValueError
            In one sentence, if they aren't two numbers, the lower one first.
        """
        limits, signed = numbers(text), not isinstance(self.bars[name], ColourBar)
        least = -limits[-1] if limits and signed else 0
        if len(limits) != 2 or not least <= limits[0] < limits[1] < inf:
            expected = (
                "a number above 0, and its negative before it"
                if signed
                else ("two numbers from 0 on, the lower one first")
            )
            raise ValueError(
                f"{name.replace('_', ' ').capitalize()} in the link is {text!r}, expected "
                f"{expected}; showing the default ones."
            )
        self.bars[name].choose_limits(*limits)


class PickedRanges:
    """Ranges picked by a drag on a card: the band of wavenumbers and the column densities.

    Parameters
    ----------
    display : Display
        Holds them.
    """

    names = ("band", "densities")

    def __init__(self, display: Display) -> None:
        self.display = display

    def to_query(self) -> dict[str, str]:
        """Write the ranges that are picked."""
        ranges = {name: getattr(self.display, name) for name in self.names}
        return {
            name: ",".join(f"{end:.5g}" for end in ends) for name, ends in ranges.items() if ends
        }

    def take(self, name: str, text: str) -> None:
        """Pick a range from a link.

        Raises
        ------
        ValueError
            In one sentence, if it isn't two numbers above 0, the lower one first.
        """
        ends = numbers(text)
        if len(ends) != 2 or not 0 < ends[0] < ends[1] < inf:
            raise ValueError(
                f"{name.capitalize()} in the link is {text!r}, expected two numbers above 0, the "
                "lower one first; none is picked."
            )
        self.display.param.update(**{name: tuple(ends)})


def pixels_of(view: Sequence[float], pixel_size: float, shape: tuple[int, int]) -> Region | None:
    """Pixels of a rectangle [x0, x1, y0, y1] in Mpc/h, of maps of a shape; None for all of it.

    Parameters
    ----------
    view : sequence of float
        x0, x1, y0, y1, [Mpc/h]; empty for the whole map.
    pixel_size : float
        [kpc/h]
    shape : tuple of int
        (ny, nx)
    """
    if not view:
        return None
    x0, x1, y0, y1 = (each * MPC_IN_KPC / pixel_size for each in view)
    ny, nx = shape
    return max(int(y0), 0), min(ceil(y1), ny), max(int(x0), 0), min(ceil(x1), nx)


def numbers(text: str) -> list[float]:
    """Read numbers with commas between them; none if there is anything else."""
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        return []


def is_part(view: list[float], side: float) -> bool:
    """Whether some numbers are the sides of a rectangle within a square map."""
    if len(view) != 4 or not all(map(isfinite, view)):
        return False
    x0, x1, y0, y1 = view
    return 0 <= x0 < x1 <= side and 0 <= y0 < y1 <= side
