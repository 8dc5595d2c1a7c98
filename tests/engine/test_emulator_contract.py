"""What every emulator that is registered must do, on the tiny example its system brings."""

import importlib
import threading
from dataclasses import replace

import numpy as np
import pytest

from engine.checks import place
from engine.cosmology import Cosmology
from engine.fields import FIELDS, INPUT_FIELDS
from engine.inference import prediction_key
from engine.noise import Realisation
from engine.systems.registry import CLASSES, emulator_class, load_emulator
from engine.systems.weights import write_model

emulator_class("ember-unet")  # imports every system, so that the contract runs over all


def example_of(system):
    name = system.replace("-", "_")
    try:
        return importlib.import_module(f"tests.engine.systems.{name}").example()
    except ModuleNotFoundError:
        pytest.fail(f"{system} brings no tests/engine/systems/{name}.py for the contract's test.")


@pytest.fixture(params=sorted(CLASSES))
def example(request):
    return example_of(request.param)


@pytest.fixture
def emulator(example, tmp_path, monkeypatch):
    """Loaded from files that belong to nobody's installation."""
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr("engine.assets.shipped_folder", lambda: tmp_path / "shipped")
    write_model(tmp_path / "weights", example.card, example.weights)
    card = example.card
    return load_emulator(card.system, card.field, card.level, device="cpu")


def test_a_system_without_an_example_fails_in_one_sentence():
    with pytest.raises(pytest.fail.Exception, match="cheese-net brings no tests/engine/systems"):
        example_of("cheese-net")


def test_a_system_says_what_it_is(emulator):
    assert emulator.title
    assert emulator.paper
    assert emulator.baseline in {"", *CLASSES}


def test_geometry_units_and_names(emulator, example):
    painted = emulator.predict(example.inputs, seed=7)
    card, first = emulator.card, next(iter(example.inputs.values()))
    assert card.output.kind == painted.KIND
    assert painted.cell_size == pytest.approx(card.output.cell_size, rel=0.1)
    assert painted.values.dtype == np.float32
    assert np.isfinite(painted.values).all()
    assert painted.about.signed or (painted.values >= 0).all()
    assert painted.values.any()
    assert (painted.field, painted.emulator) == (card.field, card.system)
    assert painted.seed == (7 if card.stochastic else None)
    assert painted.place == first.place
    # An emulator that begins at the initial conditions, of any redshift, says where it ends.
    assert painted.redshift == card.architecture.get("redshift", first.redshift)
    for same in ("box_size", "cosmology", "simulation", "level", "origin", "periodic"):
        assert getattr(painted, same) == getattr(first, same)
    assert painted.warnings == ()


