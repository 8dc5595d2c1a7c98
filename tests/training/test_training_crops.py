"""The page that asks which crop is true: its places, that it tells nothing, and its key."""

import base64
import io
import json
import re
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from engine.assets import shipped_folder
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.simulation import open_simulation
from engine.systems.card import DARK_MATTER, read_card
from training.__main__ import app
from training.report import crops
from training.report.reported import Reported

CARD = read_card(shipped_folder() / "weights" / "ember-wgan-gas-hr.json")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(crops, "SIDE", 16)


def slab_of(values):
    """A periodic slab of dark matter."""
    return Slab(
        values.astype(np.float32),
        "dm",
        cell_size=29.3,
        depth=1.5,
        box_size=64 * 0.0293,
        redshift=2.0,
        cosmology=Cosmology(0.3089, 0.0486, 0.6774),
        simulation="a box",
    )


def test_void_filament_and_halo_are_found_across_the_edge():
    values = np.full((64, 64), 1.0)
    values[20:36, 30:46] = 0.01  # a void
    values[50, :] = values[52, :] = values[54, :] = 5.0
    values[2, 62:] = values[2, :2] = 500.0
    slab = slab_of(values)
    mean = crops.mean_dark_matter(slab)
    found = crops.corners(slab.with_values(slab.values * np.float32(mean)))
    assert found["void"] == (20, 30)
    inside = crops.crop(values, found["halo"])
    assert inside.shape == (16, 16)
    assert (inside == 500).sum() == 4
    assert (crops.crop(values, found["filament"]) == 5).sum() == 3 * 16


def test_the_densest_place_is_no_filament_too_and_other_weights_have_another_order(data):
    values = np.full((64, 64), 1.0)
    values[30:34, :] = 5  # a filament, best seen where the halo lies too
    values[24:40, 10:26] = np.where(values[24:40, 10:26] < 5, 2, 20)
    slab = slab_of(values)
    mean = np.float32(crops.mean_dark_matter(slab))
    found = crops.corners(slab.with_values(slab.values * mean))
    for one, other in combinations(found.values(), 2):
        away = np.abs(np.subtract(one, other))
        assert np.minimum(away, 64 - away).max() >= 16  # no pixel twice
    simulation = open_simulation(data / "held-out.hdf5")
    orders = []
    for sha in ("00" * 32, "01" * 32):
        emulator = Reported(replace(CARD, weights_sha256=sha), 1, partial(_same, simulation))
        orders.append([row.truth for row in crops.rows(emulator, simulation, "z", 0)])
    assert orders[0] != orders[1]


def _same(simulation, eaten, seeds):
    """Paintings, each brighter than the one before."""
    below = eaten[DARK_MATTER]
    true = simulation.slab("gas", below.axis, below.index)
    return [true.with_values(true.values * (2 + seed)) for seed in seeds]


def test_the_truth_lies_where_the_key_says_and_every_place_is_as_likely(data):
    simulation = open_simulation(data / "held-out.hdf5")
    emulator = Reported(CARD, 1, partial(_same, simulation))
    places = []
    for shuffle in range(20):
        for row in crops.rows(emulator, simulation, "z", shuffle):
            faintest = np.argmin([each.sum() for each in row.crops])
            assert row.truth == faintest
            places.append(row.truth)
    assert len(places) == 20 * 3 * 3  # three slabs, three kinds
    assert (np.bincount(places, minlength=4) > len(places) / 8).all()


def test_the_command_writes_a_page_that_tells_nothing_and_its_key(data, tmp_path):
    card = shipped_folder() / "weights" / "ember-wgan-gas-hr.json"
    out = tmp_path / "page" / "crops.html"
    simulation = str(data / "held-out.hdf5")
    command = ["crops", str(card), "--out", str(out), "--simulation", simulation]
    result = CliRunner().invoke(app, [*command, "--device", "cpu"])
    assert result.exit_code == 0, result.output
    page = out.read_text()
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    key = json.loads((tmp_path / "page" / "crops-key.json").read_text())
    assert len(pictures) == 4 * len(key["truth"]) == 4 * 9
    assert set(key["truth"]) <= set("ABCD")
    assert "http" not in page
    assert "truth" not in page.lower()
    shape = imread(io.BytesIO(base64.b64decode(pictures[0]))).shape
    assert shape[:2] == (16, 16)


def test_what_paints_in_one_way_only_is_refused(data, tmp_path, monkeypatch):
    unet = replace(CARD, system="ember-unet", stochastic=False)
    monkeypatch.setattr(crops, "from_card", lambda path, device: Reported(unet, 1, None))
    with pytest.raises(ValueError, match="paints every slab in one way only"):
        crops.make(tmp_path / "ember-unet.json", "hydro11-z2", "z", tmp_path / "crops.html")
    assert not list(tmp_path.iterdir())


def test_slabs_are_left_out_and_not_all(data):
    simulation = open_simulation(data / "held-out.hdf5")
    emulator = Reported(CARD, 1, partial(_same, simulation))
    left = {row.place[:2] for row in crops.rows(emulator, simulation, "z", 0, [1])}
    assert left == {"z0", "z2"}
    with pytest.raises(ValueError, match=r"Without slabs 0, 1, 2 none of .* is left"):
        list(crops.rows(emulator, simulation, "z", 0, [0, 1, 2]))
