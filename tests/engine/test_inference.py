"""The worker: one thread, newest request wins, bounded memory, errors where they belong."""

import os
import sys
import threading
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.cosmology import Cosmology
from engine.device import choose_device
from engine.inference import PATIENCE, ResultCache, Worker, prediction_key
from engine.mesh import Slab
from engine.systems.local_map import LocalMap
from tests.engine.systems import local_map as example

LONG = 10.0  # seconds; only a failing test waits so long


def slab(side=4, value=1.0, **changes):
    values = np.full((side, side), value)
    about = {"simulation": "box"} | changes
    geometry = {"cell_size": 29.3, "depth": 1.4, "box_size": 11.25, "redshift": 2.0}
    return Slab(values, "dm", cosmology=Cosmology(0.3, 0.05, 0.7), **geometry, **about)


def local_map(**changes):
    return LocalMap(replace(example.card(), **changes), example.weights())


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


class Gate:
    """A computation that says when it began and waits to be let through."""

    def __init__(self, result=None):
        self.began, self.open = threading.Event(), threading.Event()
        self.calls = 0
        self.thread = ""
        self.result = result or slab()

    def __call__(self):
        self.calls += 1
        self.thread = threading.current_thread().name
        self.began.set()
        assert self.open.wait(LONG)
        return self.result


def busy(worker):
    """Hold the worker, so that what is asked next must queue."""
    gate = Gate()
    worker.submit("somebody", "gate", gate)
    assert gate.began.wait(LONG)
    return gate


def test_the_result_comes_from_the_worker_thread(worker):
    gate = Gate()
    future = worker.submit("me", "key", gate)
    assert gate.began.wait(LONG)
    assert not future.done()
    gate.open.set()
    assert future.result(LONG) is gate.result
    assert gate.thread.startswith("inference")


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is a process's own elsewhere")
def test_painting_gives_way_and_so_do_the_threads_it_starts(worker):
    found = []

    def note():
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def compute():
        note()
        started = threading.Thread(target=note)
        started.start()
        started.join()
        return slab()

    worker.submit("me", "key", compute).result(5)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert found == [mine + PATIENCE] * 2


def test_a_known_result_is_not_computed_again(worker):
    first = worker.submit("me", "key", slab).result(LONG)
    second = worker.submit("you", "key", lambda: pytest.fail("computed again"))
    assert second.done()
    assert second.result() is first
    assert not first.values.flags.writeable


def test_one_key_asked_by_many_is_computed_once(worker):
    hold, gate = busy(worker), Gate()
    gate.open.set()
    ready = threading.Barrier(8)
    futures = []

    def ask(session):
        ready.wait()
        futures.append(worker.submit(session, "key", gate))

    threads = [threading.Thread(target=ask, args=(str(i),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hold.open.set()
    assert {id(future.result(LONG)) for future in futures} == {id(gate.result)}
    assert gate.calls == 1


def test_who_joins_while_it_runs_gets_the_same_result(worker):
    gate = Gate()
    first = worker.submit("me", "key", gate)
    assert gate.began.wait(LONG)
    second = worker.submit("you", "key", gate)
    gate.open.set()
    assert first.result(LONG) is second.result(LONG)
    assert gate.calls == 1


def test_the_newest_request_of_a_session_wins(worker):
    hold, old, new = busy(worker), Gate(), Gate()
    new.open.set()
    first, second = worker.submit("me", "old", old), worker.submit("me", "new", new)
    hold.open.set()
    assert second.result(LONG) is new.result
    with pytest.raises(CancelledError):
        first.result(LONG)
    assert old.calls == 0


def test_a_session_does_not_cancel_what_another_waits_for(worker):
    hold, shared = busy(worker), Gate()
    shared.open.set()
    mine, yours = worker.submit("me", "shared", shared), worker.submit("you", "shared", shared)
    worker.submit("me", "other", slab)
    hold.open.set()
    assert yours.result(LONG) is shared.result
    assert mine.cancelled()


def test_a_known_result_also_cancels_the_older_request(worker):
    worker.submit("me", "known", slab).result(LONG)
    hold, old = busy(worker), Gate()
    first = worker.submit("me", "old", old)
    worker.submit("me", "known", slab)
    assert first.cancelled()
    hold.open.set()
    worker.submit("me", "last", slab).result(LONG)
    assert old.calls == 0


def test_a_session_that_leaves_cancels_what_waits_and_a_later_one_can_ask_again(worker):
    hold, gate = busy(worker), Gate()
    gate.open.set()
    first = worker.submit("me", "key", gate)
    worker.cancel("me")
    worker.cancel("me")
    assert first.cancelled()
    second = worker.submit("you", "key", gate)
    hold.open.set()
    assert second.result(LONG) is gate.result
    assert gate.calls == 1


def test_an_error_is_the_futures_and_the_worker_goes_on(worker):
    def fail():
        raise ValueError("No such slab.")

    with pytest.raises(ValueError, match="No such slab"):
        worker.submit("me", "key", fail).result(LONG)
    # Not remembered: the same key may work the next time.
    assert worker.submit("me", "key", slab).result(LONG).shape == (4, 4)


def test_closing_drops_what_waits():
    worker = Worker()
    hold, gate = busy(worker), Gate()
    waiting = worker.submit("me", "key", gate)
    closing = threading.Thread(target=worker.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(LONG)
    hold.open.set()
    closing.join(LONG)
    assert not closing.is_alive()
    assert gate.calls == 0


def test_the_cache_keeps_its_bound_and_what_was_used_last():
    one = slab().values.nbytes
    cache = ResultCache(max_bytes=3 * one)
    for key in "abc":
        cache.put(key, slab())
    assert cache.get("a") is not None
    cache.put("d", slab())
    assert cache.bytes == 3 * one
    assert cache.get("b") is None
    assert all(cache.get(key) is not None for key in "acd")


def test_putting_a_key_again_counts_it_once():
    cache = ResultCache(max_bytes=1000)
    cache.put("a", slab())
    newer = slab(value=2.0)
    cache.put("a", newer)
    assert cache.get("a") is newer
    assert cache.bytes == newer.values.nbytes


def test_the_newest_result_is_kept_even_if_it_is_larger_than_the_bound():
    cache = ResultCache(max_bytes=slab().values.nbytes)
    cache.put("small", slab())
    large = slab(side=8)
    cache.put("large", large)
    assert cache.get("large") is large
    assert cache.get("small") is None
    cache.put("small", slab())
    assert cache.get("large") is None
    assert cache.bytes == slab().values.nbytes


@pytest.mark.parametrize(
    "changes",
    [{"simulation": "c"}, {"axis": "x"}, {"index": 1}, {"level": "LR"}, {"origin": "native"}],
)
def test_predictions_of_different_slabs_have_different_keys(changes):
    emulator = local_map()
    assert prediction_key(emulator, slab()) == prediction_key(emulator, slab(value=2.0))
    assert prediction_key(emulator, slab()) != prediction_key(emulator, slab(**changes))


@pytest.mark.parametrize("stochastic", [True, False])
def test_a_seed_is_part_of_the_key_where_it_changes_the_result(stochastic):
    emulator = local_map(stochastic=stochastic)
    keys = {prediction_key(emulator, slab(), seed) for seed in (1, 2)}
    assert len(keys) == (2 if stochastic else 1)


@pytest.mark.parametrize(("there", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_cuda_where_there_is_any(monkeypatch, there, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto") == expected
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_cuda_that_is_not_there_is_refused(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"'{name}' but torch finds no CUDA device"):
        choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "meta"])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(ValueError, match="expected one of auto, cpu, cuda"):
        choose_device(name)
