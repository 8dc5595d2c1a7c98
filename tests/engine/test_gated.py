"""The gated generator: noise where its gates let it, a realisation's numbers, bounds."""

from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember import gated, unet
from engine.networks.ember.gated import Gate, GatedConfig, smoothed
from engine.networks.ember.shaping import RADII, RARE, SHUT, Stamped, between, repeated, weighed
from engine.noise import Realisation, normals, smooth_normals
from engine.normalization import normalization

TINY = GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6))
SHAPE = (16, 24)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def built(gates=0.3, tones=0.3):
    """A network whose gates and tones are of these sizes."""
    torch.manual_seed(1)
    network = TINY.build().eval()
    torch.nn.init.ones_(network.to_map[-1].bias)
    for part, size in ((network.gates, gates), (network.tones, tones)):
        for name, weights in part.named_parameters():
            torch.nn.init.normal_(weights, std=size if name.endswith("weight") else size / 3)
    return network


def noise(batch=1, shape=SHAPE, seed=0):
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 2, *sides, generator=random) for sides in TINY.noise_shapes(shape)]


def dark_matter(batch=1, seed=5):
    return torch.rand(batch, 1, *SHAPE, generator=torch.Generator().manual_seed(seed))


def test_small_has_the_unets_weights_without_its_coarse_outputs_and_what_the_noise_needs():
    with torch.device("meta"):
        network = gated.PRESETS["small"].build()
        plain = unet.PRESETS["small"].build()
    coarse = sum(p.numel() for to_map in plain.to_map[:-1] for p in to_map.parameters())
    new = [*network.gates.parameters(), *network.tones.parameters()]
    count = sum(p.numel() for p in network.parameters())
    assert count == sum(p.numel() for p in plain.parameters()) - coarse + sum(map(torch.numel, new))
    assert count == 1_731_073


@torch.inference_mode()
def test_without_gates_tones_and_bounds_it_is_the_unet():
    network = built(0, 0)
    torch.nn.init.constant_(network.least, -gated.UNBOUNDED)
    plain = unet.UNetConfig(TINY.widths, TINY.decoder_widths).build().train()
    state = {k: v for k, v in network.state_dict().items() if k.startswith(("entry", "down", "up"))}
    state |= {f"to_map.2.{k}": v for k, v in network.to_map[0].state_dict().items()}
    assert not plain.load_state_dict(state, strict=False).unexpected_keys
    x = dark_matter()
    (found,) = network(x, noise())
    torch.testing.assert_close(found, plain(x)[0])


@torch.inference_mode()
def test_a_realisations_numbers_act_on_as_many_levels_as_the_config_says():
    x, given = dark_matter(), noise()
    for levels in (0, 1, 2, None):
        torch.manual_seed(1)
        network = replace(TINY, toned=levels).build().eval()
        torch.nn.init.ones_(network.to_map[-1].bias)
        assert len(network.tones) == (3 if levels is None else levels)
        for weights in network.tones.parameters():
            torch.nn.init.normal_(weights, std=0.3)
        (one,), (other,) = network(x, given), network(x, [given[0] + 1, *given[1:]])
        assert (one.equal(other)) is (levels == 0)
    with pytest.raises(ValueError, match="tones 4 levels, expected 0 to 3"):
        replace(TINY, toned=4)


@torch.inference_mode()
def test_the_finest_levels_can_be_without_noise():
    x, given = dark_matter(), noise()
    for silent in (0, 1, 2):
        config = replace(TINY, silent=silent)
        torch.manual_seed(1)
        network = config.build().eval()
        torch.nn.init.ones_(network.to_map[-1].bias)
        for weights in network.gates.parameters():
            torch.nn.init.normal_(weights, std=0.3)
        (one,) = network(x, given)
        heard = [
            not network(x, [n + (i == j) for j, n in enumerate(given)])[0].equal(one)
            for i in range(1, len(given))
        ]
        assert heard == [True] * (3 - silent) + [False] * silent
        parts = [
            config.noise_part(Realisation(3), scale, (0, 8, 4, 8), (16, 16)) for scale in (1, 2, 3)
        ]
        assert [bool(part.any()) for part in parts] == heard
        assert {part.shape for part in parts} == {(2, 8, 4)}
    with pytest.raises(ValueError, match="leaves 3 levels without noise, expected 0 to 2"):
        replace(TINY, silent=3)


