import json

import matplotlib as mpl
import numpy as np
import pytest

import engine
from engine.notebook import notebook
from engine.recipe import Recipe, Source, rerun
from engine.recipe_file import Painting
from engine.surroundings import Surroundings


@pytest.fixture(scope="module")
def recipe():
    simulation = engine.open_simulation("hydro11-z2")
    return Recipe(
        source=Source.of(simulation, simulation.slab("dm", "z", 3)),
        field="gas",
        painting=Painting.of(engine.load_emulator("ember-wgan", "gas", device="cpu"), 7),
        other=None,
        statistics=("power_spectrum", "pdf", "cross_correlation"),
        scope="slab",
        region=None,
        made_with=Surroundings.here("cpu"),
    )


def test_the_notebook_has_the_structure_of_nbformat_4(recipe):
    content = json.loads(notebook(recipe))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in content["cells"]:
        assert isinstance(cell["metadata"], dict)
        assert all(line.endswith("\n") for line in cell["source"][:-1])
        if cell["cell_type"] == "code":
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
        else:
            assert cell["cell_type"] == "markdown"


def test_its_cells_make_the_recipes_numbers(recipe, capsys):
    mpl.use("Agg")
    names = {}
    for cell in json.loads(notebook(recipe))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    expected = rerun(recipe)
    assert set(names["maps"]) == {"input", "truth", "prediction"}
    for name, slab in names["maps"].items():
        np.testing.assert_array_equal(slab.values, expected.maps[name].values)
    for statistic, of_it in expected.curves.items():
        for name, curve in of_it.items():
            np.testing.assert_array_equal(names["curves"][statistic][name].y, curve.y)
    assert "Msun/h" in capsys.readouterr().out
    names["plt"].close("all")
