"""What emulators eat at a place, its truth, the runs that can feed them, and painting there."""

from dataclasses import replace

import numpy as np
import pytest

import engine
from engine import inputs
from engine.places import BoxPlace, Run, SlabPlace
from engine.simulation import Simulation
from engine.systems.card import DARK_MATTER, same_resolution


@pytest.fixture(scope="module")
def simulation():
    return engine.open_simulation("hydro11-z2")


@pytest.fixture(scope="module")
def emulator():
    return engine.load_emulator("local-map", field="hi", level="LR")


def test_the_dark_matter_of_a_place_and_its_truth(simulation, emulator):
    place = SlabPlace("z", 3)
    eaten = inputs.inputs(simulation, emulator.card, place, Run("dmo", "MR", "native"))
    assert list(eaten) == [DARK_MATTER]
    expected = simulation.slab("dmo", "z", 3, "MR", "native").values
    np.testing.assert_array_equal(eaten[DARK_MATTER].values, expected)
    truth = inputs.truth(simulation, emulator.card, place)
    np.testing.assert_array_equal(truth.values, simulation.slab("hi", "z", 3).values)


def test_without_a_choice_it_is_the_run_the_emulator_was_trained_on(simulation, emulator):
    eaten = inputs.inputs(simulation, emulator.card, SlabPlace("z", 0))
    assert eaten[DARK_MATTER].run == Run("dm", "LR", "ds")


def test_runs_are_those_with_dark_matter_there_of_the_own_level_first(simulation, emulator):
    place = SlabPlace("z", 0)
    found = inputs.runs(simulation, emulator.card, place)
    assert found[0] == Run("dm", "LR", "ds")
    assert {run.level for run in found[:3]} == {"LR"}
    for run in found:
        assert inputs.mesh_at(simulation, place, run).run == run
    assert inputs.runs(simulation, emulator.card, SlabPlace("x", 0)) == []


def test_a_simulation_without_truth_is_painted_all_the_same(simulation, emulator, monkeypatch):
    place = SlabPlace("z", 1)
    has = Simulation.has
    monkeypatch.setattr(Simulation, "has", lambda s, *key: key[0] != "hi" and has(s, *key))
    assert engine.truth(emulator, simulation, place) is None
    assert engine.paint(emulator, simulation, place).field == "hi"


def test_painting_at_a_place_is_predicting_from_its_inputs(simulation, emulator):
    place, run = SlabPlace("z", 2), Run("dm", "LR", "ds")
    painted = engine.paint(emulator, simulation, place, run, seed=4)
    expected = emulator.predict(simulation.slab("dm", "z", 2, "LR"))
    np.testing.assert_array_equal(painted.values, expected.values)
    assert painted.place == engine.truth(emulator, simulation, place).place == place


def test_a_place_of_another_kind_is_refused(simulation, emulator):
    with pytest.raises(ValueError, match=r"Local map paints a slab, and BoxPlace.* of a grid"):
        engine.paint(emulator, simulation, BoxPlace())
    with pytest.raises(ValueError, match=r"ObjectPlace.* is a place of a cutout"):
        engine.truth(emulator, simulation, engine.ObjectPlace(2, "x"))


def test_a_level_is_a_separation_and_not_a_name(simulation, emulator):
    """The twin of eight times fewer particles, were it called HR, as in a coarser simulation."""
    coarse = replace(simulation.slab("dmo", "z", 1, "MR", "native"), level="HR")
    trained = {level: engine.load_emulator("local-map", "hi", level) for level in ("HR", "MR")}
    (warning,) = trained["HR"].predict(coarse).warnings
    assert "separation of particles of the dark matter is 234.4 kpc/h, 100 % more than" in warning
    assert trained["MR"].predict(coarse).warnings == ()
    eaten = trained["MR"].card.inputs[0]
    assert same_resolution(eaten, "HR", coarse.separation)
    assert not same_resolution(eaten, "MR", 117.2)
    assert same_resolution(eaten, "MR", 0.0)
    assert not same_resolution(eaten, "HR", 0.0)
    assert inputs.separation(simulation, Run("dmo", "MR", "native")) == coarse.separation
    assert inputs.separation(simulation, Run("stars", "MR", "native")) == 0
