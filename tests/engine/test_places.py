"""Places and runs: what they refuse, their JSON, and which slab holds a height."""

import json

import numpy as np
import pytest

from engine.places import (
    BoxPlace,
    ObjectPlace,
    Run,
    SlabPlace,
    kind_of,
    place_from_json,
    place_to_json,
    slab_numbers,
)

PLACES = [
    SlabPlace("x", 3),
    BoxPlace(),
    BoxPlace((0, 4, -2, 6, 1, 9)),
    ObjectPlace(5, "y"),
    ObjectPlace(0, "z", "groups"),
]


@pytest.mark.parametrize("place", PLACES, ids=repr)
def test_a_place_survives_json_and_can_be_a_key(place):
    assert place_from_json(json.loads(json.dumps(place_to_json(place)))) == place
    assert {place: 1}[place] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"kind": "sphere"}, "kind of place is 'sphere', expected one of slab, grid, cutout"),
        ({}, "kind of place is ''"),
        ({"kind": "slab", "depth": 3}, "entries depth, expected axis, index"),
        ({"kind": "slab", "axis": "w"}, "axis is 'w'"),
        ({"kind": "slab", "index": -1}, "slab is -1, expected a whole number from 0"),
        ({"kind": "cutout", "number": 1.5}, "object is 1.5"),
    ],
)
def test_what_is_no_place_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        place_from_json(content)


def test_the_kinds_of_places():
    assert [kind_of(place) for place in PLACES] == ["slab", "grid", "grid", "cutout", "cutout"]


@pytest.mark.parametrize(
    "run", [("cheese", "HR", "ds"), ("dm", "UHR", "ds"), ("dm", "HR", "mixed")]
)
def test_what_is_no_run_is_refused(run):
    with pytest.raises(ValueError, match="expected one of"):
        Run(*run)


def test_a_height_on_an_edge_is_in_the_upper_slab_and_the_box_is_periodic():
    heights = np.array([0.0, 1.999, 2.0, 7.999, 8.0, -0.5, 9.0])
    np.testing.assert_array_equal(slab_numbers(heights, 8.0, 4), [0, 0, 1, 3, 0, 3, 0])
    np.testing.assert_array_equal(slab_numbers(heights, 8.0, 4, 1.0), [3, 0, 0, 3, 3, 3, 0])
