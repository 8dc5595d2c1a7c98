"""A store of the scene of clusters, over made-up ones in a user's folder."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import param
import pytest

from engine.inference import Worker
from explorer import results, threads
from explorer.clusters import objects
from explorer.scenes import clusters as scene_module
from explorer.scenes.clusters import Clusters
from explorer.store import Store
from tests.explorer.clusters import write_clusters, write_emulators
from tests.explorer.conftest import write_simulation

CACHES = (
    results.trained,
    results.card_named,
    objects._table,
    objects._batch,
    scene_module.without_clusters,
)


def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what a change starts to its end, and then what the page changes of itself."""
    waiting = []

    def execute(task):
        waiting.append(task)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            while waiting:
                asyncio.run(waiting.pop(0)())

    monkeypatch.setattr(param.parameterized, "async_executor", execute)


def of_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make the user's folder, the only one there is: clusters with truth and without, and slabs."""
    simulations = tmp_path / "simulations"
    simulations.mkdir()
    write_clusters(simulations, "groups")
    write_clusters(simulations, "dark", ("dmo",), "z")
    write_simulation(simulations, "slabs", ("dm", "gas"))
    write_emulators(tmp_path / "weights")
    for place in ("engine.simulation", "engine.systems.registry"):
        monkeypatch.setattr(f"{place}.asset_folders", lambda kind: [tmp_path / kind])
    worker = Worker()
    monkeypatch.setattr(threads, "WORKER", worker)
    for remembered in CACHES:
        remembered.cache_clear()
    yield simulations
    worker.close()
    for remembered in CACHES:
        remembered.cache_clear()


def opened(**link: str) -> Store:
    """Open clusters and paint them; `told` are the errors on the way."""
    store = Store(Clusters(), {"simulation": "groups"} | link)
    store.told = []
    store.param.watch(lambda event: store.told.append(event.new), "error")
    asyncio.run(store.refresh())
    return store
