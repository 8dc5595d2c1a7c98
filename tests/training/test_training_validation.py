"""The score of a painting whose error is known."""

import pytest

from engine.fields import map_axes
from engine.simulation import open_simulation
from training.validation import heaviest_halo, score


@pytest.fixture
def simulation(data):
    return open_simulation(data / "held-out.hdf5")


def truth(simulation, factor, only=None):
    def paint(slab):
        scale = factor if only is None or slab.index == only else 1.0
        true = simulation.slab("gas", slab.axis, slab.index)
        return true.with_values(scale * true.values)

    return paint


def test_the_truth_scores_one(simulation):
    found = score(truth(simulation, 1.0), simulation, "z", "gas")
    for part in ("all", "without_heaviest_halo"):
        assert found[part]["mass"] == 1
        assert found[part]["power"] == [1.0] * len(found[part]["k"])
    assert found["pixel_size"] == pytest.approx(29.3)


def test_mass_is_compared_and_power_is_of_the_contrast(simulation):
    found = score(truth(simulation, 1.1), simulation, "z", "gas")["all"]
    assert found["mass"] == pytest.approx(1.1)
    assert found["power"] == pytest.approx([1.0] * len(found["k"]))


def test_the_slab_of_the_heaviest_halo_is_left_out(simulation):
    # It lies at 0.9 of the box, in the last of three slabs.
    assert heaviest_halo(simulation, "z") == ([("z", 2)], pytest.approx(1e13))
    found = score(truth(simulation, 2.0, only=2), simulation, "z", "gas")
    assert found["all"]["mass"] > 1.1
    assert found["without_heaviest_halo"]["mass"] == 1


def test_slabs_start_at_the_files_offset(simulation, monkeypatch):
    monkeypatch.setattr(type(simulation), "offset", 0.2 * simulation.depth)
    halos = simulation.halos("hydro")
    _, _, line = map_axes("z")
    depth = (halos.position[1, line] - 0.2 * simulation.depth) / simulation.depth
    assert heaviest_halo(simulation, "z")[0] == [("z", int(depth))]
    monkeypatch.setattr(type(simulation), "offset", 2.8 * simulation.depth)
    assert heaviest_halo(simulation, "z")[0] == [("z", 2)]
