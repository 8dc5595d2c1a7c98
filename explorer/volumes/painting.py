"""One request for a box: read, paint, show the layer, measure the whole; the newest one wins."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any

import engine
from engine.mesh import Grid
from engine.simulation import Simulation
from engine.statistics.boxes import names as curve_names
from engine.systems.box_pair import SAME_PHASES, phase_correlation
from explorer import threads
from explorer.painting import Painting, paint
from explorer.results import PAINTING, Results, eaten_by, untrained
from explorer.state import Request
from explorer.threads import in_reader
from explorer.volumes.boxes import (
    CHANGES,
    FOLLOWING,
    BoxResults,
    at_layer,
    changed,
    for_parameters,
    read_boxes,
    remembered_boxes,
    with_box,
    with_curves,
    with_masses,
    with_octants,
    with_prediction,
)
from explorer.volumes.selection import BoxRequest

AT_REST = 0.4
"""Seconds after which a slider is taken to be let go."""


class BoxPainting(Painting):
    """What is under way for one session, of boxes: another layer needs none of it."""

    refused = "The emulator can't paint this box"

    def begin(self, simulation: Simulation, request: Any) -> Results:
        """Find what can be shown of a request without painting."""
        found = read_boxes(simulation, request)
        return remembered_boxes(simulation, found, threads.WORKER.cache)

    def foretell(self, request: Any) -> str:
        """Say what a request will have to wait for first; nothing for another layer of a box."""
        shown = self.page.results
        layer = isinstance(shown, BoxResults) and shown.request.maps == request.maps
        return "" if layer else f"Reading {request.simulation}"

    async def _compute(self, number: int, simulation: Simulation, request: Any) -> None:
        """Show the layer, paint if need be, then measure the whole box."""
        shown = self.page.results
        if isinstance(shown, BoxResults) and shown.request.maps == request.maps:
            found = at_layer(shown, request)
        elif isinstance(shown, BoxResults) and other_numbers_alone(shown, request):
            found = await self._followed(number, for_parameters(shown, request))
        else:
            self.turn.tell(number, busy=f"Reading {request.simulation}")
            found = await in_reader(read_boxes, simulation, request)
        if not request.emulator:
            found = replace(found, no_prediction=untrained(request.run.level))
        elif not found.has_paintings:
            no_other = PAINTING if request.other else ""
            waiting = replace(found, no_prediction=PAINTING, no_other=no_other)
            self.turn.tell(number, results=waiting)
            found = await self._painted(number, simulation, found, waiting)
        self.turn.tell(number, results=found)
        self._shown()
        if not found.measured:
            await self._measure(number, found)

    async def _painted(
        self, number: int, simulation: Simulation, found: BoxResults, waiting: BoxResults
    ) -> BoxResults:
        """Add the paintings; meanwhile the page gets the truth's curves."""
        painting: Any = asyncio.ensure_future(self._with_paintings(number, simulation, found))
        if found.request.other:  # which shows the first painting before it has the second
            whole: BoxResults = await painting
            return whole
        *quick, _, _ = curve_names()
        try:
            waiting = await self._step(number, lambda so_far: with_curves(so_far, *quick), waiting)
        except asyncio.CancelledError:
            painting.cancel()
            raise
        shown: BoxResults = await painting
        return replace(shown, curves=waiting.curves)

    async def _followed(self, number: int, found: BoxResults) -> BoxResults:
        """Paint with other numbers while a slider is dragged: map and P(k), the rest at its end."""
        self.turn.tell(number, busy=f"Painting {found.request.simulation}")
        painting: Any = await self._with_prediction(found)

        def follow(so_far: BoxResults) -> BoxResults:
            return with_masses(with_curves(so_far, *FOLLOWING))

        shown = await self._step(number, follow, painting)
        self._shown()
        await asyncio.sleep(AT_REST)
        if not self.turn.is_newest(number):
            raise asyncio.CancelledError
        return shown

    async def _summary(self, found: Results) -> Results:
        """Maps wait for no curves."""
        return found

    async def _with_prediction(self, found: Results) -> Results:
        """Add the prediction, whose place in the queue a newer request of this session takes."""
        request = found.request
        words = f"Painting {request.simulation}"
        told = self._progress(words)
        emulator, painting, seconds = await paint(self.owner, request, found.eaten, told)
        shown: Any = found
        box: Any = painting
        return with_prediction(shown, emulator, box, seconds)

    def _progress(self, words: str) -> Callable[[int, int], None]:
        """Say from the thread that paints how far it is."""
        loop, context, number = asyncio.get_running_loop(), copy_context(), self.turn.newest

        def told(done: int, of: int) -> None:
            share = f"{words}: {round(100 * done / of)} %"
            tell = partial(self.turn.tell, number, busy=share)
            loop.call_soon_threadsafe(tell, context=context)

        return told

    async def _with_paintings(self, number: int, simulation: Simulation, found: Results) -> Results:
        """Add the paintings, each as soon as it is there."""
        request, box = found.request, None
        self.turn.tell(number, busy=f"Painting {request.simulation}")
        try:
            found = await self._with_prediction(found)
        except ValueError as error:
            self.turn.tell(number, error=str(error))
            found = replace(found, no_prediction=self.refused)
        if not request.other:
            return found
        self.turn.tell(number, results=replace(found, no_other=PAINTING))
        try:
            box = await self._box_of_other(simulation, request)
        except ValueError as error:
            self.turn.tell(number, error=str(error))
            return replace(found, no_other=self.refused)
        shown: Any = found
        return with_box(shown, "other", box, no_other="")

    async def _box_of_other(self, simulation: Simulation, request: Request) -> Grid:
        """Paint the second painting."""
        second = request.of_other()
        eaten = await in_reader(eaten_by, simulation, second)
        _, box, _ = await paint(f"{self.owner} other", second, eaten)
        painting: Any = box
        return painting

    async def _measure(self, number: int, found: BoxResults) -> None:
        """Add the curves of the whole box; the page gets them as they come."""
        *quick, smoothed, voids = curve_names()
        steps: list[tuple[str, Callable[[BoxResults], BoxResults]]] = [
            ("Measuring the box", lambda f: with_masses(with_curves(f, *quick))),
            ("Finding voids", lambda f: with_curves(f, smoothed, voids)),
            ("Measuring octants", lambda f: with_octants(f, *quick, smoothed, voids)),
        ]
        for words, step in steps:
            self.turn.tell(number, busy=words)
            found = await self._step(number, step, found)
        if found.request.beside:
            found = await self._with_changes(number, found)
        self.turn.tell(number, results=replace(found, measured=True))

    async def _step(
        self,
        number: int,
        step: Callable[[BoxResults], BoxResults],
        found: BoxResults,
    ) -> BoxResults:
        """Do one step in a reader, unless something newer is asked for by then."""

        def unless_old() -> BoxResults | None:
            return step(found) if self.turn.is_newest(number) else None

        done = await in_reader(unless_old)
        if done is None:
            raise asyncio.CancelledError
        self.turn.tell(number, results=done)
        return done

    async def _with_changes(self, number: int, found: BoxResults) -> BoxResults:
        """Read and paint the simulation that is set beside, and take how curves change."""
        beside = found.request.beside
        self.turn.tell(number, busy=f"Reading {beside}")
        try:
            others = await in_reader(read_beside, beside, found)
            if others.request.emulator:
                painting: Any = await self._with_prediction(others)
                others = painting
        except ValueError as error:
            self.turn.tell(number, error=str(error))
            return found
        for name in CHANGES:

            def step(so_far: BoxResults, name: str = name) -> BoxResults:
                change = changed(name, so_far, others)
                return replace(so_far, changes={**so_far.changes, name: change})

            self.turn.tell(number, busy=f"Measuring {beside}")
            found = await self._step(number, step, found)
        return found