@torch.inference_mode()
def test_its_layers_one_after_the_other():
    """As the equations of its docstring have it, slowly."""
    network = built()
    w, x, (common, *maps) = network.state_dict(), dark_matter(), noise()

    def conv(x, name, stride=1):
        weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        edge = weight.shape[-1] // 2
        x = F.pad(x, (edge,) * 4, mode="circular") if edge else x
        return F.conv2d(x, weight, bias, stride)

    def block(x, name):
        for part in ("first", "second"):
            x = F.leaky_relu(conv(x, f"{name}.{part}"), 0.2)
        return x

    def toned(h, i):
        scale, shift = (w[f"tones.{i}.weight"] @ common[0, :, 0, 0]).reshape(2, 1, -1, 1, 1)
        return h * (1 + scale) + shift

    def noisy(h, both, i):
        gates = conv(both, f"gates.{i}")
        c = h.shape[1]
        return h + gates[:, :c] * maps[i][:, :1] + gates[:, c:] * maps[i][:, 1:]

    level0 = block(x, "entry")
    level1 = block(F.leaky_relu(conv(level0, "down.0.halve", 2), 0.2), "down.0.block")
    level2 = block(F.leaky_relu(conv(level1, "down.1.halve", 2), 0.2), "down.1.block")
    h = toned(level2, 0)
    h = noisy(h, h, 0)
    for i, skip in enumerate((level1, level0)):
        d = h.repeat_interleave(2, -1).repeat_interleave(2, -2)
        d = noisy(d, torch.cat((d, skip), 1), i + 1)
        h = toned(block(torch.cat((d, skip), 1), f"up.{i}.block"), i + 1)
    free = conv(h, "to_map.0")
    expected = F.softplus(free, beta=60)  # fresh bounds are 0 and far away
    torch.testing.assert_close(network(x, noise())[0], expected, rtol=1e-5, atol=1e-6)


def shaped(size, **numbers):
    """A network that shapes its maps by numbers of a size, bounds out of the way."""
    torch.manual_seed(1)
    network = replace(TINY, **numbers).build().eval()
    torch.nn.init.constant_(network.least, -gated.UNBOUNDED)
    for name, weights in network.named_parameters():
        if name.startswith(("kept.", "filled.", "stamped.")):
            torch.nn.init.normal_(weights, std=size if "features" in name else 2 * size)
    return network


@torch.inference_mode()
def test_details_are_put_back_as_features_and_dark_matter_say():
    """Slowly, pixel by pixel of rolled maps."""
    network = shaped(1.0, details=3)
    original, features, place, found = seen_by(network, network.kept)
    m = original
    expected = torch.zeros_like(m)
    for j in range(3):
        smooth = sum(
            (2 - abs(y)) * (2 - abs(x)) / 16 * m.roll((y * 2**j, x * 2**j), (-2, -1))
            for y, x in product((-1, 0, 1), repeat=2)
        )
        expected += 2 * (m - smooth) / (1 + torch.exp(-number(network.kept, j, features, place)))
        m = smooth
    torch.testing.assert_close(found, expected + m, rtol=1e-5, atol=1e-5)
    assert (found - original).abs().max() > 0.01


def seen_by(network, part):
    """What a part of a network is given, and what it makes of it."""
    seen = []
    part.register_forward_hook(lambda _, read, made: seen.append((*read[:3], made)))
    network(dark_matter(), noise())
    return seen[0]


def number(told, j, features, place):
    """One of the numbers of each pixel that the map is shaped by."""
    of_features = (told.of_features.weight[j] * features).sum(1, keepdim=True)
    return of_features + between(told.of_class[j], place)


