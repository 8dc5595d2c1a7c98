"""Starting points for who looks for a paper."""

import re

import pytest

import engine
from explorer import app
from explorer.display import LOOKS
from explorer.gallery import STARTS, starts
from explorer.scenes.contract import SCENES
from explorer.state import system_and_level
from explorer.store import Store
from explorer.views.start_gallery import StartGallery

HERE = [start for start, _ in starts(engine.emulators(), engine.simulations())]


@pytest.mark.parametrize("start", HERE, ids=lambda start: start.name)
def test_a_starting_point_opens_what_it_says(start):
    assert app  # which offers all scenes
    asked = dict(part.split("=") for part in start.link[1:].split("&"))
    store = Store(SCENES[start.scene](), asked)
    assert store.error == ""
    assert store.selection.simulation == start.simulation
    assert system_and_level(store.selection.emulator, "HR")[0] == start.system
    assert store.card is not None
    shown = store.selection.to_query()
    selected = {name: value for name, value in asked.items() if name not in ("scene", *LOOKS)}
    assert {name: shown.get(name) for name in selected} == selected


def test_each_is_offered_with_its_paper_and_only_what_is_here(monkeypatch):
    words = StartGallery().pane.object
    links = re.findall('href="([^"]*)"', words)
    assert len(links) == len(HERE) >= 3
    assert {start.name for start in HERE} <= {start.name for start in STARTS}
    assert "Bernardini et al. 2022" in words
    assert "&amp;" in links[0]
    cards, here = engine.emulators(), ["hydro11-z2"]
    assert [start.name for start, _ in starts(cards, here)] == ["EMBER"]
    monkeypatch.setattr(engine, "emulators", list)
    assert StartGallery().pane.object == ""
