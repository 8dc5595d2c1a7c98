"""dm2gal and HOD: stars at every subhalo, however they are computed."""

from dataclasses import replace

import numpy as np
import pytest

from engine import inputs
from engine.catalogue_grids import galaxy_grid, subhalo_grid
from engine.formats.catalogues import write_galaxies, write_subhalos
from engine.formats.grids import create_grid
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.galaxies import Galaxies
from engine.halos import Subhalos
from engine.mesh import Grid
from engine.painting import paint, truth
from engine.places import BoxPlace, Run
from engine.simulation import open_simulation
from engine.systems.dm2gal import Dm2GalEmulator
from engine.systems.hod import HodEmulator, host_mass
from tests.engine.systems import dm2gal, hod
from tests.engine.systems.example import PLANCK

INPUTS = {"dark matter": dm2gal.dark_matter(), "subhalos": dm2gal.subhalos()}


def emulator():
    return Dm2GalEmulator(dm2gal.card(), dm2gal.weights(), "cpu")


def test_stars_are_at_the_subhaloes_and_nowhere_else():
    painted = emulator().predict(INPUTS)
    halos = dm2gal.halos()
    assert painted.galaxies.subhalo.tolist() == list(range(8))  # the last is too light
    assert np.array_equal(painted.galaxies.position, halos.position[:8])
    mass = painted.values.sum(dtype=float) * painted.cell_volume
    assert mass == pytest.approx(painted.galaxies.stars.sum(dtype=float), rel=1e-5)
    far = inputs_without(halos, 3)
    assert (far.predict(INPUTS).values != painted.values).any()


def inputs_without(halos, row):
    """An emulator for which one subhalo is too light."""
    least = float(halos.mvir[row]) * 1.01
    return Dm2GalEmulator(
        dm2gal.card(**{**dm2gal.card().architecture, "least_mass": least}), dm2gal.weights(), "cpu"
    )


def test_three_ways_paint_the_same_stars():
    painter, found = emulator(), {}
    for way in ("hybrid", "patches", "dense"):
        painter.way = way
        found[way] = np.log10(painter.predict(INPUTS).galaxies.stars + 1e7)
    assert found["hybrid"].std() > 0.01
    assert found["patches"] == pytest.approx(found["hybrid"], abs=1e-5)
    assert found["dense"] == pytest.approx(found["hybrid"], abs=1e-5)


def test_tiles_change_nothing(monkeypatch):
    whole = emulator().predict(INPUTS).values
    told = []
    monkeypatch.setattr("engine.systems.dm2gal.TILE", 5)
    painter = emulator()
    painter.progress = lambda done, of: told.append((done, of))
    assert painter.predict(INPUTS).values == pytest.approx(whole, rel=1e-4)
    assert told[0] == (0, len(told))
    assert len(told) > 3


def test_subhaloes_of_one_cell_share_its_stars():
    stars, halos = emulator().predict(INPUTS).galaxies.stars, dm2gal.halos()
    assert stars[0] / stars[1] == pytest.approx((halos.mvir[0] / halos.mvir[1]) ** 2, rel=1e-4)


def test_a_network_that_was_trained_on_subhaloes_alone_sees_no_dark_matter():
    card = dm2gal.card(**dm2gal.card().architecture, inputs="subhalos")
    painter = Dm2GalEmulator(card, dm2gal.weights(), "cpu")
    dark = INPUTS["dark matter"]
    rough = dark.with_values(dark.values * np.random.default_rng(1).uniform(0.9, 1.1, dark.shape))
    first, second = (painter.predict({**INPUTS, "dark matter": each}) for each in (dark, rough))
    assert np.array_equal(first.values, second.values)