@torch.inference_mode()
def test_pits_are_filled_as_features_and_dark_matter_say():
    network = shaped(1.0, pits=3)
    m, features, place, found = seen_by(network, network.filled)

    def near(maps):
        return torch.stack([maps.roll(p, (-2, -1)) for p in product((-1, 0, 1), repeat=2)])

    closed = near(near(m).amax(0)).amin(0)
    share = 1 / (1 + torch.exp(SHUT - number(network.filled, 0, features, place)))
    torch.testing.assert_close(found, m + share * (closed - m), rtol=1e-5, atol=1e-5)
    assert (closed >= m).all()
    assert (found - m).abs().max() > 0.01


@torch.inference_mode()
def test_a_dark_rim_is_filled_and_a_wide_hollow_is_not():
    network = shaped(0.0, pits=3)
    torch.nn.init.constant_(network.filled.of_class, 50.0)
    ground = torch.ones(1, 1, *SHAPE)
    ground[0, 0, 2:7, 2:7] = 0.5
    ground[0, 0, 3:6, 3:6] = 3.0  # a clump and its rim
    ground[0, 0, 10:15, 10:15] = 0.2  # a hollow
    found = network.filled(ground, torch.zeros(1, 6, *SHAPE), torch.zeros_like(ground), "circular")
    expected = ground.clone()
    expected[0, 0, 2:7, 2:7] = expected[0, 0, 2:7, 2:7].clamp(min=1)
    torch.testing.assert_close(found, expected)
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match=f"narrower than {wrong} pixels, expected an odd"):
            replace(TINY, pits=wrong)


@torch.inference_mode()
def test_pixels_rise_where_numbers_and_features_say():
    network, given = shaped(0.3, silent=1, discs=3), noise()
    network.stamped.of_class[3:] += 2.5
    features = network.last_features(dark_matter(), given, "circular")
    _, rises, place = network.unbounded(features, dark_matter(), given, "circular")
    marks = torch.cat((given[-1], -given[-1]), 1)
    for j in range(3):
        height, threshold = (number(network.stamped, i, features, place) for i in (j, 3 + j))
        expected = height.exp() * (marks[:, j : j + 1] + threshold - RARE).clamp(min=0)
        torch.testing.assert_close(rises[:, j : j + 1], expected)
    assert 0.02 < (rises > 0).float().mean() < 0.7


@torch.inference_mode()
def test_discs_add_up_as_powers():
    """Slowly, disc by disc, across the periodic seam."""
    stamped = Stamped(6, 13, RADII[:3])
    random = torch.Generator().manual_seed(2)
    maps = 0.1 + torch.rand(1, 1, *SHAPE, generator=random)
    raised = maps + (torch.rand(1, 3, *SHAPE, generator=random) - 0.95).clamp(min=0) * 20
    expected, kernel = maps.double() ** 6, stamped.kernel.double()
    edge = kernel.shape[-1] // 2
    for j, y, x in product(range(3), range(SHAPE[0]), range(SHAPE[1])):
        power = float(raised[0, j, y, x]) ** 6 - float(maps[0, 0, y, x]) ** 6
        for dy, dx in product(range(-edge, edge + 1), repeat=2):
            at = (y + dy) % SHAPE[0], (x + dx) % SHAPE[1]
            expected[0, 0, *at] += power * kernel[j, 0, edge + dy, edge + dx]
    found = stamped(maps, raised, torch.tensor(50.0), "circular")
    torch.testing.assert_close(found.double(), expected ** (1 / 6), rtol=1e-5, atol=1e-5)
    assert (found >= maps - 1e-6).all()


@torch.inference_mode()
def test_a_disc_is_round_and_as_wide_as_its_radius():
    stamped, flat = Stamped(6, 13, RADII), torch.full((1, 1, 32, 32), 0.1)
    y, x = torch.meshgrid(*[torch.arange(32.0) - 16] * 2, indexing="ij")
    distance = torch.hypot(y, x)
    for j, radius in enumerate(RADII):
        raised = flat.repeat(1, len(RADII), 1, 1)
        raised[0, j, 16, 16] = 0.6
        found = stamped(flat, raised, torch.tensor(50.0), "circular")[0, 0]
        assert float(found[16, 16]) == pytest.approx(0.6)
        torch.testing.assert_close(found, found.T)
        torch.testing.assert_close(found, found.flip(0).roll(1, 0))
        ground = flat[0, 0].expand(32, 32)
        torch.testing.assert_close(found[distance > radius + 0.8], ground[distance > radius + 0.8])
        assert (found[distance < radius - 0.8] > 0.2).all()


