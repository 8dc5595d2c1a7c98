"""JERALD's layers and stages: what they conserve, where they pull, how many numbers they have."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch

import engine
from engine import statistics as st
from engine.initial_conditions import InitialConditions
from engine.nbody.cloud import paint
from engine.networks.jerald import displacement, stages
from engine.networks.jerald.displacement import density, displaced, green, mesh_of, waves_of
from engine.networks.jerald.stages import LAYERS, STAGES, DarkMatter, Hydrogen, Stars, chain
from engine.systems import particle_mesh
from engine.systems.jerald import Jerald, parameters_of, stages_of
from engine.systems.particle_mesh import ParticleMesh
from engine.systems.registry import load_emulator
from engine.systems.weights import write_model
from tests.engine.systems.jerald import card, initial, weights
from tests.engine.systems.particle_mesh import card as mesh_card

SIDE, BOX = 16, 2.0
MESH = mesh_of(BOX, SIDE)


def lattice():
    place = (torch.arange(SIDE) + 0.5) * BOX / SIDE
    return torch.stack(torch.meshgrid(place, place, place, indexing="ij")).reshape(3, -1)


def rough(seed=0):
    random = torch.Generator().manual_seed(seed)
    return lattice() + 0.1 * torch.randn(3, SIDE**3, generator=random)


def apart(one, other):
    return torch.remainder(one - other + BOX / 2, BOX) - BOX / 2


@pytest.mark.parametrize(
    ("field", "number"), [("dm", 10), ("stars", 13), ("hi", 32), ("hi_thin", 32)]
)
def test_numbers_are_as_many_as_in_the_paper(field, number):
    # The paper's 31 of hydrogen and the shift that only its public code has.
    assert sum(each.numel() for each in STAGES[field]().parameters()) == number
    assert len(parameters_of({field: STAGES[field]()})) == number


@pytest.mark.parametrize("field", STAGES)
def test_a_large_mesh_has_the_gradients_of_layers_that_are_all_kept(field, monkeypatch):
    def gradients():
        torch.manual_seed(1)
        stage = STAGES[field]()
        stars = torch.rand(SIDE, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
        more = (stars,) if isinstance(stage, Hydrogen) else ()
        made = stage(rough(), *more, MESH)
        (made**2).mean().backward()
        return [made.detach(), *(each.grad for each in stage.parameters())]

    kept = gradients()
    monkeypatch.setattr(stages, "LARGE", SIDE)
    counted = []
    whole = stages.displaced
    monkeypatch.setattr(stages, "displaced", lambda *args: (counted.append(1), whole(*args))[1])
    again = gradients()
    assert len(counted) == 2 * LAYERS  # there, and once more on the way back
    for one, other in zip(kept, again, strict=True):
        assert torch.equal(one, other)


def test_without_strength_nothing_moves():
    stage = DarkMatter()
    with torch.no_grad():
        stage.move["alpha"].zero_()
    position = rough()
    assert torch.equal(stage.moved(position, MESH), position)


def test_particles_are_drawn_to_a_blob_and_pushed_from_one_of_stars():
    centre = torch.full((3, 1), BOX / 2)
    near = centre + 0.05 * torch.randn(3, 3000, generator=torch.Generator().manual_seed(1))
    position = torch.cat([lattice(), near], dim=1)
    stage = DarkMatter()
    with torch.no_grad():
        stage.move["nu"].fill_(-2)
        moved = stage.moved(position, MESH)
    towards = centre - position
    there = (towards.norm(dim=0) > 0.15) & (towards.norm(dim=0) < 0.5)
    assert (apart(moved, position) * towards)[:, there].sum(0).mean() > 0
    gas = Hydrogen()
    with torch.no_grad():
        gas.attract["alpha"].zero_()
        stars = density(near, MESH)
        push = gas.repel.potential(0, stars / stars.mean() + 1e-12, MESH, squares=True)
        pushed = displaced(position, -push, MESH)
    assert (apart(pushed, position) * towards)[:, there].sum(0).mean() < 0


def test_a_layer_commutes_with_a_move_by_whole_cells_and_with_turns():
    stage, position = DarkMatter(), rough()
    by = torch.tensor([[3.0], [1.0], [0.0]]) * BOX / SIDE
    with torch.no_grad():
        there = stage.moved(position, MESH)
        assert apart(stage.moved(position + by, MESH), there + by).abs().max() < 1e-5
        turned = stage.moved(position[[2, 0, 1]], MESH)
    assert apart(turned, there[[2, 0, 1]]).abs().max() < 1e-5


def test_dark_matter_keeps_its_mean():
    with torch.no_grad():
        assert DarkMatter()(rough(), MESH).mean() == pytest.approx(1, abs=1e-6)


def test_the_slope_of_a_wave_is_right_to_sixth_order():
    x = (torch.arange(SIDE) + 0.5) * BOX / SIDE
    k = 2 * torch.pi * 2 / BOX
    wave = torch.cos(k * x).expand(SIDE, SIDE, SIDE)
    found = torch.fft.irfftn(1j * MESH.slopes[0] * torch.fft.rfftn(wave), (SIDE,) * 3)
    assert found[0, 0].numpy() == pytest.approx((-k * torch.sin(k * x)).numpy(), abs=3e-3 * k)
    assert all(slope.flatten()[SIDE // 2] == 0 for slope in MESH.slopes)


def test_filters_fall_as_the_papers_equations():
    low, high, nu = (torch.tensor(value) for value in (2.0, 9.0, -0.3))
    k = MESH.k
    exponential = torch.exp(-low / k) * torch.exp(-k / high) * k**nu
    gaussian = torch.exp(-((low / k) ** 2)) * torch.exp(-((k / high) ** 2)) * k**nu
    assert torch.allclose(green(MESH, low, high, nu, squares=False), exponential)
    assert torch.allclose(green(MESH, low, high, nu, squares=True), gaussian)


def test_empty_cells_have_finite_slopes():
    power = torch.tensor(0.05, requires_grad=True)
    empty = torch.zeros(SIDE, SIDE, SIDE, requires_grad=True)
    waves_of(empty, power).abs().sum().backward()
    assert torch.isfinite(empty.grad).all()
    assert torch.isfinite(power.grad)


@pytest.mark.parametrize("stage", [DarkMatter, Stars])
def test_gradients_are_those_of_finite_differences(stage):
    one, position = stage().double(), rough().double()
    waves = MESH.k.double(), MESH.shells.double(), MESH.shell
    mesh = displacement.Mesh(BOX, SIDE, *waves, tuple(s.double() for s in MESH.slopes))
    target = torch.rand(SIDE, SIDE, SIDE, dtype=torch.float64)

    def loss():
        return ((one(position, mesh) - target) ** 2).mean()

    loss().backward()
    for parameter in one.parameters():
        step = 1e-6
        with torch.no_grad():
            parameter[0] += step
            above = loss()
            parameter[0] -= 2 * step
            below = loss()
            parameter[0] += step
        slope = ((above - below) / (2 * step)).item()
        assert parameter.grad[0].item() == pytest.approx(slope, rel=1e-3, abs=1e-8)


def test_numbers_are_brought_into_their_bounds():
    stage = Stars()
    with torch.no_grad():
        stage.move["gamma"].fill_(9)
        stage.map["w"].fill_(-1)
    stage.clip()
    assert stage.move["gamma"].tolist() == [2, 2]
    assert stage.map["w"].item() == pytest.approx(1e-5)


# --- the emulator


def test_the_particle_mesh_runs_once_for_a_box(monkeypatch):
    runs, whole = [], particle_mesh.mesh_particles
    monkeypatch.setattr(
        particle_mesh, "mesh_particles", lambda *args: runs.append(1) or whole(*args)
    )
    monkeypatch.setattr(particle_mesh, "_KEPT", OrderedDict())
    emulator = Jerald(card(), weights(), "cpu")
    first = emulator.predict(initial())
    changed = emulator.predict(initial(), parameters={"stars map mu": 1.3})
    again = emulator.predict(initial())
    ParticleMesh(mesh_card(), {}, "cpu").predict(initial())
    assert len(runs) == 1
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, changed.values)


def test_dark_matter_without_strength_is_the_particle_mesh_alone():
    none = {"dm move alpha 1": 0.0, "dm move alpha 2": 0.0}
    painted = Jerald(card("dm"), weights("dm"), "cpu").predict(initial(), parameters=none)
    alone = ParticleMesh(mesh_card(), {}, "cpu").predict(initial())
    assert painted.values == pytest.approx(alone.values, rel=1e-5)
    assert alone.values.mean() == pytest.approx(0.5, rel=1e-5)


def test_what_is_kept_of_earlier_layers_is_that_of_their_numbers():
    emulator = Jerald(card(), weights(), "cpu")
    changes = ({"stars map mu": 1.3}, {"stars move nu 1": 0.4}, {"dm move alpha 2": 0.3}, {})
    for numbers in changes:
        fresh = Jerald(card(), weights(), "cpu").predict(initial(), parameters=numbers)
        kept = emulator.predict(initial(), parameters=numbers)
        np.testing.assert_array_equal(kept.values, fresh.values)


def test_only_a_few_boxes_are_kept(monkeypatch):
    kept = OrderedDict()
    monkeypatch.setattr(particle_mesh, "_KEPT", kept)
    emulator, values = ParticleMesh(mesh_card(), {}, "cpu"), initial().values
    for growth in (0.5, 0.7, 0.9):
        emulator.predict(initial().with_values(growth * values))
    assert len(kept) == particle_mesh.KEPT


@pytest.mark.parametrize("field", ["dm", "stars", "hi"])
def test_moves_are_from_the_particle_mesh_to_what_is_painted(field):
    emulator = Jerald(card(field), weights(field), "cpu")
    position, move = emulator.moves(initial())
    side = initial().box_size
    assert 0 < np.abs(move).max() < side
    ended = paint(torch.from_numpy(position + move), side, 8)[0].numpy()
    if field == "dm":
        painted = emulator.predict(initial()).values
        assert ended / ended.mean() == pytest.approx(painted / painted.mean(), rel=1e-4)
    none = dict.fromkeys(("dm move alpha 1", "dm move alpha 2"), 0.0)
    _, others = emulator.moves(initial(), none)
    assert np.abs(others - move).max() > 0


def test_a_simulation_of_another_time_is_warned_of():
    about = {"starting_redshift": 49.0, "snapshot": 0.0, "lattice": (0.5, 0.5, 0.5)}
    names = ("cell_size", "box_size", "redshift", "cosmology", "simulation")
    common = {name: getattr(initial(), name) for name in names}
    start = InitialConditions(initial().values, "delta", **common, **about)
    (warning,) = Jerald(card(), weights(), "cpu").predict(start).warnings
    assert warning == ("The painting is at redshift 2, which jerald was made for, and box at 0.")
    same = replace(start, snapshot=2.0)
    assert Jerald(card(), weights(), "cpu").predict(same).warnings == ()


def test_its_redshift_is_the_cards():
    assert Jerald(card(), weights(), "cpu").predict(initial()).redshift == 2.0


@pytest.mark.parametrize("field", ["dm", "stars", "hi", "hi_thin"])
def test_a_field_takes_the_stages_before_its_own(field):
    assert chain(field)[-1] == field
    assert set(stages_of(field, weights(field))) == set(chain(field))


def test_weights_of_another_field_are_refused():
    with pytest.raises(ValueError, match=r"lack hi\.attract"):
        stages_of("hi", weights("stars"))


def test_what_is_not_finite_is_told_and_not_shown():
    painted = torch.ones(8, 8, 8)
    painted[3, 2, 1] = torch.inf
    with pytest.raises(ValueError, match=r"not finite with these parameters; set them back"):
        particle_mesh.painted_box(card(), initial(), painted)


def test_cells_of_another_size_and_numbers_out_of_bounds_are_refused():
    emulator = Jerald(card(), weights(), "cpu")
    coarse = replace(initial(), cell_size=200.0, box_size=1.6)
    with pytest.raises(ValueError, match=r"has cells of 200 kpc/h, 71 % more than the 117"):
        emulator.predict(coarse)
    with pytest.raises(ValueError, match=r"Parameter stars map mu .* is 99\.0, expected"):
        emulator.predict(initial(), parameters={"stars map mu": 99.0})


def test_a_piece_of_a_box_is_refused():
    emulator = Jerald(card(), weights(), "cpu")
    with pytest.raises(ValueError, match="expected a whole periodic box"):
        emulator.predict(initial().cut((0, 4, 0, 8, 0, 8)))


def test_a_parameter_out_of_its_bounds_is_refused():
    emulator = Jerald(card(), weights(), "cpu")
    with pytest.raises(ValueError, match=r"Parameter stars map mu .* expected 0\.1 to 8"):
        emulator.predict(initial(), parameters={"stars map mu": 90.0})


def test_it_is_loaded_whatever_the_level_and_by_the_epoch(tmp_path, monkeypatch):
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    write_model(tmp_path / "weights", card(), weights(), half=False)
    today = replace(card(), epoch="z0", architecture={**card().architecture, "redshift": 0.0})
    path, _ = write_model(tmp_path / "weights", today, weights(), half=False)
    assert path.name == "jerald-stars-z0.json"
    assert load_emulator("jerald", field="stars").card.epoch == ""
    assert load_emulator("jerald", field="stars", level="z0").card.epoch == "z0"


# --- what ships


@pytest.fixture(scope="module")
def universe():
    return engine.open_simulation("validation-z2")


def test_shipped_dark_matter_is_nearer_than_the_particle_mesh_alone(universe):
    true = universe.grid("dm")
    painted, alone = (
        engine.paint(engine.load_emulator(name, field="dm"), universe, engine.BoxPlace())
        for name in ("jerald", "particle-mesh")
    )
    transfer, alone_transfer = (st.transfer_function(true, each).y for each in (painted, alone))
    k = st.transfer_function(true, painted).x
    for low, high in ((0.8, 2), (2, 4), (4, 6), (6, 9), (9, 12), (12, 15)):
        seen = (k > low) & (k < high)
        assert abs(transfer[seen].mean() - 1) < abs(alone_transfer[seen].mean() - 1), (low, high)
    r, r_alone = (st.cross_correlation(true, each).y for each in (painted, alone))
    assert np.interp(10, k, r) > np.interp(10, k, r_alone) > 0.99


def test_shipped_stars_have_the_mass_of_another_universe(universe):
    emulator = engine.load_emulator("jerald", field="stars")
    true, painted = universe.grid("stars"), engine.paint(emulator, universe, engine.BoxPlace())
    assert painted.values.sum() == pytest.approx(true.values.sum(), rel=0.1)
    r = st.cross_correlation(true, painted)
    assert (r.y[r.x < 10] > 0.9).all()


def test_shipped_thin_hydrogen_has_the_power_of_another_universe(universe):
    emulator = engine.load_emulator("jerald", field="hi_thin")
    true, painted = universe.grid("hi_thin"), engine.paint(emulator, universe, engine.BoxPlace())
    assert painted.values.sum() == pytest.approx(true.values.sum(), rel=0.15)
    transfer = st.transfer_function(true, painted)
    ratio = transfer.y**2
    assert (np.abs(ratio[transfer.x < 10] - 1) < 0.3).all()
    assert ratio[transfer.x < 2].mean() == pytest.approx(1, abs=0.1)  # bins hold few modes


@pytest.mark.parametrize(("epoch", "redshift"), [("z0", 0.0), ("z3", 3.0)])
@pytest.mark.parametrize("system", ["jerald", "particle-mesh"])
def test_other_times_ship_under_their_epochs(system, epoch, redshift):
    card = engine.load_emulator(system, field="dm", level=epoch).card
    assert card.architecture["redshift"] == pytest.approx(redshift)
    assert engine.load_emulator(system, field="dm").card.architecture["redshift"] == pytest.approx(
        2
    )
