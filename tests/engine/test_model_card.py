"""Cards and weights: what is written comes back, what is broken is refused in one sentence."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.cosmology import Cosmology
from engine.files import sha256
from engine.normalization import normalization
from engine.systems.card import Input, ModelCard, Output, Parameter, TrainingFile, read_card
from engine.systems.weights import read_weights, weights_path, write_model

MESH = {
    "name": "a",
    "field": "dm",
    "kind": "grid",
    "cell_size": 1.0,
    "redshift": 0.0,
    "normalization": {"kind": "identity"},
}
FLAT = {"kind": "log", "k": 0, "x0": 1, "q": 1}
PARAMETER = {"name": "q", "symbol": "q", "unit": "", "lowest": 0, "highest": 1, "value": 0}


@pytest.fixture
def card():
    mesh = {"kind": "slab", "cell_size": 29.3, "depth": 1.4}
    eaten = normalization("dm")
    return ModelCard(
        system="ember-unet",
        title="EMBER U-Net",
        paper="Bernardini et al. 2022",
        inputs=(Input("a", "dm", redshift=2.0, normalization=eaten, level="HR", **mesh),),
        output=Output("gas", normalization=normalization("gas"), **mesh),
        architecture={"network": "unet", "widths": [4, 8], "decoder_widths": [4]},
        cosmology=Cosmology(0.3089, 0.0486, 0.6774),
        stochastic=False,
        training_data=(TrainingFile("a.hdf5", "xy", "0" * 64),),
        recipe={"updates": 8},
        seed=3,
        hours=0.5,
        device="a CPU",
        licence="Apache-2.0",
        parameters=(Parameter("slope", "q", "", 0.1, 2.0, 0.5),),
        scores=({"simulation": "box", "axes": "z", "all": {"mass": 0.99, "power": [1.0]}},),
    )


@pytest.fixture
def weights():
    random = np.random.default_rng(0)
    return {"a.weight": random.standard_normal((4, 1, 3, 3)), "a.bias": np.zeros(4)}


@pytest.fixture
def written(tmp_path, card, weights):
    path, _ = write_model(tmp_path, card, weights)
    return path


def one_sentence(error):
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and len(text) < 400


def test_card_comes_back_with_the_hash_of_its_weights(written, card):
    assert written.name == "ember-unet-gas-hr.json"
    assert read_card(written) == replace(card, weights_sha256=sha256(weights_path(written)))


@pytest.mark.parametrize(("half", "tolerance", "itemsize"), [(True, 1e-3, 2), (False, 1e-7, 8)])
def test_weights_come_back_in_single_precision(tmp_path, card, weights, half, tolerance, itemsize):
    path, stored = write_model(tmp_path, card, weights, half=half)
    back = read_weights(path, stored)
    assert {a.dtype for a in back.values()} == {np.dtype(np.float32)}
    for name, array in weights.items():
        np.testing.assert_allclose(back[name], array, rtol=tolerance)
    assert weights_path(path).stat().st_size < 40 * itemsize + 300


def test_nothing_but_the_two_files_is_left(written):
    names = sorted(p.name for p in written.parent.iterdir())
    assert names == ["ember-unet-gas-hr.json", "ember-unet-gas-hr.safetensors"]


def test_a_write_that_fails_leaves_the_older_files_whole(written, card, weights, monkeypatch):
    before = read_weights(written, read_card(written))

    def fail(tensors, path):
        path.write_bytes(b"half of it")
        raise OSError("disk full")

    monkeypatch.setattr("engine.systems.weights.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        write_model(written.parent, card, {"b": np.ones(3)})
    after = read_weights(written, read_card(written))
    np.testing.assert_array_equal(before["a.weight"], after["a.weight"])


def test_missing_card(tmp_path):
    with pytest.raises(ValueError, match=r"none\.json can't be read: No such file") as error:
        read_card(tmp_path / "none.json")
    assert one_sentence(error)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"format": "baryon', "no whole JSON"),
        (b"\x89HDF\r\n\x1a\n\xff", "no text"),
        (b"[1, 2]", "has no format"),
        (b'{"some": "thing"}', "has no format"),
    ],
)
def test_a_truncated_or_foreign_card_is_refused(tmp_path, content, words):
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^card.json is no model card .*{words}") as error:
        read_card(path)
    assert one_sentence(error)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 99}, "format version 99, expected 2"),
        ({"inputs": []}, "inputs are none"),
        ({"inputs": [MESH, MESH]}, "inputs are a, a, expected"),
        ({"inputs": [MESH | {"field": "cheese"}]}, "'cheese'"),
        ({"inputs": [MESH | {"level": "UHR"}]}, "'UHR'"),
        ({"inputs": [MESH | {"kind": "sphere"}]}, "'sphere'"),
        ({"inputs": [MESH | {"cell_size": -1.0}]}, "cell_size is -1.0"),
        ({"inputs": [MESH | {"cell_size": "wide"}]}, "can't be used"),
        (
            {"inputs": [MESH | {"normalization": FLAT}]},
            "k is 0",
        ),
        ({"inputs": [MESH | {"normalization": {"kind": "cube"}}]}, "'cube'"),
        ({"output": {"field": "gas"}}, "can't be used"),
        ({"parameters": [PARAMETER | {"value": 9}]}, "parameter q is 9, expected 0 to 1"),
        ({"cosmology": {"Omega": 0.3}}, "Omega"),
        ({"extra": 1}, "entries extra"),
    ],
)
def test_a_card_with_a_wrong_entry_is_refused(written, changes, words):
    written.write_text(json.dumps(json.loads(written.read_text()) | changes))
    with pytest.raises(ValueError, match=words) as error:
        read_card(written)
    assert one_sentence(error)
    assert written.name in str(error.value)


def test_a_card_of_the_first_version_is_read_as_one_of_today(written, card):
    content = json.loads(written.read_text())
    (eaten,), painted = content.pop("inputs"), content.pop("output")
    del content["parameters"]
    scalings = [dict(mesh["normalization"]) for mesh in (eaten, painted)]
    content |= {
        "format_version": 1,
        "field": "gas",
        "level": "HR",
        "normalization_in": {name: scalings[0][name] for name in ("k", "x0", "q")},
        "normalization_out": {name: scalings[1][name] for name in ("k", "x0", "q")},
        "pixel_size": 29.3,
        "depth": 1.4,
        "redshift": 2.0,
    }
    written.write_text(json.dumps(content))
    found = read_card(written)
    card = replace(card, inputs=(replace(card.inputs[0], name="dark matter"),), parameters=())
    assert found == replace(card, weights_sha256=content["weights_sha256"])
    assert (found.field, found.level, found.redshift) == ("gas", "HR", 2.0)
    del content["depth"]
    written.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="entries depth"):
        read_card(written)


def test_a_card_that_lacks_an_entry_is_refused(written):
    content = json.loads(written.read_text())
    del content["cosmology"]
    written.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="entries cosmology"):
        read_card(written)


def test_missing_weights(written):
    card = read_card(written)
    weights_path(written).unlink()
    with pytest.raises(ValueError, match=r"ember-unet-gas-hr\.safetensors are missing") as error:
        read_weights(written, card)
    assert one_sentence(error)


@pytest.mark.parametrize("damage", [lambda b: b[:-7], lambda b: b[:50] + b"?" + b[51:]])
def test_damaged_weights_are_refused(written, damage):
    path = weights_path(written)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"{path.name} is not the file its card") as error:
        read_weights(written, read_card(written))
    assert one_sentence(error)


def test_weights_of_another_training_are_refused(written):
    save_file({"a.weight": np.ones(3, np.float32)}, weights_path(written))
    with pytest.raises(ValueError, match="not the file its card describes"):
        read_weights(written, read_card(written))


def test_a_foreign_file_with_the_right_hash_is_refused(written):
    weights_path(written).write_bytes(b"this is no safetensors file")
    card = replace(read_card(written), weights_sha256=sha256(weights_path(written)))
    with pytest.raises(ValueError, match="is no safetensors file") as error:
        read_weights(written, card)
    assert one_sentence(error)


def test_cards_and_weights_are_read_without_torch(written):
    script = (
        "import sys; from pathlib import Path; from engine.systems.card import *; "
        "from engine.systems.weights import *; "
        "from engine.systems.registry import emulators; emulators(); "
        f"p = Path({str(written)!r}); read_weights(p, read_card(p)); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
