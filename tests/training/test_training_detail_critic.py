"""The critic of a gated generator's last stage: what it sees, when it plays, what it teaches."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from engine.networks.ember import gated
from engine.networks.ember.detail import SCALES, DetailNetwork, counted, details
from training.config import Split
from training.data.slabs import TrainingMaps, read_pairs
from training.systems.detail_critic import WINDOW, window
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
TINY = preset(
    "small",
    "ember-wgan",
    network="tiny",
    updates=6,
    rising=1,
    critic=0.2,
    critic_updates=3,
    critic_alone=1,
)


@pytest.fixture(autouse=True)
def _tiny_network(monkeypatch):
    tiny = gated.GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6))
    monkeypatch.setitem(gated.PRESETS, "tiny", tiny)


@pytest.fixture(scope="module")
def maps(data):
    pairs = read_pairs(data / "training-05-z2.hdf5", Split("training-*"), "gas", "HR")
    return TrainingMaps(pairs, 1, 0)


def started(config, maps):
    system = system_for(config)
    progress = system.start(CPU.device)
    system.prepare(progress, maps)
    return progress, system.step(progress, CPU)


def test_detail_is_counted_in_units_of_its_rms_at_that_dark_matter(maps):
    network = DetailNetwork(5)
    random = torch.Generator().manual_seed(0)
    place = torch.zeros(1, 1, 64, 64)
    place[..., 32:] = 3.0
    loud = torch.where(place == 0, 0.5, 2.0)
    for _ in range(40):
        network.measure(loud * torch.randn(1, SCALES, 64, 64, generator=random), place)
    seen = network.in_units(loud * torch.randn(1, SCALES, 64, 64, generator=random), place)
    for half in (slice(0, 32), slice(32, None)):
        torch.testing.assert_close(
            seen[..., half].std((0, 2, 3)), torch.ones(SCALES), rtol=0.05, atol=0
        )
    # A class that has no pixels counts as all do; and no unit is below what maps are rounded to.
    empty = network.in_units(torch.ones(1, SCALES, 64, 64), torch.full_like(place, 4.0))
    torch.testing.assert_close(empty, torch.full_like(empty, 1 / 2.125**0.5), rtol=0.05, atol=0)
    silent = DetailNetwork(5)
    silent.measure(torch.zeros(1, SCALES, 64, 64), place)
    assert silent.in_units(torch.full((1, SCALES, 64, 64), 1e-3), place).max() == pytest.approx(0.5)


def test_each_detail_holds_its_scale():
    wave = torch.arange(192) * (2 * torch.pi / 192)
    for scale in range(SCALES):
        waves = torch.sin(64 / 2**scale * wave).expand(1, 1, 192, 192)
        assert details(waves + 7).square().mean((0, 2, 3)).argmax() == scale
    assert details(torch.full((1, 1, 96, 96), 7.0)).abs().max() < 1e-5


def test_dense_places_count_more_whatever_their_share():
    dark = torch.full((2, SCALES + 1, 16, 16), -8.0)
    dark[:, 0, 4:8, 8:12] = torch.tensor([0.0, 9.0])[:, None, None]
    places = counted(dark, (4, 4))
    torch.testing.assert_close(places.mean((1, 2, 3)), torch.ones(2))
    torch.testing.assert_close(
        places[:, 0, 1, 2] / places[:, 0, 0, 0], torch.tensor([1.0, 6.0]) / 0.3
    )


def test_the_critic_learns_alone_at_first_then_its_weight_rises(maps):
    config = replace(TINY, updates=100, critic_updates=20, critic_alone=5, rising=2)
    weights = [config.critic_weight(update) for update in range(100)]
    assert weights[:85] == 85 * [0]
    torch.testing.assert_close(weights[85:93], [0.2 * i / 8 for i in range(1, 9)])
    assert weights[93:] == 7 * [0.2]
    progress, step = started(TINY, maps)
    before = [p.clone() for p in progress.modules["critic"].parameters()]
    assert not {"critic", "generator"} & set(step(maps.batch))
    assert all(a.equal(b) for a, b in zip(before, step.critic.critic.parameters(), strict=True))
    progress.update = 3
    alone = set(step(maps.batch))
    assert {"critic", "penalty"} <= alone
    assert "generator" not in alone
    assert not any(a.equal(b) for a, b in zip(before, step.critic.critic.parameters(), strict=True))
    progress.update = 5
    assert {"critic", "penalty", "generator"} <= set(step(maps.batch))


def test_no_weights_are_kept_from_before_the_critic_was_listened_to():
    config = replace(TINY, updates=20, critic_updates=12, critic_alone=4, choose_every=2)
    for weight, looks in ((0.2, [16, 18, 20]), (0.0, [10, 12, 14, 16, 18, 20])):
        system = system_for(replace(config, critic=weight))
        assert [update for update in range(1, 21) if system.is_due(update)] == looks


def test_nothing_is_rounded_that_the_critic_sees():
    config = replace(TINY, updates=100, critic_updates=60, critic_alone=5, float32_share=0.1)
    assert [config.rounds(update) for update in (0, 39, 40, 99)] == [True, True, False, False]
    without = replace(config, critic=0.0)
    assert [without.rounds(update) for update in (40, 89, 90)] == [True, True, False]


def test_the_slope_of_a_place_is_one_however_many_there_are(maps):
    _, step = started(TINY, maps)
    random = torch.Generator().manual_seed(2)
    channels = SCALES, SCALES, SCALES + 1
    seen, *given = (torch.randn(1, n, 32, 32, generator=random) for n in channels)
    slopes = []
    for copies in (1, 2):
        painting, *beside_it = (torch.cat(copies * [each], dim=-1) for each in (seen, *given))
        painting.requires_grad_()
        score = step.critic._by_place([painting], beside_it).sum()
        (gradient,) = torch.autograd.grad(score, painting)
        slopes.append(gradient.square().sum().sqrt())
    torch.testing.assert_close(slopes[0], slopes[1])


def test_it_learns_on_the_same_square_of_truth_painting_and_dark_matter():
    rows, columns = torch.meshgrid(torch.arange(200.0), torch.arange(240.0), indexing="ij")
    random = torch.Generator().manual_seed(0)
    corners = set()
    for _ in range(4):
        first, second = window((rows[None, None], columns[None, None]), random)
        assert first.shape == second.shape == (1, 1, WINDOW, WINDOW)
        corners.add((float(first.min()), float(second.min())))
    assert len(corners) == 4
    small = torch.ones(1, 1, WINDOW, WINDOW)
    assert window((small,), random)[0] is small


def test_it_learns_to_tell_speckle_from_the_truth_and_the_generator_to_avoid_it(maps):
    progress, step = started(replace(TINY, critic_learning_rate=2e-3), maps)
    judged = step._judged(*maps.batch(0))
    random = torch.Generator().manual_seed(1)
    real, unit = judged.real[0], judged.units[0][:, :1]
    speckled = (real + 3 * unit * torch.randn(real.shape, generator=random)).requires_grad_()
    draws = [[speckled], [speckled]]
    told = replace(judged, draws=draws)
    distances = []
    for progress.update in range(60):
        step.critic.think(told)
        distances.append(float(step.critic.learn(told)["critic"].detach()))
    assert distances[-1] < -0.5
    (slope,) = torch.autograd.grad(step.critic.think(told), speckled)
    # Down the slope lies less speckle.
    assert (slope * (speckled - real)).sum() > 0
    assert not any(p.requires_grad for p in step.critic.critic.parameters())


@pytest.mark.parametrize("alike", [True, False])
def test_draws_that_agree_where_the_truth_differs_are_found_out(maps, alike):
    progress, step = started(replace(TINY, critic_learning_rate=2e-3), maps)
    judged = step._judged(*maps.batch(0))
    unit = 3 * judged.units[0][:, :1]
    random = torch.Generator().manual_seed(1)
    distances = []
    for progress.update in range(120):
        # Each by itself has the law of the truth.
        truth, first, second = (
            judged.real[0] + unit * torch.randn(unit.shape, generator=random) for _ in range(3)
        )
        draws = [[first], [first if alike else second]]
        told = replace(judged, draws=draws, real=[truth, *judged.real[1:]])
        step.critic.think(told)
        distances.append(float(step.critic.learn(told)["critic"].detach()))
    found = -sum(distances[-20:]) / 20
    assert found > 0.15 if alike else found < 0.03
