"""The gated generator: tables of its maps, a run that learns and goes on, a card that paints."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from typer.testing import CliRunner

import engine
from engine.assets import DATA_VARIABLE
from engine.networks.ember import gated, generator, unet
from engine.networks.ember.rounding import rounded
from engine.normalization import normalization
from engine.simulation import open_simulation
from engine.systems.card import read_card
from training import checkpoint, descent, loop
from training.__main__ import app
from training.config import Split, with_values
from training.data.slabs import TrainingMaps, read_pairs
from training.losses.tables import ABOVE, FAINTEST, Tables, class_means
from training.losses.whitening import CLASSES, REFERENCE
from training.systems import gated as gated_training
from training.systems.disc_places import without_lone_discs
from training.systems.gated_step import draw_smooth
from training.systems.heaviest_disc import heaviest_disc
from training.systems.noise_strength import scaled_gates
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
NUMBERS = {"widths": (4, 6, 8), "decoder_widths": (8, 6)}
TINY = preset(
    "small",
    "ember-wgan",
    network="tiny",
    updates=6,
    rising=2,
    choose_every=2,
    checkpoint_minutes=1e-9,
)
GAS = normalization("gas")


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    monkeypatch.setitem(unet.PRESETS, "tiny", unet.UNetConfig(**NUMBERS))
    monkeypatch.setitem(generator.PRESETS, "tiny", generator.GeneratorConfig(**NUMBERS))
    monkeypatch.setitem(gated.PRESETS, "tiny", gated.GatedConfig(**NUMBERS))


@pytest.fixture(scope="module")
def maps(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return TrainingMaps(pairs, 1, 0)


def fit(config, maps, folder, weights=None, report=lambda update, losses: None):
    return loop.fit(system_for(config, weights), maps, folder, CPU, report)


def prepared(config, maps, weights=None):
    system = system_for(config, weights)
    progress = system.start(CPU.device)
    system.prepare(progress, maps)
    return system, progress


def state(progress):
    """Every number of a run, by part and name."""
    return {
        (part, name): tensor.clone()
        for part, tensors in checkpoint._taken_apart(progress)[0].items()
        for name, tensor in tensors.items()
    }


class KilledError(Exception):
    """Stands for a run that is killed."""


class KilledAt:
    """Maps that kill the run when a batch is asked for."""

    def __init__(self, maps, number):
        self.pairs, self.maps, self.number = maps.pairs, maps, number

    def batch(self, number):
        if number == self.number:
            raise KilledError
        return self.maps.batch(number)


# Tables.


def test_bounds_are_the_quantiles_of_each_class_and_few_pixels_take_what_is_safe():
    random = torch.Generator().manual_seed(3)
    values = [torch.rand(20_000, generator=random) + i for i in (1, 2)]
    places = [torch.full((20_000,), i) for i in (1, 2)]
    places.append(torch.full((5,), 4))
    values.append(torch.full((5,), 100.0))  # five pixels have no say
    tables = Tables(2, 1, 5)
    tables.measure_bounds(zip(places, values, strict=True))
    expected = np.array([np.quantile(v.numpy(), (0.0005, 0.9995)) for v in values[:2]])
    least = expected[[0, 0, 1, 1, 1], 0]
    least[0] *= expected[0, 0] / expected[1, 0]  # emptier than any: it grows fainter as they do
    np.testing.assert_allclose(tables.least, least, rtol=1e-6)
    np.testing.assert_allclose(tables.most, expected[[0, 0, 1, 1, 1], 1] + ABOVE, rtol=1e-6)
    assert tables.lowest == pytest.approx(expected[0, 0])


def test_the_unit_of_a_class_is_the_scatter_about_its_mean():
    random = torch.Generator().manual_seed(4)
    dark_matter = torch.full((1, 1, 64, 64), 0.5 * REFERENCE)
    dark_matter[..., 32:] = 8 * REFERENCE
    scatter = torch.where(dark_matter > REFERENCE, 0.2, 0.05)
    target = 2 + scatter * torch.randn(dark_matter.shape, generator=random)
    tables = Tables(2, 1, CLASSES)
    places = (dark_matter > REFERENCE).long() * 6 + 2
    tables.measure_bounds([(places.flatten(), target.flatten())])
    tables.measure_units(lambda: [(target, dark_matter)], GAS, None)
    assert tables.rms.shape == (2, 4, CLASSES)
    assert tables.log_rms.shape == (1, 4, CLASSES)
    void, halo = tables.rms[0, :2, [2, 6]].T
    # A difference of two pixels scatters more by the root of two.
    torch.testing.assert_close(void, 0.05 * torch.tensor([1, 2**0.5]), rtol=0.1, atol=0)
    torch.testing.assert_close(halo, 0.2 * torch.tensor([1, 2**0.5]), rtol=0.1, atol=0)
    torch.testing.assert_close(tables.log_rms[0, 0, 2], void[0] / 2, rtol=0.1, atol=0)
    mean = class_means([(target, dark_matter)])(dark_matter)
    assert mean.shape == target.shape
    assert float(mean.std()) < 0.1 * float(target.std())


def test_rounding_is_added_to_the_units_and_empty_pixels_have_a_logarithm():
    tables = Tables(1, 1, 3)
    plain, logarithm = tables.units(0.5)
    assert plain.rms.eq(0.5).all()
    torch.testing.assert_close(logarithm.rms, torch.full_like(logarithm.rms, 0.5 / FAINTEST))
    assert tables.log(torch.zeros(1)).item() == pytest.approx(math.log(FAINTEST))


def test_a_run_measures_its_maps_and_draws_within_their_bounds(maps):
    system, progress = prepared(TINY, maps)
    tables = progress.extra["tables"]
    assert tables.rms.shape == (6, 4, CLASSES)
    assert (tables.most > tables.least).all()
    assert (tables.rms > 0).all()
    true = np.concatenate([GAS.forward(pair.target.values).ravel() for pair in maps.pairs])
    lowest, highest = np.quantile(true, (0.01, 0.99))
    assert float(tables.least.min()) <= lowest
    assert float(tables.most.max()) >= highest
    for network in (progress.network, progress.kept):
        assert network.least.equal(tables.least)
        assert network.most.equal(tables.most)
    again = prepared(TINY, maps)[1].extra["tables"]
    for name, tensor in tables.state_dict().items():
        assert tensor.equal(again.state_dict()[name]), name
    slab = system.score(progress.kept, maps)[0]
    assert np.isfinite(slab["power_error"])


# The run.


def test_the_painting_nears_the_truth_and_its_noise_is_used(maps, tmp_path):
    lines = []
    config = replace(TINY, updates=60, checkpoint_minutes=10, learning_rate=3e-3, choose_every=30)
    progress = fit(config, maps, tmp_path, report=lambda u, losses: lines.append(losses))
    assert set(lines[0]) == {*(name for name, w in TINY.weights.items() if w), "isotropy"}
    first, last = (np.mean([sum(each.values()) for each in part]) for part in _ends(lines))
    assert last < 0.5 * first
    x = normalization("dm").forward(maps.batch(0)[0])
    noise = draw_smooth(progress.kept, x, torch.Generator().manual_seed(0), 2)
    one, other = progress.kept(x, noise)[0]
    assert float((one - other).abs().mean()) > 0
    fresh = system_for(config).start(CPU.device).network.state_dict()
    for name, before in fresh.items():
        assert not progress.network.state_dict()[name].equal(before), name


def _ends(lines):
    return lines[:1], lines[-1:]


@pytest.mark.parametrize(
    ("precision", "critic"), [("float32", 0.0), ("bfloat16", 0.0), ("bfloat16", 0.1)]
)
def test_a_killed_run_goes_on_to_the_same_numbers(maps, tmp_path, precision, critic):
    config = replace(
        TINY,
        precision=precision,
        float32_share=0.3,
        critic=critic,
        critic_updates=4,
        critic_alone=1,
    )
    whole = fit(config, maps, tmp_path / "whole")
    for number in (0, 4):  # before the first checkpoint, and after some
        with pytest.raises(KilledError):
            fit(config, KilledAt(maps, number), tmp_path / "parts")
    assert checkpoint.find_all(tmp_path / "parts")[-1].name.endswith("4")
    resumed = fit(config, maps, tmp_path / "parts")
    found, expected = state(resumed), state(whole)
    assert found.keys() == expected.keys()
    assert ("extra-tables", "0") in found
    assert any(part == "critic" for part, _ in found) == bool(critic)
    for key, tensor in expected.items():
        assert tensor.equal(found[key]), key
    kept = [(tmp_path / folder / "best.safetensors").read_bytes() for folder in ("whole", "parts")]
    assert kept[0] == kept[1]


def test_rates_rise_then_fall_as_a_cosine_with_their_own_speeds(maps):
    config = replace(TINY, updates=101, rising=5, learning_rate=1e-3, final_learning_rate=1e-5)
    system, progress = prepared(config, maps)
    step = system.step(progress, CPU)
    for update, rate in ((0, 2e-4), (50, 5.05e-4), (100, 1e-5)):
        progress.update = update
        step(maps.batch)
        rates = [group["lr"] for group in progress.optimizers["network"].param_groups]
        factors = (
            1,
            config.gate_speed,
            config.tone_speed,
            config.shaping_speed,
            config.shaping_speed,
            config.shaping_speed,
        )
        np.testing.assert_allclose(rates, [rate * f for f in factors], rtol=1e-2)
    grouped = [len(g["params"]) for g in progress.optimizers["network"].param_groups]
    assert sum(grouped) == len(list(progress.network.parameters()))
    assert grouped[1:] == [2 * 3, 3, 2, 2, 0]  # of gates, tones, details, pits, discs


def test_the_last_updates_are_not_rounded(maps):
    config = replace(TINY, updates=10, precision="bfloat16", float32_share=0.2)
    assert [config.rounds(update) for update in range(10)] == 8 * [True] + 2 * [False]
    found = {}
    for precision in ("float32", "bfloat16"):
        system, progress = prepared(replace(config, precision=precision), maps)
        step = system.step(progress, CPU)
        for update in (0, 9):
            progress.update = update
            judged = step._judged(*maps.batch(0))
            found[precision, update] = judged.draws[0][0].detach()
    assert not found["float32", 0].equal(found["bfloat16", 0])
    assert found["float32", 9].equal(found["bfloat16", 9])


def shaping():
    """A network that shapes its maps as a run's does, by numbers of its own."""
    network = replace(gated.PRESETS["tiny"], details=TINY.details, pits=TINY.pits).build()
    for part in (network.kept, network.filled):
        for numbers in part.parameters():
            nn.init.normal_(numbers)
    return network


