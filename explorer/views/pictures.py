"""Pictures of a scene on their way to the browser, and the words above them."""

from collections.abc import Iterable, Mapping
from html import escape

from engine.mesh import Slab
from engine.units import MPC_IN_KPC
from explorer.scenes.contract import Picture
from explorer.viewport import MAPS, Pyramid

HINTS = {"truth": "scroll zooms, drag moves"}
"""Words at the right of a caption: what can be done."""

HELD = 4
"""Sets of maps a session holds: that on show, and those a request may be under way for."""


class Published:
    """The maps that one part of a session's page holds at the viewport route."""

    def __init__(self) -> None:
        self._held: list[list[str]] = []

    def publish(self, maps: Iterable[Pyramid | None]) -> list[str]:
        """Hand maps to the route; their tokens, empty where there is no map.

        Those before stay for a while: the browser may be asking for them just now.
        """
        every = list(maps)
        held = MAPS.publish([each for each in every if each])
        self._held.append(held)
        while len(self._held) > HELD:
            MAPS.withdraw(self._held.pop(0))
        tokens = iter(held)
        return [next(tokens) if each else "" for each in every]

    def release(self) -> None:
        """Give all maps back."""
        for tokens in self._held:
            MAPS.withdraw(tokens)
        self._held = []


def pyramid(slab: Slab | None) -> Pyramid | None:
    """Make of a slab what the viewport route serves."""
    if slab is None:
        return None
    return Pyramid(slab.values, slab.pixel_size / MPC_IN_KPC, slab.about.signed)


def caption(picture: Picture, comparing: bool, colours: Mapping[str, str]) -> str:
    """Heading of a map, as HTML; beside a comparison there is no room for hints.

    Parameters
    ----------
    picture : Picture
        The map.
    comparing : bool
        Whether there are two paintings.
    colours : mapping of str
        Of the curves of paintings, by the map's name.
    """
    hint = "" if comparing else HINTS.get(picture.name, "")
    return heading(picture.title, picture.caption, hint, colours.get(picture.name, ""))


def heading(title: str, about: str, hint: str = "", colour: str = "") -> str:
    """Words above a map, as HTML; after a mark in the colour that the map's curves have."""
    mark = f'<i class="mark" style="background: {colour}"></i>' if colour else ""
    words = f'{mark}<b title="{escape(title)}">{escape(title)}</b><small>{escape(about)}</small>'
    return f'<div class="heading">{words}<span class="legend hint">{hint}</span></div>'
