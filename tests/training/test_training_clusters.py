"""Training on clusters: what is drawn, what is left out, the loss, three cards and a report."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from engine.cosmology import PLANCK
from engine.fields import OF_HOT_GAS
from engine.formats.catalogues import write_objects
from engine.formats.cutouts import create_cutouts
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Objects
from engine.normalization import Decades, Linear
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.mean_profiles import PIVOT
from engine.systems.registry import emulator_class
from engine.systems.weights import read_weights
from training import cluster_baselines, export, loop
from training.config import Split
from training.data.cluster_maps import lies_in, reaches_into, read_clusters
from training.data.cutouts import SHIFT, moved, scaling_of
from training.data.files import find_files
from training.losses.clusters import (
    TermWeights,
    cluster_terms,
    log_error,
    pixel_error,
    ring_sums,
    scatter_error,
)
from training.report import clusters
from training.report.cluster_measures import Painted, finest, median_range, within
from training.systems.cluster_unet import OCTANT, SOURCES
from training.systems.registry import preset, system_for

SIDE, PIXEL = 16, 170.0
BOX = 64.0
AT = np.array(
    [[10, 10, 10], [40, 40, 40], [50, 50, 50], [20, 5, 60], [33, 60, 60], [5, 40, 20]], float
)
SMOKE = preset("smoke", "cluster-unet")


def write_file(path, seed, twin=False):
    """Round clusters of six masses, whose gas follows their dark matter."""
    random = np.random.default_rng(seed)
    mass = np.array([2e14, 1.2e14, 8e13, 6e13, 5e13, 4e13])
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    header = SimulationHeader(path.stem, BOX, 0.0, PLANCK, "none", "made in a test")
    with new_simulation_file(path, header) as file:
        write_objects(file, Objects(AT, {"mass": mass}, {"mass": "Msun/h"}, "clusters"))
        for axis in "xyz":
            dark = random.lognormal(sigma=0.3, size=(6, SIDE, SIDE)) / (1 + (x**2 + y**2) / 9)
            dark *= (mass / PIXEL**2 / dark.sum((1, 2)))[:, None, None]
            hot = 0.1 * dark * (mass[:, None, None] / 1e14) ** 0.2
            fields = {
                "dm": dark,
                "hot_gas": hot,
                "temperature_sl": 1e7
                * (mass[:, None, None] / 1e14) ** 0.6
                * (hot > hot.mean() / 9),
                "xray": 1e-19 * hot**2,
            }
            if twin:
                fields["dmo"] = dark / PLANCK.dark_matter_fraction
            for field, values in fields.items():
                create_cutouts(
                    file,
                    (field, axis),
                    dark.shape,
                    PIXEL,
                    SIDE * PIXEL / 1000,
                    "made",
                    particles=64,
                )[:] = values


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clusters")
    write_file(folder / "groups-201-z0.hdf5", 1, twin=True)
    write_file(folder / "groups-202-z0.hdf5", 2, twin=True)
    return folder


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """Cards of a run of eight updates."""
    out = tmp_path_factory.mktemp("run")
    system = system_for(SMOKE)
    examples = system.examples(folder)
    progress = loop.fit(system, examples, out, Fabric(accelerator="cpu"), lambda *_: None)
    first = export.export(out, system, system.card(examples, 0.1, "cpu"), progress)
    return out, first


def test_clusters_train_and_others_of_another_place_choose(folder):
    examples = system_for(SMOKE).examples(folder)
    # Of the run and its twin: three lie beyond 32 Mpc/h and choose, and none of the others' cubes
    # reaches there.
    assert len(examples.maps) == len(examples.validation) == 2 * 3 * 3
    assert examples.validation.bare.tolist() == [False] * 9 + [True] * 9
    assert examples.maps.mass.min() != examples.validation.mass.min()
    drawn = examples.batch(3)
    dark, fields, _, rings, law = drawn
    assert (dark.shape, fields.shape) == ((2, 4, SIDE, SIDE), (2, 3, SIDE, SIDE))
    assert (rings.shape, law.shape) == ((2, 1, SIDE, SIDE), (2, 5))
    again = examples.batch(3)
    assert all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True))
    assert not torch.equal(dark, examples.batch(4)[0])
    assert 0 <= dark[:, 0].min() < dark[:, 0].max() <= 1.01
    assert "18 maps of clusters, 18 to choose by" in examples.about
    without = system_for(replace(SMOKE, twins=False)).examples(folder)
    assert len(without.validation) == 3 * 3


def test_heavy_clusters_are_drawn_more_often(folder):
    system = system_for(replace(SMOKE, heavy=1.0, batch_size=64))
    examples = system.examples(folder)
    law = torch.cat([examples.batch(number)[4] for number in range(6)])
    mass = 10.0 ** (law[:, 1] + PIVOT)
    share = examples.maps.mass / examples.maps.mass.sum()
    # By their mass: the mean is that of the squares over that of the masses.
    assert float(mass.mean()) == pytest.approx((share * examples.maps.mass).sum(), rel=0.1)
    assert float(mass.mean()) > 1.15 * examples.maps.mass.mean()


def test_what_is_shown_and_scored_never_trains(folder):
    files = find_files(folder, [Split("groups-202-z0")])
    with pytest.raises(ValueError, match="groups-202-z0' is held out to score networks"):
        read_clusters(files, OF_HOT_GAS, trains=True)


def test_a_cluster_whose_cube_crosses_into_another_part_is_left_out(folder):
    cut = open_simulation(folder / "groups-202-z0.hdf5").cutouts_around("dm", "z")
    part = Split("groups-202*", volume=OCTANT)
    assert [lies_in(each, part) for each in cut] == [False, True, True, False, True, False]
    # The fifth is 1 Mpc/h from the face at 32, its cube 1.36 to each side.
    assert [lies_in(each, part, 0.5) for each in cut] == [False, True, True, False, False, False]
    assert [reaches_into(each, part) for each in cut] == [False, True, True, False, True, False]
    beyond = replace(cut[0], centre=(0.5, 63.0, 50.0))
    assert reaches_into(beyond, part)  # across the edge of the box
    assert not lies_in(beyond, part)


@pytest.mark.parametrize("symmetry", range(8))
def test_a_map_is_turned_mirrored_and_moved_with_its_fields(symmetry):
    one = np.random.default_rng(0).random((9, 9)).astype(np.float32)
    ones = np.ones((1, 9, 9), np.float32)
    maps, inside = moved(np.stack([one, 2 * one]), symmetry, np.array([0, 0]), ones)
    np.testing.assert_array_equal(maps[1], 2 * maps[0])
    assert inside.all()
    assert sorted(maps[0].ravel()) == pytest.approx(sorted(one.ravel()))
    away, there = moved(np.stack([one, 2 * one]), symmetry, np.array([SHIFT, -1]), ones)
    np.testing.assert_array_equal(away[:, :-SHIFT, 1:], maps[:, SHIFT:, :-1])
    assert not there[0, -SHIFT:].any()
    assert not there[0, :, 0].any()
    assert there[0, :-SHIFT, 1:].all()


def test_scalings_are_the_papers_and_measured_where_there_is_something():
    values = np.concatenate([np.zeros(50), 10 ** np.random.default_rng(1).normal(5, 0.5, 20_000)])
    extremes = scaling_of(values, "xray", "minmax")
    assert isinstance(extremes, Decades)
    assert extremes.highest == pytest.approx(np.log10(values.max()), abs=1e-4)
    assert values[(values > 0) & (np.log10(np.maximum(values, 1)) < extremes.lowest)].sum() < (
        1.01e-4 * values.sum()
    )
    assert extremes.lowest > 3.3
    four = scaling_of(values, "xray", "4sigma")
    assert isinstance(four, Decades)
    assert (four.lowest, four.highest) == pytest.approx((3, 7), abs=0.05)
    linear = scaling_of(values, "temperature_sl", "linear")
    assert isinstance(linear, Linear)
    assert isinstance(scaling_of(values, "xray", "linear"), Decades)


ONE_RING = torch.zeros(1, 1, 2, 2, dtype=torch.long)


def test_pixels_beyond_the_map_or_without_gas_teach_nothing():
    truth = torch.tensor([[[[0.5, 0.0], [0.5, 0.5]]]])
    painted = truth + torch.tensor([[[[0.1, 7.0], [0.1, 9.0]]]])
    inside = torch.tensor([[[[1.0, 1.0], [1.0, 0.0]]]])
    args = (truth, inside, ONE_RING, torch.ones(1, 1), [Decades(2.0, 6.0)])
    terms = cluster_terms(painted, *args, [True], TermWeights(0.1))
    assert terms["pixels"] == pytest.approx(0.01, rel=1e-5)
    assert cluster_terms(painted, *args, [False], TermWeights(0.1))["pixels"] > 10
    assert list(terms) == ["pixels", "sums"]  # what weighs nothing isn't there
    assert pixel_error(painted[:, 0], truth[:, 0], torch.zeros(1, 2, 2)) == 0


def test_near_pixels_weigh_more_and_sums_count_all_alike(folder):
    examples = system_for(SMOKE).examples(folder)
    weight = examples.weight
    assert weight.mean() == pytest.approx(1, rel=1e-5)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    assert weight * (np.hypot(x, y) + 1) == pytest.approx(weight[0, 0] * (np.hypot(7.5, 7.5) + 1))
    truth = torch.rand(1, 1, SIDE, SIDE, generator=torch.manual_seed(0))
    painted = truth.clone()
    painted[0, 0, 0, 0] += 1
    near = truth.clone()
    near[0, 0, 7, 7] += 1
    rings = torch.from_numpy(examples.rings)[None, None]
    about = (rings, torch.ones(1, 1), [Decades(2.0, 3.0)], [False], TermWeights(1.0))
    weights = torch.from_numpy(weight)[None, None]
    far, middle = (cluster_terms(each, truth, weights, *about) for each in (painted, near))
    assert middle["pixels"] > 5 * far["pixels"]
    even = cluster_terms(painted, truth, torch.ones(1, 1, SIDE, SIDE), *about)
    assert far["sums"] == pytest.approx(float(even["sums"]))


def test_a_sum_ten_times_too_large_is_off_by_a_decade():
    mine, theirs = torch.tensor([10.0, 100.0, 7.0]), torch.tensor([1.0, 10.0, 0.0])
    assert log_error(mine, theirs, 1e-3) == pytest.approx(1.0)
    assert log_error(theirs, theirs, 1e-3) == 0
    # What is nothing counts as the least, and a truth of nothing teaches nothing.
    assert log_error(torch.zeros(3), theirs, 1e-2) == pytest.approx((4 + 9) / 2)


def test_rings_hold_what_their_pixels_do(folder):
    examples = system_for(SMOKE).examples(folder)
    rings = torch.from_numpy(examples.rings)[None]
    scaling = Decades(2.0, 6.0)
    sums = ring_sums(torch.ones(1, SIDE, SIDE), scaling, torch.ones(1, SIDE, SIDE), rings)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    count = np.bincount(np.hypot(x, y).astype(int).ravel())
    np.testing.assert_allclose(sums[0] / 1e6, count, rtol=1e-4)
    known = (rings > 2).float()
    assert ring_sums(torch.ones(1, SIDE, SIDE), scaling, known, rings)[0, :3].sum() == 0


def test_scatter_is_compared_about_what_mass_tells():
    random = np.random.default_rng(2)
    heavier = random.uniform(-0.5, 0.5, 4000)
    off = 0.2 * random.normal(size=4000)
    traits = torch.from_numpy(np.stack([heavier**0, heavier], 1)).float()
    truth = torch.from_numpy(10 ** (2 * heavier + off)).float()
    # Another slope and constant don't matter, half the scatter does, whichever clusters have it.
    steeper = torch.from_numpy(10 ** (3 * heavier + 1 + off)).float()
    assert scatter_error(steeper, truth, traits, 1e-9) == pytest.approx(0, abs=1e-7)
    narrow = torch.from_numpy(10 ** (2 * heavier - 0.5 * off)).float()
    assert scatter_error(narrow, truth, traits, 1e-9) == pytest.approx(0.1**2, rel=0.05)
    assert scatter_error(truth[:2], truth[2:4], traits[:2], 1e-9) == 0  # a line goes through two


def test_a_run_writes_a_card_for_each_field(trained, folder):
    out, first = trained
    assert read_card(first).field == OF_HOT_GAS[0]
    simulation = open_simulation(folder / "groups-202-z0.hdf5")
    for field in OF_HOT_GAS:
        card = read_card(out / f"cluster-unet-{field}-hr.json")
        assert (card.field, card.output.kind) == (field, "cutout")
        assert card.recipe["chosen_update"] in (4, 8)
        curve = card.recipe["learning_curve"]
        assert [row["update"] for row in curve] == [4, 8]
        assert curve[0]["loss"] == pytest.approx(
            sum(curve[0][name] for name in ("pixels", "sums", "rings", "scatter")), abs=1e-4
        )
        assert [file.name for file in card.training_data] == ["groups-201-z0.hdf5"]
        weights = read_weights(first.with_name(f"{card.name}.json"), card)
        emulator = emulator_class(card.system)(card, weights, "cpu")
        painted = emulator.predict(simulation.cutout("dm", 1, "x"))
        assert painted.field == field
        assert painted.warnings == ()


def test_an_average_has_the_statistics_of_the_batches(folder, tmp_path):
    system = system_for(replace(SMOKE, updates=2))
    examples = system.examples(folder)
    progress = loop.fit(system, examples, tmp_path, Fabric(accelerator="cpu"), lambda *_: None)
    for kept, stepped in zip(progress.kept.buffers(), progress.network.buffers(), strict=True):
        assert torch.equal(kept, stepped)


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="Field to paint on clusters is 'gas'"):
        preset("smoke", "cluster-unet", field="gas")
    with pytest.raises(ValueError, match="Training looks every 0 updates"):
        preset("smoke", "cluster-unet", choose_every=0)
    assert preset("paper", "cluster-unet").fields == ("xray",)
    paper = preset("paper", "cluster-unet").built
    assert (paper.outputs, paper.inputs, paper.added) == (1, 1, ())
    assert paper.upsampling == "transposed"
    rates = [preset("small", "cluster-unet").rate(update) for update in (0, 4000, 7999)]
    assert rates == pytest.approx([1e-3, 5.05e-4, 1e-5], rel=1e-2)


def test_a_run_begins_with_the_mean_profile_of_its_mass(folder):
    system = system_for(SMOKE)
    examples = system.examples(folder)
    network = system.start(torch.device("cpu")).network.eval()
    inputs, truth = (torch.from_numpy(part) for part in examples.scaled(examples.maps))
    with torch.no_grad():
        painted = network(inputs)
    assert torch.equal(painted, inputs[:, 1:])
    # Gas follows the dark matter, so that what is off is the dark matter's lumps.
    assert (painted[:, 0] - truth[:, 0]).abs().mean() < 0.1
    bare = system_for(replace(SMOKE, profile=False))
    assert bare.examples(folder).batch(0)[0].shape == (2, 1, SIDE, SIDE)


@pytest.fixture(scope="module")
def baselines(folder):
    files = find_files(folder, SOURCES)
    return {
        (card.system, card.field): (card, table) for card, table in cluster_baselines.fit(files)
    }


def test_baselines_know_the_mass_or_the_pixel(baselines, folder):
    simulation = open_simulation(folder / "groups-202-z0.hdf5")
    truth, dark = (simulation.cutouts_around(field) for field in ("hot_gas", "dm"))
    for system, close in (("local-map", 0.2), ("mean-profile", 0.2)):
        card, table = baselines[system, "hot_gas"]
        emulator = emulator_class(system)(card, table, "cpu")
        ratios = [
            emulator.predict(d).values.sum() / t.values.sum()
            for d, t in zip(dark, truth, strict=True)
        ]
        assert np.abs(np.array(ratios) - 1).max() < close


def test_a_median_is_as_uncertain_as_its_objects_are_few():
    random = np.random.default_rng(3)
    of_object = random.normal(0.1, 0.3, 400)
    error = np.repeat(of_object, 3)  # three lines of sight that see the same
    low, high = median_range(error, np.repeat(np.arange(400), 3))
    assert low < np.median(of_object) < high
    assert high - low == pytest.approx(2 * 1.2533 * 0.3 / 20, rel=0.3)


def test_a_temperature_within_r500c_is_not_that_of_its_surroundings(folder):
    simulation = open_simulation(folder / "groups-202-z0.hdf5")
    truth = simulation.cutouts_around("temperature_sl")
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    hotter = np.where(np.hypot(x, y) < 4, 1.2, 3.0)
    painting = [each.with_values(each.values * hotter) for each in truth]
    mass = simulation.objects().columns["mass"]
    for radius, told in ((np.full(6, 2 * PIXEL), 0.2), (np.zeros(6), None)):
        found = within(Painted(truth, truth, painting, mass, radius))
        assert (found and found["median_error"]) == (told and pytest.approx(told, rel=1e-3))


def test_a_chequered_painting_is_told_by_the_power_of_its_finest_waves(folder):
    simulation = open_simulation(folder / "groups-202-z0.hdf5")
    dark, truth = (simulation.cutouts_around(field) for field in ("dm", "hot_gas"))
    mass = simulation.objects().columns["mass"]
    y, x = np.mgrid[:SIDE, :SIDE]
    scaling = Decades(3.0, 9.0)
    for pattern, expected in ((np.ones_like(x), 1.0), ((-1) ** x, None), ((-1) ** (x + y), None)):
        painting = [each.with_values(each.values * (1 + 0.4 * pattern)) for each in truth]
        found = finest(Painted(dark, truth, painting, mass, 0 * mass), scaling)
        if expected is None:
            assert found > 3
        else:
            assert found == pytest.approx(expected, rel=0.01)


def test_scores_are_noted_and_a_report_is_written(trained, folder, tmp_path, baselines):
    from engine.systems.weights import write_model

    out, _ = trained
    scored = str(folder / "groups-202-z0.hdf5")
    told = clusters.note_scores(out / "cluster-unet-hot_gas-hr.json", [scored], "cpu")
    assert [where for where, _ in told] == ["groups-202-z0, dm", "groups-202-z0, dmo"]
    (noted,) = read_card(out / "cluster-unet-hot_gas-hr.json").scores
    assert noted["clusters"]["dm"]["heavy"]["objects"] == 6
    beside = [
        write_model(tmp_path, card, table, half=False)[0]
        for (system, field), (card, table) in baselines.items()
        if system == "local-map"
    ]
    own = [out / f"cluster-unet-{field}-hr.json" for field in OF_HOT_GAS]
    clusters.make([*own, *beside], [scored], tmp_path / "report.html", "cpu")
    content = json.loads((tmp_path / "report.json").read_text())
    runs = [(each["system"], each["field"], each["run"]) for each in content["results"]]
    assert ("cluster-unet", "xray", "dmo") in runs
    assert ("local-map", "temperature_sl", "dm") in runs
    for each in content["results"]:
        assert each["heavy"]["objects"] == 6
        assert len(each["points"]["mass"]) == each["maps"] == 3 * 6
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 5
    assert "Mean profile" not in page
    assert "residuals" in page
    assert "none of which trained a network or chose its weights" in " ".join(page.split())
