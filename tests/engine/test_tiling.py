"""A region of a prediction is that region of the whole, whatever the tiles."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812

from engine.networks.ember.gated import PRESETS as GATED
from engine.networks.ember.generator import PRESETS as GENERATORS
from engine.networks.ember.stages import INPUT, EagerStages, stages
from engine.networks.ember.unet import PRESETS
from engine.noise import Realisation
from engine.spans import Ground
from engine.systems.ember import EmberUNet, EmberWGAN
from engine.tile_budget import memory, parts_within
from engine.tile_memory import Memory
from engine.tile_plan import Layer, Stage, needed, reach, scales_of, steps
from engine.tiling import Given, evaluate
from tests.engine.systems import ember_gated, ember_unet, ember_wgan
from tests.engine.systems.example import dark_matter

SIDES = (32, 48)


def slab(periodic=True):
    values = 1e5 * np.random.default_rng(6).lognormal(size=SIDES)
    return replace(dark_matter(), values=values.astype(np.float32), periodic=periodic)


SHAPED = replace(ember_gated.CONFIG, details=3, pits=3)
STAMPED = replace(ember_gated.CONFIG, silent=1, details=2, sways=True, discs=4)
ROUNDED = replace(STAMPED, rounded=True)
EMULATORS = {
    "unet": EmberUNet(ember_unet.card(), ember_unet.weights(), "cpu"),
    "generator": EmberWGAN(ember_wgan.card(), ember_wgan.weights(0.5), "cpu"),
    "gated": EmberWGAN(ember_gated.card(), ember_gated.weights(), "cpu"),
    "shaped": EmberWGAN(ember_gated.card(SHAPED), ember_gated.weights(SHAPED), "cpu"),
    "stamped": EmberWGAN(ember_gated.card(STAMPED), ember_gated.weights(STAMPED), "cpu"),
    "rounded": EmberWGAN(ember_gated.card(ROUNDED), ember_gated.weights(ROUNDED), "cpu"),
}


def in_tiles(emulator, mesh, region, values, finest=1, workers=1, seed=3, shared=None):
    """Normalised, from blocks that read so many values."""
    y0, y1, x0, x1 = region
    run = emulator._run_stage(mesh.periodic)
    options = {"values": values, "finest": finest, "shared": shared, "workers": workers}
    options["release"] = run.release
    return together(emulator, mesh, run, ((y0, y1), (x0, x1)), seed, **options)


def together(emulator, mesh, run, spans, seed=3, **options):
    """Blocks put together, each exactly once."""
    ground = Ground(mesh.shape, mesh.periodic)
    (put, found) = collected(spans, 1)
    evaluate(
        emulator.stages,
        emulator._given(mesh, Realisation(seed)),
        run,
        spans,
        ground,
        put,
        **options,
    )
    return found[0]


def collected(spans, channels):
    """What takes the blocks of a region, and the array that it fills."""
    found = np.full((channels, *(b - a for a, b in spans)), np.nan, np.float32)

    def put(block, values):
        into = tuple(slice(a - s, b - s) for (a, b), (s, _) in zip(block, spans, strict=True))
        assert np.isnan(found[(slice(None), *into)]).all()
        found[(slice(None), *into)] = values

    return put, found


def whole(emulator, mesh, seed=3):
    painted = emulator.predict(mesh, seed=seed)
    return emulator.card.output.normalization.forward(painted.values)


def of_ring(values, region):
    rows, columns = (
        np.arange(*s) % n for s, n in zip((region[:2], region[2:]), SIDES, strict=True)
    )
    return values[np.ix_(rows, columns)]


@pytest.mark.parametrize("name", EMULATORS)
@settings(max_examples=15)
@given(
    corner=st.tuples(st.integers(-40, 40), st.integers(-60, 60)),
    sides=st.tuples(st.integers(1, 32), st.integers(1, 48)),
    values=st.integers(200, 20000),
    kept=st.sampled_from([(1, 1), (2, 2), (2, 1), (4, 4), (4, 2), (4, 1)]),
    workers=st.integers(1, 2),
)
def test_any_region_in_tiles_of_any_size_is_that_of_the_whole(
    name, corner, sides, values, kept, workers
):
    emulator, mesh = EMULATORS[name], slab()
    (y, x), (ny, nx) = corner, sides
    region = (y, y + ny, x, x + nx)
    expected = of_ring(whole(emulator, mesh), region)
    finest, shared = kept
    found = in_tiles(emulator, mesh, region, values, finest, workers, shared=shared)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.std() > 0 or ny * nx == 1


@pytest.mark.parametrize("name", EMULATORS)
@pytest.mark.parametrize("region", [(0, 32, 0, 48), (0, 9, 37, 48), (5, 30, 1, 2)])
@pytest.mark.parametrize(("values", "finest"), [(400, 1), (3000, 2)])
def test_at_the_edges_of_a_map_that_is_not_periodic(name, region, values, finest):
    emulator, mesh = EMULATORS[name], slab(periodic=False)
    expected = of_ring(whole(emulator, mesh), region)
    found = in_tiles(emulator, mesh, region, values, finest)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", EMULATORS)
def test_less_memory_gives_the_same_painting(name):
    emulator, mesh = EMULATORS[name], slab()
    expected = whole(emulator, mesh)
    ground, spans = Ground(mesh.shape), ((0, 32), (0, 48))
    network = emulator.stages, emulator._scales
    values, workers = emulator._blocks
    weights = sum(array.nbytes for array in emulator._weights.values())
    least, most = (
        memory(*network, part, ground, values, 1, 1, workers, weights)
        for part in (((0, 4), (0, 4)), spans)
    )
    parts = []
    for budget in (least, (least + most) // 2, most):
        cut, *_ = parts_within(budget, *network, spans, ground, values, workers, weights)
        parts.append(len(cut))
        try:
            emulator.memory = budget
            found = whole(emulator, mesh)
        finally:
            emulator.memory = None
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert parts[0] > 1 == parts[2]
    assert parts == sorted(parts, reverse=True)


def test_too_little_memory_is_refused_in_a_sentence():
    emulator = EmberUNet(ember_unet.card(), ember_unet.weights(), "cpu")
    emulator.memory = 1000
    with pytest.raises(ValueError, match=r"takes at least .* GB, and 1e-06 GB is the memory"):
        emulator.predict(slab())


def test_noise_of_a_part_is_that_of_the_whole_to_the_bit():
    which = Realisation(11)
    for name in ("generator", "gated", "stamped"):
        config = EMULATORS[name].network.config
        shapes = config.noise_shapes(SIDES)
        for number, (drawn, (ny, nx)) in enumerate(
            zip(config.noise(which, SIDES), shapes, strict=True)
        ):
            region = (ny // 2, ny + 3, -2, nx // 2)
            rows, columns = np.arange(*region[:2]) % ny, np.arange(*region[2:]) % nx
            part = config.noise_part(which, number, region, (ny, nx))
            np.testing.assert_array_equal(part, drawn[0][:, rows[:, None], columns])


CONFIGS = {"unet": PRESETS["small"], "generator": GENERATORS["small"], "gated": GATED["small"]}
CONFIGS["shaped"] = replace(GATED["small"], silent=1, details=4, pits=3, discs=4)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reach_is_how_far_a_pixel_is_felt(name):
    torch.manual_seed(3)
    network = CONFIGS[name].build().eval().double()
    with torch.no_grad():  # all paths alive: positive weights cancel nothing
        for weights in network.parameters():
            weights.abs_()
        if name == "shaped":
            network.kept.of_class.fill_(-1)
    cell = network.config.multiple
    edge = reach(stages(network), INPUT)
    side = -(-(2 * edge + cell) // cell) * cell + 2 * cell
    x = torch.rand(1, 1, side, cell, dtype=torch.float64, requires_grad=True)
    noise = [
        torch.zeros(1, network.config.noise_maps, *sides, dtype=torch.float64)
        for sides in network.config.noise_shapes((side, cell))
    ]
    features, skips = network.encode(x, "circular")
    gated = name in ("gated", "shaped")
    if gated:
        features = network.bottom(features, noise[:2])
    levels = noise[2:] if gated else noise or [()] * len(skips)
    for i, (skip, maps) in enumerate(zip(skips, levels, strict=True)):
        given = (noise[0], maps) if gated else (maps,) if noise else ()
        features = network.level(i, features, skip, given, "circular")
    start = -(-edge // cell) * cell
    painted = network.to_map[-1](features, "circular")
    if name == "shaped":
        place = network.place(x, "circular")
        painted = network.kept(painted, features, place, "circular")
        painted = network.filled(painted, features, place, "circular")
        brightest = torch.tensor(1e40, dtype=torch.float64)  # above all that fresh weights paint
        painted = network.stamped(painted, 2 * painted.repeat(1, 4, 1, 1), brightest, "circular")
    painted[0, 0, start : start + cell].sum().backward()
    felt = np.flatnonzero(x.grad[0, 0].abs().sum(1).numpy())
    assert start - felt.min() == edge
    assert felt.max() - (start + cell - 1) <= edge


def test_fine_stages_are_read_with_small_margins_only():
    network = PRESETS["paper"].build()
    assert reach(stages(network), INPUT) > 800
    spans = ((1024, 1536), (1024, 1536))
    found = needed(
        stages(network), scales_of(stages(network), {INPUT: 1}), spans, Ground((4096,) * 2)
    )
    assert found["up.6"] == spans
    (a, b), _ = found["up.5"]
    assert (512 - a, b - 768) == (2, 2)
    (a, b), _ = found["entry"]
    assert 0 <= 1024 - a - reach(stages(network), INPUT) < 128


def test_torch_runs_the_stages_too():
    emulator, mesh = EMULATORS["gated"], slab()
    expected = whole(emulator, mesh)
    eager = EagerStages(emulator.network)
    found = together(emulator, mesh, eager, ((-3, 20), (40, 60)), values=5000)
    np.testing.assert_allclose(found, of_ring(expected, (-3, 20, 40, 60)), atol=1e-5)


KERNELS = [
    torch.randn(3, channels, 3, 3, 3, generator=torch.Generator().manual_seed(channels)) / 9
    for channels in (1, 3, 3)
]


def convolved(values, padding):
    """Three layers in three dimensions, the middle one of two cells' stride."""
    x = torch.from_numpy(np.ascontiguousarray(values))[None]
    for kernel, stride in zip(KERNELS, (1, 2, 1), strict=True):
        x = torch.tanh(F.conv3d(F.pad(x, (1,) * 6, mode=padding), kernel, stride=stride))
    return x[0].numpy()


