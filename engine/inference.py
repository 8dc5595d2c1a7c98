"""Where predictions run: one worker thread, and a bounded memory of results."""

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from engine.mesh import Mesh
from engine.noise import Realisation
from engine.places import Place, Run
from engine.systems.contract import Emulator, Inputs

CACHE_BYTES = 256 * 2**20
"""Default bound of the memory for results: some 400 maps of 384^2."""


@dataclass(frozen=True)
class PredictionKey:
    """Identity of a prediction; arrays are never compared.

    Parameters
    ----------
    simulation : str
        Where.
    place : Place
        What is painted.
    run : Run
        Of its first input.
    emulator, weights : str
        Name of the card, and the hash of its weights.
    realisation : Realisation or None
        None where seeds change nothing.
    parameters : tuple of (str, float)
        Those that aren't the card's own.
    """

    simulation: str
    place: Place
    run: Run
    emulator: str
    weights: str
    realisation: Realisation | None
    parameters: tuple[tuple[str, float], ...] = ()


def prediction_key(
    emulator: Emulator,
    inputs: Inputs,
    seed: int = 0,
    realisation: Realisation | None = None,
    parameters: Mapping[str, float] | None = None,
) -> PredictionKey:
    """Identity of what `emulator.predict` gives for these."""
    card = emulator.card
    first = next(iter(emulator.named(inputs).values()))
    return PredictionKey(
        first.simulation,
        first.place,
        first.run,
        card.name,
        card.weights_sha256,
        (realisation or Realisation(seed)) if card.stochastic else None,
        tuple(sorted((parameters or {}).items())),
    )


class ResultCache:
    """The most recently used results, up to a number of bytes; safe between threads.

    Parameters
    ----------
    max_bytes : int
        Bound on the arrays it keeps. The newest result is kept even if it alone is larger:
        whoever asked for it shows it, so that it takes the memory anyway.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._slabs: OrderedDict[Hashable, Mesh] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What the kept maps take."""
        return self._bytes

    def get(self, key: Hashable) -> Any:
        """Return the result and mark it as used, or None."""
        with self._lock:
            slab = self._slabs.get(key)
            if slab is not None:
                self._slabs.move_to_end(key)
            return slab

    def put(self, key: Hashable, slab: Mesh) -> None:
        """Keep a result, dropping those not used for longest."""
        with self._lock:
            older = self._slabs.pop(key, None)
            self._bytes += slab.values.nbytes - (older.values.nbytes if older else 0)
            self._slabs[key] = slab
            while self._bytes > self.max_bytes and len(self._slabs) > 1:
                _, dropped = self._slabs.popitem(last=False)
                self._bytes -= dropped.values.nbytes


@dataclass(eq=False)
class _Job:
    """A computation and everybody who waits for it."""

    key: Hashable
    compute: Callable[[], Any]
    waiting: list[Future[Any]] = field(default_factory=list)
    running: bool = False

    def join(self) -> Future[Any]:
        """Wait for it too."""
        future: Future[Any] = Future()
        if self.running:
            future.set_running_or_notify_cancel()
        self.waiting.append(future)
        return future


PATIENCE = 5
"""Niceness of paintings beside the process's own: whoever zooms or reads a slab meanwhile gets
three quarters of a core that both want (man 7 sched: a factor of 1.25 a step)."""


def _give_way() -> None:
    """Lower this thread's priority; those that OpenVINO starts from it inherit it."""
    if sys.platform == "linux":  # only there is niceness a thread's own
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + PATIENCE)


class Worker:
    """One thread that computes what sessions ask for, so that none waits in the server's.

    The newest request of a session wins: an older one that still waits in the queue is
    cancelled. A result that several sessions want is computed once.

    Parameters
    ----------
    cache : ResultCache, optional
        Memory of results; one of the default size if not given.
    """

    def __init__(self, cache: ResultCache | None = None) -> None:
        self.cache = cache or ResultCache()
        self._lock = threading.Lock()
        self._jobs: dict[Hashable, _Job] = {}
        self._newest: dict[str, Future[Any]] = {}
        self._executor = ThreadPoolExecutor(1, "inference", initializer=_give_way)

    def submit(self, session: str, key: Hashable, compute: Callable[[], Any]) -> Future[Any]:
        """Ask for a result.

        Parameters
        ----------
        session : str
            Who asks; its earlier request is cancelled unless it runs already. Two requests
            that shouldn't cancel each other ask as two sessions.
        key : hashable
            Identity of the result, see `prediction_key`.
        compute : callable
            Makes it, in the worker's thread.

        Returns
        -------
        Future
            Of the slab, or of the exception that `compute` raised.
        """
        with self._lock:
            older = self._newest.pop(session, None)
            known = self.cache.get(key)
            if known is not None:
                future: Future[Any] = Future()
                future.set_result(known)
            else:
                future = self._join(key, compute)
                self._newest[session] = future
        # Cancelled outside the lock, since it runs the callbacks of whoever waited.
        if older is not None:
            older.cancel()
        return future

    def cancel(self, session: str) -> None:
        """Drop a session's request if it still waits, for example when its page is closed."""
        with self._lock:
            older = self._newest.pop(session, None)
        if older is not None:
            older.cancel()

    def close(self) -> None:
        """Finish what runs, drop what waits and end the thread."""
        with self._lock:
            queued = [f for job in self._jobs.values() if not job.running for f in job.waiting]
        for future in queued:
            future.cancel()
        self._executor.shutdown()

    def _join(self, key: Hashable, compute: Callable[[], Any]) -> Future[Any]:
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = _Job(key, compute)
            self._executor.submit(self._run, job)
        return job.join()

    def _run(self, job: _Job) -> None:
        with self._lock:
            job.waiting = [f for f in job.waiting if f.set_running_or_notify_cancel()]
            job.running = bool(job.waiting)
            if not job.running:
                del self._jobs[job.key]
                return
        try:
            slab = job.compute()
        except Exception as error:  # whatever it is, it belongs to who asked
            for future in self._done(job):
                future.set_exception(error)
        else:
            self.cache.put(job.key, slab)
            for future in self._done(job):
                future.set_result(slab)

    def _done(self, job: _Job) -> list[Future[Any]]:
        """Take the job off the list, so that nobody joins any more, and who waited for it."""
        with self._lock:
            del self._jobs[job.key]
            self._newest = {s: f for s, f in self._newest.items() if f not in job.waiting}
            return job.waiting
