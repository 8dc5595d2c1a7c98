"""A new universe asked for on the page: by a process of its own, that can be stopped."""

import asyncio
import os

import pytest

import engine
from explorer import new_universe
from explorer.new_universe import KEPT, Wish, forget_oldest, made, painters
from explorer.scenes.volumes import Volumes
from explorer.store import Store
from explorer.views.new_universe import NewUniverse
from explorer.volumes.boxes import read_boxes

SMALL = Wish(box_size=2.0, particles=16, seed=3, redshift=2.0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder; what ships is there too."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(new_universe, "AT_A_TIME", asyncio.Semaphore(1))
    return tmp_path / "universes"


def test_a_universe_is_made_told_of_and_opened(folder, monkeypatch):
    store, told, names = Store(Volumes(), {"simulation": "validation-z2"}), [], []
    view = NewUniverse(store)
    assert not view.questions.visible
    view.button.clicks += 1
    view.box.value, view.particles.options = SMALL.box_size, [SMALL.particles]
    view.particles.value, view.seed.value = SMALL.particles, SMALL.seed
    view.words.param.watch(lambda event: told.append(event.new), "object")
    with monkeypatch.context() as patched:  # a simulation isn't opened within the loop
        patched.setattr(store, "select_simulation", names.append)
        view.make.clicks += 1
    assert store.error == ""
    assert any("particle mesh: step 5 of 10" in words for words in told)
    assert [path.name for path in folder.iterdir()] == [f"{SMALL.name}.hdf5"]
    store.select_simulation(*names)
    assert store.selection.simulation == SMALL.name == "universe-2-16-3-z2"
    opened = engine.open_simulation(SMALL.name)
    assert opened.grid("dmo").values.shape == (16, 16, 16)
    assert store.simulation.path == opened.path
    assert store.selection.emulator == "jerald"
    found = opened.halos("dmo")
    assert "friends of friends" in found.definition
    circled = read_boxes(store.simulation, store.scene.request()).catalogue
    assert circled.position == pytest.approx(found.position)
    assert len(found) > 0
    assert not view.questions.visible
    again = asyncio.run(made(SMALL, lambda part, doing: pytest.fail("made again")))
    assert again == SMALL.name


def test_a_universe_that_is_stopped_leaves_nothing(folder):
    async def stopped():
        making = asyncio.ensure_future(made(SMALL, lambda *_: None))
        while not (folder.is_dir() and list(folder.iterdir())):
            await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(stopped())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(0.01, 16, 3, 2.0), r"box is 0\.01, expected 0\.1 to 100000 Mpc/h\."),
        (Wish(2.0, 16, 3, 9.5), r"redshift is 9\.5, expected 0 to 8\.99\."),
    ],
)
def test_what_is_no_universe_is_told_in_the_engines_sentence(folder, wish, words):
    with pytest.raises(ValueError, match=words):
        asyncio.run(made(wish, lambda *_: None))
    assert list(folder.iterdir()) == []


def test_one_that_takes_too_long_is_ended(folder, monkeypatch):
    monkeypatch.setattr(new_universe, "PATIENCE", 0.05)
    with pytest.raises(ValueError, match=r"took longer than 0\.05 s, expected less"):
        asyncio.run(made(SMALL, lambda *_: None))
    assert list(folder.iterdir()) == []


def test_only_the_newest_stay(tmp_path):
    for number in range(KEPT + 3):
        path = tmp_path / f"universe-{number}.hdf5"
        path.touch()
        os.utime(path, (number, number))
    (tmp_path / "mine.hdf5").touch()
    forget_oldest(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"mine.hdf5", *(f"universe-{n}.hdf5" for n in range(3, KEPT + 3))}


def test_who_can_paint_it_is_told_before_it_is_made():
    cards = engine.emulators()
    found = painters(Wish(7.5, 64, 1, 2.0), cards)
    assert "JERALD" in found["grid"]
    assert "EMBER WGAN" in found["slab"]
    assert painters(Wish(100.0, 64, 1, 0.0), cards) == {"grid": [], "slab": []}
    assert painters(Wish(7.5, 64, 1, 5.0), cards) == {"grid": [], "slab": []}
    today = painters(Wish(64.0, 96, 1, 0.0), cards)
    assert "JERALD" in today["grid"]
