"""What a scene is: the page of one kind of data, from a selection to what is on show."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.mesh import Slab
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from explorer.painting import Painting
from explorer.results import Results
from explorer.state import Request


@dataclass(frozen=True, eq=False)
class Picture:
    """One map on show.

    Parameters
    ----------
    name : str
        Of its place on the page.
    title, caption : str
        What it is, and of what, in words.
    slab : Slab or None
        None where there is nothing to show.
    group : str
        Maps of a group share colours, their limits and their colour bar.
    note : str
        Why there is nothing to show, in words.
    has_place : bool
        Whether it stands on the page, shown or noted.
    """

    name: str
    title: str
    caption: str
    slab: Slab | None
    group: str
    note: str = ""
    has_place: bool = True


SCENES: dict[str, type["Scene"]] = {}


class Scene(ABC):
    """The page of one kind of data, for one session.

    What it computes runs in threads and must not change it.
    """

    name: ClassVar[str]
    """In a link."""

    title: ClassVar[str]
    """On the page."""

    place: ClassVar[int]
    """Among the scenes, those with small numbers first."""

    controls: ClassVar[Mapping[str, Sequence[str]]]
    """Parameters of the selection that a visitor sets, by the heading they stand under."""

    groups: ClassVar[Mapping[str, str]]
    """Titles of what shares colours, by the name that their parameter of the display has in front
    of `_colours`."""

    maps: ClassVar[Mapping[str, str]]
    """Groups of all maps there can be, by their names, in their order."""

    def __init_subclass__(cls) -> None:
        """Offer the scene under its name."""
        SCENES[cls.name] = cls

    kind: ClassVar[str]
    """Of the meshes that its curves are of, see `engine.statistics.contract`."""

    along: ClassVar[str]
    """Parameter of the selection that says where along the line of sight the maps lie."""

    views: ClassVar[Collection[str]]
    """What its page has beside maps and curves, by name."""

    about_curves: ClassVar[str] = ""
    """What all curves are of, in words, where a visitor can't choose it."""

    painter: ClassVar[type[Painting]] = Painting
    """Computes its requests."""

    first_sight: ClassVar[Mapping[str, str]] = {}
    """What a page that no link names anything of shows, as far as it is offered."""

    signed: ClassVar[Collection[str]] = ()
    """Groups whose values can be negative: their colours are symmetric about zero."""

    dragged: ClassVar[Collection[str]] = ()
    """Parameters of the selection that change many times in a moment."""

    looks: ClassVar[Mapping[str, Any]] = {}
    """How the display begins where it isn't as in other scenes."""

    steps: ClassVar[str] = "Back and forward along the line of sight"
    """What the arrow keys do."""

    pairs: ClassVar[bool] = True
    """Whether two maps can be shown in one place, or their difference."""

    selection: Any
    """What is selected: its names are the link."""

    @abstractmethod
    def refuse(self, simulation: Simulation) -> str:
        """Say in a sentence why a simulation has nothing for this scene; empty if it has."""

    @abstractmethod
    def offer(self, simulation: Simulation | None, cards: Sequence[ModelCard]) -> None:
        """Let what there is be selected; what no longer can be moves to the first choice."""

    @abstractmethod
    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator that is offered, for what is selected."""

    @abstractmethod
    def pixel_size(self, simulation: Simulation) -> float:
        """Of the finest maps of a simulation, comoving, [kpc/h]."""

    def extent(self, simulation: Simulation) -> float:
        """How wide the maps of a simulation are, comoving, [Mpc/h]."""
        return simulation.box_size

    @classmethod
    def colours(cls) -> dict[str, str]:
        """Parameter of the display that holds the colours of each group, but of signed ones."""
        return {group: f"{group}_colours" for group in cls.groups if group not in cls.signed}

    def step(self, by: int, results: Results | None) -> None:  # noqa: ARG002
        """Select what lies so many slabs or layers along the line of sight, within the box."""
        least, most = self.selection.param[self.along].bounds
        place = min(max(getattr(self.selection, self.along) + by, least), most)
        self.selection.param.update(**{self.along: place})

    @abstractmethod
    def request(self) -> Request:
        """Take the selection as it is now."""

    @abstractmethod
    def where(self, request: Request) -> str:
        """Name a request's place in a few words."""

    @abstractmethod
    def read(self, simulation: Simulation, request: Request) -> Results:
        """Read what there is of a request without painting."""

    @abstractmethod
    def parts(self, simulation: Simulation, request: Request) -> list[Request]:
        """List what the curves of a request are summed over; empty if that is itself alone."""

    @abstractmethod
    def pictures(self, results: Results) -> list[Picture]:
        """List the maps of results, those of `maps` in their order."""
