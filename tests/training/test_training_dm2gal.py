"""dm2gal's training: what is drawn, what is held out, and a run as a whole; HOD's list."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from typer.testing import CliRunner

from engine import inputs
from engine.catalogue_grids import density
from engine.cosmology import PLANCK
from engine.formats.catalogues import write_galaxies, write_subhalos
from engine.formats.grids import create_grid
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.galaxies import ADDED, Galaxies, logarithm, median_relation
from engine.halos import Subhalos
from engine.painting import paint
from engine.places import BoxPlace, Run
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.dm2gal import Dm2GalEmulator
from engine.systems.weights import read_weights
from training import checkpoint, export, loop
from training.__main__ import app
from training.config import WHOLE, Split
from training.data.galaxies import LARGEST_WEIGHT, TrainingGalaxies, balanced, read_box
from training.data.mean_stars import raised
from training.systems.dm2gal import measure_statistics, refuse_held_out
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
CELLS, CELL = 12, 73.53
BOX = CELLS * CELL / 1000
TINY = preset("smoke", "dm2gal", checkpoint_minutes=1e-9)
LEFT = Split("hydro11-z2", volume=((0.0, 0.5), (0.0, 1.0), (0.0, 1.0)))


def write_box(path, seed, cells=CELLS):
    """Thirty haloes with the square of their mass as stars, and dark matter about them."""
    random = np.random.default_rng(seed)
    position, mass = random.uniform(0, BOX, (30, 3)), 10 ** random.uniform(9.6, 12, 30)
    none = np.full(30, 90.0)
    halos = Subhalos(position, mass, none, none, np.full(30, -1), "dmo", "a test")
    galaxies = Galaxies(position, 1e9 * (mass / 1e11) ** 2, np.arange(30))
    header = SimulationHeader(path.stem, BOX, 2.0, PLANCK, "none", "a test")
    with new_simulation_file(path, header) as file:
        grid = create_grid(file, Run("dmo"), cells, 1000, "a test")
        grid[:] = 10 + density(position, mass, cells, BOX)
        write_subhalos(file, halos)
        write_galaxies(file, galaxies)
    return path


def write_boxes(folder, cells=CELLS):
    for seed, name in enumerate(("training-05-z2", "hydro11-z2", "validation-z2")):
        write_box(folder / f"{name}.hdf5", seed, cells)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_boxes(tmp_path_factory.mktemp("boxes"))


@pytest.fixture(scope="module")
def fine(tmp_path_factory):
    """The same boxes in the paper's cells, of half the side."""
    return write_boxes(tmp_path_factory.mktemp("fine"), 2 * CELLS)


# --- what is drawn


def test_rare_masses_are_drawn_as_often_as_common_ones_within_limits():
    stars = np.concatenate([np.full(500, 7.0), np.full(50, 8.0), np.full(5, 9.0), [10.0]])
    share = balanced(stars)
    assert share.sum() == pytest.approx(1)
    assert share[:500].sum() == pytest.approx(share[500:550].sum())
    assert share.max() / share.min() == pytest.approx(LARGEST_WEIGHT)


def examples_of(folder, **changes):
    box = read_box(folder / "training-05-z2.hdf5", Split("training-*"), "galaxies", CELL)
    wish = {"target": "galaxies", "margin": 2, "batch_size": 6, "seed": 1, "dark_matter": True}
    return TrainingGalaxies([box], validation=box, **{**wish, **changes})


def test_cubes_stand_about_their_subhaloes_and_across_edges(folder):
    examples = examples_of(folder, batch_size=64)
    box = examples.boxes[0]
    cubes, stars = examples.batch(3)
    assert cubes.shape == (64, 2, 5, 5, 5)
    again, _ = examples.batch(3)
    assert np.array_equal(cubes, again)
    assert not np.array_equal(cubes, examples.batch(4)[0])
    z, y, x = box.cells.T
    halos = examples.inputs[1].forward(box.subhalos.values)[z, y, x].astype(np.float32)
    said = examples.output.forward(box.stars / box.dark_matter.cell_volume).astype(np.float32)
    known = dict(zip(said.tolist(), halos.tolist(), strict=True))
    for cube, one in zip(cubes, stars.tolist(), strict=True):
        assert float(cube[1, 2, 2, 2]) == pytest.approx(known[one])


