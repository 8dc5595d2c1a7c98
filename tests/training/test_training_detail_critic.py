"""The critic of a gated generator's last stage: what it sees, when it plays, what it teaches."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from engine.networks.ember import gated
from training.config import Split
from training.data.slabs import TrainingMaps, read_pairs
from training.losses.spectra import COARSE
from training.systems.detail_critic import DetailCritic, detail, halved
from training.systems.registry import preset, system_for

CPU = Fabric(accelerator="cpu", devices=1)
TINY = preset(
    "small", "ember-wgan", network="tiny", updates=6, rising=1, critic=0.2, critic_updates=3
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


def test_detail_is_fine_structure_in_units_of_its_error():
    wave = torch.arange(72) * (2 * torch.pi / COARSE)
    fine, broad = (torch.sin(k * wave).expand(1, 1, 72, 72) for k in (1, 1 / 8))
    unit = torch.full_like(fine, 0.1)
    unit[..., 36:] = 0.5
    # A wave as long as the square has no mean in it; a constant is no detail at all.
    torch.testing.assert_close(detail(fine + 7, unit), fine / unit, rtol=0, atol=1e-3)
    assert detail(broad, unit).abs().max() < 0.2 * detail(fine, unit).abs().max()
    full, half = halved(fine)
    assert (full.shape, half.shape) == ((1, 1, 72, 72), (1, 1, 36, 36))


def test_the_critic_plays_in_the_last_stage_and_its_weight_rises(maps):
    config = replace(TINY, updates=100, critic_updates=20, rising=2)
    weights = [config.critic_weight(update) for update in range(100)]
    assert weights[:80] == 80 * [0]
    torch.testing.assert_close(weights[80:88], [0.2 * i / 8 for i in range(1, 9)])
    assert weights[88:] == 12 * [0.2]
    progress, step = started(TINY, maps)
    before = [p.clone() for p in progress.modules["critic"].parameters()]
    assert not {"critic", "generator"} & set(step(maps.batch))
    assert all(a.equal(b) for a, b in zip(before, step.critic.critic.parameters(), strict=True))
    progress.update = 5
    assert {"critic", "penalty", "generator"} <= set(step(maps.batch))
    assert not any(a.equal(b) for a, b in zip(before, step.critic.critic.parameters(), strict=True))


def test_the_slope_of_a_place_is_one_however_many_there_are(maps):
    progress, step = started(TINY, maps)
    judged = step._judged(*maps.batch(0))
    critic = DetailCritic(TINY, progress, CPU)
    fake, _, dark_matter = critic._seen(judged.draws[0][0].detach(), judged)
    twice = [[torch.cat((scale, scale), dim=-1) for scale in maps] for maps in (fake, dark_matter)]
    slopes = []
    for painting, dark in ((fake, dark_matter), twice):
        painting = [scale.clone().requires_grad_() for scale in painting]
        gradients = torch.autograd.grad(critic._by_place(painting, dark).sum(), painting)
        slopes.append(sum(g.square().sum() for g in gradients) ** 0.5)
    torch.testing.assert_close(slopes[0], slopes[1])


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