def test_a_warm_start_that_shapes_no_maps_leaves_them_as_they_are(maps):
    torch.manual_seed(8)
    before = shaping().state_dict()
    plain = {n: t for n, t in before.items() if not n.startswith(("kept.", "filled."))}
    fresh = prepared(TINY, maps, plain)[1].network
    for part in (fresh.kept, fresh.filled):
        assert not any(numbers.any() for numbers in part.parameters())
    without = prepared(replace(TINY, details=0, pits=0), maps, before)[1].network
    assert {*without.state_dict()} == {*plain}


@pytest.mark.parametrize(("largest", "expected"), [(None, 5.0), (10.0, 5.0), (1.0, 1.0)])
def test_the_gradients_norm_is_bounded(largest, expected):
    weight = nn.Linear(2, 1, bias=False)
    adam = torch.optim.SGD(weight.parameters())
    slope = torch.tensor([3.0, 4.0])
    descent.descend({"loss": (weight.weight * slope).sum()}, weight, adam, 0.1, CPU, largest)
    assert float(weight.weight.grad.norm()) == pytest.approx(expected)
    torch.testing.assert_close(weight.weight.grad[0] / expected, slope / 5)


# What it starts from.


def test_a_warm_start_is_the_unet_and_counts_errors_in_its_residuals(maps):
    torch.manual_seed(5)
    plain = unet.PRESETS["tiny"].build().requires_grad_(False)  # not cut at zero
    system, progress = prepared(TINY, maps, plain.state_dict())
    x = torch.rand(1, 1, 16, 16)
    bare = replace_bounds(progress.network)
    nn.init.constant_(bare.filled.of_class, -50)  # of pits a fresh one fills a little
    noise = [0 * each for each in draw_smooth(bare, x, torch.Generator())]
    torch.testing.assert_close(bare(x, noise)[0], plain(x)[0])
    dark_matter = torch.tensor(maps.pairs[0].dark_matter.values)[None, None]
    expected = plain(normalization("dm").forward(dark_matter))[0]
    fresh = system.start(CPU.device).network.requires_grad_(False)
    nn.init.constant_(fresh.filled.of_class, -50)
    torch.testing.assert_close(system._painter(fresh)(dark_matter), expected)
    from_means = prepared(TINY, maps)[1].extra["tables"].rms
    assert not progress.extra["tables"].rms.isclose(from_means).all()
    with pytest.raises(ValueError, match="expected this run's gated generator of"):
        system_for(TINY, unet.PRESETS["small"].build().state_dict()).start(CPU.device)
    with pytest.raises(ValueError, match="expected this run's gated generator of"):
        system_for(TINY, generator.PRESETS["tiny"].build().state_dict()).start(CPU.device)


