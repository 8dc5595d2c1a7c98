"""What EMBER's emulators refuse and warn of, and how emulators are found."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.cosmology import Cosmology
from engine.noise import Realisation
from engine.normalization import normalization
from engine.systems.card import read_card
from engine.systems.ember import EmberWGAN
from engine.systems.registry import emulators, load_emulator
from engine.systems.weights import write_model
from tests.engine.systems import ember_gated, ember_unet, ember_wgan
from tests.engine.systems.example import PLANCK, dark_matter


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Weights that belong to nobody's installation."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr("engine.assets.shipped_folder", lambda: tmp_path / "shipped")
    weights = tmp_path / "weights"
    for system in (ember_unet, ember_wgan):
        write_model(weights, system.card(), system.weights())
    return weights


@pytest.fixture
def slab():
    return dark_matter()


@pytest.fixture
def gated(folder):
    write_model(folder, ember_gated.card(), ember_gated.weights())
    return load_emulator("ember-wgan", device="cpu")


@pytest.fixture(params=["ember-unet", "ember-wgan", "gated"])
def emulator(request):
    if request.param == "gated":
        return request.getfixturevalue("gated")
    return load_emulator(request.param, device="cpu")


def test_a_periodic_shift_of_a_deterministic_painting(slab):
    emulator = load_emulator("ember-unet", device="cpu")
    shifted = slab.with_values(np.roll(slab.values, (4, 8), (0, 1)))
    expected = np.roll(emulator.predict(slab).values, (4, 8), (0, 1))
    np.testing.assert_allclose(emulator.predict(shifted).values, expected, rtol=1e-3)


def test_a_map_that_is_not_periodic_has_no_region_beyond_its_edges(emulator, slab):
    part = replace(slab, periodic=False)
    assert not emulator.predict(part).periodic
    with pytest.raises(ValueError, match="inside the map"):
        emulator.predict(part, region=(-1, 4, 0, 4))


# Realisations.


def test_without_noise_the_wgan_is_its_unet(folder, slab):
    expected = load_emulator("ember-unet", device="cpu").predict(slab).values
    wgan = load_emulator("ember-wgan", device="cpu")
    silent = wgan.predict(slab, realisation=Realisation(1, strengths=(0.0, 0.0)))
    np.testing.assert_allclose(silent.values, expected, rtol=1e-5)
    assert not np.allclose(wgan.predict(slab, seed=1).values, expected, rtol=1e-2)


@pytest.mark.parametrize("scale", [0, 1])
def test_the_noise_of_every_scale_matters_and_scales(slab, scale):
    wgan = load_emulator("ember-wgan", device="cpu")

    def spread(strength):
        strengths = tuple(strength if i == scale else 0.0 for i in range(2))
        maps = [wgan.predict(slab, realisation=Realisation(s, strengths)) for s in range(4)]
        return np.log([m.values + 1e3 for m in maps]).std(axis=0).mean()

    assert spread(0.0) == 0
    assert 0 < spread(0.1) < spread(1.0)


@pytest.mark.parametrize("scale", range(4))
def test_the_noise_of_every_scale_matters_to_the_gated_one_too(gated, slab, scale):
    strengths = tuple(float(i == scale) for i in range(4))
    maps = [gated.predict(slab, realisation=Realisation(s, strengths)).values for s in (0, 1)]
    silent = [gated.predict(slab, realisation=Realisation(s, (0.0,) * 4)).values for s in (0, 1)]
    assert np.abs(np.log(maps[0] / maps[1])).mean() > 1e-2
    np.testing.assert_array_equal(*silent)


def test_eager_torch_and_the_compiled_gated_network_paint_the_same(gated, slab):
    realisations = [Realisation(seed) for seed in (1, 2, 3)]
    compiled = np.stack([s.values for s in gated.predict_many(slab, realisations)])
    normalized = gated.card.inputs[0].normalization.forward(slab.values[None, None])
    noises = [gated.network.config.noise(which, slab.shape) for which in realisations]
    eager = gated._run(normalized, noises, "circular")[:, 0]
    np.testing.assert_allclose(gated.card.output.normalization.forward(compiled), eager, atol=1e-5)


def test_an_untrained_strength_of_zero_means_one_map_for_all_seeds(folder, slab):
    write_model(folder, ember_wgan.card(), ember_wgan.weights(0.0))
    wgan = load_emulator("ember-wgan", device="cpu")
    np.testing.assert_array_equal(wgan.predict(slab, 1).values, wgan.predict(slab, 2).values)


def test_eager_torch_and_the_compiled_network_paint_the_same(slab):
    wgan = load_emulator("ember-wgan", device="cpu")
    realisations = [Realisation(seed) for seed in (1, 2, 3)]
    compiled = np.stack([s.values for s in wgan.predict_many(slab, realisations)])
    normalized = wgan.card.inputs[0].normalization.forward(slab.values[None, None])
    noises = [wgan.network.config.noise(which, slab.shape) for which in realisations]
    eager = wgan._run(normalized, noises, "circular")[:, 0]
    np.testing.assert_allclose(wgan.card.output.normalization.forward(compiled), eager, atol=1e-5)


# Dark-matter-only input.


def test_a_dmo_map_is_stripped_of_the_baryons_mass(emulator, slab):
    dmo = slab.with_values(slab.values / PLANCK.dark_matter_fraction, field="dmo")
    expected = emulator.predict(slab).values
    np.testing.assert_allclose(emulator.predict(dmo).values, expected, rtol=1e-3)


# Refusals.


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_pixels_that_no_map_can_have_are_refused(emulator, slab, bad):
    values = slab.values.copy()
    values[2, 3:5] = bad
    with pytest.raises(ValueError, match="has 2 pixels that are negative or not finite"):
        emulator.predict(slab.with_values(values))


def test_a_side_that_the_network_cannot_halve_is_refused(emulator, slab):
    with pytest.raises(ValueError, match="side is 15 pixels, expected a multiple of 4"):
        emulator.predict(slab.with_values(slab.values[:15]))


# Warnings.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell_size": 30.5}, "Pixels are 30.5 kpc/h, 4.1 % more than the 29.3 kpc/h"),
        ({"cell_size": 28.0}, "Pixels are 28 kpc/h, 4.4 % less"),
        (
            {"depth": 3.0},
            "The slab's depth is 3 Mpc/h, 114 % more than the 1.4 Mpc/h of the training",
        ),
        ({"redshift": 3.0}, "The redshift is 3, ember-unet was trained at 2."),
        ({"cosmology": replace(PLANCK, Omega_m=0.25)}, "Omega_m is 0.25, 19 % less"),
        ({"cosmology": replace(PLANCK, Omega_b=0.05)}, "Omega_b is 0.05, 2.9 % more"),
        ({"cosmology": replace(PLANCK, h=0.7)}, "h is 0.7, 3.3 % more"),
        ({"level": "LR"}, "of level LR, ember-unet was trained on HR."),
    ],
)
def test_what_differs_from_the_training_is_said_in_the_result(slab, changes, words):
    painted = load_emulator("ember-unet", device="cpu").predict(replace(slab, **changes))
    (warning,) = painted.warnings
    assert words in warning
    assert warning.endswith(".")


def test_small_differences_are_not_worth_a_warning(emulator, slab):
    close = replace(
        slab,
        cell_size=29.31,
        depth=1.5,
        redshift=2.02,
        cosmology=Cosmology(0.3100, 0.0484, 0.6800),
    )
    assert emulator.predict(close).warnings == ()


def test_warnings_of_the_input_are_kept(emulator, slab):
    painted = emulator.predict(replace(slab, warnings=("An old one.",), redshift=3.0))
    assert painted.warnings[0] == "An old one."
    assert len(painted.warnings) == 2


# Finding and loading.


def test_cards_are_listed(folder):
    assert {card.system for card in emulators()} == {"ember-unet", "ember-wgan"}


def test_the_users_card_hides_the_shipped_one(folder, tmp_path):
    shipped = tmp_path / "shipped" / "weights"
    shipped.mkdir(parents=True)
    for path in folder.iterdir():
        (shipped / path.name).write_bytes(path.read_bytes())
    path = folder / "ember-unet-gas-hr.json"
    path.write_text(path.read_text().replace("for a test", "mine"))
    assert [card.title for card in emulators() if card.system == "ember-unet"] == ["mine"]


def test_one_broken_card_does_not_hide_the_others(folder):
    (folder / "broken.json").write_text("{")
    with pytest.warns(UserWarning, match=r"left out: broken\.json is no model card"):
        cards = emulators()
    assert {card.system for card in cards} == {"ember-unet", "ember-wgan"}


def test_weights_round_trip_through_half_precision(folder, slab):
    path = folder / "ember-unet-gas-hr.json"
    torch.manual_seed(2)
    network = ember_unet.CONFIG.build().eval()
    with torch.no_grad():
        network.to_map[-1].bias.fill_(0.1)
        scaled = normalization("dm").forward(torch.tensor(slab.values))[None, None]
        expected = network(scaled)[0][0, 0]
    found = load_emulator("ember-unet", device="cpu").predict(slab).values
    assert read_card(path).architecture["widths"] == [4, 6, 8]
    np.testing.assert_allclose(normalization("gas").forward(found), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("ember", "gas", "HR"), "emulator is 'ember', expected one of ember-unet, ember-wgan"),
        (("ember-unet", "hi", "HR"), "no weights for hi from HR, expected one of gas from HR"),
        (("ember-unet", "gas", "LR"), "no weights for gas from LR, expected one of gas from HR"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(asked, words):
    with pytest.raises(ValueError, match=words):
        load_emulator(*asked)


def test_no_weights_at_all(folder):
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="expected one of none yet"):
        load_emulator("ember-unet")


@pytest.mark.parametrize(
    "weights",
    [{"some.weight": np.ones(3)}, {}, {"entry.first.weight": np.ones((4, 1, 5, 5))}],
    ids=["foreign", "empty", "other shape"],
)
def test_weights_that_are_not_the_networks_are_refused(folder, weights):
    write_model(folder, ember_unet.card(), weights)
    with pytest.raises(ValueError, match=r"^ember-unet-gas-hr\.safetensors doesn't hold") as error:
        load_emulator("ember-unet")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "architecture", [{"network": "unet", "depth": 3}, {"network": "unet", "widths": [4]}]
)
def test_an_architecture_that_is_none_is_refused(folder, architecture):
    card = replace(ember_unet.card(), architecture=architecture)
    write_model(folder, card, {"a": np.ones(1)})
    with pytest.raises(ValueError, match=r"ember-unet-gas-hr\.json describes no U-Net"):
        load_emulator("ember-unet")


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="expected one of auto, cpu, cuda"):
        load_emulator("ember-unet", device="abacus")


def test_several_streams_paint_at_a_time_what_one_paints(folder, slab):
    path = folder / f"{ember_wgan.card().name}.json"
    card = read_card(path)
    weights = ember_wgan.weights()
    one, several = (EmberWGAN(card, weights, "cpu", streams=n) for n in (1, 3))
    expected = [one.predict(slab, seed).values for seed in range(12)]
    with ThreadPoolExecutor(3) as pool:
        painted = list(pool.map(lambda seed: several.predict(slab, seed).values, range(12)))
    np.testing.assert_array_equal(painted, expected)
