"""One request at a time of one session: read, paint, summarise; the newest one wins."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from engine.fields import field_named
from engine.inference import prediction_key
from engine.mesh import Mesh, Slab
from engine.simulation import Simulation
from engine.systems.contract import Emulator
from explorer import threads
from explorer.ensemble import Ensemble
from explorer.results import (
    PAINTING,
    Results,
    around_halo,
    cut,
    eaten_by,
    painted,
    remembered,
    summarise,
    trained,
    untrained,
    with_halo,
)
from explorer.state import NO_HALO, Request
from explorer.threads import in_reader
from explorer.turn import Turn

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds a painting may take before the page shows the slab without it: short enough to
answer the click, long enough that a usual painting arrives together with its slab."""

UNEXPECTED = "The computation failed unexpectedly; the server's log says where."


class Page(Protocol):
    """What is on show."""

    @property
    def results(self) -> Results | None:
        """Of the newest request that has some."""

    @property
    def ensemble(self) -> Ensemble | None:
        """Many samples of them, if they were asked for."""


class Places(Protocol):
    """Where a scene paints."""

    def where(self, request: Any) -> str:
        """Name a request's place in a few words."""

    def read(self, simulation: Simulation, request: Any) -> Results:
        """Read what there is of a request without painting."""

    def parts(self, simulation: Simulation, request: Any) -> list[Request]:
        """List what the curves of a request are summed over; empty if that is itself alone."""


class Painting:
    """What is under way for one session.

    Parameters
    ----------
    owner : str
        Of the session's places in the queue.
    turn : Turn
        Through which results, errors and what runs arrive: `results`, `ensemble`, `error`, `busy`.
    page : Page
        Shows what there is of a request already.
    scene : Places
        Reads what there is of a place, and says what curves are summed over.
    """

    refused = "The emulator can't paint this slab"
    """What stands in place of a painting that can't be made."""

    def __init__(self, owner: str, turn: Turn, page: Page, scene: Places) -> None:
        self.owner, self.turn, self.page, self.scene = owner, turn, page, scene
        self._drawing: Request | None = None
        self._other_numbers: Request | None = None

    def begin(self, simulation: Simulation, request: Request) -> Results:
        """Find what can be shown of a request without painting."""
        return remembered(simulation, self.scene.read(simulation, request), threads.WORKER.cache)

    def stop(self) -> None:
        """Let go of what still runs or waits."""
        self.turn.begin()
        self._drawing = self._other_numbers = None
        threads.WORKER.cancel(self.owner)
        threads.WORKER.cancel(f"{self.owner} other")

    def shows(self, request: Request) -> bool:
        """Whether the page has all there is of a request."""
        shown = self.page.results
        if shown is None or shown.request != request:
            return False
        return shown.is_whole and shown.has_paintings

    def foretell(self, request: Request) -> str:
        """Say what the maps of a request will have to wait for first; empty if they are there."""
        shown = self.page.results
        there = shown is not None and shown.has_paintings and same_maps(shown.request, request)
        return "" if there else f"Reading {self.scene.where(request)}"

    async def compute(self, simulation: Simulation, request: Request) -> None:
        """Compute a request; the page gets it unless a newer one is asked for.

        One for other numbers of the same waits until the map under way is shown, and only the
        newest of those: as a slider is dragged, maps follow it as fast as they can be painted.
        """
        if self._drawing is not None and numbers_apart(self._drawing, request):
            self._other_numbers = request
            return
        following: Request | None = request
        while following is not None:
            number = self.turn.begin()
            self._drawing, self._other_numbers = following, None
            await self._attempt(number, simulation, following)
            if not self.turn.is_newest(number):
                return
            self._drawing, following = None, self._other_numbers

    def _shown(self) -> None:
        """Go on with other numbers that were asked for before a map was shown, if any were."""
        self._drawing = None
        if self._other_numbers is not None:
            raise asyncio.CancelledError

    async def _attempt(self, number: int, simulation: Simulation, request: Request) -> None:
        """Compute a request; what goes wrong is told in a sentence."""
        try:
            await self._compute(number, simulation, request)
        except asyncio.CancelledError:
            return  # a newer request of this session took its place in the queue
        except ValueError as error:
            self.turn.tell(number, error=str(error))
        except Exception:
            log.exception("computing %s failed", request)
            self.turn.tell(number, error=UNEXPECTED)
        self.turn.tell(number, busy="")

    async def _compute(self, number: int, simulation: Simulation, request: Request) -> None:
        """Read, paint, summarise; the page gets all at once, or first without the painting."""
        found = self._on_show(request)
        if found is None:
            self.turn.tell(number, busy=f"Reading {self.scene.where(request)}")
            found = await in_reader(self.scene.read, simulation, request)
            if not request.emulator:
                found = replace(found, no_prediction=untrained(request.run.level))
            elif self.turn.is_newest(number):
                found = await self._with_paintings(number, simulation, found)
        if not self.turn.is_newest(number):
            raise asyncio.CancelledError  # as while a slider is dragged: nobody wants its curves
        if not found.is_whole:
            found = replace(found, along=await self._along(number, simulation, found))
        shown = self.page.results
        if shown is not None and has_all_but_the_halo(shown, request):
            found = await in_reader(with_halo, shown, request.halo)
        else:
            found = await in_reader(summarise, found)
        self.turn.tell(number, results=found)
        many = self.page.ensemble
        if many is not None and request.halo != NO_HALO:
            around = await in_reader(around_halo, many, found, threads.WORKER.cache)
            self.turn.tell(number, ensemble=around)

    def _on_show(self, request: Request) -> Results | None:
        """Take the maps on show if a request only asks for other curves of them."""
        shown = self.page.results
        if shown is None or shown.request.maps != request.maps or not shown.has_paintings:
            return None
        same_slabs = request.scope == shown.request.scope and shown.is_whole
        return replace(shown, request=request, along=shown.along if same_slabs else ())

    async def _along(
        self, number: int, simulation: Simulation, found: Results
    ) -> tuple[Results, ...]:
        """Read and paint all that curves are summed over; meanwhile the page has the first's."""
        shown = self.page.results
        if shown is None or shown.request.maps != found.request.maps:
            self.turn.tell(number, results=await in_reader(summarise, found))
        parts = self.scene.parts(simulation, found.request)
        along = []
        for done, request in enumerate(parts):
            self.turn.tell(number, busy=f"Painting {done + 1} of {len(parts)}")
            each = await in_reader(self.scene.read, simulation, request)
            if not self.turn.is_newest(number):
                raise asyncio.CancelledError  # its next painting would take a newer one's place
            if found.prediction is not None:
                each = await self._with_prediction(each)
            if found.other is not None:
                each = replace(each, other=await self._other_of(simulation, each))
            along.append(each)
        return tuple(along)

    async def _with_paintings(self, number: int, simulation: Simulation, found: Results) -> Results:
        """Add the paintings; the page gets the place without them if they take their time."""
        request = found.request
        self.turn.tell(number, busy=f"Painting {field_named(request.field).label}")
        first = asyncio.ensure_future(self._with_prediction(found))
        second = None
        if request.other:
            second = asyncio.ensure_future(self._other_of(simulation, found))
        _, pending = await asyncio.wait({first, second or first}, timeout=PATIENCE)
        if pending and (self.page.results is None or self.page.results.request != request):
            waiting = await self._summary(found)
            no_other = PAINTING if second else ""
            waiting = replace(waiting, no_prediction=PAINTING, no_other=no_other)
            self.turn.tell(number, results=waiting)
        try:
            found = await first
        except ValueError as error:
            self.turn.tell(number, error=str(error))
            found = replace(found, no_prediction=self.refused)
        if second is None:
            return found
        try:
            return replace(found, other=await second)
        except ValueError as error:
            self.turn.tell(number, error=str(error))
            return replace(found, no_other=self.refused)

    async def _summary(self, found: Results) -> Results:
        """Add the statistics of the maps that are there."""
        return await in_reader(summarise, found)

    async def _with_prediction(self, found: Results) -> Results:
        """Add the prediction, whose place in the queue a newer request of this session takes."""
        emulator, prediction, seconds = await paint(self.owner, found.request, found.eaten)
        return await in_reader(painted, found, emulator, prediction, seconds)

    async def _other_of(self, simulation: Simulation, found: Results) -> Slab:
        """Paint the second painting, beside the first one's request and not in its place."""
        request = found.request.of_other()
        eaten = await in_reader(eaten_by, simulation, request)
        _, painting, _ = await paint(f"{self.owner} other", request, eaten)
        other: Slab = await in_reader(cut, painting, found.input)
        return other