def replace_bounds(network):
    """The same network without bounds."""
    bare = network.config.build().eval().requires_grad_(False)
    bounds = {"least": network.least * 0 - gated.UNBOUNDED, "most": network.most * 0 + 10}
    bare.load_state_dict(network.state_dict() | bounds)
    return bare


def test_a_warm_start_from_a_gated_generator_has_its_noise_and_the_bounds_of_these_maps(maps):
    torch.manual_seed(6)
    other = shaping().state_dict()
    progress = prepared(TINY, maps, other)[1]
    for name, tensor in progress.network.state_dict().items():
        assert tensor.equal(other[name]) is (name not in ("least", "most")), name
    assert progress.network.least.equal(progress.extra["tables"].least)


def test_a_run_may_begin_with_more_of_the_coarsest_noises_and_counts_errors_as_without(maps):
    torch.manual_seed(6)
    other = shaping().state_dict()
    plain, louder = (prepared(replace(TINY, coarse_noise=f), maps, other)[1] for f in (1, 4))
    for name, tensor in louder.network.state_dict().items():
        factor = 4 if name.startswith(("gates.0.", "gates.1.")) else 1
        assert tensor.equal(factor * plain.network.state_dict()[name]), name
        assert tensor.equal(louder.kept.state_dict()[name]), name
    assert louder.extra["tables"].rms.equal(plain.extra["tables"].rms)


