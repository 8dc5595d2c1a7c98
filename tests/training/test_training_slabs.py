"""What trains, what must not, and that a drawn map is the same map moved."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import HELD_OUT, Split
from training.data.ahead import Ahead
from training.data.files import find_files
from training.data.slabs import TrainingMaps, random_symmetry, read_pairs
from training.systems.ember import BOXES
from training.systems.registry import preset, systems


@pytest.fixture(scope="module")
def pairs(data):
    return [
        pair
        for path, part in find_files(data, BOXES)
        for pair in read_pairs(path, part, "gas", "HR")
    ]


def test_the_presets_sources_are_found_and_read(data, pairs):
    files = find_files(data, BOXES)
    assert [(p.name, part.axes) for p, part in files] == [
        ("hydro11-z2-xy.hdf5", "xy"),
        ("training-05-z2.hdf5", "xyz"),
    ]
    assert len(pairs) == 2 * 2 + 3 * 2
    for pair in pairs:
        assert (pair.dark_matter.field, pair.target.field) == ("dm", "gas")
        assert pair.dark_matter.axis == pair.target.axis
        # The fixture's gas is a power of its dark matter, so the pair is of one place.
        expected = 2e4 * (pair.dark_matter.values / 1e5) ** 0.9
        np.testing.assert_allclose(pair.target.values, expected, rtol=1e-4)


@pytest.mark.parametrize("system", systems())
def test_no_preset_asks_for_what_is_held_out(system):
    names = ["hydro11-z2", "hydro11-z2-shifted", "validation-z2", "training-05-z2"]
    names += ["quijote-101-z0", "quijote-103-z0", "quijote-103-om3075-z0"]
    for size in systems()[system].presets:
        for source in preset(size, system).sources:
            for name in (name for name in names if fnmatchcase(name, source.pattern)):
                if name == "hydro11-z2" and system in ("jerald", "dm2gal"):
                    continue  # boxes have no line of sight: dm2gal is scored on its other half
                assert not any(source.overlaps(name, held_out) for held_out in HELD_OUT)


@pytest.mark.parametrize(
    ("name", "axes", "refused"),
    [
        ("hydro11-z2", "xyz", "z"),
        ("hydro11-z2-offset", "z", "z"),
        ("validation-z2", "x", "x"),
        ("validation-z2-offset", "y", "y"),
    ],
)
def test_held_out_maps_are_refused_whatever_the_preset(tmp_path, new_slabs, name, axes, refused):
    path = new_slabs(tmp_path / f"{name}.hdf5", axes, 16)
    with pytest.raises(ValueError, match=f"Axis {refused} of simulation '{name}' is held out"):
        read_pairs(path, Split("*", axes), "gas", "HR")


def test_a_source_without_files_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no file training-\*\.hdf5"):
        find_files(tmp_path, [Split("training-*")])


def test_some_sources_are_enough(data):
    sources = [Split("training-*"), Split("nowhere-*", "x")]
    assert find_files(data, sources) == find_files(data, sources[:1])


def test_a_file_without_the_field_is_refused(data):
    with pytest.raises(ValueError, match="no maps of 'hi'"):
        read_pairs(data / "training-05-z2.hdf5", Split("*", "x"), "hi", "HR")


@given(st.integers(0, 2**32 - 1))
def test_a_symmetry_moves_pixels_and_keeps_maps_together(seed):
    a = np.arange(36, dtype=np.float32).reshape(6, 6)
    moved, other = random_symmetry((a, 2 * a), np.random.default_rng(seed))
    np.testing.assert_array_equal(other, 2 * moved)
    assert sorted(moved.ravel()) == sorted(a.ravel())
    # Periodic neighbours stay neighbours: every value keeps the four around it.
    np.testing.assert_array_equal(neighbours(moved), neighbours(a))


def neighbours(values):
    """The four periodic neighbours of every pixel, sorted, in the order of its value."""
    around = [np.roll(values, step, axis).ravel() for step in (1, -1) for axis in (0, 1)]
    return np.sort(around, axis=0)[:, np.argsort(values.ravel())]


@given(st.integers(0, 2**32 - 1))
def test_a_square_is_cut_from_a_moved_map(seed):
    a = np.arange(36, dtype=np.float32).reshape(6, 6)
    cut, other = random_symmetry((a, 2 * a), np.random.default_rng(seed), crop=4)
    np.testing.assert_array_equal(other, 2 * cut)
    around = set(map(tuple, neighbours(a).T))
    # Inside the square periodic neighbours of the map are neighbours still.
    for y, x in np.ndindex(2, 2):
        four = sorted([cut[y, x + 1], cut[y + 2, x + 1], cut[y + 1, x], cut[y + 1, x + 2]])
        assert tuple(four) in around
    assert len(np.unique(cut)) == 16
    whole, _ = random_symmetry((a, 2 * a), np.random.default_rng(seed), crop=6)
    assert whole.shape == (6, 6)


def test_squares_come_from_everywhere():
    a = np.arange(36, dtype=np.float32).reshape(6, 6)
    random = np.random.default_rng(0)
    corners = {float(random_symmetry((a,), random, crop=4)[0][0, 0]) for _ in range(500)}
    assert len(corners) == 36


def test_all_eight_symmetries_and_all_shifts_are_drawn():
    a = np.arange(4, dtype=np.float32).reshape(2, 2)
    a = np.kron(a, np.ones((2, 2), np.float32)) + np.eye(4, dtype=np.float32)[:, [1, 0, 3, 2]] / 3
    random = np.random.default_rng(0)
    seen = {random_symmetry((a,), random)[0].tobytes() for _ in range(3000)}
    expected = set()
    for turn in range(4):
        for b in (np.rot90(a, turn), np.rot90(a, turn).T):
            for shift in np.ndindex(4, 4):
                expected.add(np.ascontiguousarray(np.roll(b, shift, (0, 1))).tobytes())
    assert seen == expected


def test_a_batch_has_one_side_and_belongs_to_its_update(pairs):
    maps = TrainingMaps(pairs, batch_size=2, seed=4)
    again = TrainingMaps(pairs, batch_size=2, seed=4)
    for update in (3, 0, 7, 12):
        dark_matter, target = maps.batch(update)
        same, _ = again.batch(update)
        assert dark_matter.shape == target.shape
        assert dark_matter.shape[:2] == (2, 1)
        assert dark_matter.equal(same)
        expected = 2e4 * (dark_matter.double() / 1e5) ** 0.9
        np.testing.assert_allclose(target, expected, rtol=1e-4)
    sides = [maps.batch(update)[0].shape[-1] for update in range(5)]
    assert sorted(sides) == [32, 32, 32, 48, 48]
    other, _ = TrainingMaps(pairs, batch_size=2, seed=5).batch(0)
    assert not (other.shape == maps.batch(0)[0].shape and other.equal(maps.batch(0)[0]))


def test_batches_drawn_ahead_are_the_same_and_none_too_many(pairs):
    maps = TrainingMaps(pairs, batch_size=2, seed=4)

    class Watched:
        drawn: ClassVar[list[int]] = []

        def batch(self, number):
            self.drawn.append(number)
            return maps.batch(number)

    with Ahead(Watched().batch, 8, stride=2) as ahead:
        for number in (1, 3, 5, 7):
            for found, expected in zip(ahead.batch(number), maps.batch(number), strict=True):
                assert found.equal(expected)
    assert Watched.drawn == [1, 3, 5, 7]


def test_a_batch_that_cannot_be_drawn_fails_when_it_is_asked_for():
    class Broken:
        def batch(self, number):
            if number == 1:
                raise OSError("disk gone")
            return ()

    with Ahead(Broken().batch, 8, stride=1) as ahead:
        assert ahead.batch(0) == ()
        with pytest.raises(OSError, match="disk gone"):
            ahead.batch(1)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_an_epoch_shows_every_map(pairs, batch_size):
    maps = TrainingMaps(pairs, batch_size, seed=0)
    batches = -(-4 // batch_size) + -(-6 // batch_size)
    for epoch in range(3):
        seen = set()
        for update in range(epoch * batches, (epoch + 1) * batches):
            # A map's total survives shifts and reflections: it tells which one it is.
            seen |= {round(float(m.double().sum())) for m in maps.batch(update)[0]}
        assert len(seen) == len(pairs)


def test_no_maps_and_maps_of_another_pixel_size_are_refused(pairs):
    with pytest.raises(ValueError, match="no maps to train on"):
        TrainingMaps([], 2, 0)
    other = replace(pairs[0], target=replace(pairs[0].target, cell_size=40.0))
    with pytest.raises(ValueError, match=r"pixels of 40 kpc/h, expected 29\.3 kpc/h"):
        TrainingMaps([pairs[1], other], 2, 0)
    cut = pairs[0].target
    cut = cut.with_values(cut.values[:16], periodic=False)
    with pytest.raises(ValueError, match="expected a square map of a periodic box"):
        TrainingMaps([replace(pairs[0], target=cut)], 2, 0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"field": "cheese"}, "cheese"),
        ({"precision": "float16"}, "expected one of float32, bfloat16"),
        ({"updates": 0}, "0 updates"),
        ({"batch_size": 0}, "of 0 examples"),
    ],
)
def test_a_configuration_that_cannot_train_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        preset("small", **wrong)


def test_unknown_presets_are_refused():
    with pytest.raises(ValueError, match="expected one of paper, small, smoke"):
        preset("huge")
    assert preset("small", seed=3).seed == 3


def test_a_field_has_its_own_weight_of_power():
    assert preset("small", field="gas").power == 0.01
    assert preset("small", field="hi").power == 0.1
    assert preset("small", field="hi", power=0.2).power == 0.2


def test_a_part_of_the_volume_is_nothing_to_take_slabs_from(data):
    part = Split("*", "x", volume=((0, 1), (0, 0.5), (0, 1)))
    with pytest.raises(ValueError, match="expected the whole box for slabs"):
        read_pairs(data / "training-05-z2.hdf5", part, "gas", "HR")
