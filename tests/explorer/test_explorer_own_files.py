"""Files of one's own: written down, read in bounds, asked about, opened; hostile ones harmless."""

import asyncio
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine import bounded
from engine.bounded import run_bounded
from explorer import own_files
from explorer.own_files import Answers, Arrived, described, field_guessed, imported, kept, place_for
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.own_files import OwnFiles

BOX, SIDE, SLABS = 25.0, 16, 5
MEAN = 0.25 * 2.77536627e11 * BOX / SLABS  # dark matter of Omega 0.25, [Msun/h / (Mpc/h)^2]
ANSWERS = Answers(BOX, 2.0, 0.3, 0.05, 0.7, "Msun/h / (Mpc/h)^2")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    return tmp_path / "simulations"


@pytest.fixture
def maps(tmp_path):
    path = tmp_path / "Maps_Mcdm.npy"
    np.save(path, np.full((SLABS, SIDE, SIDE), MEAN, np.float32))
    return path


@pytest.fixture
def arrived():
    files = Arrived()
    yield files
    files.release()


def test_files_are_put_together_under_names_of_our_own(arrived):
    arrived.add("../../etc/evil.npy", b"one")
    arrived.add("../../etc/evil.npy", b"two")
    arrived.add("b.hdf5", b"three")
    first, second = arrived.files.values()
    assert first.read_bytes() == b"onetwo"
    assert first.parent == second.parent
    assert list(arrived.arrays) == ["../../etc/evil.npy"]
    folder = first.parent
    arrived.release()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["evil.py", "evil.pkl", "evil", "evil.npy.sh", "evil.npz"])
def test_other_endings_are_refused(arrived, name):
    with pytest.raises(ValueError, match=r"is neither of \.hdf5, \.h5, \.npy"):
        arrived.add(name, b"x")
    assert not arrived.files


def test_all_files_together_have_a_largest_size(arrived, monkeypatch):
    monkeypatch.setattr(own_files, "LARGEST", 1 << 20)
    arrived.add("a.npy", bytes(1 << 19))
    with pytest.raises(ValueError, match="take more than 1 MB"):
        arrived.add("b.npy", bytes((1 << 19) + 1))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Maps_Mcdm_IllustrisTNG_LH_z=0.00.npy", "dm"),
        ("Maps_HI_SIMBA.npy", "hi"),
        ("this_is_gas.fits", "gas"),
        ("Maps_T_SIMBA.npy", "temperature"),
        ("what.npy", "dm"),
    ],
)
def test_a_field_is_guessed_from_the_words_of_a_name(name, field):
    assert field_guessed(name) == field


def test_maps_are_described_previewed_and_become_a_simulation(maps, own_folder):
    assert described(maps, "mine.npy") == "5 × 16 × 16 numbers (float32)"
    words, name = imported({"dm": maps}, ANSWERS, "My box / 1", dry_run=True)
    assert "Omega 0.25" in words
    assert not name
    assert not own_folder.exists()
    words, name = imported({"dm": maps}, ANSWERS, "My box / 1")
    assert name == "My-box-1"
    store = Store(Slabs(), {"simulation": name})
    assert store.simulation.n_slabs("z") == SLABS
    assert "with dm" in described(own_folder / f"{name}.hdf5", name)


def test_what_is_not_said_is_asked_for_and_a_wrong_unit_found(maps):
    with pytest.raises(ValueError, match="box, h is not given, expected a number of each"):
        Answers(None, 2.0, 0.3, 0.05, None, "own").arguments()
    wrong = Answers(BOX, 2.0, 0.3, 0.05, 0.7, "Msun h / ckpc^2")
    with pytest.raises(ValueError, match=r"is Omega = 2\.5e\+05, expected 0\.25"):
        imported({"dm": maps}, wrong, dry_run=True)


