"""What every emulator must do, and what EMBER's refuses and warns of."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from engine.cosmology import Cosmology
from engine.fields import FIELDS
from engine.mesh import Slab
from engine.networks.ember.generator import GeneratorConfig
from engine.networks.ember.unet import UNetConfig
from engine.noise import Realisation
from engine.normalization import normalization
from engine.systems.card import ModelCard, TrainingFile, read_card, write_model
from engine.systems.ember import EmberWGAN
from engine.systems.registry import CLASSES, emulator_class, emulators, load_emulator

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
CONFIG = UNetConfig(widths=(4, 6, 8), decoder_widths=(8, 6))
GENERATOR = GeneratorConfig(**asdict(CONFIG))
NETWORKS = {"ember-unet": ("unet", CONFIG), "ember-wgan": ("generator", GENERATOR)}

emulator_class("ember-unet")  # imports every emulator, so that the contract runs over all


def card_of(system: str) -> ModelCard:
    return ModelCard(
        system=system,
        title="for a test",
        paper="none",
        field="gas",
        level="HR",
        architecture={"network": NETWORKS[system][0], **asdict(NETWORKS[system][1])},
        normalization_in=normalization("dm"),
        normalization_out=normalization("gas"),
        pixel_size=29.3,
        depth=1.4,
        redshift=2.0,
        cosmology=PLANCK,
        stochastic=system == "ember-wgan",
        training_data=(TrainingFile("a.hdf5", "xy", "0" * 64),),
        recipe={},
        seed=0,
        hours=0.1,
        device="a CPU",
        licence="Apache-2.0",
    )


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Weights that belong to nobody's installation."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr("engine.assets.shipped_folder", lambda: tmp_path / "shipped")
    weights = tmp_path / "weights"
    weights.mkdir()
    for system in CLASSES:
        write_model(weights, card_of(system), weights_of(system))
    return weights


def weights_of(system, strength=0.1):
    torch.manual_seed(2)
    network = NETWORKS[system][1].build()
    with torch.no_grad():
        network.to_map[-1].bias.fill_(0.1)
        for name, values in network.named_parameters():
            if name == "noise_strength":
                values.fill_(strength)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.fixture(params=sorted(CLASSES))
def emulator(request):
    return load_emulator(request.param, device="cpu")


@pytest.fixture
def slab():
    values = 1e5 * np.random.default_rng(5).lognormal(size=(16, 24))
    return Slab(
        values,
        "dm",
        cell_size=29.3,
        depth=1.4,
        box_size=0.7,
        redshift=2.0,
        cosmology=PLANCK,
        simulation="box",
        axis="y",
        index=3,
        particles=64,
        origin="native",
    )


# The contract: everything registered keeps it.


def test_geometry_units_and_names(emulator, slab):
    painted = emulator.predict(slab, seed=7)
    card = emulator.card
    assert painted.shape == slab.shape
    assert painted.values.dtype == np.float32
    assert np.isfinite(painted.values).all()
    assert (painted.values >= 0).all()
    assert painted.values.any()
    assert (painted.field, painted.emulator) == (card.field, card.system)
    assert painted.seed == (7 if card.stochastic else None)
    for same in ("pixel_size", "depth", "box_size", "redshift", "cosmology", "simulation"):
        assert getattr(painted, same) == getattr(slab, same)
    assert (painted.axis, painted.index, painted.level, painted.origin) == ("y", 3, "HR", "native")
    assert painted.periodic
    assert painted.warnings == ()


def test_same_seed_same_bits_and_the_input_is_left_alone(emulator, slab):
    before = slab.values.copy()
    first, second = emulator.predict(slab, seed=3), emulator.predict(slab, seed=3)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(slab.values, before)


def test_another_seed_matters_only_to_a_stochastic_emulator(emulator, slab):
    first, second = emulator.predict(slab, seed=3), emulator.predict(slab, seed=4)
    assert np.array_equal(first.values, second.values) != emulator.card.stochastic


def test_a_periodic_shift_of_a_deterministic_painting(slab):
    emulator = load_emulator("ember-unet", device="cpu")
    shifted = slab.with_values(np.roll(slab.values, (4, 8), (0, 1)))
    expected = np.roll(emulator.predict(slab).values, (4, 8), (0, 1))
    np.testing.assert_allclose(emulator.predict(shifted).values, expected, rtol=1e-3)


@pytest.mark.parametrize("region", [(0, 16, 0, 24), (3, 9, 2, 20), (12, 20, -5, 4)])
def test_a_region_is_those_pixels_of_the_whole_and_may_wrap(emulator, slab, region):
    y0, y1, x0, x1 = region
    whole = np.tile(emulator.predict(slab).values, (3, 3))
    part = emulator.predict(slab, region=region)
    np.testing.assert_array_equal(part.values, whole[16 + y0 : 16 + y1, 24 + x0 : 24 + x1])
    assert not part.periodic
    assert part.field == emulator.card.field


@pytest.mark.parametrize("region", [(4, 4, 0, 8), (5, 2, 0, 8), (0, 17, 0, 8)])
def test_an_empty_or_too_large_region_is_refused(emulator, slab, region):
    with pytest.raises(ValueError, match=r"region is .*expected one with y0 < y1"):
        emulator.predict(slab, region=region)


def test_a_map_that_is_not_periodic_has_no_region_beyond_its_edges(emulator, slab):
    part = replace(slab, periodic=False)
    assert not emulator.predict(part).periodic
    with pytest.raises(ValueError, match="inside the map"):
        emulator.predict(part, region=(-1, 4, 0, 4))


# Realisations.


def test_a_realisation_says_the_seed(emulator, slab):
    by_seed = emulator.predict(slab, seed=5)
    by_realisation = emulator.predict(slab, seed=6, realisation=Realisation(5))
    np.testing.assert_array_equal(by_realisation.values, by_seed.values)
    assert by_realisation.seed == by_seed.seed


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


def test_an_untrained_strength_of_zero_means_one_map_for_all_seeds(folder, slab):
    write_model(folder, card_of("ember-wgan"), weights_of("ember-wgan", strength=0.0))
    wgan = load_emulator("ember-wgan", device="cpu")
    np.testing.assert_array_equal(wgan.predict(slab, 1).values, wgan.predict(slab, 2).values)


def test_eager_torch_and_the_compiled_network_paint_the_same(slab):
    wgan = load_emulator("ember-wgan", device="cpu")
    realisations = [Realisation(seed) for seed in (1, 2, 3)]
    compiled = np.stack([s.values for s in wgan.predict_many(slab, realisations)])
    normalized = wgan.card.normalization_in.forward(slab.values[None, None])
    noises = [wgan._noise(which, slab.shape) for which in realisations]
    eager = wgan._run(normalized, noises, "circular")[:, 0]
    np.testing.assert_allclose(wgan.card.normalization_out.forward(compiled), eager, atol=1e-5)


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_an_ensemble_is_its_seeds_one_by_one(emulator, slab, at_once):
    emulator.at_once = at_once
    told = []
    painted = list(emulator.ensemble(slab, range(4, 9), progress=lambda *done: told.append(done)))
    assert told == [(n, 5) for n in range(1, 6)]
    assert len(painted) == 5
    for seed, one in zip(range(4, 9), painted, strict=True):
        alone = emulator.predict(slab, seed)
        np.testing.assert_array_equal(one.values, alone.values)
        assert one.seed == alone.seed


def test_an_ensemble_of_a_deterministic_emulator_is_painted_once(slab, monkeypatch):
    emulator = load_emulator("ember-unet", device="cpu")
    first, second = emulator.ensemble(slab, (1, 2))
    assert second is first


def test_an_ensemble_stops_when_it_is_cancelled(emulator, slab):
    cancel = threading.Event()
    ensemble = emulator.ensemble(slab, range(100), region=(0, 4, 0, 4), cancel=cancel)
    assert next(ensemble).shape == (4, 4)
    cancel.set()
    assert len(list(ensemble)) < emulator.at_once


# Dark-matter-only input.


def test_a_dmo_map_is_stripped_of_the_baryons_mass(emulator, slab):
    dmo = slab.with_values(slab.values / PLANCK.dark_matter_fraction, field="dmo")
    expected = emulator.predict(slab).values
    np.testing.assert_allclose(emulator.predict(dmo).values, expected, rtol=1e-3)


# Refusals.


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"dm", "dmo"}))
def test_only_dark_matter_is_painted_on(emulator, slab, field):
    with pytest.raises(ValueError, match=r"box, axis y, slab 3 holds .*expected dark matter"):
        emulator.predict(replace(slab, field=field))


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_pixels_that_no_map_can_have_are_refused(emulator, slab, bad):
    values = slab.values.copy()
    values[2, 3:5] = bad
    with pytest.raises(ValueError, match="has 2 pixels that are negative or not finite"):
        emulator.predict(slab.with_values(values))


@pytest.mark.parametrize(
    ("size", "words"), [(45.0, "54 % more"), (20.0, "32 % less"), (293.0, "900 % more")]
)
def test_another_pixel_scale_is_refused_and_told_by_how_much(emulator, slab, size, words):
    with pytest.raises(ValueError, match=words) as error:
        emulator.predict(replace(slab, cell_size=size))
    assert "29.3 kpc/h of the training" in str(error.value)


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
    assert {card.system for card in emulators()} == set(CLASSES)


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
    assert {card.system for card in cards} == set(CLASSES)


def test_weights_round_trip_through_half_precision(folder, slab):
    path = folder / "ember-unet-gas-hr.json"
    torch.manual_seed(2)
    network = CONFIG.build().eval()
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
    write_model(folder, card_of("ember-unet"), weights)
    with pytest.raises(ValueError, match=r"^ember-unet-gas-hr\.safetensors doesn't hold") as error:
        load_emulator("ember-unet")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "architecture", [{"network": "unet", "depth": 3}, {"network": "unet", "widths": [4]}]
)
def test_an_architecture_that_is_none_is_refused(folder, architecture):
    card = replace(card_of("ember-unet"), architecture=architecture)
    write_model(folder, card, {"a": np.ones(1)})
    with pytest.raises(ValueError, match=r"ember-unet-gas-hr\.json describes no U-Net"):
        load_emulator("ember-unet")


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="expected one of auto, cpu, cuda"):
        load_emulator("ember-unet", device="abacus")


def test_several_streams_paint_at_a_time_what_one_paints(folder, slab):
    path = folder / f"{card_of('ember-wgan').name}.json"
    card = read_card(path)
    weights = weights_of("ember-wgan")
    one, several = (EmberWGAN(card, weights, "cpu", streams=n) for n in (1, 3))
    expected = [one.predict(slab, seed).values for seed in range(12)]
    with ThreadPoolExecutor(3) as pool:
        painted = list(pool.map(lambda seed: several.predict(slab, seed).values, range(12)))
    np.testing.assert_array_equal(painted, expected)