class TestRefusals:
    def test_a_grid_that_has_forgotten_its_subhaloes(self):
        grid = INPUTS["subhalos"]
        bare = Grid(grid.values, "subhalos", **dm2gal.ABOUT)
        for painter in (emulator(), HodEmulator(hod.card(), hod.weights())):
            names = [each.name for each in painter.card.inputs]
            with pytest.raises(ValueError, match="has forgotten where its subhaloes are"):
                painter.predict({name: {**INPUTS, "subhalos": bare}[name] for name in names})

    def test_a_list_of_another_universe(self):
        halos = dm2gal.halos()
        moved = replace(halos, position=np.mod(halos.position + 0.3, dm2gal.BOX))
        foreign = replace(INPUTS["subhalos"], subhalos=moved)
        with pytest.raises(ValueError, match="are of another universe than the dark matter"):
            emulator().predict({**INPUTS, "subhalos": foreign})

    def test_boxes_that_do_not_match(self):
        grid = INPUTS["subhalos"]
        with pytest.raises(ValueError, match=r"has \(10, 10, 10\) cells .*expected the same"):
            emulator().predict({**INPUTS, "subhalos": grid.with_values(grid.values[:10, :10, :10])})

    def test_no_subhaloes(self):
        none = Subhalos(*(np.empty(s) for s in ((0, 3), 0, 0, 0, 0)), "dmo", "")
        with pytest.raises(ValueError, match=r"holds no subhalo, .*--subhalos dmo=LIST"):
            emulator().predict({**INPUTS, "subhalos": replace(INPUTS["subhalos"], subhalos=none)})

    def test_a_piece_of_a_box(self):
        pieces = {name: mesh.cut((0, 8, 0, 8, 0, 8)) for name, mesh in INPUTS.items()}
        with pytest.raises(ValueError, match="is a piece of a box, expected the whole"):
            emulator().predict(pieces)

    def test_weights_of_another_network(self):
        weights = dm2gal.weights()
        del weights["last.bias"]
        with pytest.raises(ValueError, match=r"lack last.bias with \(1,\) numbers"):
            Dm2GalEmulator(dm2gal.card(), weights)


