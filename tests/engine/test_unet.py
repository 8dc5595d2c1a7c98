"""The generator's numbers, its symmetry, and that it starts alive."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.unet import PRESETS, UNetConfig
from engine.networks.padding import pad

TINY = UNetConfig(widths=(4, 6, 8), decoder_widths=(8, 6))


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads cost more than they gain on maps of 16 pixels."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny():
    torch.manual_seed(1)
    return TINY.build()


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("preset", "millions"), [("paper", 30.68), ("small", 1.57)])
def test_parameter_count(preset, millions):
    with torch.device("meta"):
        network = PRESETS[preset].build()
    assert round(parameters(network) / 1e6, 2) == millions


def test_paper_preset_has_eight_scales_and_four_pixels_for_a_tile_of_512():
    network = PRESETS["paper"].build()
    with torch.inference_mode():
        maps = network(torch.rand(1, 1, 128, 128))
    assert [m.shape[-1] for m in maps] == [128, 64, 32, 16, 8, 4, 2, 1]
    assert 512 // network.config.multiple == 4


def test_small_preset_spans_the_same_length_on_its_grid():
    lengths = [3.66 * PRESETS["paper"].multiple, 29.3 * PRESETS["small"].multiple]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.01)


@pytest.mark.parametrize("padding", ["circular", "replicate"])
def test_a_map_comes_out_at_every_scale(tiny, padding):
    maps = tiny(torch.rand(2, 1, 16, 24), padding)
    assert [tuple(m.shape) for m in maps] == [(2, 1, 16, 24), (2, 1, 8, 12), (2, 1, 4, 6)]


def test_a_bottleneck_of_one_pixel_works(tiny):
    x = torch.rand(1, 1, 4, 4)
    maps = tiny(x)
    sum(m.sum() for m in maps).backward()
    assert maps[-1].shape == (1, 1, 1, 1)


@pytest.mark.parametrize("shift", [(4, 0), (0, 8), (12, 4)])
def test_a_periodic_shift_of_the_input_shifts_every_output(tiny, shift):
    tiny.eval()
    x = torch.rand(1, 1, 16, 16)
    with torch.inference_mode():
        maps, shifted = tiny(x), tiny(x.roll(shift, (-2, -1)))
    for scale, (a, b) in enumerate(zip(maps, shifted, strict=True)):
        moved = tuple(s // 2**scale for s in shift)
        torch.testing.assert_close(a.roll(moved, (-2, -1)), b, rtol=1e-5, atol=1e-6)


def test_a_map_that_is_not_periodic_does_not_see_its_far_edge(tiny):
    tiny.eval()
    x = torch.rand(1, 1, 128, 16)
    y = x.clone()
    y[..., -1, :] += 10
    with torch.inference_mode():
        open_edges = tiny(x, "replicate")[0] - tiny(y, "replicate")[0]
        wrapped = tiny(x)[0] - tiny(y)[0]
    assert not open_edges[..., :8, :].any()
    assert wrapped[..., :8, :].any()


@pytest.mark.parametrize(("shape", "side"), [((18, 16), 18), ((16, 30), 30)])
def test_a_side_that_cannot_be_halved_is_refused(tiny, shape, side):
    with pytest.raises(ValueError, match=f"side is {side} pixels, expected a multiple of 4"):
        tiny(torch.rand(1, 1, *shape))


@pytest.mark.parametrize("seed", range(5))
def test_it_starts_alive(seed):
    """Every parameter gets a gradient, whatever the sign of the first outputs."""
    torch.manual_seed(seed)
    network = TINY.build()
    target = torch.rand(2, 1, 16, 16)
    maps = network(torch.rand(2, 1, 16, 16))
    sum(F.mse_loss(m, F.adaptive_avg_pool2d(target, m.shape[-2:])) for m in maps).backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_it_is_alive_after_training_and_never_negative(tiny):
    x = torch.rand(4, 1, 16, 16)
    optimizer = torch.optim.Adam(tiny.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        F.mse_loss(tiny(x)[0], 0.1 * x).backward()
        optimizer.step()
    painted = tiny.eval()(x)
    assert all((m >= 0).all() for m in painted)
    assert painted[0].mean().item() == pytest.approx(0.05, rel=0.2)


def test_in_training_maps_may_be_negative_so_that_nothing_dies(tiny):
    with torch.no_grad():
        for to_map in tiny.to_map:
            to_map.bias.fill_(-5)
        training = tiny(torch.rand(1, 1, 16, 16))
        evaluated = tiny.eval()(torch.rand(1, 1, 16, 16))
    assert all((m < 0).any() for m in training)
    assert all(not m.any() for m in evaluated)


def test_under_autocast_maps_stay_in_full_precision(tiny):
    with torch.autocast("cpu", torch.bfloat16):
        maps = tiny(torch.rand(1, 1, 16, 16))
    assert all(m.dtype == torch.float32 for m in maps)


@pytest.mark.parametrize(("shape", "edge"), [((5, 7), 1), ((4, 4), 2), ((1, 3), 1)])
def test_periodic_padding_has_the_gradient_that_torch_finds(shape, edge):
    x = torch.rand(2, 3, *shape, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 3, shape[0] + 2 * edge, shape[1] + 2 * edge, dtype=torch.float64)
    reference = F.pad(x, (edge,) * 4, mode="circular")
    torch.testing.assert_close(pad(x, edge, "circular"), reference)
    (expected,) = torch.autograd.grad((reference * weight).sum(), x)
    (found,) = torch.autograd.grad((pad(x, edge, "circular") * weight).sum(), x)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"widths": (4, 8), "decoder_widths": (8, 4)}, "one fewer than the 2"),
        ({"widths": (4,), "decoder_widths": ()}, "at least one"),
        ({"widths": (4, 0), "decoder_widths": (4,)}, "whole ones > 0"),
    ],
)
def test_numbers_that_make_no_network_are_refused(numbers, words):
    with pytest.raises(ValueError, match=words):
        UNetConfig(**numbers)
