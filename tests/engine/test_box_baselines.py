"""The baselines of boxes: interpolation, and what linear theory adds."""

import numpy as np
import pytest

from engine import statistics
from engine.painting import paint, truth
from engine.places import BoxPlace
from engine.simulation import open_simulation
from engine.systems.box_pair import interpolated
from engine.systems.linear_filter import LinearFilter, filtered, planes_of_k
from engine.systems.registry import load_emulator
from tests.engine.systems import linear_filter, super_resolution


def test_interpolated_cells_lie_between_their_neighbours_and_keep_the_mean():
    values = np.random.default_rng(0).random((4, 4, 4)).astype(np.float32)
    found = interpolated(values)
    assert found.mean(dtype=float) == pytest.approx(values.mean(dtype=float), rel=1e-6)
    corner = 0.0
    for z, y, x in np.ndindex(2, 2, 2):
        share = np.prod([(0.75, 0.25)[i] for i in (z, y, x)])
        corner += share * values[-z, -y, -x]  # cell 0 and the one before it
    assert found[0, 0, 0] == pytest.approx(corner, rel=1e-5)
    assert values.min() < found.min() < found.max() < values.max()


def test_a_ramp_is_met_exactly_between_its_ends():
    ramp = np.broadcast_to(np.arange(8.0, dtype=np.float32), (2, 2, 8))
    fine = interpolated(ramp)[0, 0]
    np.testing.assert_allclose(fine[1:-1], np.arange(14) / 2 + 0.25)


def test_every_wave_is_multiplied_by_the_filters_at_its_wavenumber():
    """A plane wave in each input comes out with its filter's amplitude, the mean untouched."""
    _, initial = super_resolution.meshes()
    place = 2 * np.pi * (np.arange(16) + 0.5) / 16
    first = (0.02 * np.cos(2 * place))[:, None, None] * np.ones((16, 16, 16))
    second = (0.01 * np.sin(3 * place))[None, None, :] * np.ones((16, 16, 16))
    unit = 2 * np.pi / (initial.box_size)
    table = np.array([[unit, 2 * unit, 3 * unit, 9 * unit], [1, 0.5, 0, 0], [0, 9, 4, 0]])
    dense = initial.with_values(1 + first, field="dmo")
    found = filtered(dense, initial.with_values(second), table)
    np.testing.assert_allclose(found, 1 + 0.5 * first + 4 * second, atol=2e-6)
    assert next(iter(planes_of_k(initial)))[0, 1] == pytest.approx(unit)


def test_filters_that_are_no_table_are_refused():
    weights = linear_filter.weights() | {"k": np.array([1.0, 0.5, 2.0])}
    with pytest.raises(ValueError, match="two or more rising wavenumbers"):
        LinearFilter(linear_filter.card(), weights)


def test_the_shipped_filter_beats_interpolation_on_a_box_it_was_not_fitted_to():
    """At waves that low resolution has lost it correlates with the truth, linear theory says."""
    simulation, box = open_simulation("quijote-103-z0"), BoxPlace()
    painted, true = {}, None
    for system in ("linear-filter", "trilinear"):
        emulator = load_emulator(system, field="dmo", level="MR")
        painted[system] = paint(emulator, simulation, box)
        true = truth(emulator, simulation, box)
    r = {name: statistics.get("cross_correlation")(true, each) for name, each in painted.items()}
    transfer = statistics.get("transfer_function")(true, painted["linear-filter"])
    lost = (r["trilinear"].x > 0.6) & (r["trilinear"].x < 1.4)
    assert (r["linear-filter"].y[lost] > r["trilinear"].y[lost]).all()
    assert np.abs(transfer.y[transfer.x < 0.3] - 1).max() < 0.05
    for each in painted.values():
        assert each.values.mean() == pytest.approx(true.values.mean(), rel=1e-4)