def test_there_is_no_more_of_coarse_noise_than_of_none(maps):
    with pytest.raises(ValueError, match="starts from no weights of ember-wgan"):
        system_for(replace(TINY, coarse_noise=4.0)).start(CPU.device)


def test_a_warm_start_from_weights_without_tones_has_fresh_ones(maps):
    torch.manual_seed(6)
    other = shaping().state_dict()
    without = {name: tensor for name, tensor in other.items() if not name.startswith("tones.")}
    network = prepared(TINY, maps, without)[1].network
    assert len(network.tones) == 3
    assert all(part.weight.any() for part in network.tones)
    assert network.gates[0].weight.equal(other["gates.0.weight"])


def test_how_heavy_a_disc_may_be_is_measured_and_clumps_are_round_outside_of_training(maps):
    system, progress = prepared(replace(TINY, rounded=1), maps)
    heaviest = heaviest_disc(maps.pairs, TINY.field)
    for network in (progress.network, progress.kept):
        assert network.heaviest.equal(heaviest)
    network = progress.kept
    x = torch.rand(1, 1, 32, 32)
    noise = draw_smooth(network, x, torch.Generator().manual_seed(1))
    (found,) = network(x, noise)
    (plain,) = network.train()(x, noise)
    torch.testing.assert_close(found, rounded(plain, network.heaviest, "circular"))
    assert not found.equal(plain)
    assert "heaviest" not in prepared(TINY, maps)[1].network.state_dict()
    assert system.built.rounded


