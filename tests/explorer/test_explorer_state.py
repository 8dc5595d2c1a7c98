import pytest

from explorer.display import Display
from explorer.state import Choices, Selection
from explorer.style import COLOUR_MAPS

HYDRO = Choices(
    simulation={"one": "one", "two": "two"},
    axis={"along x": "x", "along z": "z"},
    field={"Gas": "gas", "HI": "hi"},
    source={"dark matter": "dm/ds", "dark matter only": "dmo/ds"},
    level={"HR": "HR", "MR": "MR"},
    emulator={"Share": "share"},
    slabs=8,
    pixels=64,
)
SMALL = Choices(
    simulation={"one": "one", "two": "two"},
    axis={"along z": "z"},
    field={"Gas": "gas"},
    source={"dark matter": "dm/ds"},
    level={"HR": "HR"},
    emulator={},
    slabs=3,
    pixels=32,
)


@pytest.fixture
def selection():
    selection = Selection()
    selection.set_choices(HYDRO)
    return selection


def test_the_first_of_each_is_selected_at_first(selection):
    assert selection.to_query() == {
        "simulation": "one",
        "axis": "x",
        "slab": "0",
        "source": "dm/ds",
        "level": "HR",
        "field": "gas",
        "other_levels": "no",
        "emulator": "share",
        "seed": "0",
        "other": "none",
        "other_seed": "1",
        "scope": "slab",
    }


def test_a_link_reproduces_the_selection(selection):
    selection.param.update(
        simulation="two", axis="z", slab=5, field="hi", seed=2**32 - 1, other="share", other_seed=3
    )
    other = Selection()
    other.set_choices(HYDRO)
    for name, value in selection.to_query().items():
        other.take(name, value)
    assert other.request() == selection.request()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("simulation", "three", ["Simulation", "'three'", "one, two", "showing one"]),
        ("axis", "y", ["Axis", "'y'", "x, z", "showing x"]),
        ("slab", "8", ["Slab", "'8'", "0 to 7", "showing 0"]),
        ("slab", "-1", ["Slab", "'-1'", "0 to 7"]),
        ("slab", "two", ["Slab", "'two'", "0 to 7"]),
        ("seed", "4294967296", ["Seed", "'4294967296'", "0 to 4294967295", "showing 0"]),
        ("field", "xray", ["Field", "'xray'", "gas, hi"]),
        ("emulator", "magic", ["Emulator", "'magic'", "share"]),
    ],
)
def test_what_a_link_cannot_have_is_told_in_one_sentence(selection, name, value, words):
    before = selection.request()
    with pytest.raises(ValueError, match="in the link is") as refusal:
        selection.take(name, value)
    sentence = str(refusal.value)
    assert all(word in sentence for word in words)
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    assert selection.request() == before


def test_what_is_no_longer_offered_moves_to_what_is(selection):
    selection.param.update(axis="x", slab=7, field="hi")
    selection.set_choices(SMALL)
    request = selection.request()
    assert (request.place.axis, request.place.index, request.field) == ("z", 2, "gas")
    assert request.emulator == ""
    assert "emulator" not in selection.to_query()
    with pytest.raises(ValueError, match="slab"):
        selection.slab = 3


def test_one_change_of_what_is_offered_is_one_event(selection):
    seen = []
    selection.param.update(axis="x", slab=7)
    selection.param.watch(lambda *events: seen.append(events), ["axis", "slab", "emulator"])
    selection.set_choices(SMALL)
    assert len(seen) == 1


def test_the_input_and_the_field_have_their_own_colours():
    display = Display()
    assert display.input_colours != display.field_colours
    assert {display.input_colours, display.field_colours} <= set(COLOUR_MAPS)
