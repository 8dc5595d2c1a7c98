"""What paints boxes paints slabs too: sums of its cells along the line of sight."""

import numpy as np
import pytest

import engine
from engine import inputs
from engine import statistics as st
from engine.cosmology import PLANCK
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.places import BoxPlace, ObjectPlace, Run, SlabPlace
from engine.simulation import Simulation
from engine.systems.jerald import Jerald
from tests.engine.systems import jerald

CELLS, SLABS, OFFSET = 16, 4, 0.3
SIDE = CELLS * jerald.CELL / 1000


def written(path, cells=CELLS, start=True):
    """A box with maps of dark matter from an offset on, stars in cells, perhaps a start."""
    header = SimulationHeader("box", SIDE, 2.0, PLANCK, "none", "made up for a test")
    draw = np.random.default_rng(5)
    with new_simulation_file(path, header) as file:
        layout = SlabLayout(SIDE, 2 * CELLS, SLABS, OFFSET)
        maps = create_maps(file, layout, ("dm", "HR", "ds", "y"), CELLS**3, "drawn")
        maps[:] = 1e4 * draw.lognormal(size=maps.shape)
        grid = create_grid(file, Run("stars"), cells, CELLS**3, "drawn")
        grid[:] = draw.lognormal(size=grid.shape)
        if start:
            delta = draw.normal(size=(CELLS,) * 3)
            write_initial_conditions(file, delta, 49.0, (0.5, 0.5, 0.5), "drawn")
    return Simulation(path)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    return written(tmp_path_factory.mktemp("boxes") / "box.hdf5")


@pytest.fixture(scope="module")
def stars():
    return Jerald(jerald.card("stars"), jerald.weights("stars"), "cpu")


def test_the_slabs_of_a_painted_box_hold_its_mass_between_them(simulation, stars):
    box = engine.paint(stars, simulation, BoxPlace())
    slabs = [engine.paint(stars, simulation, SlabPlace("y", n)) for n in range(SLABS)]
    assert sum(map(st.total_mass, slabs)) == pytest.approx(st.total_mass(box), rel=1e-5)
    third, depth = slabs[3], SIDE / SLABS
    assert (third.axis, third.index, third.emulator) == ("y", 3, "jerald")
    assert third.start == pytest.approx(OFFSET + 3 * depth)
    # Beyond the box's edge lies its beginning; OFFSET is no whole number of cells.
    expected = box.slab("y", third.start, depth)
    np.testing.assert_array_equal(third.values, expected.values)


def test_a_map_is_its_truth_or_else_the_same_part_of_the_box(simulation, stars):
    place = SlabPlace("y", 1)
    found = engine.truth(stars, simulation, place)
    whole = simulation.grid("stars").slab("y", OFFSET + SIDE / SLABS, SIDE / SLABS)
    np.testing.assert_array_equal(found.values, whole.values)
    assert found.place == place
    dark = Jerald(jerald.card("dm"), jerald.weights("dm"), "cpu")
    expected = simulation.slab("dm", "y", 1)
    np.testing.assert_array_equal(engine.truth(dark, simulation, place).values, expected.values)
    hydrogen = Jerald(jerald.card("hi"), jerald.weights("hi"), "cpu")
    assert engine.truth(hydrogen, simulation, place) is None


def test_the_run_of_the_map_beside_it_changes_nothing(simulation, stars):
    eaten = inputs.inputs(simulation, stars.card, SlabPlace("y", 2), Run("dmo", "LR", "native"))
    np.testing.assert_array_equal(eaten["initial"].values, simulation.initial_conditions().values)


def test_slabs_that_there_are_not_are_refused(simulation, stars):
    with pytest.raises(ValueError, match="slab is 4, expected 0 to 3 along y of box"):
        engine.paint(stars, simulation, SlabPlace("y", 4))
    with pytest.raises(ValueError, match="axis of box is 'z', expected one of y"):
        engine.truth(stars, simulation, SlabPlace("z", 0))
    with pytest.raises(ValueError, match=r"paints a grid, and ObjectPlace.* of a cutout"):
        engine.paint(stars, simulation, ObjectPlace(0))


def test_without_a_start_or_its_cells_there_is_nothing_to_paint(simulation, stars, tmp_path):
    place = SlabPlace("y", 0)
    assert inputs.can_feed(simulation, stars.card, place)
    alone = written(tmp_path / "alone.hdf5", start=False)
    assert not inputs.can_feed(alone, stars.card, place)
    assert not inputs.can_feed(alone, stars.card, BoxPlace())
    other = written(tmp_path / "other.hdf5", cells=CELLS // 2)
    assert not inputs.can_feed(other, stars.card, place)
    with pytest.raises(ValueError, match="alone has no initial conditions, expected some"):
        engine.paint(stars, alone, place)
