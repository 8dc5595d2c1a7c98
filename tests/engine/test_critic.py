"""The critic's numbers, what it sees and what it doesn't."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember import critic, generator
from engine.networks.ember.critic import Critic, CriticConfig, batch_spread
from engine.networks.padding import pad

TINY = CriticConfig(stem=(4, 6), widths=(6, 8, 8))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny():
    torch.manual_seed(1)
    return TINY.build()


def pyramid(batch=2, shape=(16, 24), scales=3, seed=0):
    maps = [torch.rand(batch, 1, *shape, generator=torch.Generator().manual_seed(seed))]
    for _ in range(scales - 1):
        maps.append(F.avg_pool2d(maps[-1], 2))
    return maps


@pytest.mark.parametrize(
    ("preset", "stem", "levels", "last"),
    [
        ("paper", (32, 64), [(67, 128, 256), (259, 256, 512), (515, 512, 1024)], 1024),
        ("small", (16, 32), [(35, 64, 96), (99, 96, 128), (131, 128, 192), (195, 192, 192)], 192),
    ],
)
def test_the_presets_layers_and_parameters(preset, stem, levels, last):
    with torch.device("meta"):
        network = critic.PRESETS[preset].build()
    if preset == "paper":
        levels = levels + 4 * [(1027, 1024, 1024)]
    first, second = stem
    expected = 9 * (2 * first + first * second) + first + second
    for i, convolved, halved in levels:
        expected += 9 * (i * convolved + convolved * halved) + convolved + halved
    expected += last
    assert sum(p.numel() for p in network.parameters()) == expected
    assert round(expected / 1e6, 1) == {"paper": 84.9, "small": 1.3}[preset]
    assert network.config.scales == generator.PRESETS[preset].halvings + 1


def test_smalls_parameters_fit_into_a_part_of_16_mib():
    with torch.device("meta"):
        for preset in (critic.PRESETS["small"], generator.PRESETS["small"]):
            assert 4 * sum(p.numel() for p in preset.build().parameters()) < 16 * 2**20


@pytest.mark.parametrize("side", [256, 384])
def test_the_same_network_takes_whole_maps_of_both_sides(side):
    network = critic.PRESETS["small"].build()
    with torch.inference_mode():
        scores = network(*(pyramid(1, (side, side), 5, seed) for seed in (1, 2)))
    assert scores.shape == (1,)


def test_a_map_twice_as_large_of_the_same_pattern_has_the_same_score(tiny):
    maps, dark_matter = pyramid(seed=1), pyramid(seed=2)
    tiled = ([m.tile(1, 1, 2, 2) for m in maps] for maps in (maps, dark_matter))
    torch.testing.assert_close(tiny(*tiled), tiny(maps, dark_matter))


def test_a_periodic_shift_changes_no_score(tiny):
    maps, dark_matter = pyramid(seed=1), pyramid(seed=2)

    def shifted(maps):
        return [m.roll((8 >> i, 16 >> i), (-2, -1)) for i, m in enumerate(maps)]

    expected = tiny(maps, dark_matter)
    torch.testing.assert_close(tiny(shifted(maps), shifted(dark_matter)), expected)


@pytest.mark.parametrize("scale", range(3))
@pytest.mark.parametrize("which", [0, 1])
def test_every_map_matters(tiny, scale, which):
    inputs = (pyramid(seed=1), pyramid(seed=2))
    before = tiny(*inputs)
    inputs[which][scale] = inputs[which][scale].flip(-1)
    assert (tiny(*inputs) != before).all()


def test_every_parameter_gets_a_gradient(tiny):
    tiny(pyramid(seed=1), pyramid(seed=2)).square().sum().backward()
    assert all(p.grad.any() for p in tiny.parameters())


def test_the_spread_is_the_mean_of_standard_deviations_over_the_batch():
    x = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 2.0]]], [[[5.0, 2.0]]]])
    expected = ((8 / 3) ** 0.5 + 0) / 2
    assert batch_spread(x).item() == pytest.approx(expected, abs=1e-4)


def test_the_spread_sees_painting_and_features_but_not_dark_matter(monkeypatch):
    seen = []
    monkeypatch.setattr(critic, "batch_spread", lambda x: seen.append(x) or batch_spread(x))
    network = Critic(TINY)
    maps, dark_matter = pyramid(seed=1), pyramid(seed=2)
    network(maps, dark_matter)
    assert [x.shape[1] for x in seen] == [6 + 1, 8 + 1]
    for x, target in zip(seen, maps[1:], strict=True):
        assert x[:, -1:].equal(target)


def test_it_notices_that_all_samples_are_alike(tiny):
    different = pyramid(batch=2, seed=1)
    alike = [m[:1].expand(2, -1, -1, -1) for m in different]
    dark_matter = [m[:1].expand(2, -1, -1, -1) for m in pyramid(seed=2)]
    first = tiny(different, dark_matter)[0]
    assert first != tiny(alike, dark_matter)[0]


def test_under_autocast_scores_stay_in_full_precision(tiny):
    inputs = (pyramid(seed=1), pyramid(seed=2))
    with torch.autocast("cpu", torch.bfloat16):
        scores = tiny(*inputs)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, tiny(*inputs), rtol=0.05, atol=0.01)


def test_the_gradients_gradient_is_the_one_torch_finds(tiny, monkeypatch):
    """The penalty steps through periodic padding twice."""

    def norm_gradients(network):
        maps = [m.double().requires_grad_() for m in pyramid(seed=1)]
        score = network(maps, [m.double() for m in pyramid(seed=2)]).sum()
        gradients = torch.autograd.grad(score, maps, create_graph=True)
        norm = sum(g.square().sum() for g in gradients).sqrt()
        return torch.autograd.grad(norm, list(network.parameters()), materialize_grads=True)

    network = tiny.double()
    found = norm_gradients(network)
    monkeypatch.setattr(
        "engine.networks.ember.unet.pad", lambda x, edge, _: F.pad(x, (edge,) * 4, mode="circular")
    )
    for a, b in zip(found, norm_gradients(network), strict=True):
        torch.testing.assert_close(a, b)


def test_padding_is_twice_differentiable():
    x = torch.rand(1, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: pad(x, 1, "circular").sin(), (x,))


def test_a_missing_scale_is_refused(tiny):
    with pytest.raises(ValueError, match="got 2 scales of the dark matter, expected 3"):
        tiny(pyramid(), pyramid()[:2])


@pytest.mark.parametrize("numbers", [((4,), (6, 8)), ((4, 6), (8,)), ((4, 0), (6, 8))])
def test_numbers_that_make_no_network_are_refused(numbers):
    with pytest.raises(ValueError, match="expected two and at least two channel numbers > 0"):
        CriticConfig(*numbers)