@torch.inference_mode()
def test_a_disc_is_no_brighter_at_its_centre_than_its_dark_matter_allows():
    network, x = shaped(0.3, silent=1, discs=4), dark_matter()
    network.stamped.of_class[:] = 3.0
    network.stamped.of_features.weight[:] = 0.0
    network.least.fill_(0.2)
    given = noise()
    features = network.last_features(x, given, "circular")
    above, rises, place = network.unbounded(features, x, given, "circular")
    seen = []
    network.stamped.register_forward_hook(lambda _, read, made: seen.append((*read, made)))
    network.bounded(above, rises, torch.full_like(place, 0.9), "circular")
    maps, raised, _, _, found = seen[0]
    assert ((above + rises) > 0.9).any()
    assert (raised <= 0.9).all()
    assert (found >= maps - 1e-6).all()


@torch.inference_mode()
def test_a_wide_disc_spreads_what_a_narrow_one_holds():
    """A kernel of 5.4 pixels as bright as the brightest pixel held four fifths of a slab's HI."""
    stamped, ground = Stamped(6, 13, RADII), torch.full((1, 1, 32, 32), 0.01)
    held = []
    for j, radius in enumerate(RADII):
        raised = ground.repeat(1, len(RADII), 1, 1)
        raised[0, j, 16, 16] = 2.0
        added = stamped(ground, raised, torch.tensor(2.0), "circular") ** 6 - ground**6
        assert float(added.max()) == pytest.approx(2.0**6 * (RADII[0] / radius) ** 2, rel=1e-4)
        held.append(float(added.sum()))
    # But for pixels: the narrowest kernel is averaged over few of them.
    assert held == pytest.approx(len(held) * [held[-1]], rel=0.3)


def test_discs_need_a_silent_level_and_numbers():
    for numbers in ({"discs": 1}, {"silent": 1, "discs": 5}, {"silent": 1, "discs": -1}):
        with pytest.raises(ValueError, match="stamps discs of"):
            replace(TINY, **numbers)


@torch.inference_mode()
def test_numbers_that_place_discs_are_not_smooth():
    config = replace(TINY, silent=2, discs=2)
    smooth, white = (config.noise_part(Realisation(3), i, (0, 8, 0, 8), SHAPE) for i in (1, 3))
    np.testing.assert_array_equal(white[1], normals(3, 3, (0, 8, 0, 8), SHAPE, 1))
    np.testing.assert_array_equal(smooth[1], smooth_normals(3, 1, (0, 8, 0, 8), SHAPE, 1))
    assert not config.noise_part(Realisation(3), 2, (0, 8, 0, 8), SHAPE).any()


@torch.inference_mode()
def test_grainy_noise_of_single_pixels_is_not_smooth():
    config = replace(TINY, grainy=True)
    parts = [config.noise_part(Realisation(3), i, (0, 8, 0, 8), SHAPE) for i in (2, 3)]
    for draw, number, part in zip((smooth_normals, normals), (2, 3), parts, strict=True):
        np.testing.assert_array_equal(part[1], draw(3, number, (0, 8, 0, 8), SHAPE, 1))
    with pytest.raises(ValueError, match="leaves 1 levels without noise, expected none"):
        replace(config, silent=1)


@torch.inference_mode()
def test_the_first_number_of_a_realisation_moves_a_map_as_much_as_boxes_differ():
    network, x, given = shaped(0.0, sways=True), dark_matter(), noise()
    network.least.fill_(0.2)
    still = network(x, given)[0]
    network.sway.copy_(torch.linspace(0, 0.1, 13))
    share = between(network.sway, network.place(x, "circular"))
    for numbers in ((1.5, 0.0), (-0.5, 2.0), (0.0, 2.0)):
        common = torch.tensor(numbers)[None, :, None, None]
        (found,) = network(x, [common, *given[1:]])
        torch.testing.assert_close(found, still * (1 + numbers[0] * share))


