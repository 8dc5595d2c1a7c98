"""The compiled network does what eager torch does."""

import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from openvino import opset13 as op

from engine.networks.ember import compiled
from engine.networks.ember.compiled import CompiledStages, CompiledUNet, compile_graph
from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.generator import GeneratorConfig
from engine.networks.ember.graph import summed
from engine.networks.ember.stages import stages
from engine.networks.ember.unet import PRESETS, UNetConfig
from engine.noise import Realisation

ONE = Realisation(1)

TINY = UNetConfig(widths=(4, 8, 8), decoder_widths=(8, 4))


@pytest.mark.parametrize("padding", ["circular", "replicate"])
@pytest.mark.parametrize(
    ("config", "shape"),
    [(TINY, (32, 48)), (PRESETS["small"], (64, 64)), (PRESETS["paper"], (128, 256))],
)
def test_agrees_with_eager_torch(config, shape, padding):
    torch.manual_seed(1)
    network = config.build().eval()
    # Zero biases, as a network begins with, would hide one that is left out.
    for name, weights in network.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weights, 0.1, 0.1)
    torch.nn.init.ones_(network.to_map[-1].bias)  # alive above the final cut at zero
    x = torch.rand(1, 1, *shape)
    with torch.inference_mode():
        expected = network(x, padding)[0].numpy()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    found = CompiledUNet(config, weights, shape, padding)(x.numpy())
    assert expected.std() > 0
    assert np.abs(found - expected).max() < 1e-5


def test_agrees_with_eager_torch_with_noise():
    torch.manual_seed(1)
    config = GeneratorConfig(TINY.widths, TINY.decoder_widths)
    network = config.build().eval()
    torch.nn.init.ones_(network.to_map[-1].bias)
    with torch.no_grad():
        network.noise_strength.copy_(torch.tensor([0.3, -0.2]))
    x = torch.rand(1, 1, 32, 48)
    noise = [torch.randn(1, 1, *sides) for sides in config.noise_shapes((32, 48))]
    with torch.inference_mode():
        expected = network(x, noise)[0].numpy()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    compiled = CompiledUNet(config, weights, (32, 48))
    found = compiled(x.numpy(), *(n.numpy() for n in noise))
    assert np.abs(found - expected).max() < 1e-5
    other = compiled(x.numpy(), *(-n.numpy() for n in noise))
    assert np.abs(other - expected).max() > 1e-2


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"toned": 1},
        {"toned": 1, "silent": 1},
        {"toned": 1, "silent": 1, "details": 3},
        {"toned": 1, "silent": 1, "details": 2, "pits": 5},
        {"toned": 1, "pits": 3},
        {"toned": 1, "silent": 2, "details": 2, "pits": 3, "sways": True, "discs": 3},
        {"toned": 0, "silent": 1, "details": 2, "sways": True, "discs": 2},
        {"toned": 0, "silent": 1, "sways": True, "discs": 2, "rounded": True},
    ],
)
@pytest.mark.parametrize("padding", ["circular", "replicate"])
def test_the_gated_generator_agrees_with_eager_torch(padding, numbers):
    torch.manual_seed(1)
    config = GatedConfig(TINY.widths, TINY.decoder_widths, **numbers)
    network = config.build().eval()
    for name, weights in network.named_parameters():
        if name.startswith(("gates", "tones")) or name.endswith("bias"):
            torch.nn.init.normal_(weights, std=0.2)
        if name.startswith(("kept", "filled")):
            torch.nn.init.normal_(weights, std=2)
        if name.startswith("stamped"):
            torch.nn.init.normal_(weights, mean=0.4, std=0.2)
    with torch.no_grad():
        network.to_map[-1].bias += 0.5
        network.least.copy_(torch.linspace(0.1, 0.4, config.classes))
        network.most.copy_(torch.linspace(0.5, 0.9, config.classes))
        if config.sways:
            network.sway.copy_(torch.linspace(0.1, 0.2, config.classes))
        if config.rounded:
            network.heaviest.fill_(0.05)
    x = torch.rand(1, 1, 32, 48)
    noise = [torch.randn(1, 2, *sides) for sides in config.noise_shapes((32, 48))]
    with torch.inference_mode():
        expected = network(x, noise, padding)[0].numpy()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    compiled = CompiledUNet(config, weights, (32, 48), padding)
    found = compiled(x.numpy(), *(n.numpy() for n in noise))
    assert np.abs(found - expected).max() < 1e-5
    assert expected.std() > 0.04
    last = [len(noise) - 1] if config.discs else []
    for i in (*range(len(noise) - config.silent), *last):  # no other is left out
        other = compiled(x.numpy(), *(n.numpy() * (1 - 2 * (i == j)) for j, n in enumerate(noise)))
        assert np.abs(other - expected).max() > (2e-3 if config.rounded else 1e-2)