def test_lone_discs_are_left_out_when_a_run_is_settled(maps):
    config = replace(TINY, silent=1, discs=2)
    system, progress = prepared(config, maps)
    found, said = system.settled(progress.kept, maps)
    expected, only = without_lone_discs(progress.kept, maps.pairs, config.field)
    assert said["classes_without_discs"] == only["classes_without_discs"]
    assert found.stamped.of_class.equal(expected.stamped.of_class)


@pytest.mark.parametrize(("misfits", "scaled"), [((0.3, 0.5), 1.0), ((0.5, 0.3), 1.2)])
def test_the_noise_is_scaled_when_a_run_is_settled_if_samples_then_fit_better(
    maps, monkeypatch, misfits, scaled
):
    system, progress = prepared(TINY, maps)
    louder = {"noise_scaled_4": 1.2, "spread_unscaled": 0.9}
    monkeypatch.setattr(
        gated_training,
        "strengthened",
        lambda network, pairs, field: (scaled_gates(network, (1.2, 1, 1)), louder),
    )
    left = iter(misfits)
    monkeypatch.setattr(system, "score", lambda network, examples: ({"misfit": next(left)}, None))
    found, said = system.settled(progress.kept, maps)
    assert (said["noise_scaled_4"], said["spread_unscaled"]) == (scaled, 0.9)
    assert "lowered" in said
    torch.testing.assert_close(found.gates[0].weight, scaled * progress.kept.gates[0].weight)


def test_noise_alone_learns_within_the_bounds_it_had(maps, tmp_path):
    torch.manual_seed(8)
    sways = replace(TINY, noise_only=1, silent=1, sways=1, discs=4)
    other = system_for(sways).built.build()
    bounds = {"least": other.least - 1, "most": other.most - 2, "sway": other.sway + 0.1}
    before = other.state_dict() | bounds
    progress = fit(sways, maps, tmp_path, before)
    for network in (progress.network, progress.kept):
        for name, tensor in network.state_dict().items():
            of_noise = name.startswith(("gates.", "tones.", "stamped."))
            assert tensor.equal(before[name]) is not of_noise, name
    said = system_for(sways, before).provenance(maps, 0.1, "cpu")["recipe"]["bounds"]
    assert said.startswith("those of the weights that the run began with; then `lowered`")
    unmoved = {name: tensor for name, tensor in before.items() if name != "sway"}
    with pytest.raises(ValueError, match=r"tables least, most, expected least, most, sway"):
        system_for(sways, unmoved).start(CPU.device)


def test_noise_alone_learns_from_no_unet(maps):
    unets = unet.PRESETS["tiny"].build().state_dict()
    for weights in (None, unets):
        with pytest.raises(ValueError, match=r"noise_only is 1 .* no weights of ember-wgan"):
            system_for(replace(TINY, noise_only=1), weights).start(CPU.device)


def test_a_warm_start_leaves_out_numbers_that_act_on_no_level_of_this_network(monkeypatch):
    torch.manual_seed(7)
    before = gated.PRESETS["tiny"].build().eval().requires_grad_(False)
    monkeypatch.setitem(gated.PRESETS, "tiny", replace(before.config, toned=1, classes=6))
    system = system_for(replace(TINY, silent=1, details=0, pits=0), before.state_dict())
    now = system.start(CPU.device).network.eval().requires_grad_(False)
    assert [*now.tones.state_dict()] == ["0.weight"]
    assert len(now.gates) == len(before.gates) - 1
    for network in (before, now):
        network.least.fill_(-gated.UNBOUNDED)
    for part in (*before.tones[1:], before.gates[-1]):
        for numbers in part.parameters():
            numbers.zero_()
    x = torch.rand(1, 1, 16, 16)
    noise = draw_smooth(before, x, torch.Generator().manual_seed(1))
    torch.testing.assert_close(now(x, noise)[0], before(x, noise)[0])


# Configuration and command line.


