"""Noise where the paper puts it, and a U-Net that doesn't notice."""

from dataclasses import asdict

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember import generator, unet
from engine.networks.ember.generator import GeneratorConfig

TINY = GeneratorConfig(widths=(4, 6, 8), decoder_widths=(8, 6))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def built(strengths):
    torch.manual_seed(1)
    network = TINY.build().eval()
    torch.nn.init.ones_(network.to_map[-1].bias)
    with torch.no_grad():
        network.noise_strength.copy_(torch.tensor(strengths))
    return network


def noise(batch=1, shape=(16, 24), seed=0):
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 1, *sides, generator=random) for sides in TINY.noise_shapes(shape)]


def as_unet(network):
    """The network's weights in a U-Net."""
    plain = unet.UNetConfig(**asdict(TINY)).build().eval()
    state = network.state_dict()
    del state["noise_strength"]
    plain.load_state_dict(state)
    return plain


@pytest.mark.parametrize(("preset", "count"), [("paper", 30_676_672 + 7), ("small", 1_566_629 + 4)])
def test_noise_adds_one_parameter_a_level(preset, count):
    with torch.device("meta"):
        network = generator.PRESETS[preset].build()
        plain = unet.PRESETS[preset].build()
    numbers = [sum(p.numel() for p in n.parameters()) for n in (network, plain)]
    assert numbers == [count, count - network.config.halvings]
    assert set(network.state_dict()) == {*plain.state_dict(), "noise_strength"}


def test_strengths_begin_at_zero_and_learn():
    network = TINY.build()
    assert not network.noise_strength.any()
    sum(m.square().sum() for m in network(torch.rand(1, 1, 16, 24), noise())).backward()
    assert network.noise_strength.grad.all()


def test_without_strength_it_is_the_unet_bit_for_bit():
    network = built([0.0, 0.0])
    x = torch.rand(1, 1, 16, 24)
    for a, b in zip(network(x, noise()), as_unet(network)(x), strict=True):
        assert a.equal(b)


@torch.inference_mode()
def test_the_unet_has_the_weights_names_and_bits_it_always_had():
    """Its layers one after the other, as the weights that ship were trained with them."""
    network = as_unet(built([0.0, 0.0]))
    w = network.state_dict()

    def conv(x, name, stride=1):
        weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        edge = weight.shape[-1] // 2
        x = F.pad(x, (edge,) * 4, mode="circular") if edge else x
        return F.conv2d(x, weight, bias, stride)

    def block(x, name):
        for part in ("first", "second"):
            x = F.leaky_relu(conv(x, f"{name}.{part}"), 0.2)
        return x

    x = torch.rand(2, 1, 16, 24)
    level0 = block(x, "entry")
    level1 = block(F.leaky_relu(conv(level0, "down.0.halve", 2), 0.2), "down.0.block")
    level2 = block(F.leaky_relu(conv(level1, "down.1.halve", 2), 0.2), "down.1.block")
    up1 = torch.cat((F.interpolate(level2, scale_factor=2, mode="nearest"), level1), 1)
    up1 = block(up1, "up.0.block")
    up0 = torch.cat((F.interpolate(up1, scale_factor=2, mode="nearest"), level0), 1)
    up0 = block(up0, "up.1.block")
    expected = [conv(up0, "to_map.2"), conv(up1, "to_map.1"), conv(level2, "to_map.0")]
    for found, scale in zip(network(x), expected, strict=True):
        assert found.equal(scale.relu())


@pytest.mark.parametrize(
    ("level", "touched"), [(0, (True, True, False)), (1, (True, False, False))]
)
def test_noise_of_a_level_reaches_that_scale_and_finer_ones(level, touched):
    network = built([0.5, 0.5])
    for to_map in network.to_map:
        torch.nn.init.ones_(to_map.bias)
    x = torch.rand(1, 1, 16, 24)
    other = noise()
    other[level] = -other[level]
    pairs = zip(network(x, noise()), network(x, other), strict=True)
    assert tuple(not a.equal(b) for a, b in pairs) == touched


def test_one_noise_map_is_shared_by_the_channels_and_misses_the_skip(monkeypatch):
    seen = []
    network = built([0.5, 0.25])
    for up in network.up:
        up.block.register_forward_pre_hook(lambda block, args: seen.append(args[0]))
    x, given = torch.rand(1, 1, 16, 24), noise()
    network(x, given)
    noisy = [s.clone() for s in seen]
    seen.clear()
    network(x, [0 * given[0], 0 * given[1]])
    added = noisy[0] - seen[0]  # 8 doubled channels, then 6 of the skip
    torch.testing.assert_close(added[:, :8], (0.5 * given[0]).expand(-1, 8, -1, -1))
    assert not added[:, 8:].any()


def test_several_realisations_of_one_map_are_those_of_each_alone():
    network = built([0.5, 0.25])
    x, given = torch.rand(1, 1, 16, 24), noise(batch=3)
    together = network(x, given)
    for i in range(3):
        alone = network(x, [n[i : i + 1] for n in given])
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[i : i + 1], b, rtol=1e-5, atol=1e-6)


def test_several_realisations_of_several_maps_come_map_by_map():
    network = built([0.5, 0.25])
    x, given = torch.rand(2, 1, 16, 24), noise(batch=6)
    together = network(x, given)
    for i in range(2):
        alone = network(x[i : i + 1], [n[3 * i : 3 * i + 3] for n in given])
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[3 * i : 3 * i + 3], b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrong", [slice(None, None, -1), slice(1)])
def test_noise_of_other_sides_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected \[\(1, 8, 12\), \(1, 16, 24\)\], coarsest"):
        built([0.0, 0.0])(torch.rand(1, 1, 16, 24), noise()[wrong])
