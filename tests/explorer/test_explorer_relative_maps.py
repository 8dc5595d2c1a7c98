"""Maps of relative difference: what is clipped, smoothed and averaged, and their cards."""

import numpy as np
import pytest

from engine.cosmology import PLANCK
from engine.mesh import Grid
from engine.relative_maps import relative_map, smoothed
from explorer.views.relative_difference import NONE, RelativeDifference
from tests.explorer.test_explorer_parameters import folder, opened  # noqa: F401 (a fixture)

CELLS = 16


def box(values):
    about = {"cell_size": 100.0, "box_size": 1.6, "redshift": 2.0, "cosmology": PLANCK}
    return Grid(values, "dm", **about)


def test_a_painting_that_is_everywhere_too_dense_is_so_by_as_much():
    values = np.random.default_rng(1).uniform(1, 3, (CELLS,) * 3)
    found = relative_map(box(values), box(1.1 * values), "x")
    assert found.values.shape == (CELLS, CELLS)
    assert found.values == pytest.approx(0.1, rel=1e-4)
    assert found.within == 1


def test_voids_are_clipped_and_differences_averaged_along_the_line_of_sight():
    truth = np.ones((CELLS,) * 3)
    truth[:, :, 3] = 0.1
    empty = truth.copy()
    empty[:, :, 3] = 0.2  # below half the mean, as the truth is
    assert relative_map(box(truth), box(empty), "z").values == pytest.approx(0, abs=1e-6)
    dense = np.ones((CELLS,) * 3)
    dense[:, 5, :] = 2.0
    along = relative_map(box(np.ones((CELLS,) * 3)), box(dense), "z").values
    assert along.argmax(axis=0) == pytest.approx(5)
    across = relative_map(box(np.ones((CELLS,) * 3)), box(dense), "y").values
    assert across == pytest.approx(1 / CELLS, rel=1e-4)


def test_smoothing_keeps_the_mean_and_spreads_a_cell_as_a_gaussian():
    values = np.zeros((CELLS,) * 3)
    values[8, 8, 8] = 1.0
    found = smoothed(values, 2.0)
    assert found.sum() == pytest.approx(1)
    assert found[8, 8, 10] / found[8, 8, 8] == pytest.approx(np.exp(-0.5), rel=1e-2)


def test_cards_are_of_the_paintings_there_are(folder):  # noqa: F811
    store = opened(field="dm")
    view = RelativeDifference(store)
    assert "JERALD to truth" in view.panes["prediction"].object
    assert not view.cards["other"].visible
    store.selection.other = "particle-mesh"
    assert view.cards["other"].visible
    assert "Particle mesh to truth" in view.panes["other"].object
    view._show(store.results, {})
    assert NONE in view.panes["prediction"].object
