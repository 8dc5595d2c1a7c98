"""Many paintings in one file: the same as one by one, whoever paints and whatever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from mmap import mmap
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine import batch
from engine.batch import paint_file, paint_here, places_of, tiles_of, work_on
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.painting import paint
from engine.places import BoxPlace, SlabPlace
from engine.simulation import open_simulation
from engine.systems.registry import load_emulator
from engine.systems.weights import write_model
from tests.engine.systems import ember_unet, ember_wgan
from tests.engine.systems.example import PLANCK
from tests.explorer.volumes import write_box, write_emulator

ROOT = Path(__file__).parents[2]
SIDE, SLABS = 32, 2
BOX = SIDE * 29.3 / 1000


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A user's folder with two tiny emulators and a simulation of two slabs."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    write_model(tmp_path / "weights", ember_wgan.card(), ember_wgan.weights(0.5))
    write_model(tmp_path / "weights", ember_unet.card(), ember_unet.weights())
    header = SimulationHeader("tiny", BOX, 2.0, PLANCK, "a test", "none")
    with new_simulation_file(tmp_path / "tiny.hdf5", header) as file:
        layout = SlabLayout(BOX, SIDE, SLABS)
        maps = create_maps(file, layout, ("dm", "HR", "ds", "z"), 64, "drawn")
        random = np.random.default_rng(4)
        for i in range(SLABS):
            maps[i] = 1e5 * random.lognormal(size=(SIDE, SIDE))
    batch._emulator.cache_clear()
    batch._inputs.cache_clear()
    return tmp_path


def asked(data, system="ember-wgan", seeds=(3, 4), **more):
    simulation = open_simulation(data / "tiny.hdf5")
    emulator = load_emulator(system, device="cpu")
    places = places_of(simulation, emulator.card, "z", more.pop("numbers", None))
    return work_on(simulation, emulator, places, seeds, **more)


def expected(data, seeds=(3, 4)):
    simulation, emulator = open_simulation(data / "tiny.hdf5"), load_emulator("ember-wgan")
    slabs = [simulation.slab("dm", "z", i) for i in range(SLABS)]
    return np.stack([[emulator.predict(s, seed=seed).values for seed in seeds] for s in slabs])


def paintings(path):
    with h5py.File(path) as file:
        return file["paintings"][:]


def test_a_file_holds_the_paintings_of_all_places_and_seeds(data):
    out = data / "out.hdf5"
    told = []
    paint_file(asked(data), out, progress=lambda *done: told.append(done))
    np.testing.assert_array_equal(paintings(out), expected(data))
    assert told == [(n, 4) for n in range(1, 5)]
    with h5py.File(out) as file:
        about = file["paintings"].attrs
        assert (about["field"], about["redshift"]) == ("gas", 2.0)
        assert about["cell_size"] == pytest.approx(29.3)
        assert about["unit"] == open_simulation(data / "tiny.hdf5").slab("dm").unit
        assert list(file["seeds"]) == [3, 4]
        assert json.loads(file["places"][1]) == {"kind": "slab", "axis": "z", "index": 1}
    assert not list(data.glob("*.tiles"))


@pytest.mark.parametrize("side", [7, 20])
def test_tiles_give_the_same_paintings(data, side):
    out = data / "out.hdf5"
    work = asked(data, side=side)
    assert len(tiles_of(work)) == 4 * (-(-SIDE // side)) ** 2
    paint_file(work, out)
    scaled = load_emulator("ember-wgan").card.output.normalization.forward
    np.testing.assert_allclose(scaled(paintings(out)), scaled(expected(data)), atol=1e-5)


def test_a_box_is_painted_in_tiles_as_at_once(data):
    """Of which more than memory holds would be a larger one; tiles begin at any cell."""
    path = write_box(data, "box", low=6)
    write_emulator(data / "weights", low=6)
    simulation, emulator = open_simulation(path), load_emulator("super-resolution", "dmo", "MR")
    work = work_on(simulation, emulator, places_of(simulation, emulator.card, "z"), [0], side=7)
    assert work.shape == (12, 12, 12)
    told = []
    paint_file(work, data / "out.hdf5", progress=lambda *done: told.append(done))
    assert told == [(n, 8) for n in range(1, 9)]
    whole = paint(emulator, simulation, BoxPlace()).values
    np.testing.assert_allclose(paintings(data / "out.hdf5")[0, 0], whole, rtol=1e-5)
    with h5py.File(data / "out.hdf5") as file:
        assert file["paintings"].attrs["cell_size"] == pytest.approx(250_000 / 12)
        assert file["paintings"].attrs["unit"] == simulation.grid("dmo").unit


@pytest.mark.parametrize("side", [0, 20])
def test_a_map_larger_than_memory_is_read_from_a_file_and_painted_to_the_same_bits(
    data, monkeypatch, side
):
    work = asked(data, side=side)
    paint_file(work, data / "in-memory.hdf5")
    batch._inputs.cache_clear()
    monkeypatch.setattr("engine.formats.maps.IN_MEMORY", 4 * SIDE**2 - 1)
    monkeypatch.setattr("engine.formats.hdf5.BAND", 7)
    slab = open_simulation(data / "tiny.hdf5").slab("dm", "z", 0)
    base = slab.values
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap)
    paint_file(work, data / "from-file.hdf5")
    np.testing.assert_array_equal(
        paintings(data / "from-file.hdf5"), paintings(data / "in-memory.hdf5")
    )


def test_no_room_for_a_large_map_is_said_in_a_sentence(data, monkeypatch):
    def full(file, offset, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.formats.maps.IN_MEMORY", 0)
    monkeypatch.setattr("engine.files.os.posix_fallocate", full)
    with pytest.raises(ValueError, match=r"tiny\.hdf5: .* wants .* GB in .*: make room there"):
        open_simulation(data / "tiny.hdf5").slab("dm", "z", 0)


def test_work_that_was_stopped_goes_on_without_what_is_done(data):
    out, work = data / "out.hdf5", asked(data, side=16)
    painted = []

    def stopped(work, tiles):
        for done, (tile, values) in enumerate(paint_here(work, tiles)):
            if done == 5:
                raise KeyboardInterrupt
            yield tile, values

    def rest(work, tiles):
        painted.extend(tiles)
        return paint_here(work, tiles)

    with pytest.raises(KeyboardInterrupt):
        paint_file(work, out, stopped)
    assert not out.exists()
    paint_file(replace(work, memory=work.memory // 2), out, rest)
    assert painted == tiles_of(work)[5:]
    paint_file(work, data / "at once.hdf5")
    np.testing.assert_array_equal(paintings(out), paintings(data / "at once.hdf5"))
    paint_file(work, out, lambda *_: pytest.fail("it is there already"))


def test_another_command_is_refused(data):
    out = data / "out.hdf5"
    work = asked(data)
    with pytest.raises(ZeroDivisionError):
        paint_file(work, out, lambda *_: 1 / 0)
    with pytest.raises(
        ValueError, match=r"out.hdf5.tiles is of another command \(its seeds differ"
    ):
        paint_file(asked(data, seeds=(3,)), out)
    paint_file(work, out)
    with pytest.raises(
        ValueError, match=r"out.hdf5 is of another command \(its places and shape|its places differ"
    ):
        paint_file(asked(data, numbers=[0]), out)
    with pytest.raises(ValueError, match=r"tiny.hdf5 is there and no file of paintings"):
        paint_file(work, data / "tiny.hdf5")
    with h5py.File(out, "a") as file:
        file.attrs["format"] = ["one", "another"]
    with pytest.raises(ValueError, match=r"out.hdf5 is there and no file of paintings"):
        paint_file(work, out)


def test_other_weights_are_refused(data):
    work = replace(asked(data), weights="0" * 64)
    with pytest.raises(ValueError, match="has other weights here"):
        paint_file(work, data / "out.hdf5")


def test_seeds_of_a_deterministic_emulator_are_refused(data):
    with pytest.raises(ValueError, match="paints the same for every seed, and 2 seeds"):
        asked(data, "ember-unet")
    work = asked(data, "ember-unet", seeds=(0,), numbers=[1])
    assert [work.place(i) for i in range(len(work.places))] == [SlabPlace("z", 1)]


def command(data, out, *more):
    return [
        *(sys.executable, "-m", "engine", "paint", str(data / "tiny.hdf5")),
        *("--emulator", "ember-wgan", "--seeds", "0-59", "--out", str(out), *more),
    ]


def test_a_command_that_is_killed_goes_on(data):
    out, folder = data / "out.hdf5", data / "out.hdf5.tiles"
    process = subprocess.Popen(command(data, out), cwd=ROOT, env=os.environ)
    while len(list(folder.glob("*.npy"))) < 3:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = [
        tile for tile in tiles_of(asked(data, seeds=range(60))) if (folder / tile.name).exists()
    ]
    assert 3 <= len(finished) < 120
    mark = finished[1]  # painted again, it would lose this
    np.save(folder / mark.name, np.full((SIDE, SIDE), 7, np.float32))
    subprocess.run(command(data, out), cwd=ROOT, env=os.environ, check=True)
    found, right = paintings(out), expected(data, range(60))
    np.testing.assert_array_equal(found[mark.place, mark.seed], 7)
    found[mark.place, mark.seed] = right[mark.place, mark.seed]
    np.testing.assert_array_equal(found, right)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_paints_the_same_and_a_dead_worker_costs_its_tile(data):
    distributed = pytest.importorskip("distributed")
    from engine.cluster import painter

    out, work = data / "out.hdf5", asked(data, seeds=range(20))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        by_cluster = painter(cluster.scheduler_address)

        def with_a_death(work, tiles):
            for done, painted in enumerate(by_cluster(work, tiles)):
                if done == 3:
                    os.kill(cluster.workers[0].process.pid, signal.SIGKILL)
                yield painted

        paint_file(work, out, with_a_death)
    np.testing.assert_allclose(paintings(out), expected(data, range(20)), rtol=1e-4)


def test_no_scheduler_is_told_in_a_sentence(monkeypatch):
    from engine.cluster import painter

    monkeypatch.setattr("engine.cluster.PATIENCE", "1s")
    with pytest.raises(ValueError, match=r"No scheduler answers at 'tcp://127.0.0.1:9'"):
        painter("tcp://127.0.0.1:9")