@torch.inference_mode()
def test_fresh_it_keeps_all_details_and_told_to_none_of_them():
    fresh, x, given = shaped(0.0, details=3), dark_matter(), noise()
    plain = TINY.build().eval()
    plain.load_state_dict({n: t for n, t in fresh.state_dict().items() if "kept" not in n})
    torch.testing.assert_close(fresh(x, given), plain(x, given))
    torch.nn.init.constant_(fresh.kept.of_class, -50.0)
    point = torch.zeros(1, 1, *SHAPE)
    point[0, 0, 8, 12] = 1
    smooth = fresh.kept(point, torch.zeros(1, 6, *SHAPE), torch.zeros_like(point), "circular")
    along = smooth[0, 0].sum(0)
    assert float(smooth.sum()) == pytest.approx(1)
    # Variances of 1, 2, 1 add up: 1/2, then 4/2 and 16/2 pixels squared.
    variance = float((along * (torch.arange(24.0) - 12) ** 2).sum())
    assert variance == pytest.approx(0.5 * (1 + 4 + 16), rel=1e-4)
    with pytest.raises(ValueError, match="keeps -1 scales of detail, expected none or more"):
        replace(TINY, details=-1)


@torch.inference_mode()
def test_gate_before_doubling_is_the_gate_of_the_doubled():
    torch.manual_seed(0)
    gate = Gate(5, 3, 2)
    features, skip = torch.rand(2, 5, 4, 6), torch.rand(2, 3, 8, 12)
    both = torch.cat((features.repeat_interleave(2, -1).repeat_interleave(2, -2), skip), 1)
    expected = F.conv2d(both, gate.weight, gate.bias)
    torch.testing.assert_close(gate(features, skip), expected, rtol=1e-5, atol=1e-6)


def stamping():
    network = shaped(0.1, silent=1, details=3, discs=4)
    with torch.no_grad():
        network.stamped.of_class += 2.0
    torch.nn.init.constant_(network.least, 0.2)
    return network


@pytest.mark.parametrize("make", [built, lambda: shaped(0.1, details=3, pits=3), stamping])
def test_everything_learns(make):
    network = make()
    network(dark_matter(), noise())[0].square().sum().backward()
    assert all(p.grad.any() for p in network.parameters())
    assert set(network.state_dict()) - {n for n, _ in network.named_parameters()} == {
        "least",
        "most",
    }


@torch.inference_mode()
def test_a_realisation_s_numbers_move_the_mass_of_a_map():
    network, x, given = built(gates=0), dark_matter(), noise()
    masses = [
        float(network(x, [torch.tensor([c, 0.0])[None, :, None, None], *given[1:]])[0].mean())
        for c in (-1.0, 0.0, 1.0)
    ]
    assert np.ptp(masses) > 0.05


@torch.inference_mode()
def test_a_map_stays_between_what_its_dark_matter_allows():
    network, x = built(gates=3), dark_matter()
    network.least.copy_(torch.linspace(0.2, 0.5, 13))
    network.most.copy_(torch.linspace(0.8, 1.1, 13))
    (found,) = network(x, noise())
    place = network.place(x, "circular")
    least, most = between(network.least, place), between(network.most, place)
    # A bound is soft by log(2) of the inverse sharpness.
    assert (found > least - np.log(2) / 60).all()
    assert (found <= most).all()
    near = ((found < least + 0.01) | (found > most - 0.02)).float().mean()
    assert near > 0.5


def test_a_class_of_dark_matter_is_its_mean_over_the_window():
    network, scaling = built(), normalization("dm")
    surface = 10 ** torch.linspace(4, 7, 16 * 24, dtype=torch.float64).reshape(1, 1, *SHAPE)
    found = network.place(scaling.forward(surface).float(), "circular")
    mean = (
        sum(surface.roll((y, x), (-2, -1)) for y in range(-2, 3) for x in range(-2, 3))
        / gated.WINDOW**2
    )
    decades = (mean / scaling.x0).log10()
    expected = (decades - TINY.lowest) / (TINY.highest - TINY.lowest) * (TINY.classes - 1)
    torch.testing.assert_close(found.double(), expected.clamp(0, 12), rtol=1e-4, atol=1e-4)
    assert TINY.compression == scaling.k


