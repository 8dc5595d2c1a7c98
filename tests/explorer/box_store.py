"""A store of the scene of boxes, over tiny boxes in a user's folder."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.inference import Worker
from explorer import results, threads
from explorer.scenes.volumes import Volumes
from explorer.store import Store
from explorer.volumes import boxes as boxes_module
from tests.explorer.conftest import write_simulation
from tests.explorer.volumes import write_box, write_emulator


def of_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make the user's folder, the only one there is: a box, one of more growth, a run of slabs."""
    simulations = tmp_path / "simulations"
    simulations.mkdir()
    write_box(simulations, "box")
    write_box(simulations, "grown", growth=1.1)
    write_simulation(simulations, "slabs", ("dm", "gas"))
    write_emulator(tmp_path / "weights")
    for place in ("engine.simulation", "engine.systems.registry"):
        monkeypatch.setattr(f"{place}.asset_folders", lambda kind: [tmp_path / kind])
    worker = Worker()
    monkeypatch.setattr(threads, "WORKER", worker)
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()
    yield simulations
    worker.close()
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()


def opened(**link: str) -> Store:
    """Open a box and paint it; `told` are the errors on the way."""
    store = Store(Volumes(), {"simulation": "box"} | link)
    store.told = []
    store.param.watch(lambda event: store.told.append(event.new), "error")
    asyncio.run(store.refresh())
    return store
