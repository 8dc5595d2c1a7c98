"""Parts of the data: what trains and what scores never meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import HELD_OUT, Split

HALVES = [((0.0, 0.5), (0.0, 1.0), (0.0, 1.0)), ((0.5, 1.0), (0.0, 1.0), (0.0, 1.0))]


@pytest.mark.parametrize(
    ("part", "name", "held_out"),
    [
        (Split("*", "xyz"), "hydro11-z2", True),
        (Split("*", "xy"), "hydro11-z2", False),
        (Split("*", "z"), "hydro11-z2-shifted", True),
        (Split("*", "x"), "validation-z2", True),
        (Split("*", "xyz"), "training-05-z2", False),
    ],
)
def test_what_is_held_out(part, name, held_out):
    assert any(part.overlaps(name, other) for other in HELD_OUT) is held_out


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Split("*", volume=HALVES[0]), Split("*", volume=HALVES[1]), False),
        (Split("*", volume=HALVES[0]), Split("*"), True),
        (Split("*", folds=(0, 1), fold_count=3), Split("*", folds=(2,), fold_count=3), False),
        (Split("*", folds=(0, 1), fold_count=3), Split("*", folds=(1,), fold_count=3), True),
        (Split("*", folds=(0,), fold_count=2), Split("*", folds=(2,), fold_count=3), True),
        (Split("*", "x", folds=(0,), fold_count=2), Split("*", "y"), False),
    ],
)
def test_parts_meet_if_anything_of_one_is_in_the_other(one, other, meet):
    assert one.overlaps("a-box", other) is meet
    assert other.overlaps("a-box", one) is meet


@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_two_parts_of_a_box_share_no_cell_and_leave_none(n, cut):
    counted = np.zeros((n, n, n))
    for low, high in ((0.0, cut), (cut, 1.0)):
        counted[Split("*", volume=((0, 1), (low, high), (0, 1))).cells(n)] += 1
    assert (counted == 1).all()


def test_cells_are_in_the_order_of_grids():
    part = Split("*", volume=((0.0, 0.25), (0.25, 0.5), (0.5, 1.0)))
    assert np.zeros((8, 8, 8))[part.cells(8)].shape == (4, 2, 2)
    assert part.cells(8)[2] == slice(0, 2)  # x is the last axis


def test_every_object_is_in_one_fold_with_all_of_its_group():
    clusters = np.repeat(np.arange(10), 3)  # three projections of each
    folds = [Split("*", folds=(i,), fold_count=4).members(clusters) for i in range(4)]
    assert (np.sum(folds, axis=0) == 1).all()
    for members in folds:
        assert not set(clusters[members]) & set(clusters[~members])
    assert Split("*").members(clusters).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"axes": "xw"}, "axis of box is 'w'"),
        ({"volume": ((0, 1), (0.5, 0.5), (0, 1))}, "expected a begin and a greater end"),
        ({"volume": ((0, 1), (0, 1))}, "expected a begin and a greater end"),
        ({"folds": (3,), "fold_count": 3}, r"Folds of box are \(3,\) of 3"),
        ({"folds": ()}, "expected some"),
    ],
)
def test_what_is_no_part_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Split("box", **wrong)
