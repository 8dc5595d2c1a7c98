"""Voids in which a painter stamps no discs, since training maps have no bright spots there."""

import numpy as np
import pytest
import torch

from engine.networks.ember import gated
from engine.networks.ember.shaping import RARE
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair
from training.systems.disc_places import FEWEST, NEVER, spots, without_lone_discs
from training.systems.gated_step import draw_smooth, nearest_class
from training.systems.looks import paint_slab

HI = NORMALIZATIONS["hi"]


@pytest.fixture
def toy():
    """A generator of even maps with discs everywhere."""
    torch.manual_seed(1)
    config = gated.GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6), silent=1, discs=2)
    network = config.build().eval().requires_grad_(False)
    for weights in (*network.gates.parameters(), *network.tones.parameters()):
        weights.zero_()
    last = network.to_map[-1]
    last.load_state_dict({name: 0 * tensor for name, tensor in last.state_dict().items()})
    next(p for n, p in last.named_parameters() if n.endswith("bias")).fill_(0.5)
    network.stamped.of_class[2:] = RARE - 2  # one pixel of twenty
    return network


def painted(network, slabs):
    """Slabs with one sample of a network each as their truth."""
    return [
        Pair(slab, paint_slab(network, draw_smooth, slab, "hi", i)) for i, slab in enumerate(slabs)
    ]


def classes_below(network, pair):
    return nearest_class(network, torch.tensor(pair.dark_matter.values)[None, None])[0, 0].numpy()


def counted(network, pairs):
    return sum(
        spots(pair.target.values, classes_below(network, pair), network.config.classes, HI)
        for pair in pairs
    )


def test_voids_without_spots_get_no_discs(toy, slabs):
    before = {name: tensor.clone() for name, tensor in toy.state_dict().items()}
    everywhere = painted(toy, slabs)
    found, said = without_lone_discs(toy, everywhere, "hi")
    first = int(np.flatnonzero(counted(toy, everywhere) >= FEWEST)[0])
    assert said == {"classes_without_discs": first}  # the emptiest that there is has its discs
    truth = painted(with_discs_from(toy, first + 2), slabs)
    found, said = without_lone_discs(toy, truth, "hi")
    # Between two classes thresholds are interpolated, and half a class has no discs.
    assert said["classes_without_discs"] in (first + 2, first + 3)
    emptiest = int(said["classes_without_discs"])
    assert (found.stamped.of_class[2:, :emptiest] == NEVER).all()
    assert found.stamped.of_class[2:, emptiest:].equal(before["stamped.of_class"][2:, emptiest:])
    assert not counted(found, painted(found, slabs))[: emptiest - 1].any()
    assert all(tensor.equal(before[name]) for name, tensor in toy.state_dict().items())


def with_discs_from(network, first):
    """Copy a network that stamps discs from some class on."""
    copy = network.config.build().eval().requires_grad_(False)
    copy.load_state_dict(network.state_dict())
    copy.stamped.of_class[2:, :first] = NEVER
    return copy


def test_a_network_without_discs_stays_as_it_is(slabs):
    torch.manual_seed(1)
    plain = gated.GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6)).build().eval()
    found, said = without_lone_discs(plain, painted(plain, slabs), "hi")
    assert said == {}
    assert all(t.equal(found.state_dict()[n]) for n, t in plain.state_dict().items())


def test_a_spot_is_twice_as_bright_as_what_is_around_it():
    values = np.ones((32, 32), np.float32)
    values[4:7, 4:7] = (2, 2, 2), (2, 9, 2), (2, 2, 2)  # one, not nine
    values[20, 20] = 1.9
    values[0, 31] = 9  # across the seam
    place = np.zeros((32, 32), int)
    place[4:7, 4:7] = 1
    assert spots(values, place, 3, HI).tolist() == [1, 1, 0]
