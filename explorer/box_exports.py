"""What can be downloaded of a box, as files: its painting, the layer in view, and all curves."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

import engine
from engine.box_notebook import notebook
from engine.box_recipe import BoxRecipe, BoxSource, Layer, Value
from engine.results import Curve, Outcome
from engine.statistics.boxes import names as curve_names
from engine.surroundings import Surroundings
from explorer.exports import (
    NO_RERUN,
    Export,
    Files,
    Shown,
    joined_name,
    noted,
    paintings,
)
from explorer.names import painting_names, paper_inks
from explorer.plots.paper_figure import as_file, paper_figure
from explorer.volumes.boxes import BoxResults

MAPS = ("initial", "dark", "input", "truth", "prediction", "other")
"""Names of a box's layers, in the order of the page."""

LAYERS = {
    "initial": "Initial conditions",
    "dark": "Dark matter",
    "input": "Low resolution",
}
"""What those are called that no emulator painted."""


def boxes(shown: Shown) -> BoxResults:
    """Take results that are of a box.

    Raises
    ------
    ValueError
        In one sentence, if they aren't.
    """
    if not isinstance(shown.results, BoxResults):
        raise ValueError("There is no box to download, expected one: open the scene Volumes.")
    return shown.results


def outcome(results: BoxResults) -> Outcome:
    """Layers, curves and painted boxes of results, and how another cosmology changes curves."""
    layers = {name: layer for name in MAPS if (layer := results.layer_of(name)) is not None}
    curves = {name: dict(found) for name, found in results.curves.items() if found}
    beside: dict[str, dict[str, Curve]] = {
        f"change_of_{name}": {of: noted(curve, f"{apart(results)} {NO_RERUN}")
                              for of, curve in found.items()}
        for name, found in results.changes.items()
        if found
    }  # fmt: skip
    painted = {name: box for name, box in results.boxes.items() if name in ("prediction", "other")}
    return Outcome(layers, curves, beside, boxes=painted)


def apart(results: BoxResults) -> str:
    """Say whose curves a change leads to."""
    request = results.request
    return f"From {request.simulation} to {request.beside}."


def recipe(results: BoxResults) -> BoxRecipe:
    """Everything that fixes results.

    Raises
    ------
    ValueError
        In one sentence, if the simulation is gone or there is no painting.
    """
    request = results.request
    painted = paintings(results, "box")
    return BoxRecipe(
        source=BoxSource.of(engine.open_simulation(request.simulation), request.run),
        field=request.field,
        painting=painted.first,
        parameters=tuple(Value(name, value) for name, value in request.parameters),
        other=painted.second,
        layer=Layer(request.axis, float(request.start), float(request.depth)),
        statistics=tuple(curve_names()),
        made_with=Surroundings.here(painted.device),
    )


def file_name(results: BoxResults, what: str) -> str:
    """Name a file for what it holds: simulation, layer, field, emulators."""
    request = results.request
    ends = f"{request.axis}{request.start:.4g}-{request.start + request.depth:.4g}"
    layer = [] if what in OF_THE_WHOLE else [ends]
    return joined_name(results, [request.simulation, *layer, request.field], EXPORTS[what])


def _figure(ending: str) -> Callable[[Shown], bytes]:
    def draw(shown: Shown) -> bytes:
        results = boxes(shown)
        names = LAYERS | painting_names(results)
        found, inks = outcome(results), paper_inks(results)
        return as_file(paper_figure(found, shown.look, names, {}, inks), ending)

    return draw


def _arrays(shown: Shown) -> bytes:
    """Painted boxes as NumPy arrays, with what they are beside them."""
    results = boxes(shown)
    painted, text = outcome(results).boxes, recipe(results).to_json()
    first = next(iter(painted.values()))
    about: dict[str, Any] = {
        "field": first.field,
        "unit": first.about.unit_of(first.NDIM),
        "axes": "z, y, x",
        "cell_size_ckpc_h": first.cell_size,
        "box_size_cMpc_h": first.box_size,
        "redshift": first.redshift,
    }
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: box.values for name, box in painted.items()}
    np.savez(file, **arrays, **about, recipe=text)
    return file.getvalue()


FILES = Files(lambda shown: outcome(boxes(shown)), lambda shown: recipe(boxes(shown)), notebook)

EXPORTS: dict[str, Export] = {
    "Figure (PDF)": (".pdf", _figure("pdf")),
    "Figure (PNG)": (".png", _figure("png")),
    "Curves (CSV, zipped)": ("_curves.zip", FILES.tables),
    "Layers (FITS)": (".fits", FILES.fits),
    "Painted box, layers, curves (HDF5)": (".hdf5", FILES.hdf5),
    "Painted box (NumPy)": (".npz", _arrays),
    "Recipe (JSON)": (".json", FILES.recipe_alone),
    "Notebook": (".ipynb", FILES.rerun),
}
"""Ending of its name, and what makes it, by the words of the page."""

OF_THE_WHOLE = ("Curves (CSV, zipped)", "Painted box (NumPy)")
"""Files that are the same whatever layer is in view."""
