"""Generator and critic: a run learns, goes on to the same numbers, and ends in a usable card."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from engine.networks.ember import critic, generator, unet
from engine.normalization import normalization
from engine.systems.card import read_card
from engine.systems.weights import read_weights
from training import checkpoint, export, loop
from training.config import Split, with_values
from training.data.slabs import TrainingMaps, read_pairs
from training.losses.pixels import normalized_pyramid
from training.losses.probability import mass_weighted_score
from training.systems.adversarial import draw_noise
from training.systems.ember_wgan import TABLE_3
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
TINY = preset("smoke", "ember-wgan", network="tiny", updates=6, checkpoint_minutes=1e-9)
NUMBERS = {"widths": (4, 6, 8), "decoder_widths": (8, 6)}


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    monkeypatch.setitem(unet.PRESETS, "tiny", unet.UNetConfig(**NUMBERS))
    monkeypatch.setitem(generator.PRESETS, "tiny", generator.GeneratorConfig(**NUMBERS))
    monkeypatch.setitem(critic.PRESETS, "tiny", critic.CriticConfig((4, 6), (6, 8, 8)))


@pytest.fixture(scope="module")
def maps(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return TrainingMaps(pairs, 2, 0)


def silent(update, losses):
    pass


def fit(config, maps, folder, report=silent):
    return loop.fit(system_for(config), maps, folder, CPU, report)


def start(config, weights=None):
    return system_for(config, weights).start(CPU.device)


def step_of(config, progress=None):
    return system_for(config).step(progress or start(config), CPU)


def state(progress):
    """Every number of a run, by part and name."""
    return {
        (part, name): tensor.clone()
        for part, tensors in checkpoint._taken_apart(progress)[0].items()
        for name, tensor in tensors.items()
    }


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key, tensor in a.items():
        assert tensor.equal(b[key]), key


class KilledError(Exception):
    """Stands for a run that is killed."""


class KilledAt:
    """Maps that kill the run when a batch is asked for."""

    def __init__(self, maps, number):
        self.pairs, self.maps, self.number = maps.pairs, maps, number
        self.drawn = []

    def batch(self, number):
        self.drawn.append(number)
        if number == self.number:
            raise KilledError
        return self.maps.batch(number)


def test_the_painting_nears_the_truth_and_both_networks_move(maps, tmp_path):
    lines = []
    config = replace(
        TINY, updates=100, checkpoint_minutes=10, learning_rate=3e-3, critic_learning_rate=1e-3
    )
    progress = fit(config, maps, tmp_path, lambda u, losses: lines.append(losses))
    assert set(lines[0]) == {"critic", "penalty", "generator", "dssim", "msle"}
    first, last = ([line["dssim"] + line["msle"] for line in lines][i] for i in (0, -1))
    assert last < 0.5 * first
    assert progress.network.noise_strength.all()
    fresh = start(config)
    for name, before in fresh.modules["critic"].state_dict().items():
        assert not progress.modules["critic"].state_dict()[name].equal(before), name


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_run_goes_on_to_the_same_numbers(maps, tmp_path, precision):
    config = replace(TINY, precision=precision, critic_steps=2)
    whole = fit(config, maps, tmp_path / "whole")
    with pytest.raises(KilledError):
        fit(config, KilledAt(maps, 9), tmp_path / "parts")
    assert checkpoint.find_all(tmp_path / "parts")[-1].name.endswith("4")
    resumed = fit(config, maps, tmp_path / "parts")
    assert_same(state(resumed), state(whole))
    names = ("log.jsonl", "best.safetensors")
    looks = [
        [line for line in (folder / names[0]).read_text().splitlines() if "power_error" in line]
        for folder in (tmp_path / "whole", tmp_path / "parts")
    ]
    assert looks[0] == looks[1]
    assert len(looks[0]) == 2
    kept = [(tmp_path / folder / names[1]).read_bytes() for folder in ("whole", "parts")]
    assert kept[0] == kept[1]


def test_each_step_of_the_critic_sees_other_maps(maps, tmp_path):
    watched = KilledAt(maps, None)
    fit(replace(TINY, updates=2, critic_steps=3), watched, tmp_path)
    assert watched.drawn == [0, 1, 2, 3, 4, 5]


def test_lines_after_the_checkpoint_are_dropped(maps, tmp_path):
    fit(TINY, maps, tmp_path)
    log = tmp_path / "log.jsonl"
    before = log.read_text()
    log.write_text(before + '{"update": 7, "critic": 0.0}\n{"update": 8, "cri')
    fit(TINY, maps, tmp_path)
    assert log.read_text() == before


def test_a_run_that_breaks_leaves_no_broken_checkpoint(maps, tmp_path):
    config = replace(TINY, updates=40, learning_rate=1e30, critic_learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(config, maps, tmp_path)
    for folder in checkpoint.find_all(tmp_path):
        assert all(t.isfinite().all() for t in load_file(folder / "network.safetensors").values())


def test_curves_and_pictures_are_left_for_tensorboard(maps, tmp_path):
    fit(TINY, maps, tmp_path)
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    for name in (b"loss/critic", b"training examples/power_error", b"input, truth, painting"):
        assert name in content


def test_weights_of_the_loss_are_the_papers_unless_named():
    def weights(config):
        return {name: getattr(config, name) for name in ("alpha", "beta", "penalty")}

    for field, paper in TABLE_3.items():
        assert weights(preset("paper", "ember-wgan", field=field)) == paper
    named = preset("paper", "ember-wgan", field="hi", alpha=3.0)
    assert weights(named) == {**TABLE_3["hi"], "alpha": 3.0}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"field": "stars"}, "Field for ember-wgan is 'stars', expected one of gas, hi"),
        ({"critic_steps": 0}, "0 critic steps"),
        ({"choose_every": 0}, "every 0 updates"),
        ({"updates": 0}, "0 updates"),
        ({"crop": 64, "margin": 32}, "squares of 64 pixels with margins of 32"),
        ({"margin": -4}, "margins of -4"),
    ],
)
def test_a_configuration_that_cannot_train_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        preset("smoke", "ember-wgan", **wrong)


def test_adam_has_no_momentum_and_rates_fall_as_a_power(maps):
    config = replace(TINY, updates=101, learning_rate=1e-4, final_learning_rate=0, decay_power=2)
    progress = start(config)
    step = step_of(config, progress)
    for optimizer in progress.optimizers.values():
        assert optimizer.param_groups[0]["betas"] == (0.0, 0.99)
    for update, share in ((0, 1.0), (50, 0.25), (100, 0.0)):
        progress.update = update
        step(lambda number: maps.batch(number))
        weights, noise = progress.optimizers["network"].param_groups
        assert weights["lr"] == pytest.approx(1e-4 * share)
        assert noise["lr"] == pytest.approx(30 * 1e-4 * share)
        assert [p.shape for p in noise["params"]] == [(2,)]
        rate = progress.optimizers["critic"].param_groups[0]["lr"]
        assert rate == pytest.approx(config.critic_learning_rate * share)


def test_noise_differs_between_updates_samples_and_seeds_and_is_repeatable(maps):
    seen = []
    for seed, update in ((0, 0), (0, 1), (1, 0), (0, 0)):
        config = replace(TINY, seed=seed)
        progress = start(config)
        progress.update = update
        step = step_of(config, progress)
        seen.append(draw_noise(progress.network, torch.zeros(2, 1, 32, 32), step._random(0)))
    assert [tuple(n.shape) for n in seen[0]] == [(2, 1, 16, 16), (2, 1, 32, 32)]
    first, *others, again = (noises[1] for noises in seen)
    assert first.equal(again)
    assert not first[0].equal(first[1])
    assert not any(first.equal(other) for other in others)


def test_until_the_critic_enters_it_stays_and_the_painter_learns(maps, tmp_path):
    config = replace(TINY, warm_up=4, calibration=1.0, mass_calibration=1.0, power=0.1)
    before = start(config)
    for updates, entered in ((4, False), (6, True)):
        shorter = replace(config, updates=6)
        progress = start(shorter)
        step = step_of(shorter, progress)
        for update in range(updates):
            terms = step(lambda number: maps.batch(update))  # noqa: B023 (called at once)
            progress.update += 1
        assert ("critic" in terms) is entered
        assert {"calibration", "mass_calibration", "power"} <= terms.keys()
        moved = [
            not torch.equal(a, b)
            for a, b in zip(
                progress.modules["critic"].parameters(),
                before.modules["critic"].parameters(),
                strict=True,
            )
        ]
        assert any(moved) is entered
        assert progress.network.noise_strength.all()


def test_the_score_by_mass_is_of_the_full_size_painting_and_has_slopes_where_it_is_empty():
    scaling, matter = normalization("hi"), normalization("dm")
    random = torch.Generator().manual_seed(5)
    dark_matter, target = (1e4 * torch.rand(2, 2, 1, 32, 32, generator=random)).unbind()
    real = normalized_pyramid(target, scaling, 3)
    mass = normalized_pyramid(dark_matter, matter, 3)
    perfect = mass_weighted_score([target, target], real, mass, scaling, matter)
    assert float(perfect) == pytest.approx(0, abs=1e-3)

    empty = torch.zeros(2, 1, 32, 32, requires_grad=True)
    score = mass_weighted_score([scaling.inverse(empty), target], real, mass, scaling, matter)
    score.backward()
    assert float(score.detach()) == pytest.approx(0, abs=1e-3)  # a draw on the truth, one beyond
    assert torch.isfinite(empty.grad).all()

    # A pixel that is off costs what its dark matter weighs.
    def cost(place):
        off = target.clone()
        off[0, 0, *place] *= 2
        return float(mass_weighted_score([off, off], real[:1], mass[:1], scaling, matter))

    light, heavy = (
        divmod(int(place), 32) for place in (dark_matter[0, 0].argmin(), dark_matter[0, 0].argmax())
    )
    exact = float(mass_weighted_score([target, target], real[:1], mass[:1], scaling, matter))
    assert cost(heavy) - exact > 10 * (cost(light) - exact)


def test_without_a_critic_there_is_none_and_the_generator_is_as_it_was_before_one_enters(maps):
    found = []
    for updates in (6, 7):
        rate = TINY.learning_rate  # constant, so that it doesn't depend on their number
        config = replace(TINY, updates=updates, warm_up=6, final_learning_rate=rate)
        progress = start(config)
        step = step_of(config, progress)
        for update in range(6):
            terms = step(lambda number: maps.batch(update))  # noqa: B023 (called at once)
            progress.update += 1
        assert set(terms) == {"dssim", "msle"}
        assert ("critic" in progress.modules) is (updates == 7)
        found.append(progress.network.state_dict())
    assert all(tensor.equal(found[1][name]) for name, tensor in found[0].items())


def test_what_has_nothing_to_learn_from_is_refused():
    with pytest.raises(ValueError, match="neither a critic nor a term"):
        replace(TINY, warm_up=6, alpha=0.0, beta=0.0)


def test_numbers_of_a_preset_can_be_set():
    config = with_values(TINY, ["calibration=100", "warm_up=2", "alpha=1"])
    assert (config.calibration, config.warm_up, config.alpha) == (100.0, 2, 1.0)
    assert with_values(TINY, ["alpha=0.5"]).alpha == 0.5
    for wrong, words in (
        ("magic=1", "magic"),
        ("warm_up=two", "warm_up is 'two'"),
        ("warm_up=7", "7 updates before the critic enters"),
    ):
        with pytest.raises(ValueError, match=words):
            with_values(TINY, [wrong])
    with pytest.raises(ValueError, match="whole periodic maps"):
        with_values(TINY, ["power=1", "crop=64"])


def test_the_critic_is_not_moved_by_the_generators_step(maps):
    progress = start(TINY)
    step = step_of(TINY, progress)
    paintings, _ = step._paint(maps.batch(0), step._random(0))
    critic = progress.modules["critic"]
    step._step_generator(critic, paintings)
    assert all(p.grad is None and p.requires_grad for p in critic.parameters())
    assert any(p.grad.any() for p in progress.network.parameters())


def test_only_the_inside_of_a_square_that_is_cut_out_is_judged(maps, monkeypatch):
    config = replace(TINY, crop=24, margin=4)
    progress = start(config)
    step = step_of(config, progress)
    critic = progress.modules["critic"]
    seen, paddings = [], set()

    def look(painting, dark_matter, padding):
        seen.append([*painting, *dark_matter])
        paddings.add(padding)
        return type(critic).forward(critic, painting, dark_matter, padding)

    monkeypatch.setattr(critic, "forward", look)
    dark_matter, target = TrainingMaps(maps.pairs, 2, 0, crop=24).batch(0)
    assert dark_matter.shape[-2:] == (24, 24)
    step(lambda _: (dark_matter, target))
    assert paddings == {"replicate"}
    assert [m.shape[-1] for m in seen[0]] == 2 * [16, 8, 4]
    inside = normalization("dm").forward(dark_matter[..., 4:-4, 4:-4])
    torch.testing.assert_close(seen[0][3], inside)
    torch.testing.assert_close(
        seen[0][4],
        normalized_pyramid(dark_matter[..., 4:-4, 4:-4], normalization("dm"), 2)[1],
    )


def test_whole_maps_are_periodic_also_where_larger_ones_are_cut(maps):
    step = step_of(replace(TINY, crop=24, margin=4), start(TINY))
    assert step._edges(24) == (4, "replicate")
    assert step._edges(16) == (0, "circular")


@pytest.mark.parametrize(("crop", "margin"), [(22, 4), (24, 3)])
def test_squares_that_cannot_be_halved_are_refused(crop, margin):
    with pytest.raises(ValueError, match="expected multiples of 4 for network 'tiny'"):
        step_of(replace(TINY, crop=crop, margin=margin), start(TINY))


def test_a_warm_start_is_the_unet_and_nothing_else():
    torch.manual_seed(5)
    plain = unet.PRESETS["tiny"].build().eval()
    progress = start(TINY, plain.state_dict())
    x = torch.rand(1, 1, 16, 16)
    noise = draw_noise(progress.kept, x, torch.Generator().manual_seed(0))
    for a, b in zip(progress.kept(x, noise), plain(x), strict=True):
        assert a.equal(b)
    with pytest.raises(
        ValueError, match="are a network of 1566629 parameters, expected this run's"
    ):
        start(TINY, unet.PRESETS["small"].build().state_dict())


def test_a_warm_start_from_a_generator_has_its_noise_too():
    torch.manual_seed(5)
    other = generator.PRESETS["tiny"].build().requires_grad_(False)
    other.noise_strength.copy_(torch.rand_like(other.noise_strength))
    progress = start(TINY, other.state_dict())
    for name, tensor in other.state_dict().items():
        assert progress.network.state_dict()[name].equal(tensor)


def test_the_noise_of_what_is_exported_can_be_scaled(maps, tmp_path):
    strengths = {}
    for factor in (1.0, 1.5):
        config = replace(TINY, noise_scaled=factor)
        progress = fit(TINY, maps, tmp_path / str(factor))
        system = system_for(config)
        card = system.card(maps, 0.1, "cpu")
        path = export.export(tmp_path / str(factor), system, card, progress)
        strengths[factor] = read_weights(path, read_card(path))["noise_strength"]
    assert strengths[1.0].all()
    np.testing.assert_allclose(strengths[1.5], 1.5 * strengths[1.0], rtol=1e-3)


def test_bfloat16_features_give_the_same_penalty_and_nearly_the_same_game(maps):
    found = []
    for precision in ("float32", "bfloat16"):
        config = replace(TINY, precision=precision)
        progress = start(config)
        terms = step_of(config, progress)(lambda number: maps.batch(number))
        found.append({name: term.item() for name, term in terms.items()})
    exact, rounded = found
    for name in ("penalty", "dssim", "msle"):
        assert rounded[name] == pytest.approx(exact[name], rel=0.02)
