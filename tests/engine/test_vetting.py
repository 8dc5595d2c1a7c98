"""Files from anywhere are looked at by a process that can be lost before this one opens them."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine import bounded
from engine.bounded import Vetting
from engine.formats import hdf5
from engine.formats.hdf5 import open_hdf5, vet_with
from engine.formats.structure import look_at


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.hdf5"
    with h5py.File(path, "w") as file:
        file.attrs["words"] = "a code"
        block = file.create_dataset("PartType1/Masses", data=np.ones(20), chunks=(5,))
        block.attrs["unit"] = np.array(["a", "bc"], dtype=object)
        file["again"] = file["PartType1"]
        file["PartType1/above"] = file["/"]
        file["elsewhere"] = h5py.ExternalLink("none.hdf5", "x")
        file["empty"] = h5py.Empty("f8")
    return path


@pytest.fixture
def vetting():
    made = Vetting(seconds=2)
    yield made
    if made._process is not None:
        made._process.kill()
        made._process.wait()
        made._process.stdin.close()
        made._process.stdout.close()


@pytest.fixture(autouse=True)
def nothing_stays():
    yield
    vet_with(None)


def test_every_object_of_a_file_is_looked_at_once(sound):
    assert look_at(sound) == 4, "root, group, block and the empty one"


def test_what_is_no_file_is_left_to_who_opens_it(tmp_path, vetting):
    path = tmp_path / "words.hdf5"
    path.write_text("no HDF5")
    vet_with(vetting.look_at)
    with (
        pytest.raises(ValueError, match=r"words\.hdf5 is not a readable HDF5 file"),
        open_hdf5(path),
    ):
        pass
    with pytest.raises(ValueError, match="does not exist"), open_hdf5(tmp_path / "none.hdf5"):
        pass


def test_one_process_looks_at_many_files_and_at_each_once(sound, vetting, tmp_path):
    vetting.look_at(sound)
    first = vetting._process
    second = tmp_path / "second.hdf5"
    second.write_bytes(sound.read_bytes())
    vetting.look_at(second)
    assert vetting._process is first
    first.kill()
    first.wait()
    vetting.look_at(sound)  # is remembered
    second.write_bytes(sound.read_bytes() + b"more")
    with pytest.raises(ValueError, match=r"second\.hdf5 is damaged"):
        vetting.look_at(second)


ENDLESS = """
import signal, sys
for line in sys.stdin:
    signal.alarm({seconds})
    while "bad" in line:
        pass
    print("seen", flush=True)
"""

FALLS = "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 11)"


def test_an_endless_structure_is_refused_and_the_next_file_is_looked_at(
    sound, vetting, tmp_path, monkeypatch
):
    monkeypatch.setattr(bounded, "LOOKING", ENDLESS)
    bad = tmp_path / "bad.hdf5"
    bad.write_bytes(sound.read_bytes())
    vet_with(vetting.look_at)
    monkeypatch.setattr(hdf5.h5py, "File", lambda *_: pytest.fail("it was opened here"))
    words = r"bad\.hdf5 is damaged: HDF5 found no end in its structure within 2 s, expected"
    with pytest.raises(ValueError, match=words), open_hdf5(bad):
        pass
    vetting.look_at(sound.rename(tmp_path.parent / "good.hdf5"))


def test_a_structure_that_the_library_falls_over_is_refused(sound, vetting, monkeypatch):
    monkeypatch.setattr(bounded, "LOOKING", FALLS)
    with pytest.raises(ValueError, match="HDF5 falls over its structure, expected a readable file"):
        vetting.look_at(sound)


@pytest.mark.slow
def test_bytes_changed_anywhere_end_in_a_sentence_or_a_look(sound, vetting):
    """Also those of HDF5's own structures, over some of which the library itself falls."""
    content, told = sound.read_bytes(), list[str]()
    for seed in range(1000):
        random, changed = np.random.default_rng(seed), bytearray(content)
        for place in random.integers(len(content), size=random.integers(1, 7)):
            changed[place] = random.integers(256)
        path = sound.with_name(f"{seed}.hdf5")
        path.write_bytes(changed)
        try:
            vetting.look_at(path)
        except ValueError as error:
            told.append(str(error))
    assert all("is damaged: HDF5" in words for words in told)
    assert len(told) < 50


def test_the_command_line_vets_what_it_projects_and_checks(sound):
    """The process that reads is not the one that looks first."""
    code = (
        "import runpy, sys, h5py\n"
        "from engine import bounded\n"
        "def refused(self, path): raise ValueError(f'{path.name} was looked at')\n"
        "bounded.Vetting.look_at = refused\n"
        "h5py.File = None\n"
        "runpy.run_module('engine', run_name='__main__', alter_sys=True)\n"
    )
    for words in (["check", sound], ["project", sound, sound.with_name("out.hdf5")]):
        command = [sys.executable, "-c", code, *map(str, words)]
        root = Path(bounded.ROOT)
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "sound.hdf5 was looked at" in done.stderr
