import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import engine
from engine import recipe_file
from engine.formats.map_file import read_map_file, write_map_file
from engine.outcome_words import comparison
from engine.recipe import Recipe, Source, rerun
from engine.recipe_file import Painting, check
from engine.results import Outcome
from engine.statistics.compared import curves
from engine.surroundings import Surroundings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def emulator():
    return engine.load_emulator("ember-wgan", field="gas", device="cpu")


@pytest.fixture(scope="module")
def recipe(emulator):
    simulation = engine.open_simulation("hydro11-z2")
    deterministic = engine.load_emulator("ember-unet", field="gas", device="cpu")
    return Recipe(
        source=Source.of(simulation, simulation.slab("dm", "z", 3)),
        field="gas",
        painting=Painting.of(emulator, 7),
        other=Painting.of(deterministic, 1),
        statistics=("power_spectrum", "pdf", "cross_correlation"),
        scope="slab",
        region=None,
        made_with=Surroundings.here("cpu"),
    )


@pytest.fixture(scope="module")
def outcome(recipe, emulator):
    """What a person gets by hand, without a recipe."""
    simulation = engine.open_simulation("hydro11-z2")
    dark_matter = simulation.slab("dm", "z", 3)
    maps = {
        "input": dark_matter,
        "truth": simulation.slab("gas", "z", 3),
        "prediction": emulator.predict(dark_matter, seed=7),
        "other": engine.load_emulator("ember-unet", "gas", device="cpu").predict(dark_matter),
    }
    return Outcome(maps, {name: curves(name, maps) for name in recipe.statistics})


def test_a_recipe_is_the_same_after_a_trip_through_json(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.other.seed is None  # a deterministic painting has none
    alone = replace(recipe, other=None)
    assert Recipe.from_json(alone.to_json()) == alone


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("format",), "card", "format is \"card\", expected 'baryon-explorer recipe'"),
        (("format_version",), 9, "format_version is 9, expected 1"),
        (("source", "index"), "3", 'source.index is "3", expected a whole number'),
        (("source", "index"), True, "source.index is true, expected a whole number"),
        (("source", "index"), -1, "source.index is -1, expected 0 or more"),
        (("source", "axis"), "w", "source.axis is 'w', expected one of x, y, z"),
        (("source", "sha256"), "abc", "expected 64 hexadecimal digits"),
        (("painting", "seed"), 2**64, f"expected 0 to {2**64 - 1}"),
        (("painting",), None, "painting is null, expected an object"),
        (("painting", "colour"), 1, "painting.colour is 1, expected the entries emulator"),
        (("field",), "water", "field is 'water', expected one of"),
        (("statistics",), "pdf", 'statistics is "pdf", expected a list'),
        (("statistics",), ["pdf", 3], "statistics[1] is 3, expected text"),
        (("statistics",), ["entropy"], "statistics is 'entropy', expected one of"),
        (("made_with", "threads"), 0, "made_with.threads is 0, expected 1 or more"),
        (("made_with", "device"), "abacus", "device is 'abacus', expected one of cpu, cuda"),
    ],
)
def test_an_entry_that_does_not_fit_is_named(recipe, path, value, words):
    content = json.loads(recipe.to_json())
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the words are looked at below)
        Recipe.from_json(json.dumps(content))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_recipe_is_refused(recipe):
    content = json.loads(recipe.to_json())
    del content["source"]["level"]
    with pytest.raises(ValueError, match=r"source\.level is missing"):
        Recipe.from_json(json.dumps(content))
    with pytest.raises(ValueError, match="no whole JSON"):
        Recipe.from_json(recipe.to_json()[:-5])
    with pytest.raises(ValueError, match="expected a JSON object"):
        Recipe.from_json("[]")