@pytest.mark.parametrize("config", [TINY, GeneratorConfig(TINY.widths, TINY.decoder_widths)])
def test_nothing_doubled_gives_the_same_within_the_margin(config):
    """A block's level by a transposed convolution is that of doubled features."""
    torch.manual_seed(4)
    network = config.build().eval()
    with torch.no_grad():
        for weights in network.parameters():
            torch.nn.init.normal_(weights, std=0.3)
    stage = next(each for each in stages(network) if each.name == "up.0")
    sides = {name: 8 if name.startswith("down.1") else 16 for name in stage.sources}
    channels = [8, 8, *[1] * config.noise_maps]
    random = np.random.default_rng(3)
    given = [
        random.normal(size=(count, side, side)).astype(np.float32)
        for count, side in zip(channels, sides.values(), strict=True)
    ]
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    made = []
    for padding in ("replicate", "zeros"):
        run = CompiledStages(config, weights, stages(network), padding)
        run(stage, given, lambda a: made.append(a.copy()))
    expected, found = made
    inside = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-5, atol=1e-5)
    assert expected[inside].std() > 0.1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("shape", [(14, 12), (15, 13), (11, 26)])
def test_maps_summed_in_squares_are_a_convolution(shape, known):
    random = np.random.default_rng(5)
    maps = random.normal(size=(1, 3, *shape)).astype(np.float32)
    kernels = random.normal(size=(1, 3, 5, 5)).astype(np.float32)
    x = op.parameter(maps.shape if known else [1, 3, -1, -1], np.float32)
    network = compile_graph([summed(x, kernels)], [x])
    (found,) = network([maps]).values()
    wanted = torch.nn.functional.conv2d(torch.from_numpy(maps), torch.from_numpy(kernels))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_same_bits_again():
    torch.manual_seed(2)
    weights = {name: tensor.numpy() for name, tensor in TINY.build().state_dict().items()}
    compiled = CompiledUNet(TINY, weights, (32, 32))
    x = np.random.default_rng(0).random((1, 1, 32, 32), dtype=np.float32)
    first = compiled(x)
    assert np.array_equal(first, compiled(x))
    assert np.array_equal(first, CompiledUNet(TINY, weights, (32, 32))(x))


def test_features_of_the_map_painted_last_are_used_again_and_of_no_other(monkeypatch):
    kept = compiled.LastEncoded()
    monkeypatch.setattr(compiled, "LAST", kept)
    torch.manual_seed(3)
    config = GatedConfig(TINY.widths, TINY.decoder_widths)
    weights = {name: tensor.numpy() for name, tensor in config.build().state_dict().items()}
    random = np.random.default_rng(1)
    maps = random.random((2, 1, 1, 32, 32), dtype=np.float32)
    noises = [config.noise(Realisation(seed), (32, 32)) for seed in range(2)]
    paint, other = (CompiledUNet(config, weights, (32, 32)) for _ in range(2))
    expected = {}
    for number, x in enumerate(maps):
        for seed, noise in enumerate(noises):
            expected[number, seed] = paint(x, *noise)
            kept._last = None
    for number, seed, new in ((0, 0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0), (0, 0, 1)):
        before, given = kept._last, maps[number].copy()
        assert np.array_equal(paint(given, *noises[seed]), expected[number, seed])
        assert (kept._last is not before) == new
        given[:] = 0  # the caller's, who may change it
    before = kept._last
    assert np.array_equal(other(maps[0], *noises[0]), expected[0, 0])
    assert kept._last is not before, "another network's features are not this one's"


def test_features_are_held_once_and_those_of_large_maps_not_at_all(monkeypatch):
    kept = compiled.LastEncoded()
    monkeypatch.setattr(compiled, "LAST", kept)
    config = GatedConfig(TINY.widths, TINY.decoder_widths)
    weights = {name: tensor.numpy() for name, tensor in config.build().state_dict().items()}
    random = np.random.default_rng(2)
    maps, noise = random.random((2, 1, 1, 32, 32), dtype=np.float32), config.noise(ONE, (32, 32))
    paint = CompiledUNet(config, weights, (32, 32))
    first = paint(maps[0], *noise)
    held = [weakref.ref(each) for each in kept._last[2]]
    paint(maps[1], *noise)
    assert not any(each() is not None for each in held)
    monkeypatch.setattr(compiled, "MOST_KEPT", 100)
    kept._last = None
    large = CompiledUNet(config, weights, (32, 32))(maps[0], *noise)
    assert kept._last is None
    np.testing.assert_allclose(large, first, atol=1e-6)


FIRST_USE = """
import threading
import numpy as np
from engine.networks.ember.compiled import Compiled
from openvino import opset13 as op

x = op.parameter([1, 4], np.float32)
run = Compiled(op.relu(x), [x], streams=2)
together, sums = threading.Barrier(2), []

def use():
    together.wait()
    sums.append(run(np.ones((1, 4), np.float32)).sum())

threads = [threading.Thread(target=use) for _ in range(2)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(*sums)
"""


def test_two_threads_may_be_the_first_to_paint():
    """In a new process: its bindings once waited for one another for ever."""
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, timeout=120)
    assert done.stdout.split() == [b"4.0", b"4.0"], done.stderr
