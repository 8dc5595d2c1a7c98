"""By how much boxes differ at given dark matter, and seeds with them."""

import numpy as np
import pytest
import torch

from engine import statistics
from engine.networks.ember.gated import GatedConfig
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair
from training.systems.gated_step import draw_smooth
from training.systems.looks import paint_slab
from training.systems.sway import measure_sway

HI = NORMALIZATIONS["hi"]
FACTORS = (0.7, 0.85, 1.0, 1.1, 1.3, 1.2)


@pytest.fixture
def network():
    torch.manual_seed(0)
    config = GatedConfig(widths=(4, 6, 8), decoder_widths=(8, 6), sways=True)
    return config.build().eval().requires_grad_(False)


def boxes(slabs, factors=FACTORS, clump=None):
    """HI that follows dark matter but for each box's factor; the first may have a bright clump."""
    pairs = []
    for i, factor in enumerate(factors):
        for below in slabs:
            values = 1e-3 * factor * below.values
            if clump and not i:
                values[clump] *= 1000
            name = {"simulation": f"box {i}"}
            hi = below.with_values(values, field="hi", **name)
            pairs.append(Pair(below.with_values(below.values, **name), hi))
    return pairs


def test_it_is_the_scatter_of_boxes_in_normalised_values(network, slabs):
    pairs = boxes(slabs)
    found = measure_sway(network, pairs, "hi").numpy()
    scatter = np.std(np.log(FACTORS), ddof=1)
    values = np.concatenate([pair.target.values.ravel() for pair in pairs])
    step = np.log(HI.forward(1.01 * values) / HI.forward(values)) / 0.01
    assert (found > 0.9 * scatter * step.min()).all()
    assert (found < 1.1 * scatter * step.max()).all()


def test_samples_mass_then_differs_from_seed_to_seed_as_that_of_boxes(network, slabs):
    network.sway.copy_(measure_sway(network, boxes(slabs), "hi"))
    for parameters in (*network.gates.parameters(), *network.tones.parameters()):
        parameters.zero_()
    next(p for n, p in network.to_map[-1].named_parameters() if n.endswith("bias")).fill_(0.3)
    mass = statistics.get("total_mass")
    masses = [mass([paint_slab(network, draw_smooth, slabs[0], "hi", i)]) for i in range(150)]
    scatter = np.std(np.log(FACTORS), ddof=1)
    assert np.std(np.log(masses)) == pytest.approx(scatter, rel=0.25)


def test_a_clump_in_one_box_moves_its_class_little(network, slabs):
    alike = (1.0,) * 6
    assert measure_sway(network, boxes(slabs, alike), "hi").abs().max() < 1e-6
    found = measure_sway(network, boxes(slabs, alike, (3, 4)), "hi")
    # The clump raises the mass of all of its box by far more than a thousandth.
    assert found.max() < 0.01


def test_of_one_box_nothing_is_known(network, slabs):
    assert not measure_sway(network, boxes(slabs, (2.0,)), "hi").any()
