"""What is selected, what is shown of it and what is wrong."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import param

import engine
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from explorer import threads
from explorer.ensemble import Ensemble
from explorer.results import Results
from explorer.sampling import Sampling
from explorer.scenes.contract import Scene
from explorer.turn import Turn

MOMENT = 1.0
"""Seconds that a session waits for maps before its page is built: they are read in a tenth of
that, and a page sent without them shows them some seconds later."""

NO_SIMULATION = (
    "No simulation was found among the assets or in your data folder, expected one slab file or "
    "more; make one with python -m engine project."
)


class Store(param.Parameterized):
    """Results of the newest request, and what is going on.

    Parameters
    ----------
    scene : Scene
        Its selection is watched: whatever changes in it is asked for.
    link : mapping, optional
        Names and values that a link asks for.
    deliver : callable
        Runs a function where the page may be changed; results arrive through it.
    """

    results = param.ClassSelector(class_=Results, doc="Of the newest request that has some.")
    ensemble = param.ClassSelector(class_=Ensemble, doc="Of the slab shown; none until asked for.")
    simulation = param.ClassSelector(class_=Simulation, doc="The simulation that is open.")
    busy = param.String(default="", doc="What is running, in words; empty if nothing is.")
    error = param.String(default="", doc="What went wrong last, in a sentence.")

    def __init__(
        self,
        scene: Scene,
        link: Mapping[str, str] | None = None,
        deliver: Callable[[Callable[[], None]], Any] = lambda do: do(),
    ) -> None:
        super().__init__()
        self.scene, self.selection = scene, scene.selection
        self.link = dict(link or {})
        owner = secrets.token_hex(8)
        self._painting = scene.painter(owner, Turn(deliver, self.param.update), self, scene)
        self._sampling = Sampling(f"{owner} samples", Turn(deliver, self.param.update))
        self._begun: Future[Results] | None = None
        self._opened: str | None = None
        self._cards = engine.emulators()
        self.error = " ".join(self._start())
        names = list(self.selection.names)
        self.selection.param.watch(self._on_selection_changed, names, precedence=1)
        self.selection.param.watch(self._on_selection_complete, names, precedence=2)

    @property
    def card(self) -> ModelCard | None:
        """Model card of the selected emulator."""
        return self.card_of(self.selection.emulator)

    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator that is offered, for what is selected."""
        return self.scene.card_of(emulator)

    def begin(self) -> Future[Results] | None:
        """Start on the selection in a thread, as far as it needs no painting.

        A page takes what is there by the time it is built, see `take`; maps that were painted
        before are there at once.
        """
        if self._begun is None and self.simulation is not None:
            self._begun = threads.READERS.submit(
                self._painting.begin, self.simulation, self.scene.request()
            )
        return self._begun

    async def ready(self) -> None:
        """Wait a moment for what was begun; others are served meanwhile."""
        if (begun := self.begin()) is None:
            return
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        begun.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), MOMENT)

    def take(self) -> None:
        """Show what was begun if it is there; `refresh` sees to everything else."""
        begun = self._begun
        if begun is not None and begun.done() and not begun.exception():
            self.results = begun.result()

    async def refresh(self) -> None:
        """Compute the selection as it is; the page gets it unless a newer one is asked for."""
        if self.simulation is None:
            return
        request = self.scene.request()
        self._sampling.stop()
        if self.ensemble is not None and not self.ensemble.is_of(request):
            self.ensemble = None
        if self._painting.shows(request):
            self.cancel()  # whatever else is under way
        else:
            await self._painting.compute(self.simulation, request)

    def select_simulation(self, name: str) -> None:
        """Select a simulation that may have been written since the page was opened."""
        self._offer()
        self.selection.simulation = name

    async def sample(self, count: int) -> None:
        """Paint the slab shown with the seeds below `count`; bands and calibration follow.

        A change of the selection ends it, `cancel` as well; the samples so far stay.
        """
        shown = self.results
        if shown is not None and shown.prediction is not None and self.card is not None:
            await self._sampling.paint(shown, count)

    def cancel(self) -> None:
        """Drop what is running or waits; the page keeps what it shows."""
        self.close()
        self.busy = ""

    def close(self) -> None:
        """Let go of what still waits; the session is over."""
        self._painting.stop()
        self._sampling.stop()

    async def _on_selection_complete(self, *_: param.parameterized.Event) -> None:
        await self.refresh()

    def _start(self) -> list[str]:
        """Open a simulation and select what the link asks for; what can't be had, in words."""
        names, link = engine.simulations(), self.link
        wanted = [name for name in names if name == link.get("simulation")]
        problems = {}
        for name in wanted + names:
            problems[name] = self._open(name)
            if not problems[name]:
                break
        self._offer()
        self.selection.simulation = self._opened
        if self._opened is None:
            return list(problems.values()) or [NO_SIMULATION]
        if not link:
            self._select_first_sight()
        return list(filter(None, [problems[name] for name in wanted])) + [
            problem
            for name in self.selection.names
            if name in link and not (name == "simulation" and wanted)
            for problem in self._select_from_link(name, link[name])
        ]

    def _select_first_sight(self) -> None:
        """Select what a page that no link names anything of shows, as far as it is offered.

        A link that names anything keeps the first choices of all it doesn't name, as links of
        before did.
        """
        for name, value in self.scene.first_sight.items():
            if value in self.selection.param[name].objects:
                self.selection.param.update(**{name: value})
                self._offer()

    def _select_from_link(self, name: str, value: str) -> list[str]:
        """Select one thing that a link asks for; a sentence if it isn't to be had."""
        try:
            self.selection.take(name, value)
        except ValueError as error:
            return [str(error)]
        self._offer()
        return []

    def _on_selection_changed(self, *_: param.parameterized.Event) -> None:
        """Say at once that something runs: what computes it begins in a later turn."""
        self.error = self._open_selected()
        if self.simulation is not None and (words := self._painting.foretell(self.scene.request())):
            self.busy = words

    def _open_selected(self) -> str:
        """Open the selected simulation and offer what it has; why not, if it can't be."""
        problem = ""
        if self.selection.simulation != self._opened:
            problem = self._open(self.selection.simulation)
            if problem:
                self.selection.simulation = self._opened
        self._offer()
        return problem

    def _open(self, name: str) -> str:
        """Open a simulation that has something to paint from; why not, if it can't be."""
        try:
            simulation = engine.open_simulation(name)
        except ValueError as error:
            return str(error)
        if problem := self.scene.refuse(simulation):
            return problem
        self.simulation, self._opened = simulation, name
        return ""

    def _offer(self) -> None:
        """Let what there is be selected."""
        self.scene.offer(self.simulation, self._cards)
