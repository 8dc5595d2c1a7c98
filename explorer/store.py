"""From a selection to results: asks the engine, off the server's thread, newest request first."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import param

import engine
from engine.fields import field_named
from engine.inference import Worker, prediction_key
from engine.mesh import Slab
from engine.results import Curve
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.systems.contract import Emulator
from explorer.choices import choices, paintable_axes
from explorer.ensemble import FEWEST, Ensemble, ensemble
from explorer.ranking import Ranker
from explorer.results import (
    PAINTING,
    Results,
    around_halo,
    at_hand,
    curves_of,
    painted,
    profile,
    read,
    summarise,
    trained,
    untrained,
    with_halo,
)
from explorer.state import (
    NO_HALO,
    QUERY,
    Choices,
    Request,
    Selection,
    system_and_level,
)

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds a painting may take before the page shows the slab without it: short enough to
answer the click, long enough that a usual painting arrives together with its slab."""

MOMENT = 1.0
"""Seconds that a page which is being built waits for maps that are read already: they take a
tenth of that, and a page sent without them shows them some seconds later."""

READERS = ThreadPoolExecutor(2, thread_name_prefix="explorer")
"""Threads that read slabs and sum statistics, so that nobody's reading waits for a painting."""

UNEXPECTED = "The computation failed unexpectedly; the server's log says where."

NO_SIMULATION = (
    "No simulation was found among the assets or in your data folder, expected one slab file or "
    "more; make one with python -m engine project."
)
REFUSED = "The emulator can't paint this slab"

WORKER = Worker()
"""The thread that paints for all sessions of this process, and its memory."""