def test_a_table_is_interpolated_linearly():
    table = torch.tensor([1.0, 2.0, 4.0])
    found = between(table, torch.tensor([0.0, 0.5, 1.0, 1.75, 2.0]))
    torch.testing.assert_close(found, torch.tensor([1.0, 1.5, 2.0, 3.5, 4.0]))


@torch.inference_mode()
def test_several_realisations_of_several_maps_come_map_by_map():
    network = built()
    x, given = dark_matter(2), noise(batch=6)
    (together,) = network(x, given)
    for i in range(2):
        (alone,) = network(x[i : i + 1], [n[3 * i : 3 * i + 3] for n in given])
        torch.testing.assert_close(together[3 * i : 3 * i + 3], alone, rtol=1e-4, atol=1e-5)
    order = repeated(torch.arange(2)[:, None], 3)
    assert order[:, 0].tolist() == [0, 0, 0, 1, 1, 1]


@torch.inference_mode()
def test_a_periodic_shift_shifts_the_map():
    network, x, given = built(), dark_matter(), noise()
    (found,) = network(x, given)
    shifted = [given[0], *(n.roll(4 * n.shape[-1] // 24, -1) for n in given[1:])]
    torch.testing.assert_close(network(x.roll(4, -1), shifted)[0], found.roll(4, -1))


def test_noise_of_other_shapes_is_refused():
    with pytest.raises(ValueError, match=r"expected \[\(2, 1, 1\), \(2, 4, 6\), \(2, 8, 12\)"):
        built()(dark_matter(), noise()[::-1])


@pytest.mark.parametrize(
    "wrong", [{"noise_maps": 0}, {"sharpness": 0.0}, {"classes": 1}, {"lowest": 3.0}]
)
def test_numbers_that_make_no_network_are_refused(wrong):
    with pytest.raises(ValueError, match="GatedConfig has"):
        GatedConfig(**asdict(TINY) | wrong)


def test_noise_of_a_realisation_is_its_numbers_then_smooth_maps_times_its_strengths():
    strengths = (0.5, 2.0)
    found = TINY.noise(Realisation(9, strengths), SHAPE)
    assert [n.shape for n in found] == [(1, 2, *sides) for sides in TINY.noise_shapes(SHAPE)]
    assert [n.shape[-2:] for n in found] == [(1, 1), (4, 6), (8, 12), (16, 24)]
    for i, factor in enumerate((*strengths, 1.0, 1.0)):
        ny, nx = found[i].shape[-2:]
        block = smooth_normals if i else normals
        for j in range(2):
            expected = np.float32(factor) * block(9, i, (0, ny, 0, nx), (ny, nx), j)
            np.testing.assert_array_equal(found[i][0, j], expected)


def test_a_realisation_s_numbers_are_the_same_for_every_map_size():
    first, other = TINY.noise(Realisation(3), (16, 24))[0], TINY.noise(Realisation(3), (32, 32))[0]
    np.testing.assert_array_equal(first, other)
    drawn = np.concatenate([TINY.noise(Realisation(s), (4, 4))[0][0, :, 0, 0] for s in range(400)])
    assert abs(drawn.mean()) < 4 / np.sqrt(800)
    assert abs(drawn.var() - 1) < 4 * np.sqrt(2 / 800)


def test_training_smooths_noise_as_painting_does():
    white = normals(4, 2, (0, 16, 0, 24), SHAPE, 1)
    expected = smooth_normals(4, 2, (0, 16, 0, 24), SHAPE, 1)
    found = smoothed(torch.from_numpy(white)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_weights_of_all_classes_are_indexing_in_value_and_gradient():
    place = torch.rand(2, 1, 9, 7, generator=torch.Generator().manual_seed(3)) * 4
    place[0, 0, 0, :3] = torch.tensor([0.0, 4.0, 2.0])
    found = []
    for interpolated in (between, weighed):
        table = torch.tensor([0.3, -1.0, 2.0, 0.0, 5.0], requires_grad=True)
        values = interpolated(table, place)
        (gradient,) = torch.autograd.grad(values.square().sum(), table)
        found.append((values, gradient))
    torch.testing.assert_close(*found)