def test_what_is_learnt_has_the_spread_one_as_it_is_drawn(folder):
    examples = examples_of(folder)
    assert examples.share @ examples._scaled == pytest.approx(0, abs=1e-5)
    assert examples.share @ examples._scaled**2 == pytest.approx(1, abs=1e-4)


def test_residuals_are_what_the_median_relation_leaves(folder):
    """Stars are a power of the mass here: of a box without scatter hardly anything is left."""
    direct, left = examples_of(folder), examples_of(folder, target="residuals")
    assert left.residual_spread < 0.2 * direct.output.deviation
    apart = left._scaled * left.residual_spread
    said = np.interp(np.log10(direct.boxes[0].subhalos.subhalos.mvir), *left.relation)
    assert np.abs(apart).max() < 0.5
    assert said.min() >= 7.0
    assert direct.relation is None


def test_subhaloes_of_a_mass_are_drawn_alike_however_many_stars_they_have(folder):
    """What is learnt is a mean at given mass: those with more stars must not come oftener."""
    examples = examples_of(folder, target="residuals")
    box = examples.boxes[0]
    mass = np.zeros(box.subhalos.shape)
    halos = box.subhalos.subhalos
    place = np.floor(halos.position / BOX * CELLS).astype(int)
    np.add.at(mass, tuple(place[:, ::-1].T), halos.mvir)
    order = np.argsort(mass[tuple(box.cells.T)])
    starry = replace(box, stars=box.stars * np.random.default_rng(2).uniform(1, 3, len(box.stars)))
    again = TrainingGalaxies([starry], "residuals", 2, 6, 1, True, box)
    assert again.share == pytest.approx(examples.share)
    assert examples.share[order[-1]] >= examples.share[order[0]]


def test_a_relation_is_raised_until_subhaloes_of_like_mass_have_their_stars():
    """The median of a normal scatter of the logarithm by 0.4 dex is 0.65 of the mean."""
    random = np.random.default_rng(3)
    mass = 10 ** random.uniform(10, 12, 4000)
    median = 1e9 * (mass / 1e11) ** 2
    stars = median * 10 ** random.normal(0, 0.4, 4000)
    relation = median_relation(mass, stars)
    node, said = raised(relation, mass, stars, np.zeros(4000))
    assert np.array_equal(node, relation[0])
    painted = 10 ** np.interp(np.log10(mass), node, said) - ADDED
    heavy = mass > 1e11
    for some in (heavy, ~heavy):
        assert painted[some].sum() / stars[some].sum() == pytest.approx(1, abs=0.05)
    by_median = 10 ** np.interp(np.log10(mass), *relation) - ADDED
    assert by_median.sum() / stars.sum() < 0.65


def test_what_a_network_says_too_much_everywhere_is_taken_back():
    mass = np.logspace(10, 12, 300)
    stars = 1e9 * (mass / 1e11) ** 2
    relation = median_relation(mass, stars)
    none, much = (raised(relation, mass, stars, np.full(300, each)) for each in (0.0, 0.3))
    assert much[1] == pytest.approx(none[1] - 0.3, abs=1e-5)


def test_few_heavy_subhaloes_are_raised_with_the_next_ones():
    """One that has lost its galaxy must not make all of its mass dark."""
    mass = np.append(np.logspace(10, 12, 300), 1e13)
    stars = np.append(1e9 * (mass[:300] / 1e11) ** 2, 0.0)
    relation = median_relation(mass, stars)
    _, said = raised(relation, mass, stars, np.zeros(301))
    change = said - relation[1]
    assert change[-1] == pytest.approx(change[-2])
    assert np.abs(change).max() < 0.3


def test_a_network_that_has_not_learnt_yet_is_the_raised_relation(folder):
    system = system_for(TINY)
    examples, progress = system.examples(folder), system.start(CPU.device)
    box = examples.validation
    arrays = {name: each.numpy() for name, each in progress.network.state_dict().items()}
    card = system.card(examples, 0.0, "cpu")
    emulator = Dm2GalEmulator(card, system.exported(arrays), "cpu")
    painted = emulator.predict({"dark matter": box.dark_matter, "subhalos": box.subhalos})
    mass = box.subhalos.subhalos.mvir[painted.galaxies.subhalo]
    heavy, stars, _ = examples.subhalos
    relation = raised(examples.relation, heavy, stars, np.zeros(len(heavy)))
    expected = np.interp(np.log10(mass), *relation)
    assert logarithm(painted.galaxies.stars) == pytest.approx(expected, abs=1e-4)
    with pytest.raises(ValueError, match="hold no relation of rising subhalo masses"):
        Dm2GalEmulator(card, arrays, "cpu")


