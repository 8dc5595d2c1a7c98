"""How much a single disc of the training maps holds."""

import pytest
import torch

from engine.networks.ember.rounding import LARGE, SMALL, areas, stamped
from engine.networks.ember.shaping import ADDED
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair
from training.systems.heaviest_disc import heaviest_disc

HI = NORMALIZATIONS["hi"]


def with_discs(slab, discs):
    """A slab of even hydrogen with discs, each (row, column, brightness, radius)."""
    light = torch.full((1, 1, *slab.shape), 0.5)
    for y, x, bright, radius in discs:
        centre = torch.zeros_like(light)
        centre[0, 0, y, x] = bright
        light = light + stamped(centre, (radius,), "circular")
    return slab.with_values(HI.inverse(light ** (1 / ADDED))[0, 0].numpy(), field="hi")


def test_the_widest_discs_tell_and_no_narrower_ones(slabs):
    widest, small = LARGE[-1], SMALL[0]
    found = [
        heaviest_disc([Pair(slab, with_discs(slab, discs)) for slab in slabs], "hi")
        for discs in (
            [(9, 9, 3.0, widest), (28, 20, 8.0, widest)],
            [(9, 9, 3.0, widest), (28, 20, 8.0, widest), (10, 25, 300.0, small)],
        )
    ]
    torch.testing.assert_close(*found)
    # What is faint counts as ground.
    held = 8 * float(areas((widest,))[0, 0, 0, 0])
    assert found[0].shape == (1,)
    assert found[0].item() == pytest.approx(held, rel=0.1)


def test_maps_without_clumps_hold_nothing(slabs):
    assert heaviest_disc([Pair(slab, with_discs(slab, [])) for slab in slabs], "hi").item() == 0