def test_same_seed_same_bits_and_the_inputs_are_left_alone(emulator, example):
    before = {name: mesh.values.copy() for name, mesh in example.inputs.items()}
    first, second = (emulator.predict(example.inputs, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    for name, mesh in example.inputs.items():
        np.testing.assert_array_equal(mesh.values, before[name])


def test_another_seed_matters_only_to_a_stochastic_emulator(emulator, example):
    first, second = (emulator.predict(example.inputs, seed=seed) for seed in (3, 4))
    assert np.array_equal(first.values, second.values) != emulator.card.stochastic


def test_a_realisation_says_the_seed(emulator, example):
    by_seed = emulator.predict(example.inputs, seed=5)
    by_realisation = emulator.predict(example.inputs, seed=6, realisation=Realisation(5))
    np.testing.assert_array_equal(by_realisation.values, by_seed.values)
    assert by_realisation.seed == by_seed.seed


def test_a_bare_mesh_stands_for_the_only_input(emulator, example):
    (first, *others) = example.inputs.values()
    if others:
        with pytest.raises(ValueError, match="got the inputs one mesh, expected"):
            emulator.predict(first)
    else:
        expected = emulator.predict(example.inputs, seed=1).values
        np.testing.assert_array_equal(emulator.predict(first, seed=1).values, expected)


def test_inputs_of_other_names_are_refused(emulator, example):
    (mesh, *_) = example.inputs.values()
    with pytest.raises(ValueError, match=r"got the inputs cheese, expected .*pass a mapping"):
        emulator.predict({"cheese": mesh})


def test_a_region_is_those_cells_of_the_whole_and_may_wrap(emulator, example):
    whole = emulator.predict(example.inputs, seed=2)
    scaled = emulator.card.output.normalization.forward
    for region in example.regions:
        part = emulator.predict(example.inputs, seed=2, region=region)
        expected = whole.cut(region).values
        np.testing.assert_allclose(scaled(part.values), scaled(expected), atol=1e-5)
        assert not part.periodic
        assert part.field == emulator.card.field


def test_an_empty_or_too_large_region_is_refused(emulator, example):
    shape = emulator.predict(example.inputs).shape
    for first in ((4, 4), (5, 2), (0, shape[0] + 1)):
        region = (*first, *(n for side in shape[1:] for n in (0, side)))
        with pytest.raises(ValueError, match=r"region is .*expected one with"):
            emulator.predict(example.inputs, region=region)
    with pytest.raises(ValueError, match=f"expected {2 * len(shape)} numbers"):
        emulator.predict(example.inputs, region=(0, 1))


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_an_ensemble_is_its_seeds_one_by_one(emulator, example, at_once):
    emulator.at_once = at_once
    told = []
    ensemble = emulator.ensemble(
        example.inputs, range(4, 9), progress=lambda *done: told.append(done)
    )
    painted = list(ensemble)
    assert told == [(n, 5) for n in range(1, 6)]
    assert len(painted) == 5
    for seed, one in zip(range(4, 9), painted, strict=True):
        alone = emulator.predict(example.inputs, seed)
        np.testing.assert_array_equal(one.values, alone.values)
        assert one.seed == alone.seed


def test_an_ensemble_of_a_deterministic_emulator_is_painted_once(emulator, example):
    first, second = emulator.ensemble(example.inputs, (1, 2))
    assert (second is first) != emulator.card.stochastic


def test_an_ensemble_stops_when_it_is_cancelled(emulator, example):
    cancel = threading.Event()
    ensemble = emulator.ensemble(example.inputs, range(100), cancel=cancel)
    assert next(ensemble).field == emulator.card.field
    cancel.set()
    assert len(list(ensemble)) < emulator.at_once


def test_a_prediction_has_its_own_key(emulator, example):
    key = prediction_key(emulator, example.inputs, seed=3)
    assert key == prediction_key(emulator, example.inputs, realisation=Realisation(3))
    other = prediction_key(emulator, example.inputs, seed=4)
    assert (key != other) == emulator.card.stochastic
    moved = {name: replace(m, simulation="another") for name, m in example.inputs.items()}
    assert key != prediction_key(emulator, moved, seed=3)


def changed(example, name, **changes):
    return {**example.inputs, name: replace(example.inputs[name], **changes)}


def test_inputs_of_another_field_are_refused(emulator, example):
    for eaten in emulator.card.inputs:
        allowed = INPUT_FIELDS if eaten.field in INPUT_FIELDS else (eaten.field,)
        for field in sorted(set(FIELDS) - set(allowed)):
            inputs = changed(example, eaten.name, field=field)
            with pytest.raises(ValueError, match=f"is a {eaten.kind} of .*expected a"):
                emulator.predict(inputs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_no_mesh_can_have_are_refused(emulator, example, bad):
    for name, mesh in example.inputs.items():
        values = mesh.values.copy()
        values.flat[2:4] = bad
        with pytest.raises(ValueError, match=r"has 2 \w+ that are .*not finite") as error:
            emulator.predict({**example.inputs, name: mesh.with_values(values)})
        assert str(error.value).startswith(place(mesh))


@pytest.mark.parametrize(("ratio", "words"), [(1.54, "54 % more"), (0.68, "32 % less")])
def test_another_cell_scale_is_refused_and_told_by_how_much(emulator, example, ratio, words):
    for eaten in emulator.card.inputs:
        size = example.inputs[eaten.name].cell_size
        with pytest.raises(ValueError, match=words) as error:
            emulator.predict(changed(example, eaten.name, cell_size=ratio * size))
        assert f"{eaten.cell_size:.4g} kpc/h of the training" in str(error.value)


def as_wide(mesh, redshift=None, **changes):
    """Cut-outs are of one proper size, whatever the redshift."""
    if mesh.KIND != "cutout" or redshift is None:
        return {}
    grown = (1 + redshift) / (1 + mesh.redshift)
    return {"cell_size": grown * mesh.cell_size, "depth": grown * mesh.depth}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"redshift": 5.0}, "The redshift is 5"),
        ({"cosmology": Cosmology(0.25, 0.0486, 0.6774)}, "Omega_m is 0.25"),
    ],
)
def test_what_differs_from_the_training_is_said_in_the_result(emulator, example, changes, words):
    inputs = {
        name: replace(mesh, **changes, **as_wide(mesh, **changes), warnings=("An old one.",))
        for name, mesh in example.inputs.items()
    }
    warnings = emulator.predict(inputs).warnings
    assert "An old one." in warnings
    assert any(words in warning for warning in warnings)


def test_a_parameter_that_there_is_not_is_refused(emulator, example):
    with pytest.raises(ValueError, match="has no parameter 'cheese'"):
        emulator.predict(example.inputs, parameters={"cheese": 1.0})


def test_parameters_change_the_result_within_their_bounds(emulator, example):
    plain = emulator.predict(example.inputs).values
    for parameter in emulator.card.parameters:
        bounds = parameter.lowest, parameter.highest
        (other, *_) = (bound for bound in bounds if bound != parameter.value)
        moved = emulator.predict(example.inputs, parameters={parameter.name: other})
        assert not np.array_equal(moved.values, plain)
        with pytest.raises(ValueError, match=f"Parameter {parameter.name} of"):
            emulator.predict(example.inputs, parameters={parameter.name: parameter.highest + 1})