def other_numbers_alone(shown: BoxResults, request: BoxRequest) -> bool:
    """Whether a request asks for other numbers of the very emulator whose painting is on show."""
    same = replace(shown.request, parameters=request.parameters)
    return shown.has_paintings and same == request


def read_beside(name: str, found: BoxResults) -> BoxResults:
    """Read the boxes of another simulation of the same phases.

    Raises
    ------
    ValueError
        In one sentence, if it can't be compared.
    """
    simulation = engine.open_simulation(name)
    request: BoxRequest = replace(found.request, simulation=name, beside="")
    others = read_boxes(simulation, request)
    these, those = found.whole, others.whole
    if these.shape != those.shape or abs(those.box_size / these.box_size - 1) > 1e-6:
        raise ValueError(
            f"{name} is {those.box_size:g} Mpc/h wide in {len(those.values)} cells a side, "
            f"expected {these.box_size:g} in {len(these.values)} as {found.request.simulation}: "
            "choose another simulation to set against it."
        )
    start = others.boxes.get("initial")
    if start is not None and start.shape == tuple(2 * side for side in these.shape):
        alike = phase_correlation(these.values, start.values)
        if alike < SAME_PHASES:
            raise ValueError(
                f"{name} has other phases than {found.request.simulation}: the correlation of "
                f"their largest waves is {alike:.2f}, expected more than {SAME_PHASES}; choose "
                "one that began with the same."
            )
    return others