class Store(param.Parameterized):
    """Results of the newest request, and what is going on.

    Parameters
    ----------
    selection : Selection
        Watched: whatever changes in it is asked for.
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
        selection: Selection,
        link: Mapping[str, str] | None = None,
        deliver: Callable[[Callable[[], None]], Any] = lambda do: do(),
    ) -> None:
        super().__init__()
        self.selection = selection
        self._deliver = deliver
        self._newest = 0
        self._sampling = 0
        self._session = secrets.token_hex(8)
        self._opened: str | None = None
        self._cards = {(card.system, card.field, card.level): card for card in engine.emulators()}
        self.error = " ".join(self._start(link or {}))
        selection.param.watch(self._on_selection_changed, list(QUERY), precedence=1)
        selection.param.watch(self._on_selection_complete, list(QUERY), precedence=2)

    @property
    def card(self) -> ModelCard | None:
        """Model card of the selected emulator."""
        return self.card_of(self.selection.emulator)

    def card_of(self, emulator: str) -> ModelCard | None:
        """Model card of an emulator for the selected field and level."""
        if not emulator or not self.selection.level:
            return None
        system, level = system_and_level(emulator, self.selection.level)
        return self._cards.get((system, self.selection.field, level))

    def begin(self) -> Future[Results] | None:
        """Start on the selection in a thread, as far as it needs no painting.

        A page that is being built takes what is there by the time it is sent, see `take`;
        maps that were painted before are there at once.
        """
        if self.simulation is None:
            return None
        return READERS.submit(at_hand, self.simulation, self.selection.request(), WORKER.cache)

    def take(self, begun: Future[Results] | None) -> None:
        """Show what was begun if it is ready in a moment; `refresh` sees to everything else."""
        if begun is None:
            return
        wait([begun], MOMENT)
        if begun.done() and not begun.exception():
            self.results = begun.result()

    async def refresh(self) -> None:
        """Compute the selection as it is; the page gets it unless a newer one is asked for."""
        if self.simulation is None:
            return
        request = self.selection.request()
        self._stop_sampling()
        if self.ensemble is not None and not self.ensemble.is_of(request):
            self.ensemble = None
        if self._shows(request):
            self.cancel()  # whatever else is under way
            return
        self._newest += 1
        number = self._newest
        try:
            await self._compute(number, self.simulation, request)
        except asyncio.CancelledError:
            return  # a newer request of this session took its place in the queue
        except ValueError as error:
            self._tell(number, error=str(error))
        except Exception:
            log.exception("computing %s failed", request)
            self._tell(number, error=UNEXPECTED)
        self._tell(number, busy="")

    async def sample(self, count: int) -> None:
        """Paint the slab shown with the seeds below `count`; bands and calibration follow.

        A change of the selection ends it, `cancel` as well; the samples so far stay.
        """
        shown = self.results
        if shown is None or shown.prediction is None or self.card is None:
            return
        self._stop_sampling()
        number = self._sampling
        samples: list[Mapping[str, Curve]] = []
        loop = asyncio.get_running_loop()
        try:
            ranker = await loop.run_in_executor(READERS, Ranker, shown)
            while len(samples) < count and number == self._sampling:
                self._tell_of(number, busy=f"Painting sample {len(samples) + 1} of {count}")
                samples.append(await self._sampled(number, shown, len(samples), ranker))
                if len(samples) == count or len(samples) % FEWEST == 0:
                    ranked = await loop.run_in_executor(READERS, ranker.found)
                    self._tell_of(number, ensemble=ensemble(shown.request, samples, ranked))
        except asyncio.CancelledError:
            return
        except ValueError as error:
            self._tell_of(number, error=str(error))
        except Exception:
            log.exception("painting samples of %s failed", shown.request)
            self._tell_of(number, error=UNEXPECTED)
        self._tell_of(number, busy="")

    async def _sampled(
        self, number: int, shown: Results, seed: int, ranker: Ranker
    ) -> Mapping[str, Curve]:
        """Paint one realisation between the requests of other sessions, rank it; its curves."""
        loop = asyncio.get_running_loop()
        painted = []
        for each in shown.along or (shown,):
            if number != self._sampling:
                raise asyncio.CancelledError  # as in `_along`
            request = replace(each.request, seed=seed)
            _, slab, _ = await self._submit(f"{self._session} samples", request, each.input)
            painted.append(replace(each, prediction=slab))
        sample = replace(painted[0], along=tuple(painted) if shown.along else ())

        def summed() -> Mapping[str, Curve]:
            ranker.add(sample)
            found = curves_of(shown.request.field, replace(sample, other=None).compared())
            drawn = {name: of["prediction"] for name, of in found.items() if "prediction" in of}
            around = profile(sample, "prediction")
            return drawn | ({"halo_profile": around} if around else {})

        return await loop.run_in_executor(READERS, summed)

    def _stop_sampling(self) -> None:
        """Let a running `sample` end, and drop what it waits for."""
        self._sampling += 1
        WORKER.cancel(f"{self._session} samples")

    def _tell_of(self, number: int, **values: Any) -> None:
        """Deliver values of a sampling to the page if it hasn't been stopped."""

        def assign() -> None:
            if number == self._sampling:
                self.param.update(**values)

        self._deliver(assign)

    def _shows(self, request: Request) -> bool:
        """Whether the page has all there is of a request."""
        shown = self.results
        if shown is None or shown.request != request:
            return False
        return shown.is_whole and self._painted_all(shown)

    @staticmethod
    def _painted_all(shown: Results) -> bool:
        """Whether all paintings that were asked for are there."""
        other = shown.other is not None or not shown.request.other
        return shown.prediction is not None and other

    def cancel(self) -> None:
        """Drop what is running or waits; the page keeps what it shows."""
        self.close()
        self.busy = ""

    def close(self) -> None:
        """Let go of what still waits; the session is over."""
        self._newest += 1
        WORKER.cancel(self._session)
        WORKER.cancel(f"{self._session} other")
        self._stop_sampling()

    async def _compute(self, number: int, simulation: Simulation, request: Request) -> None:
        """Read, paint, summarise; the page gets all at once, or first without the painting."""
        loop = asyncio.get_running_loop()
        found = self._at_hand(request)
        if found is None:
            self._tell(number, busy=f"Reading slab {request.slab}")
            found = await loop.run_in_executor(READERS, read, simulation, request)
            if self.card is None:
                found = replace(found, no_prediction=untrained(request.level))
            elif number == self._newest:
                found = await self._painted(number, request, found)
        if number == self._newest and not found.is_whole:
            found = replace(found, along=await self._along(number, simulation, found))
        shown = self.results
        if shown is not None and self._has_all_but_the_halo(shown, request):
            found = await loop.run_in_executor(READERS, with_halo, shown, request.halo)
        else:
            found = await loop.run_in_executor(READERS, summarise, found)
        self._tell(number, results=found)
        if self.ensemble is not None and request.halo != NO_HALO:
            around = await loop.run_in_executor(
                READERS, around_halo, self.ensemble, found, WORKER.cache
            )
            self._tell(number, ensemble=around)

    def _has_all_but_the_halo(self, shown: Results, request: Request) -> bool:
        """Whether results lack no more of a request than the profile of another halo."""
        same = replace(shown.request, halo=request.halo) == request
        return (
            same and shown.is_whole and "halo_profile" in shown.curves and self._painted_all(shown)
        )

    def _at_hand(self, request: Request) -> Results | None:
        """Take the maps on show if a request only asks for other curves of them."""
        shown = self.results
        if shown is None or shown.request.maps != request.maps or not self._painted_all(shown):
            return None
        same_slabs = request.scope == shown.request.scope and shown.is_whole
        return replace(shown, request=request, along=shown.along if same_slabs else ())

    async def _along(
        self, number: int, simulation: Simulation, found: Results
    ) -> tuple[Results, ...]:
        """Read and paint every slab of the axis; the page has the curves of the first meanwhile."""
        loop = asyncio.get_running_loop()
        if self.results is None or self.results.request.maps != found.request.maps:
            self._tell(number, results=await loop.run_in_executor(READERS, summarise, found))
        slabs = simulation.n_slabs(found.request.axis)
        along = []
        for index in range(slabs):
            self._tell(number, busy=f"Painting slab {index + 1} of {slabs}")
            request = replace(found.request, slab=index)
            each = await loop.run_in_executor(READERS, read, simulation, request)
            if number != self._newest:
                raise asyncio.CancelledError  # its next painting would take a newer one's place
            if found.prediction is not None:
                each = await self._paint(each)
            if found.other is not None:
                each = replace(each, other=await self._paint_other(each))
            along.append(each)
        return tuple(along)

    async def _painted(self, number: int, request: Request, found: Results) -> Results:
        """Add the paintings; the page gets the slab without them if they take their time."""
        self._tell(number, busy=f"Painting {field_named(request.field).label}")
        first = asyncio.ensure_future(self._paint(found))
        second = asyncio.ensure_future(self._paint_other(found)) if request.other else None
        _, pending = await asyncio.wait({first, second or first}, timeout=PATIENCE)
        if pending and (self.results is None or self.results.request != request):
            loop = asyncio.get_running_loop()
            waiting = await loop.run_in_executor(READERS, summarise, found)
            no_other = PAINTING if second else ""
            waiting = replace(waiting, no_prediction=PAINTING, no_other=no_other)
            self._tell(number, results=waiting)
        try:
            found = await first
        except ValueError as error:
            self._tell(number, error=str(error))
            found = replace(found, no_prediction=REFUSED)
        if second is None:
            return found
        try:
            return replace(found, other=await second)
        except ValueError as error:
            self._tell(number, error=str(error))
            return replace(found, no_other=REFUSED)

    async def _paint_other(self, found: Results) -> Slab:
        """Paint the second painting, beside the first one's request and not in its place."""
        request = found.request.of_other()
        _, painting, _ = await self._submit(f"{self._session} other", request, found.input)
        return painting

    async def _paint(self, found: Results) -> Results:
        """Paint in the engine's worker, where a newer request of this session cancels it."""
        emulator, prediction, seconds = await self._submit(
            self._session, found.request, found.input
        )
        return painted(found, emulator, prediction, seconds)

    async def _submit(
        self, session: str, request: Request, dark_matter: Slab
    ) -> tuple[Emulator, Slab, float | None]:
        """Have a request painted: emulator, painting, and the seconds if it wasn't there."""
        loop = asyncio.get_running_loop()
        emulator = await loop.run_in_executor(
            READERS, trained, request.emulator, request.field, request.level
        )
        seconds: list[float] = []

        def compute() -> Slab:
            start = time.perf_counter()
            slab = emulator.predict(dark_matter, request.seed)
            seconds.append(time.perf_counter() - start)
            return slab

        key = prediction_key(emulator, dark_matter, request.seed)
        painting = await asyncio.wrap_future(WORKER.submit(session, key, compute))
        return emulator, painting, seconds[0] if seconds else None

    def _tell(self, number: int, **values: Any) -> None:
        """Deliver values to the page if the request is still the newest."""

        def assign() -> None:
            if number == self._newest:
                self.param.update(**values)

        if number == self._newest:
            self._deliver(assign)

    async def _on_selection_complete(self, *_: param.parameterized.Event) -> None:
        await self.refresh()

    def _start(self, link: Mapping[str, str]) -> list[str]:
        """Open a simulation and select what a link asks for; what can't be had, in words."""
        names = engine.simulations()
        wanted = [name for name in names if name == link.get("simulation")]
        problems = {}
        for name in wanted + names:
            problems[name] = self._open(name)
            if not problems[name]:
                break
        self.selection.set_choices(self._choices())
        self.selection.simulation = self._opened
        if self._opened is None:
            return list(problems.values()) or [NO_SIMULATION]
        return list(filter(None, [problems[name] for name in wanted])) + [
            problem
            for name in QUERY
            if name in link and not (name == "simulation" and wanted)
            for problem in self._select_from_link(name, link[name])
        ]

    def _select_from_link(self, name: str, value: str) -> list[str]:
        """Select one thing that a link asks for; a sentence if it isn't to be had."""
        try:
            self.selection.take(name, value)
        except ValueError as error:
            return [str(error)]
        self.selection.set_choices(self._choices())
        return []

    def _on_selection_changed(self, *_: param.parameterized.Event) -> None:
        self.error = self._open_selected()

    def _open_selected(self) -> str:
        """Open the selected simulation and offer what it has; why not, if it can't be."""
        problem = ""
        if self.selection.simulation != self._opened:
            problem = self._open(self.selection.simulation)
            if problem:
                self.selection.simulation = self._opened
        self.selection.set_choices(self._choices())
        return problem

    def _open(self, name: str) -> str:
        """Open a simulation that has something to paint from; why not, if it can't be."""
        try:
            simulation = engine.open_simulation(name)
            paintable_axes(simulation)
        except ValueError as error:
            return str(error)
        self.simulation, self._opened = simulation, name
        return ""

    def _choices(self) -> Choices:
        """List what can be selected now."""
        return choices(self.simulation, list(self._cards.values()), self.selection)
