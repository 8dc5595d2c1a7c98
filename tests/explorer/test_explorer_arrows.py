"""Arrows of displacements: means of particles' moves, drawn to be seen, on request."""

import numpy as np
import pytest

from explorer.arrows import SIDE, arrows_of, mean_moves
from explorer.display import Display
from explorer.plots.arrows import HEAD, strokes
from explorer.views.maps import Maps
from tests.explorer.test_explorer_parameters import folder, opened  # noqa: F401 (a fixture)


@pytest.mark.parametrize(("axis", "column", "row"), [("x", 1, 2), ("y", 0, 2), ("z", 0, 1)])
def test_moves_are_averaged_in_columns_along_the_line_of_sight(axis, column, row):
    random = np.random.default_rng(1)
    position = random.uniform(0, SIDE, (3, 40_000))
    move = np.stack([0.01 * np.ones(40_000), 0.02 * position[1], -0.01 * position[2]])
    found = mean_moves(position, move, axis, box_size=float(SIDE))
    assert len(found.x) == SIDE**2
    expected = {0: 0.01 + 0 * found.x, 1: 0.02, 2: -0.01}
    middles = {column: found.x, row: found.y}
    for along, mean in ((column, found.dx), (row, found.dy)):
        slope = expected[along]
        wanted = slope if along == 0 else slope * middles[along]
        assert mean == pytest.approx(wanted, abs=0.004)


def test_the_longest_arrows_are_drawn_about_as_long_as_they_are_apart():
    position = np.random.default_rng(2).uniform(0, SIDE, (3, 5000))
    found = mean_moves(position, np.full((3, 5000), 0.003), "z", float(SIDE))
    drawn = found.enlarged * np.percentile(found.length, 99)
    assert 0.4 < drawn <= 1
    assert found.words == "drawn 200 times as long; 4.2 ckpc/h rms"
    none = mean_moves(position, np.zeros((3, 5000)), "z", float(SIDE))
    assert none.enlarged == 1


def test_an_arrow_has_a_head_at_its_tip():
    path = strokes(*(np.array([value]) for value in (1.0, 2.0, 0.0, 0.5)))
    assert (path["xs"][0][0], path["ys"][0][0]) == (1, 2)
    assert (path["xs"][0][1], path["ys"][0][1]) == (1, 2.5)
    left, right = ((path["xs"][0][i], path["ys"][0][i]) for i in (2, 4))
    assert left[0] + right[0] == pytest.approx(2)
    assert np.hypot(left[0] - 1, left[1] - 2.5) == pytest.approx(HEAD * 0.5)


def test_arrows_are_there_on_request_and_follow_the_numbers(folder):  # noqa: F811
    store = opened(field="dm", depth="4")
    display = Display()
    maps = Maps(store, display)
    store.param.trigger("results")
    assert maps.tools.arrows.visible
    assert maps.arrows.source.data["xs"] == []
    display.arrows = True
    first = maps.arrows.source.data["xs"]
    assert len(first) == len(arrows_of(store.results).x) > 0
    assert "times as long" in maps.tools.about_arrows.object
    store.selection.set_parameters({"dm move alpha 1": 1.0, "dm move alpha 2": -0.5})
    assert maps.arrows.source.data["xs"] != first
    store.selection.emulator = "particle-mesh"
    assert not maps.tools.arrows.visible
    assert maps.arrows.source.data["xs"] == []
