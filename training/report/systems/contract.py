"""What a paper's systems add to a report, found by their names."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from engine.simulation import Simulation

Content = dict[str, Any]

PAPERS: list["Paper"] = []


class Paper(ABC):
    """Figures as a paper has them, and the numbers that it reached."""

    systems: ClassVar[tuple[str, ...]]
    """Emulators that the paper published."""
    citation: ClassVar[str]
    template: ClassVar[str]
    truth_template: ClassVar[str]
    """HTML of a group's figures and of a simulation's own, in the folder of `page.html`."""
    notes: ClassVar[Mapping[str, str]]
    """Sentences for the page: of the paper's "test", below the tables of "power" and "mass"."""

    @abstractmethod
    def mass_error(self, system: str, field: str, level: str, run: Content) -> float | None:
        """Error of the total mass that the paper's network reached, per cent."""

    @abstractmethod
    def truths(self, simulation: Simulation, axes: str, fields: set[str]) -> Content:
        """Numbers of a simulation alone."""

    @abstractmethod
    def truth_figure(self, about: Content, mark: str) -> Content | None:
        """Draw these numbers, for the template; None if there are too few."""

    @abstractmethod
    def group(self, own: Sequence[Content], titles: Sequence[str], mark: str) -> Content:
        """Draw emulators of one field from one level, for the template.

        Parameters
        ----------
        own : sequence of dict
            Results from the dark matter that networks are trained on.
        titles : sequence of str
            Theirs.
        mark : str
            Unlike any other group's on the page.
        """

    @abstractmethod
    def runs(self, every: Sequence[Content], mark: str) -> str:
        """Draw one emulator from the dark matter of every run."""


def register(cls: type[Paper]) -> type[Paper]:
    """Offer what a paper adds."""
    PAPERS.append(cls())
    return cls


def papers(systems: Iterable[str]) -> list[Paper]:
    """Papers of some emulators, importing all of them first; a baseline has none."""
    package = importlib.import_module("training.report.systems")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    wanted = set(systems)
    return [paper for paper in PAPERS if wanted & set(paper.systems)]