def test_curves_of_all_slabs_and_of_a_region_are_made_again(recipe):
    alone = replace(recipe, other=None, statistics=("power_spectrum", "cross_correlation"))
    simulation = engine.open_simulation("hydro11-z2")
    slabs = [simulation.slab("gas", "z", index) for index in range(8)]
    along = rerun(replace(alone, scope="axis"))
    expected = engine.statistics.power_spectrum(slabs)
    np.testing.assert_array_equal(along.curves["power_spectrum"]["truth"].y, expected.y)
    assert along.curves["cross_correlation"]["prediction"].count.sum() == expected.count.sum()
    region = (0, 64, 300, 400)
    asked = Recipe.from_json(replace(alone, scope="region", region=region).to_json())
    found = rerun(asked).curves["power_spectrum"]["truth"]
    expected = engine.statistics.power_spectrum(slabs[3].cut(region))
    np.testing.assert_array_equal(found.y, expected.y)
    assert "Hann" in found.note


@pytest.mark.parametrize(
    ("scope", "region"), [("region", None), ("slab", (0, 1, 2, 3)), ("region", (0, 64))]
)
def test_a_region_without_its_scope_is_refused(recipe, scope, region):
    with pytest.raises(ValueError, match=r"recipe entry region is .* expected four numbers"):
        replace(recipe, scope=scope, region=region)


def test_rerun_makes_the_same_bits(recipe, outcome):
    again = rerun(recipe)
    assert comparison(again, outcome, "mine").startswith("The same bits as mine")
    assert again.maps["prediction"].seed == 7


def test_another_simulation_or_other_weights_are_refused(recipe):
    other_file = replace(recipe, source=replace(recipe.source, sha256="0" * 64))
    with pytest.raises(ValueError, match=r"hydro11-z2\.hdf5 is not the file the recipe was made"):
        rerun(other_file)
    other_weights = replace(recipe, painting=replace(recipe.painting, weights_sha256="0" * 64))
    with pytest.raises(ValueError, match=r"ember-wgan-gas-hr\.safetensors is not the file"):
        rerun(other_weights)
    nowhere = replace(recipe, painting=replace(recipe.painting, emulator="ember-diffusion"))
    with pytest.raises(ValueError, match="There is no ember-diffusion for gas"):
        check(nowhere)


def test_other_releases_and_threads_are_warned_of(recipe):
    assert check(recipe) == ()
    made_with = replace(recipe.made_with, torch="1.0", threads=recipe.made_with.threads + 62)
    with pytest.warns(UserWarning, match=r"torch 1\.0 \(here .*threads \d+ .*1e-5"):
        rerun(replace(recipe, made_with=made_with))


def test_a_files_hash_follows_the_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    before = recipe_file.file_sha256(path)
    assert recipe_file.file_sha256(path) == before
    path.write_bytes(b"three")
    assert recipe_file.file_sha256(path) != before


def test_the_command_line_makes_the_same_bits_in_another_process(recipe, outcome, tmp_path):
    text, mine, out = (tmp_path / name for name in ("r.json", "mine.hdf5", "out.hdf5"))
    text.write_text(recipe.to_json())
    write_map_file(mine, outcome, recipe.to_json())
    command = [sys.executable, "-m", "engine", "rerun", text, "--out", out, "--against", mine]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "The same bits as mine.hdf5" in done.stdout
    assert "mass [Msun/h]" in done.stdout
    found, read = read_map_file(out)
    assert Recipe.from_json(read) == recipe
    np.testing.assert_array_equal(
        found.maps["prediction"].values, outcome.maps["prediction"].values
    )
    assert sorted(tmp_path.iterdir()) == sorted([text, mine, out])


def test_a_recipe_that_is_none_ends_in_a_sentence(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("{}")
    command = [sys.executable, "-m", "engine", "rerun", path, "--out", tmp_path / "out.hdf5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("recipe entry format is null")
    assert not (tmp_path / "out.hdf5").exists()


def test_a_comparison_finds_the_largest_difference(outcome):
    truth = outcome.maps["truth"]
    values = truth.values.copy()
    values[5, 7] += 0.25 * truth.values.max()
    changed = Outcome(outcome.maps | {"truth": truth.with_values(values)}, outcome.curves)
    said = comparison(changed, outcome, "x")
    assert "largest difference is 0.25 of the largest number, in maps/truth" in said
    fewer = Outcome({"input": outcome.maps["input"]}, {})
    assert "in one of them only" in comparison(fewer, outcome, "x")