def test_a_simulation_file_is_kept_under_a_free_name(own_folder, folder):
    source = folder / "with-gas.hdf5"
    assert kept(source, "../Mine & yours.hdf5") == "Mine-yours"
    assert kept(source, "Mine & yours.h5") == "Mine-yours-2"
    assert (own_folder / "Mine-yours-2.hdf5").read_bytes() == source.read_bytes()
    assert place_for("...").stem == "mine"


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def hostile(folder):
    """Files that are to harm who opens them, by what they are."""
    np.save(folder / "objects.npy", np.array([[Trap()]], object), allow_pickle=True)
    (folder / "bare.npy").write_bytes(pickle.dumps(Trap()))
    (folder / "words.hdf5").write_bytes(b"not a file")
    with h5py.File(folder / "outside.hdf5", "w") as file:
        file["maps"] = h5py.ExternalLink("/etc/passwd", "/root")
    with h5py.File(folder / "ring.hdf5", "w") as file:
        file.create_group("maps")["again"] = file["/"]
    with h5py.File(folder / "raw.hdf5", "w") as file:
        file.create_dataset("maps/dm", (9,), "u1", external=[("/etc/passwd", 0, 9)])
    header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 20, 1 << 20)}
    with (folder / "huge.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    return sorted(folder.glob("*.*"))


def test_hostile_files_end_in_a_sentence_and_execute_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "hostile"
    folder.mkdir()
    files = hostile(folder)
    for path in files:
        with pytest.raises(ValueError, match=r"\.$") as refusal:
            described(path, "theirs.hdf5")
        words = str(refusal.value)
        assert words.count("\n") == 0
        assert str(tmp_path) not in words
    assert not (tmp_path / "executed").exists()


def test_a_file_that_holds_the_library_up_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr("engine.bounded.LIMITED", "import time; time.sleep(60)")
    with pytest.raises(ValueError, match=r"took longer than 0\.5 s"):
        run_bounded(["check", "x"], 0.5)
    monkeypatch.setattr("engine.bounded.LIMITED", "import os; os.abort()")
    with pytest.raises(ValueError, match="ended without a result"):
        run_bounded(["check", "x"], 20)


def endless(path):
    """Damage a simulation file so that HDF5 looks for its words without an end.

    Words of attributes lie in a heap, each behind its number and size; what is left free is
    number 0. Of size 0, it is looked at again and again.
    """
    content = bytearray(path.read_bytes())
    at = content.find(b"GCOL") + 16
    while int.from_bytes(content[at : at + 2], "little"):
        size = int.from_bytes(content[at + 8 : at + 16], "little")
        at += 16 + -(-size // 8) * 8
    content[at + 8 : at + 16] = bytes(8)
    path.write_bytes(content)


def test_words_without_an_end_in_a_file_are_given_up(folder, monkeypatch):
    path = folder / "with-gas.hdf5"
    assert "dm, gas" in described(path, "theirs.hdf5")
    endless(path)
    monkeypatch.setattr(own_files, "PATIENCE", 8)
    with pytest.raises(ValueError, match=r"took longer than 8 s"):
        described(path, "theirs.hdf5")


def test_memory_is_bounded():
    whole = "engine.bounded.LIMITED"
    code = bounded.LIMITED.split("del sys")[0] + "bytearray(1 << 30)"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, code)
        with pytest.raises(ValueError, match="took more memory"):
            run_bounded(["check", "x"], 20, memory=1 << 28)


def send(view, name, content, parts=2):
    """Bring a file as the browser does."""
    view.button._handle_msg({"status": "initializing"})
    half = len(content) // parts
    for part in (content[:half], content[half:]):
        view.button._handle_msg({"status": "upload_event", "name": name, "data": part})
    view.button._handle_msg({"status": "finished"})


@pytest.fixture
def view(emulator, folder, monkeypatch):
    found = Store(Slabs(), {"simulation": "with-gas", "axis": "z"})
    monkeypatch.setattr("panel.state.execute", lambda do, **_: asyncio.run(do()))
    monkeypatch.setattr(
        "engine.simulation.asset_folders", lambda kind: [folder, own_files.user_folder() / kind]
    )
    files = OwnFiles(found)
    yield files
    files.arrived.release()


def test_a_file_brought_to_the_page_is_asked_about_previewed_and_opened(view, maps):
    send(view, "Maps_Mcdm.npy", maps.read_bytes())
    assert "5 × 16 × 16 numbers" in view.words.object
    assert view.fields["Maps_Mcdm.npy"].value == "dm"
    asyncio.run(view._import(None, dry_run=True))
    assert "is not given, expected a number" in view.store.error
    for name, value in (
        ("box", f"{BOX}"), ("redshift", "2"), ("Omega_m", "0.3"), ("Omega_b", ".05"), ("h", "0,7"),
        ("unit", ANSWERS.unit),
    ):  # fmt: skip
        view.each[name].value = value
    asyncio.run(view._import(None, dry_run=True))
    assert view.store.error == "h is '0,7', expected a number."
    view.each["h"].value = "0.7"
    asyncio.run(view._import(None, dry_run=True))
    assert view.store.error == ""
    assert "Omega 0.25" in view.words.object
    assert view.store.selection.simulation == "with-gas"


def test_a_simulation_file_brought_to_the_page_is_opened(view, folder, monkeypatch):
    opened = []
    monkeypatch.setattr(view, "open", opened.append)  # a server would do it in a later turn
    send(view, "Another one.hdf5", (folder / "with-gas.hdf5").read_bytes())
    assert view.store.error == ""
    view.store.select_simulation(*opened)
    assert view.store.selection.simulation == "Another-one"


def test_what_is_wrong_with_a_file_is_told_and_nothing_opened(view):
    before = view.store.selection.simulation
    for name, content, words in (
        ("bad.hdf5", b"nonsense", "bad.hdf5 is not a readable HDF5 file"),
        ("bad.exe", b"nonsense", "bad.exe is neither of .hdf5"),
    ):
        send(view, name, content)
        assert words in view.store.error
        assert view.store.selection.simulation == before
    view.button._handle_msg({"status": "error", "error": "File too large"})
    assert view.store.error == "File too large."