def test_subhaloes_alone_are_seen_without_dark_matter(folder):
    cubes, _ = examples_of(folder, dark_matter=False).batch(0)
    assert (cubes[:, 0] == 0).all()
    assert (cubes[:, 1] != 0).any()


def test_stars_of_one_cell_are_added_and_a_part_is_only_its_own(folder):
    path = folder / "hydro11-z2.hdf5"
    whole, left = (read_box(path, s, "galaxies", CELL) for s in (Split("*"), LEFT))
    halos = whole.subhalos.subhalos
    seen = halos.mvir >= whole.least_mass
    stars = whole.truth.galaxies.of_subhalos(len(halos))
    assert 0 < seen.sum() <= 30
    assert whole.stars.sum() == pytest.approx(stars[seen].sum())
    here = seen & (halos.position[:, 0] < BOX / 2)
    assert left.stars.sum() == pytest.approx(stars[here].sum())
    assert (left.cells[:, 2] < CELLS / 2).all()


def test_the_papers_target_is_the_stars_of_full_cells(folder):
    box = read_box(folder / "hydro11-z2.hdf5", Split("*"), "voxels", CELL)
    values = box.truth.values * box.truth.cell_volume
    assert box.stars.min() > 1e8
    assert len(box.stars) == (values > 1e8).sum()


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("hydro11-z2", WHOLE),
        ("hydro11-z2", ((0.4, 0.6), (0, 1), (0, 1))),
        ("validation-z2", WHOLE),
    ],
)
def test_what_scores_may_not_train(name, volume):
    with pytest.raises(ValueError, match="reaches into what is held out"):
        refuse_held_out(name, Split(name, volume=volume))


def test_a_box_without_what_is_wanted_is_refused_in_a_sentence(folder, tmp_path):
    path = folder / "training-05-z2.hdf5"
    with pytest.raises(ValueError, match=r"cells of 73.53 kpc/h, expected 36.76 .*--cells 24"):
        read_box(path, Split("*"), "galaxies", 36.76)
    header = SimulationHeader("bare", BOX, 2.0, PLANCK, "none", "a test")
    with new_simulation_file(tmp_path / "bare.hdf5", header) as file:
        create_grid(file, Run("dmo"), CELLS, 1000, "a test")[:] = 1.0
    with pytest.raises(ValueError, match=r"has no subhaloes, .*--subhalos dmo=LIST"):
        read_box(tmp_path / "bare.hdf5", Split("*"), "galaxies", CELL)


def test_a_setting_that_can_not_be_is_refused():
    with pytest.raises(ValueError, match="Target of dm2gal is 'all', expected one of residuals"):
        replace(TINY, target="all")
    with pytest.raises(ValueError, match="dm2gal paints stars, but gas was asked for"):
        replace(TINY, field="gas")


# --- a run


def fit(folder, out, examples=None):
    system = system_for(TINY)
    examples = examples or system.examples(folder)
    return system, loop.fit(system, examples, out, CPU, lambda update, terms: None)


class KilledError(Exception):
    """Stands for a run that is killed."""


def test_a_run_goes_on_to_the_same_network_and_paints(folder, tmp_path, monkeypatch):
    system, whole = fit(folder, tmp_path / "whole")
    examples = system.examples(folder)
    draw = examples.batch

    def until(number):
        if number == 3:
            raise KilledError
        return draw(number)

    monkeypatch.setattr(examples, "batch", until)
    with pytest.raises(KilledError):
        fit(folder, tmp_path / "parts", examples)
    _, resumed = fit(folder, tmp_path / "parts")
    first, second = (checkpoint._taken_apart(progress)[0] for progress in (whole, resumed))
    assert first.keys() == second.keys()
    for part, several in first.items():
        assert all(tensor.equal(second[part][name]) for name, tensor in several.items()), part

    path = export.export(tmp_path / "whole", system, system.card(examples, 0.1, "cpu"), whole)
    card = read_card(path)
    assert [row["update"] for row in card.recipe["learning_curve"]] == [2, 4]
    assert card.architecture["least_mass"] == pytest.approx(
        20 * PLANCK.mean_matter_density * BOX**3 / 1000
    )
    simulation = open_simulation(folder / "validation-z2.hdf5")
    painted = paint(Dm2GalEmulator(card, read_weights(path, card), "cpu"), simulation, BoxPlace())
    assert painted.shape == inputs.truth(simulation, card, BoxPlace()).shape


