"""dm2gal's network: its size, its reach, and that three ways lead to the same stars."""

import pytest
import torch

from engine.networks.dm2gal.network import Dm2GalConfig
from engine.networks.dm2gal.ways import WAYS

SMALL = Dm2GalConfig("small", 8, 64)


def parameters(config):
    with torch.device("meta"):  # sizes alone
        return sum(each.numel() for each in config.build().parameters())


@pytest.mark.parametrize(
    ("channels", "number"),
    [(4, 65_241), (8, 236_881), (16, 900_897), (32, 3_511_873), (64, 13_865_601)],
)
def test_the_papers_network_has_as_many_parameters_as_published(channels, number):
    assert parameters(Dm2GalConfig("paper", channels, 256)) == number


def test_how_far_the_networks_see():
    assert (Dm2GalConfig().side, Dm2GalConfig().margin) == (59, 29)
    assert (SMALL.side, SMALL.margin) == (31, 15)
    assert 70_000 < parameters(SMALL) < 72_000


def at_rest(config, seed=1):
    """A network whose batch normalisation has seen something."""
    torch.manual_seed(seed)
    network = config.build()
    for each in network.modules():
        if isinstance(each, torch.nn.BatchNorm3d):
            each.momentum = 1.0
    network(torch.randn(2, 2, *3 * (config.side,)))
    return network.eval()


@pytest.mark.parametrize("config", [SMALL, Dm2GalConfig("paper", 1, 8)])
@torch.no_grad()
def test_three_ways_agree(config):
    network = at_rest(config)
    block = torch.randn(2, *(n + config.side - 1 for n in (2, 3, 4)))
    places = torch.tensor([[0, 0, 0], [1, 2, 3], [1, 0, 2]])
    expected = WAYS["patches"](network, block, places)
    assert expected.std() > 1e-3
    for way in ("hybrid", "dense"):
        assert WAYS[way](network, block, places) == pytest.approx(expected, abs=1e-5)
    assert len(WAYS["hybrid"](network, block, places[:0])) == 0


@torch.no_grad()
def test_the_outermost_cells_count_and_those_beyond_do_not():
    network = at_rest(SMALL)
    block = torch.zeros(2, 33, 33, 33)
    here = torch.tensor([[1, 1, 1]])
    before = WAYS["patches"](network, block, here)
    for edge, seen in ((0, False), (1, True), (31, True), (32, False)):
        changed = block.clone()
        changed[:, 1:32, edge] = 5.0
        assert (WAYS["patches"](network, changed, here) != before) == seen


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="layers is 'huge', expected one of paper, small"):
        Dm2GalConfig("huge")
    with pytest.raises(ValueError, match="channels is 0 and hidden 4, expected 1 or more"):
        Dm2GalConfig("small", 0, 4)