@settings(max_examples=20)
@given(
    corner=st.tuples(*[st.integers(-9, 9)] * 3),
    sides=st.tuples(*[st.integers(1, 6)] * 3),
    values=st.integers(8, 200),
)
def test_a_plain_network_is_tiled_in_three_dimensions(corner, sides, values):
    """In a single stage; the margin is the network's reach."""
    shape = (12, 16, 20)
    box = np.random.default_rng(2).normal(size=(1, *shape)).astype(np.float32)
    expected = convolved(box, "circular")
    layers = (Layer(3), Layer(3, 2), Layer(3))
    network = (Stage("whole", (INPUT,), 2, 3, layers),)
    spans = tuple((a, a + n) for a, n in zip(corner, sides, strict=True))

    def read(wanted):
        numbers = [np.arange(a, b) % n for (a, b), n in zip(wanted, shape, strict=True)]
        return box[np.ix_([0], *numbers)]

    def run(stage, arrays, keep):
        keep(convolved(arrays[0], "replicate"))

    put, found = collected(spans, 3)
    evaluate(network, {INPUT: Given(read)}, run, spans, Ground(shape), put, values)
    numbers = [np.arange(a, b) % (n // 2) for (a, b), n in zip(spans, shape, strict=True)]
    np.testing.assert_allclose(found, expected[np.ix_(range(3), *numbers)], atol=1e-6)
    assert reach(network, INPUT) == 1 + 1 + 2


def test_fine_results_that_are_not_kept_are_made_where_they_are_read():
    network = stages(PRESETS["small"].build())
    kept = [[stage.name for stage in step.stages] for step in steps(network, finest=4)]
    assert kept[0] == ["entry", "down.0", "down.1"]
    assert kept[-1] == ["entry", "down.0", "up.2", "up.3"]
    assert [step[-1] for step in kept[1:-1]] == ["down.2", "down.3", "up.0", "up.1"]
    assert all(len(step) == 1 for step in kept[1:-1])


def test_memory_that_is_freed_is_used_again():
    memory = Memory(100)
    first, second = memory.take("first", (4, 10)), memory.take("second", (20,))
    first[:], second[:] = 1, 2
    memory.free("first")
    third, fourth = memory.take("third", (30,)), memory.take("fourth", (30,))
    third[:], fourth[:] = 3, 4
    assert np.shares_memory(first, third)
    assert not np.shares_memory(third, fourth)
    assert (second == 2).all()


@pytest.mark.parametrize("finest", [1, 4])
def test_what_was_kept_goes_as_soon_as_a_region_is_done(finest):
    """Without waiting for Python to look for circles: one tile after the other fills a machine."""
    emulator, mesh = EMULATORS["gated"], slab()
    kept = Memory(10**6)
    gone = weakref.ref(kept._values)
    collecting = gc.isenabled()
    gc.disable()
    try:
        run = emulator._run_stage(mesh.periodic)
        options = {"memory": kept, "finest": finest, "values": 2000, "workers": 2}
        together(emulator, mesh, run, ((0, 16), (0, 48)), **options)
        options.clear()
        del kept
        assert gone() is None
    finally:
        if collecting:
            gc.enable()