@pytest.mark.parametrize("name", ["small", "direct", "voxels", "subhalos", "paper8"])
def test_every_kind_of_training_ends_in_weights_that_paint(request, tmp_path, monkeypatch, name):
    """What is learnt, what is seen and the cells differ; the stars are at the subhaloes always."""
    monkeypatch.setattr("training.systems.dm2gal.MEASURED", 2)
    boxes = request.getfixturevalue("fine" if name == "paper8" else "folder")
    config = preset(name, "dm2gal", updates=2, batch_size=2, choose_every=2)
    system = system_for(config)
    examples = system.examples(boxes)
    progress = loop.fit(system, examples, tmp_path, CPU, lambda update, terms: None)
    path = export.export(tmp_path, system, system.card(examples, 0.1, "cpu"), progress)
    card, simulation = read_card(path), open_simulation(boxes / "validation-z2.hdf5")
    assert card.recipe["chosen_update"] == 2
    painter = Dm2GalEmulator(card, read_weights(path, card), "cpu")
    painted = paint(painter, simulation, BoxPlace())
    halos = simulation.subhalos("dmo")
    seen = halos.mvir >= card.architecture["least_mass"]
    assert painted.galaxies.subhalo.tolist() == np.flatnonzero(seen).tolist()
    assert np.isfinite(painted.galaxies.stars).all()
    assert (painted.galaxies.stars >= 0).all()
    assert painted.cell_size == pytest.approx(CELL / 2 if name == "paper8" else CELL, rel=1e-3)


def test_averaged_weights_have_the_statistics_of_their_own_features(folder):
    examples = examples_of(folder, margin=15)
    network = system_for(TINY).start(CPU.device).kept
    with torch.no_grad():
        network.blocks[0][0].weight.mul_(3)
    batches = [examples.batch(number)[0] for number in range(3)]
    measure_statistics(network, batches)
    first, scaling, _ = network.blocks[0]
    said = [first(cubes).transpose(0, 1).flatten(1) for cubes in batches]
    assert scaling.running_mean == pytest.approx(torch.cat(said, 1).mean(1).detach(), abs=1e-4)
    spread = torch.stack([each.var(1) for each in said]).mean(0).detach()
    assert scaling.running_var == pytest.approx(spread, rel=1e-3)
    assert not any(each.training for each in network.modules())


def test_a_fit_lowers_the_error(folder):
    system = system_for(replace(TINY, updates=20, dropout=0.0, learning_rate=3e-3))
    examples, progress = system.examples(folder), system.start(CPU.device)
    step, losses = system.step(progress, CPU), []
    for _ in range(system.config.updates):
        losses.append(float(step(lambda _: examples.batch(0))["error"].detach()))
        progress.update += 1
    assert losses[-1] < 0.5 * losses[0]


def test_hod_lists_the_subhaloes_that_train(folder, tmp_path):
    done = CliRunner().invoke(app, ["hod", "--data", str(folder), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    path = tmp_path / "hod-stars.json"
    card = read_card(path)
    weights = read_weights(path, card)
    boxes = [
        read_box(folder / "training-05-z2.hdf5", Split("*"), "galaxies", CELL),
        read_box(folder / "hydro11-z2.hdf5", LEFT, "galaxies", CELL),
    ]
    stars = card.output.normalization.inverse(weights["stars"].astype(float)) * CELL**3
    assert stars.sum() == pytest.approx(sum(box.stars.sum() for box in boxes), rel=1e-4)
    assert stars == pytest.approx(1e9 * (10.0 ** weights["mass"] / 1e11) ** 2, rel=1e-2, abs=1e4)
