"""The score of a painting whose error is known."""

import pytest

from engine.assets import shipped_folder
from engine.places import SlabPlace
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.contract import Emulator
from training.validation import heaviest_halo, score


class Faulty(Emulator):
    """Paints the truth, some slabs of it too heavy.

    Parameters
    ----------
    simulation : Simulation
        Whose truth it knows.
    factor : float
        By how much they are.
    only : int, optional
        Which slab of an axis; all if left out.
    """

    def __init__(self, simulation, factor, only=None):
        self.card = read_card(shipped_folder() / "weights" / "ember-unet-gas-hr.json")
        self.simulation, self.factor, self.only = simulation, factor, only

    def predict_many(self, inputs, realisations, region=None, parameters=None):
        (dark_matter,) = self.named(inputs).values()
        assert (dark_matter.field, dark_matter.level) == ("dm", "HR")
        true = self.simulation.slab("gas", dark_matter.axis, dark_matter.index)
        scale = self.factor if self.only in (None, true.index) else 1.0
        return [true.with_values(scale * true.values)] * len(realisations)


@pytest.fixture
def simulation(data):
    return open_simulation(data / "held-out.hdf5")


def test_the_truth_scores_one(simulation):
    found = score(Faulty(simulation, 1.0), simulation, "z")
    for part in ("all", "without_heaviest_halo"):
        assert found[part]["mass"] == 1
        assert found[part]["power"] == [1.0] * len(found[part]["k"])
    assert found["pixel_size"] == pytest.approx(29.3)


def test_mass_is_compared_and_power_is_of_the_contrast(simulation):
    found = score(Faulty(simulation, 1.1), simulation, "z")["all"]
    assert found["mass"] == pytest.approx(1.1)
    assert found["power"] == pytest.approx([1.0] * len(found["k"]))


def test_the_slab_of_the_heaviest_halo_is_left_out(simulation):
    # It lies at 0.9 of the box, in the last of three slabs.
    assert heaviest_halo(simulation, "z") == ([SlabPlace("z", 2)], pytest.approx(1e13))
    found = score(Faulty(simulation, 2.0, only=2), simulation, "z")
    assert found["all"]["mass"] > 1.1
    assert found["without_heaviest_halo"]["mass"] == 1


@pytest.mark.parametrize(("offset", "number"), [(0.2, 2), (0.75, 1), (2.75, 2)])
def test_slabs_start_at_the_files_offset(simulation, monkeypatch, offset, number):
    # The halo lies 2.7 slabs above the bottom of the box.
    monkeypatch.setattr(simulation, "offset", offset * simulation.depth)
    assert heaviest_halo(simulation, "z")[0] == [SlabPlace("z", number)]


def test_a_simulation_without_the_truth_is_refused(simulation):
    emulator = Faulty(simulation, 1.0)
    emulator.card = read_card(shipped_folder() / "weights" / "ember-unet-hi-hr.json")
    with pytest.raises(ValueError, match="held-out has no maps of 'hi', expected the truth"):
        score(emulator, simulation, "z")
