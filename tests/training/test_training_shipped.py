"""The shipped networks do what their cards say."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from engine import inputs, statistics
from engine.assets import shipped_folder
from engine.galaxies import residuals
from engine.painting import paint
from engine.places import BoxPlace
from engine.simulation import open_simulation
from engine.systems.card import read_card
from engine.systems.registry import emulator_class, load_emulator
from engine.systems.weights import read_weights
from training import validation
from training.config import HELD_OUT, Split
from training.report import volumes
from training.systems.dm2gal import refuse_held_out
from training.systems.registry import preset

CARDS = [
    path
    for path in sorted((shipped_folder() / "weights").glob("*.json"))
    if read_card(path).output.kind == "slab"
    and emulator_class(read_card(path).system).baseline  # a baseline is scored in reports alone
]

BOXES = shipped_folder() / "weights" / "super-resolution-dmo-mr.json"


def test_ten_networks_ship():
    cards = [read_card(path) for path in CARDS]
    expected = {("ember-unet", field, "HR") for field in ("gas", "hi")} | {
        ("ember-wgan", field, level)
        for field in ("gas", "hi")
        for level in ("HR", "MR", "LR", "VLR")
    }
    assert {(card.system, card.field, card.level) for card in cards} == expected


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_no_network_has_seen_what_it_is_scored_on(path):
    card = read_card(path)
    held_out = {(part.pattern.rstrip("*"), part.axes) for part in HELD_OUT if "z2" in part.pattern}
    assert {(score["simulation"], score["axes"]) for score in card.scores} == held_out
    assert len(card.training_data) >= 6
    for file in card.training_data:
        for part in HELD_OUT:
            assert not Split(file.name, file.axes).overlaps(file.name, part)


@pytest.mark.slow
@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_s_score_is_what_its_weights_reach(path):
    card = read_card(path)
    emulator = emulator_class(card.system)(card, read_weights(path, card), "cpu")
    simulation = open_simulation(shipped_folder() / "simulations" / "hydro11-z2.hdf5")
    found = validation.score(emulator, simulation, "z")
    (claimed,) = [s for s in card.scores if s["simulation"] == simulation.name]
    for part in ("all", "without_heaviest_halo"):
        assert found[part]["mass"] == pytest.approx(claimed[part]["mass"], abs=1e-3)
        assert found[part]["power"] == pytest.approx(claimed[part]["power"], rel=5e-3)


def within_half_precision(weights):
    """Weights anywhere between those that half precision rounds to the same numbers."""
    random = np.random.default_rng(7)
    found = {}
    for name, array in weights.items():
        half = array.astype(np.float16)
        apart = np.spacing(half).astype(np.float32) * (half == array).all()
        found[name] = array + apart * random.uniform(-0.5, 0.5, array.shape).astype(np.float32)
    return found


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[] if path == CARDS[0] else pytest.mark.slow) for path in CARDS],
    ids=lambda path: path.stem,
)
def test_mass_and_power_do_not_see_that_weights_are_stored_in_half_precision(path):
    card = read_card(path)
    stored = read_weights(path, card)
    moved = within_half_precision(stored)
    assert any((moved[name] != stored[name]).any() for name in stored)
    simulation = open_simulation(shipped_folder() / "simulations" / "hydro11-z2.hdf5")
    slab = simulation.slab("dm", "z", 3, card.level)
    painted, other = (
        emulator_class(card.system)(card, weights, "cpu").predict(slab, seed=1)
        for weights in (stored, moved)
    )
    assert (painted.values != other.values).any()
    mass, power = statistics.get("total_mass"), statistics.get("power_spectrum")
    assert mass(other) == pytest.approx(mass(painted), rel=1.5e-3)
    # Of a single slab, bin by bin; a card's scores are of all slabs and move less.
    found, expected = power(other), power(painted)
    # Near the pixels HI's cores are all there is.
    off = np.where(expected.x < 60, 1.5e-3, 2.5e-3)
    assert (np.abs(found.y / expected.y - 1) < off).all()


def test_super_resolution_was_trained_on_one_box_and_scored_on_another():
    """Its validation box ships, smaller than the files that train."""
    card = read_card(BOXES)
    assert [file.name for file in card.training_data] == ["quijote-101-z0.hdf5"]
    names = [f"quijote-103-{cosmology}z0" for cosmology in ("", "om3075-", "om3275-")]
    assert [score["simulation"] for score in card.scores] == names
    for score in card.scores:  # the others are of the same phases and two other cosmologies
        k, transfer, correlation = (
            np.array(score["box"][name]) for name in ("k", "transfer", "correlation")
        )
        for highest, error in ((0.5, 0.03), (0.7, 0.05), (1.0, 0.1)):
            assert np.abs(transfer[k < highest] - 1).max() < error
        assert correlation[k < 1].min() > 0.85
        assert score["box"]["mass"] == pytest.approx(1, abs=0.01)
    simulation = open_simulation("quijote-103-z0")
    assert simulation.path.stat().st_size < 9e6
    assert simulation.has_initial_conditions
    assert sorted(set(simulation.grids().values())) == [64, 128]


def test_the_presets_of_super_resolution_are_what_made_its_weights():
    """Three runs, each from the weights of the one before, which its card keeps the recipe of."""
    recipe, told = read_card(BOXES).recipe, {"warm_start", "checkpoint_minutes", "choose_every"}
    for name in ("game", "small", "cells"):
        numbers = json.loads(json.dumps(asdict(preset(name, "super-resolution"))))
        made = numbers.keys() & recipe.keys() - told - {"precision"}
        assert {key: recipe[key] for key in made} == {key: numbers[key] for key in made}, name
        assert bool(recipe["warm_start"]) == ("began_with" in recipe) == (name != "cells")
        recipe = recipe.get("began_with", {}).get("recipe", {})


@pytest.mark.slow
def test_super_resolution_reaches_what_its_card_says():
    card = read_card(BOXES)
    emulator = emulator_class(card.system)(card, read_weights(BOXES, card), "cpu")
    claimed = card.scores[0]
    found = volumes.score(emulator, open_simulation("quijote-103-z0"))
    assert found["box"]["mass"] == pytest.approx(claimed["box"]["mass"], rel=1e-4)
    assert found["box"]["transfer"] == pytest.approx(claimed["box"]["transfer"], rel=1e-3)
    assert found["box"]["correlation"] == pytest.approx(claimed["box"]["correlation"], rel=1e-3)


GALAXIES = shipped_folder() / "weights" / "dm2gal-stars.json"


def test_dm2gal_has_not_seen_what_it_is_scored_on():
    card = read_card(GALAXIES)
    names = [file.name for file in card.training_data]
    assert len(names) == 6
    assert not any("validation" in name for name in names)
    (half,) = [each for each in card.recipe["sources"] if each["pattern"] == "hydro11-z2"]
    refuse_held_out("hydro11-z2", Split("hydro11-z2", volume=as_ranges(half["volume"])))
    assert [score["simulation"] for score in card.scores] == ["validation-z2"]
    assert card.recipe["learning_curve"][0]["update"] < card.recipe["chosen_update"]
    both = [GALAXIES, GALAXIES.with_name("hod-stars.json")]
    assert sum(path.with_suffix(".safetensors").stat().st_size for path in both) < 1.5e6


def as_ranges(volume):
    x, y, z = ((float(low), float(high)) for low, high in volume)
    return x, y, z


def test_dm2gal_paints_the_galaxies_of_the_box_that_ships():
    """As its card says: closer to the true stars of each subhalo than HOD, the mass within 15 %."""
    simulation = open_simulation("validation-z2")
    card = read_card(GALAXIES)
    emulator = emulator_class("dm2gal")(card, read_weights(GALAXIES, card), "cpu")
    truth, found = (
        inputs.truth(simulation, card, BoxPlace()),
        paint(emulator, simulation, BoxPlace()),
    )
    number = len(simulation.subhalos("dmo"))
    true, said = (each.galaxies.of_subhalos(number) for each in (truth, found))
    drawn = paint(load_emulator("hod", "stars"), simulation, BoxPlace(), seed=1)
    ours, theirs = (residuals(true, stars) for stars in (said, drawn.galaxies.of_subhalos(number)))
    assert ours.number == 55
    assert ours.scatter < 0.6 * theirs.scatter
    (score,) = card.scores
    mass = found.values.sum(dtype=float) / truth.values.sum(dtype=float)
    assert mass == pytest.approx(score["box"]["mass"], rel=1e-3)
    assert abs(mass - 1) < 0.15