class TestHod:
    def painter(self, **weights):
        return HodEmulator(
            hod.card(),
            {**hod.weights(), "mass": weights.get("host", hod.weights()["mass"]), **weights},
        )

    def test_hosts_are_the_outermost(self):
        nested = replace(dm2gal.halos(), host=np.array([-1, 0, 1, -1, -1, -1, -1, -1, 3]))
        mass = nested.mvir
        assert host_mass(nested)[[0, 1, 2, 8]].tolist() == mass[[0, 0, 0, 3]].tolist()

    def test_draws_are_of_the_same_kind(self):
        """Stars that are the host's mass, and more by half a decade if it is central."""
        host = np.repeat(np.arange(9.6, 12.2, 0.1), 6)
        central = np.tile([1.0, 0.0], len(host) // 2)
        said = (host - 3 + 0.5 * central - 8.0) / 0.6
        painter = self.painter(host=host, central=central, stars=said)
        halos = dm2gal.halos()
        stars = painter.predict(dm2gal.subhalos(), seed=2).galaxies.stars
        expected = np.log10(host_mass(halos)[:8]) - 3 + 0.5 * (halos.host[:8] < 0)
        assert np.log10(stars + 1e7) == pytest.approx(expected, abs=0.25)

    def test_a_draw_is_a_seeds_and_many_draws_are_the_training_stars(self):
        painter = self.painter(
            host=np.full(50, 11.0), central=np.ones(50), stars=np.arange(50) / 25
        )
        grid = dm2gal.subhalos()
        again = [painter.predict(grid, seed=5).galaxies.stars for _ in range(2)]
        assert np.array_equal(*again)
        drawn = np.concatenate([e.galaxies.stars for e in painter.ensemble(grid, range(200))])
        logarithm = (np.log10(drawn + 1e7) - 8.0) / 0.6
        assert np.mean(logarithm) == pytest.approx(np.mean(np.arange(50) / 25), abs=0.05)
        assert len(np.unique(drawn)) == 50

    def test_dark_subhaloes_stay_dark(self):
        """Stored in single precision, no stars at all were a tenth of a sun."""
        none, some = hod.card().output.normalization.forward(np.array([0.0, 1e4]))
        stars = np.tile(np.array([none, some], np.float32), 25)
        painter = self.painter(host=np.full(50, 11.0), central=np.ones(50), stars=stars)
        drawn = painter.predict(dm2gal.subhalos(), seed=3).galaxies.stars
        assert 0 < np.count_nonzero(drawn == 0) < len(drawn)
        assert drawn[drawn > 0].min() > 1e5

    def test_an_empty_list_is_refused(self):
        with pytest.raises(ValueError, match="hold no list of subhaloes"):
            self.painter(host=np.empty(0))


@pytest.fixture
def simulation(tmp_path):
    header = SimulationHeader("box", dm2gal.BOX, 2.0, PLANCK, "none", "in a test")
    halos = dm2gal.halos()
    with new_simulation_file(tmp_path / "box.hdf5", header) as file:
        create_grid(file, Run("dm"), 6, 64, "coarse")[:] = 1.0
        create_grid(file, Run("dmo"), dm2gal.CELLS, 64, "fine", 23)[:] = dm2gal.dark_matter().values
        write_subhalos(file, halos)
        write_galaxies(file, Galaxies(halos.position[:3] + 0.01, [3e9, 2e8, 1e8], [0, 2, -1]))
    return open_simulation(tmp_path / "box.hdf5")


def test_a_simulation_feeds_them_and_tells_the_truth(simulation):
    place, painter = BoxPlace(), emulator()
    assert inputs.runs(simulation, painter.card, place) == []  # its subhaloes say of which run
    assert inputs.has_subhalos_for(simulation, painter.card)
    painted = paint(painter, simulation, place)
    assert painted.galaxies.stars == pytest.approx(
        emulator().predict(INPUTS).galaxies.stars, rel=1e-3
    )
    true = truth(painter, simulation, place)
    assert (true.shape, true.field) == (painted.shape, "stars")
    assert true.values.sum(dtype=float) * true.cell_volume == pytest.approx(3.3e9, rel=1e-5)
    assert true.galaxies.of_subhalos(9)[:3] == pytest.approx([3e9, 0, 2e8])
    region = (2, 5, 0, 12, -1, 3)
    part = truth(painter, simulation, BoxPlace(region))
    assert np.array_equal(part.values, true.cut(region).values)
    drawn = paint(HodEmulator(hod.card(), hod.weights()), simulation, place, seed=1)
    assert drawn.shape == painted.shape


def test_a_layer_of_painted_galaxies_still_knows_them(simulation):
    painted = paint(emulator(), simulation, BoxPlace())
    layer = painted.slab("x", 0.2, 0.3)
    assert layer.galaxies is painted.galaxies
    bare = Grid.slab(painted, "x", 0.2, 0.3)
    assert np.array_equal(layer.values, bare.values)
    assert (layer.start, layer.depth, layer.emulator) == (bare.start, bare.depth, bare.emulator)


def test_catalogues_keep_their_mass_and_places_in_cells(simulation):
    grid = subhalo_grid(simulation, 10)
    mass = grid.values.sum(dtype=float) * grid.cell_volume
    assert mass == pytest.approx(dm2gal.halos().mvir.sum(dtype=float), rel=1e-5)
    galaxies = galaxy_grid(simulation, 20)
    z, y, x = np.unravel_index(galaxies.values.argmax(), galaxies.shape)
    centre = (np.array([x, y, z]) + 0.5) * dm2gal.BOX / 20
    apart = centre - simulation.galaxies().position[0]
    assert np.abs(apart - dm2gal.BOX * np.round(apart / dm2gal.BOX)).max() <= dm2gal.BOX / 40 + 1e-6