async def paint(
    owner: str,
    request: Request,
    eaten: Mapping[str, Mesh],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Emulator, Any, float | None]:
    """Have a request painted: emulator, painting, and the seconds if it wasn't remembered.

    Parameters
    ----------
    owner : str
        Of a place in the queue: whatever it waits for is dropped.
    request : Request
        Names emulator and seed.
    eaten : mapping of str to Mesh
        What it is painted from, by the names of the emulator's inputs.
    progress : callable, optional
        Told how many parts are done, of how many, in the thread that paints.
    """
    emulator = await in_reader(trained, request.emulator, request.field, request.run.level)
    seconds: list[float] = []
    parameters = dict(request.parameters)

    def compute() -> Mesh:
        start = time.perf_counter()
        emulator.progress = progress  # one painting at a time
        try:
            mesh: Mesh = emulator.predict(eaten, request.seed, parameters=parameters)
        finally:
            emulator.progress = None
        seconds.append(time.perf_counter() - start)
        return mesh

    key = prediction_key(emulator, eaten, request.seed, parameters=parameters)
    painting = await asyncio.wrap_future(threads.WORKER.submit(owner, key, compute))
    return emulator, painting, seconds[0] if seconds else None


def numbers_apart(one: Request, other: Request) -> bool:
    """Whether requests differ in the numbers of their emulator alone."""
    return one != other and replace(one, parameters=other.parameters) == other


def has_all_but_the_halo(shown: Results, request: Request) -> bool:
    """Whether results lack no more of a request than the profile of another halo."""
    same = replace(shown.request, halo=request.halo) == request
    return same and shown.is_whole and "halo_profile" in shown.curves and shown.has_paintings


def same_maps(shown: Request, request: Request) -> bool:
    """Whether two requests show the same maps, whatever their curves are of."""
    return (shown.maps, shown.place) == (request.maps, request.place)
