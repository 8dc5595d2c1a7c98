"""Clumps made round: discs stay, ragged ones become discs, heavy and small ones stay."""

import numpy as np
import pytest
import torch

from engine.networks.ember.rounding import (
    DARKEST,
    LARGE,
    REACH,
    SMALL,
    areas,
    clumps,
    kernels,
    rounded,
    stamped,
)
from engine.networks.ember.shaping import ADDED

SIDE = 64
HEAVY = torch.tensor([1e3])
"""Heavier than any disc here."""


def light_of(peaks, radius):
    """Even ground of 1 and discs of a radius about pixels, as a normalised map."""
    centres = torch.zeros(1, 1, SIDE, SIDE)
    for (y, x), bright in peaks.items():
        centres[0, 0, y, x] = bright
    return (1 + stamped(centres, (radius,), "circular")) ** (1 / ADDED)


@pytest.mark.parametrize("radius", LARGE)
def test_a_disc_stays_a_disc_wherever_it_lies(radius):
    maps = light_of({(20, 30): 40.0, (63, 2): 7.0}, radius)
    torch.testing.assert_close(rounded(maps, HEAVY, "circular"), maps, rtol=0.06, atol=0)
    (each,) = (peaks for peaks in clumps(maps, "circular").peaks if peaks.any())
    assert each.count_nonzero() == 2


def test_a_ragged_clump_becomes_round_and_keeps_its_light():
    torch.manual_seed(0)
    ragged = light_of({(32, 32): 30.0}, 4.6) ** ADDED - 1
    maps = (1 + ragged * (1 + 0.3 * torch.randn(1, 1, SIDE, SIDE)).clamp(min=0)) ** (1 / ADDED)
    found = rounded(maps, HEAVY, "circular")
    before, after = (each**ADDED - 1 for each in (maps, found))
    assert after.sum() == pytest.approx(before.sum().item(), rel=0.1)
    assert lopsided(after) < 0.3 * lopsided(before)


def lopsided(light):
    """How much a clump differs from itself turned by a right angle about its brightest pixel."""
    y, x = np.unravel_index(int(light.argmax()), light.shape[-2:])
    around = light[0, 0, y - 8 : y + 9, x - 8 : x + 9]
    return (around - around.rot90()).abs().sum() / around.sum()


@pytest.mark.parametrize("radius", SMALL)
def test_small_clumps_stay_as_they_are(radius):
    maps = light_of({(20, 30): 40.0, (21, 40): 15.0}, radius)
    torch.testing.assert_close(rounded(maps, HEAVY, "circular"), maps)


def test_heavy_clumps_stay_as_they_are():
    maps = light_of({(20, 30): 40.0}, LARGE[1])
    maps[0, 0, 22, 30] *= 0.95
    held = 40 * float(areas(LARGE)[0, 1, 0, 0])
    assert not torch.allclose(rounded(maps, torch.tensor([1.1 * held]), "circular"), maps)
    torch.testing.assert_close(rounded(maps, torch.tensor([0.9 * held]), "circular"), maps)


def test_nothing_beside_a_clump_is_darker_than_its_ground():
    maps = light_of({(32, 32): 40.0}, SMALL[1])
    maps[0, 0, 32, 35] = 0.1 ** (1 / ADDED)
    found = rounded(maps, HEAVY, "circular")
    assert found[0, 0, 32, 35] ** ADDED == pytest.approx(DARKEST, rel=1e-3)
    found[0, 0, 32, 35] = maps[0, 0, 32, 35]
    torch.testing.assert_close(found, maps)


def test_a_wide_bright_patch_lights_nothing_around_it():
    maps = torch.ones(1, 1, SIDE, SIDE)
    maps[..., 20:36, 20:36] = 1000.0 ** (1 / ADDED)
    torch.testing.assert_close(rounded(maps, HEAVY, "circular"), maps, rtol=0.02, atol=0)


def test_a_thin_stream_stays_as_it_is_beside_a_disc():
    stream = torch.ones(1, 1, SIDE, SIDE)
    stream[..., 30, :] = 1.4
    maps = (light_of({(20, 30): 40.0}, LARGE[1]) ** ADDED * stream) ** (1 / ADDED)
    found = rounded(maps, HEAVY, "circular")
    torch.testing.assert_close(found[..., 27:33, :], maps[..., 27:33, :], rtol=0.02, atol=0)


def test_it_sees_as_far_as_it_says():
    maps = torch.rand(1, 1, 160, 160, generator=torch.Generator().manual_seed(1)) + 0.1
    maps[0, 0, 80, 80] = np.nan
    away = (rounded(maps, HEAVY, "replicate")[0, 0].isnan().nonzero() - 80).abs()
    edge = sum(side // 2 for side in REACH)
    # What is no number is no peak: it does not pass through the first stamping, nor the widths.
    assert edge - 8 <= away.max() <= edge


def test_kernels_of_one_size_whatever_their_radius():
    assert kernels(SMALL).shape == (1, 2, 11, 11)
    assert kernels(LARGE).shape == (1, 3, 11, 11)