def test_weights_are_the_recipes_and_numbers_are_the_fields():
    config = preset("small", "ember-wgan", field="hi")
    assert config.weights == {
        "energy": 1.0,
        "log_energy": 0.5,
        "texture": 0.1,
        "detail": 0.2,
        "mass_and_power": 0.3,
        "masses": 0.0,
        "tails": 0.0,
    }
    assert (config.rounding, config.tone_speed) == (1e-3, 0.01)
    assert (config.silent, config.sways, config.discs, config.rounded) == (1, 1, 4, 1)
    gas = preset("small", "ember-wgan", field="gas")
    assert gas.rounding == 1.5e-4
    assert (gas.silent, gas.sways, gas.discs, gas.rounded) == (0, 0, 0, 0)
    assert [system_for(each).built.toned for each in (config, gas)] == [0, 2]
    assert gas.weights == config.weights | {"masses": 1.0}
    assert with_values(config, ["texture=0", "tone_speed=1"]).weights["texture"] == 0
    assert repr(with_values(config, ["silent=0"]).silent) == "0"
    names = [term.name for term in _terms(replace(gas, texture=0.0))]
    assert names == ["energy", "log_energy", "detail", "mass_and_power", "masses"]
    assert [term.name for term in _terms(config)][-1] == "mass_and_power"


def _terms(config):
    system = system_for(config)
    return system.step(system.start(CPU.device), CPU).terms


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"field": "stars"}, "Field for ember-wgan is 'stars', expected one of gas, hi"),
        ({"critic": 0.1, "critic_updates": 9000}, "learns in 9000 of 2000 updates"),
        ({"critic": 0.1, "critic_alone": 1600}, "first 1600 of them alone"),
        ({"draws": 1}, "scores 1 draws"),
        ({"texture_scales": 7}, "on 6 scales"),
        ({"coarse_noise": 0.0}, "coarse_noise is 0.0, expected a positive factor"),
        ({"choose_every": 0}, "every 0 updates"),
        (
            dict.fromkeys(preset("small", "ember-wgan").weights, 0.0),
            "no term with a weight",
        ),
    ],
)
def test_a_configuration_that_cannot_train_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        preset("small", "ember-wgan", **wrong)


def command(data, out, *more):
    return [
        *("fit", "--system", "ember-wgan", "--preset", "small", "--device", "cpu"),
        *("--data", str(data), "--out", str(out), "--updates", "2", *more),
    ]


def test_the_command_trains_from_a_unet_then_from_itself_and_it_paints(data, tmp_path, monkeypatch):
    first = ["fit", "--preset", "smoke", "--data", str(data), "--out", str(tmp_path / "unet")]
    assert CliRunner().invoke(app, first).exit_code == 0
    card_path = tmp_path / "unet" / "ember-unet-gas-hr.json"
    for folder in ("one", "two"):
        run = command(data, tmp_path / folder, "--warm-start", str(card_path))
        result = CliRunner().invoke(app, run)
        assert result.exit_code == 0, result.output
        warm, card_path = read_card(card_path), tmp_path / folder / "ember-wgan-gas-hr.json"
        card = read_card(card_path)
        assert card.architecture["network"] == "gated generator"
        assert card.stochastic
        recipe = card.recipe
        assert recipe["terms"] == preset("small", "ember-wgan").weights
        assert (recipe["warm_start"], recipe["chosen_update"]) == (warm.weights_sha256, 2)
        assert (recipe["critic"], recipe["draws"], recipe["steepest"]) == (0, 2, 0.02)
        assert "penalty" not in recipe
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "assets"))
    (tmp_path / "assets").mkdir()
    (tmp_path / "two").rename(tmp_path / "assets" / "weights")
    emulator = engine.load_emulator("ember-wgan", field="gas", device="cpu")
    assert emulator.card.weights_sha256 == card.weights_sha256
    slab = open_simulation(data / "held-out.hdf5").slab("dm", "z", 0)
    one, other, again = (emulator.predict(slab, seed=seed).values for seed in (1, 2, 1))
    assert one.shape == slab.values.shape
    assert (one > 0).all()
    assert not np.array_equal(one, other)
    assert np.array_equal(one, again)


def test_a_dry_run_says_what_would_be_done(data, tmp_path):
    result = CliRunner().invoke(app, command(data, tmp_path / "run", "--dry-run"))
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    for part in ("network: 1.73 M", "mass_and_power: 0.3", "2 updates of 1 maps"):
        assert part in words
    assert not list(tmp_path.iterdir())
